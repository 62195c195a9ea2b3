"""What the bench beside app_queue makes of Asterisk's events, without Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from config import operator
from config.schema.menu import QueueNode
from config.settings import HERE
from simulation.bench.exchange import SCENARIOS
from simulation.bench.ground import BenchFailed
from simulation.bench.hotline import QUEUE, rules
from simulation.bench.observer import Manager, Mark, mark, pair

pytestmark = pytest.mark.unit


def event(name: str, call: str = "1.1", at: float = 100.0, **fields: str) -> dict[str, str]:
    return {"Event": name, "Uniqueid": call, "Linkedid": "1.1", "Timestamp": f"{at:.6f}", **fields}


def test_a_caller_arrives_is_in_line_and_a_telephone_rings() -> None:
    assert mark(event("UserEvent", UserEvent="BenchArrives")) == Mark("arrives", "1.1", 100.0)
    assert mark(event("QueueCallerJoin")) == Mark("joins", "1.1", 100.0), "app_queue says so"
    assert mark(event("Newexten", Context="wait")) == Mark("joins", "1.1", 100.0), "Suar brings it there"
    assert mark(event("Newstate", "1.2", ChannelState="5")) == Mark("rings", "1.1", 100.0), "by the leg of the CSO"


@pytest.mark.parametrize(
    "other",
    [
        event("UserEvent", UserEvent="SuarAt"),
        event("Newexten", Context="step"),
        event("Newstate", "1.2", ChannelState="6"),
        event("Newstate", "1.1", ChannelState="5"),  # the caller's own leg
        event("Hangup"),
    ],
)
def test_other_events_are_no_marks(other: dict[str, str]) -> None:
    assert mark(other) is None


def test_the_first_ring_counts_and_who_never_hears_one_is_counted() -> None:
    waits = pair(
        [
            Mark("arrives", "a", 10.0), Mark("joins", "a", 10.2), Mark("joins", "a", 10.9), Mark("rings", "a", 11.0),
            Mark("rings", "a", 30.0),  # a second telephone, after the first did not answer
            Mark("arrives", "b", 20.0), Mark("joins", "b", 20.1),
            Mark("arrives", "c", 5.0), Mark("rings", "c", 5.5),
            Mark("rings", "before", 1.0),  # arrived before the observer looked
        ]
    )  # fmt: skip
    assert waits.from_arrival == pytest.approx([0.5, 1.0])
    assert waits.from_joining == pytest.approx([0.8])
    assert waits.never == 1


def test_the_operators_files_of_the_bench_have_no_fault_and_lead_straight_into_line(tmp_path: Path) -> None:
    made = tmp_path / "utility"
    shutil.copytree(HERE / "utility", made)
    rules(made)
    files = operator.load(made)
    start = files.menu.nodes[files.menu.start]
    assert isinstance(start, QueueNode)
    assert start.queue == QUEUE
    assert files.queues.queues[QUEUE].wrap_up == 0, "as app_queue's members"
    assert files.queues.queues[QUEUE].overflow is None


@pytest.mark.parametrize("scenario", ["register", "cso", "caller"])
def test_the_telephones_have_their_scenarios(scenario: str) -> None:
    assert ElementTree.parse(SCENARIOS / f"{scenario}.xml").getroot().tag == "scenario"  # noqa: S314 - ours


async def manager_of(*said: str) -> tuple[Manager, asyncio.Server]:
    """A manager that says these words after the login, and refuses every action but that."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        answers = iter(["Success", *(["Error"] * 9)])
        with contextlib.suppress(asyncio.IncompleteReadError):  # the bench has gone
            while action := (await reader.readuntil(b"\r\n\r\n")).decode():
                name = next(line for line in action.split("\r\n") if line.startswith("ActionID"))
                writer.write("".join(said).encode())
                writer.write(f"Response: {next(answers)}\r\n{name}\r\n\r\n".encode())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    manager = Manager()
    await manager.open(server.sockets[0].getsockname()[1], "observer", "secret")
    return manager, server


@pytest.mark.anyio
async def test_events_are_kept_while_an_action_is_answered_and_a_refusal_is_told() -> None:
    rings = "Event: Newstate\r\nUniqueid: 1.2\r\nLinkedid: 1.1\r\nChannelState: 5\r\nTimestamp: 7.5\r\n\r\n"
    manager, server = await manager_of(rings)
    assert manager.marks == [Mark("rings", "1.1", 7.5)]
    with pytest.raises(BenchFailed, match="QueueAdd"):
        await manager.ask(Action="QueueAdd")
    await manager.close()
    server.close()
