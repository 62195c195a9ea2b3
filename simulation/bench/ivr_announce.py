"""Calls a second through the first announcement, and what each costs, beside a plain dialplan with the same file."""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path

from ivr.speech.cache import name_of
from simulation.bench.exchange import DIALLED, Exchange
from simulation.bench.ivr_steps import percentile_ms, steps
from simulation.bench.load import crowd, side_by_side
from simulation.bench.report import Report

PLAIN = "131"  # dialled: answer, play, hang up
SOUND = "Bunyi."
SHORT_MS, REAL_MS = 440, 20_000
SHORT_AT_ONCE = 300
CALM = 20  # calls a second; 80,000 in nine hours were 2.5
WARM_SECONDS, SECONDS = 3.0, 10.0
REAL_SECONDS = 40.0


@dataclass(frozen=True)
class Arm:
    """One arm of one run."""

    per_second: float
    cpu_ms: float  # of Asterisk, and of ours with the store where they take part
    suar_ms: float  # of all our processes and the store, whoever was asked
    by_process: dict[str, float]  # the same one by one, with Asterisk
    failed: int
    repeated: int
    step_p50_ms: float  # one step of the menu, in the step server
    step_p99_ms: float


async def measure(at: Exchange, report: Report, *, quick: bool) -> None:
    """`short_cps`, `short_cpu`, `real_cps`, and how long a step takes."""
    await at.number(PLAIN, "Answer()", f"Playback(suar/{name_of(SOUND)})", "Hangup()")
    sound(at, SHORT_MS)
    found = await side_by_side(
        report, [PLAIN, DIALLED], lambda dialled: arm(at, dialled, SHORT_AT_ONCE, 3.0 if quick else SECONDS)
    )
    report.section(
        "A short announcement",
        f"One Asterisk; SIPp keeps {SHORT_AT_ONCE} calls there. Plain: Answer, Playback of {SHORT_MS} ms, Hangup.",
        "Suar: admission, the caller's number looked up, outages and reports of the area, the same file, the record of",
        "the call. Processor time: of Asterisk; of all of Suar's processes and its store too where Suar answers.",
    )
    _tell(report, "short", found, cps_goal="≥ 0.60", cpu_goal="≤ 1.7")
    calm = [await arm(at, DIALLED, SHORT_AT_ONCE, 3.0 if quick else SECONDS, rate=CALM) for _ in range(report.runs)]
    report.section("A step of the menu", f"{CALM} calls a second: from the question's arrival in the step server.")
    report.row("step_p50_ms", [one.step_p50_ms for one in calm], "ms", label="p50")
    report.row("step_p99_ms", [one.step_p99_ms for one in calm], "ms", label="p99")
    sound(at, REAL_MS)
    at_once = 60 if quick else await carried(at)
    found = await side_by_side(
        report,
        [PLAIN, DIALLED],
        lambda dialled: arm(at, dialled, at_once, 25.0 if quick else REAL_SECONDS, rate=at_once / 20),
    )
    report.section(
        "A real announcement",
        f"The same with a file of {REAL_MS // 1000} s and {at_once} calls on the line: the most that the plain",
        "dialplan carried without a message sent twice. Callers come evenly.",
    )
    _tell(report, "real", found, cps_goal="≥ 0.95", cpu_goal="")


async def carried(at: Exchange) -> int:
    """How many callers at once the plain dialplan plays to before messages have to be repeated (steps of a quarter)."""
    most, many = 100, 100
    while many <= 2400:
        tried = await arm(at, PLAIN, many, 25.0, rate=many / 10)
        if tried.repeated or tried.failed:
            break
        most, many = many, round(many * 1.25)
    return most


async def arm(at: Exchange, dialled: str, at_once: int, seconds: float, *, rate: float = 500) -> Arm:
    """Keep so many callers on the line; measured once the first of them have come and gone."""
    warm = WARM_SECONDS if at_once == SHORT_AT_ONCE else REAL_MS / 1000 + 3
    words = ("-l", str(at_once), "-r", f"{max(1, round(rate))}", "-m", "1000000")
    async with crowd(at, "listener", dialled, *words) as callers:
        first = await callers.after(warm)
        before, told = at.cpu(), await steps(at)
        last = await callers.after(first.seconds + seconds)
        used = {name: now - before.get(name, 0.0) for name, now in at.cpu().items()}
        telling = await steps(at)
    done = last.done - first.done
    spent = {name: value * 1e3 / max(1, done) for name, value in used.items()}
    ours = sum(spent.values()) - spent["asterisk"]
    return Arm(
        done / (last.seconds - first.seconds),
        spent["asterisk"] + (ours if dialled == DIALLED else 0),
        ours,
        spent,
        last.failed - first.failed,
        last.repeated - first.repeated,
        percentile_ms(told, telling, 0.5),
        percentile_ms(told, telling, 0.99),
    )


def _tell(report: Report, name: str, found: dict[str, list[Arm]], *, cps_goal: str, cpu_goal: str) -> None:
    plain, ours = found[PLAIN], found[DIALLED]
    for arms, who in ((plain, "plain"), (ours, "suar")):
        report.row(f"{name}_{who}_cps", [one.per_second for one in arms], "calls/s", label=f"{who}: calls")
        report.row(f"{name}_{who}_cpu_ms", [one.cpu_ms for one in arms], "ms", label=f"{who}: processor time of a call")
        report.row(f"{name}_{who}_failed", [one.failed for one in arms], "calls", label=f"{who}: failed")
        report.row(f"{name}_{who}_repeated", [one.repeated for one in arms], "", label=f"{who}: messages sent again")
    for process in sorted(ours[0].by_process):
        values = [one.by_process.get(process, 0.0) for one in ours]
        report.row(f"{name}_suar_{process}_ms", values, "ms", label=f"suar: of that {process}")
    report.row(f"{name}_step_p50_ms", [one.step_p50_ms for one in ours], "ms", label="suar: a step of the menu, p50")
    report.row(f"{name}_step_p99_ms", [one.step_p99_ms for one in ours], "ms", label="suar: a step of the menu, p99")
    idle = [one.suar_ms for one in plain]
    report.row(f"{name}_suar_beside_ms", idle, "ms", label="Suar's processes beside a plain call (they see it end)")
    pairs = [*zip(ours, plain, strict=True)]
    report.ratio(
        f"{name}_cps", [a.per_second / b.per_second for a, b in pairs], cps_goal, label="calls/s: suar / plain"
    )
    report.ratio(f"{name}_cpu", [a.cpu_ms / b.cpu_ms for a, b in pairs], cpu_goal, label="processor: suar / plain")


def sound(at: Exchange, milliseconds: int) -> None:
    """What both arms play: a tone of so many milliseconds, in the place of the sentence."""
    tone = bytes(
        byte
        for n in range(8 * milliseconds)
        for byte in round(6000 * math.sin(2 * math.pi * 425 * n / 8000)).to_bytes(2, "little", signed=True)
    )
    file: Path = at.data / "sounds" / f"{name_of(SOUND)}.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(tone)
