"""Two hundred callers at once on the real Asterisk who key anything, or nothing, and hang up whenever they like: every
call that Asterisk has seen ends in exactly one named outcome, and nothing is left.
"""

from __future__ import annotations

import csv
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.carriers.asterisk_cel import FILE, FRONT, START, parse
from router.calls import Outcome
from router.store.audit import audit
from simulation.bench.exchange import free_ports
from tests.fixtures.asterisk import Line
from tests.fixtures.servers import need
from tests.fixtures.wait import PATIENT, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
SCENARIOS = Path(__file__).parent / "sipp"
AT_ONCE, CALLERS, IN_DANGER = 200, 240, 20
OUTCOMES = {outcome.value for outcome in Outcome}


@contextmanager
def crowd(
    line: Line, folder: Path, scenario: str, numbers: list[str], *words: str
) -> Iterator[subprocess.Popen[bytes]]:
    """SIPp with one caller of each number."""
    callers = folder / f"{scenario}.csv"
    callers.write_text("\n".join(["SEQUENTIAL", *numbers, ""]))
    sip, media = free_ports(2, socket.SOCK_DGRAM)
    process = subprocess.Popen(
        [
            need("sipp"), line.server, "-sf", SCENARIOS / f"{scenario}.xml", "-inf", callers, "-s", "123",
            "-i", "127.0.0.1", "-p", str(sip), "-mp", str(media), "-m", str(len(numbers)), "-nostdin",
            "-base_cseq", "10", "-trace_stat", "-stf", folder / f"{scenario}-stat.csv", "-fd", "1", *words,
        ],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def most_at_once(folder: Path) -> int:
    with (folder / "anybody-stat.csv").open() as file:
        return max(int(row["CurrentCall"]) for row in csv.DictReader(file, delimiter=";"))


def seen_by_asterisk(line: Line, number: str) -> set[str]:
    """The ids of calls from numbers that begin so, as Asterisk itself wrote them down."""
    rows = map(parse, (line.product.data / "asterisk" / FILE).read_bytes().splitlines())
    return {
        "c" + row.channel_id.replace(".", "x")
        for row in rows
        if row and row.kind == START and row.context == FRONT and row.number.startswith(number)
    }


def test_every_call_of_a_crowd_ends_in_exactly_one_outcome_and_nothing_is_left(line: Line, tmp_path: Path) -> None:
    anybody = [f"0815550{n:05}" for n in range(CALLERS)]
    in_danger = [f"0815551{n:05}" for n in range(IN_DANGER)]
    with (
        crowd(line, tmp_path, "anybody", anybody, "-r", "30", "-l", str(AT_ONCE)) as first,
        crowd(line, tmp_path, "danger", in_danger, "-r", "5") as second,
    ):
        until(lambda: first.poll() is not None and second.poll() is not None, 120, "all callers are done", every=0.5)
    assert most_at_once(tmp_path) >= AT_ONCE * 0.9
    until(lambda: line.channels() == 0, 20, "no channel is left", every=0.2)

    seen = seen_by_asterisk(line, "081555")
    assert len(seen) == CALLERS + IN_DANGER
    callbacks = {call.id for call in line.ask(lambda acd: acd.snapshot()).callbacks} & seen
    line.forget_all()  # a place that is kept for a callback is no end
    until(lambda: set(records(line)) >= seen and not open_calls(line, seen), 30, "each has an outcome", every=0.5)

    found = records(line)
    ends = Counter(
        row["call"] for row in line.rows("SELECT call FROM call_event WHERE event IN ('call.ended', 'call.refused')")
    )
    assert {call: ends[call] for call in seen} == dict.fromkeys(seen, 1)
    assert {found[call]["outcome"] for call in seen} <= OUTCOMES
    assert {found[call]["outcome"] for call in seen - callbacks} <= {"announced", "left_ivr", "abandoned", "answered"}
    dangers = [row for row in found.values() if row["ani"].startswith("+62815551")]
    assert [(row["emergency"], row["queue"]) for row in dangers] == [(1, "darurat")] * IN_DANGER

    snapshot, gauges = line.ask(lambda acd: acd.snapshot()), line.ask(lambda acd: acd.gauges())
    assert not [call for call in snapshot.calls if call.id in seen]
    assert gauges.lines == 0
    assert all(queue.waiting == 0 and queue.callbacks == 0 for queue in gauges.queues.values())
    store = f"unix://{line.product.data / 'run' / 'store.sock'}"
    assert line.ask(lambda acd: audit(store, acd.pool, timeout=PATIENT)) == []


def records(line: Line) -> dict[str, dict[str, Any]]:
    rows = line.rows("SELECT id, ani, outcome, queue, emergency FROM call_record WHERE ani LIKE '+6281555%'")
    return {row["id"]: row for row in rows}


def open_calls(line: Line, seen: set[str]) -> set[str]:
    return {call for call, row in records(line).items() if call in seen and not row["outcome"]}
