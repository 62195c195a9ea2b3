"""Callers who wait: what holding them costs, beside a plain dialplan that lets as many hear the same, or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from simulation.bench.exchange import DIALLED, Exchange, edit, until
from simulation.bench.load import crowd, side_by_side
from simulation.bench.report import Report

MUSIC, SILENCE = "133", "134"  # dialled: answered, music for ever; answered, nothing for ever
QUEUE, SILENT_QUEUE = "gangguan", "senyap"
RATE = 60
SETTLE_SECONDS = 30.0  # the first announcements are over
SECONDS = 60.0


@dataclass(frozen=True)
class Arm:
    """One arm of one run."""

    cores: float
    asterisk: float
    lost: int  # callers who are not on the line any more


async def measure(at: Exchange, report: Report, *, quick: bool) -> None:
    """`held_720_cpu`, `held_2000_cpu`."""
    await into_line(at, QUEUE)
    await at.number(MUSIC, "Answer()", "MusicOnHold(default)")
    await at.number(SILENCE, "Answer()", "Wait(7200)")
    await _compare(at, report, MUSIC, 40 if quick else 720, "held_720_cpu", quick=quick)
    await into_line(at, SILENT_QUEUE)
    await _compare(at, report, SILENCE, 40 if quick else 2000, "held_2000_cpu", quick=quick)


async def _compare(at: Exchange, report: Report, plain: str, count: int, name: str, *, quick: bool) -> None:
    found = await side_by_side(report, [plain, DIALLED], lambda dialled: arm(at, dialled, count, quick=quick))
    heard = "music" if plain == MUSIC else "nothing"
    report.section(
        f"{count} callers held, hearing {heard}",
        f"Once all are there, {SECONDS:.0f} s. Plain: Answer, then {heard}; Asterisk's processor time. Suar: in line",
        "with nobody to take them, announcements as configured; Asterisk, every process of Suar and its store.",
    )
    for dialled, arms in found.items():
        who = "suar" if dialled == DIALLED else "plain"
        report.row(f"{name}_{who}_cores", [one.cores for one in arms], "cores", label=f"{who}: cores")
        report.row(f"{name}_{who}_asterisk", [one.asterisk for one in arms], "cores", label=f"{who}: Asterisk alone")
        report.row(f"{name}_{who}_lost", [one.lost for one in arms], "calls", label=f"{who}: lost")
    pairs = zip(found[DIALLED], found[plain], strict=True)
    report.ratio(name, [a.cores / b.cores for a, b in pairs], "≤ 1.1", label="cores: suar / plain")


async def arm(at: Exchange, dialled: str, count: int, *, quick: bool) -> Arm:
    """So many callers on the line."""
    words = ("-l", str(count), "-m", str(count), "-r", str(RATE))
    async with crowd(at, "listener", dialled, *words) as callers:

        async def all_there() -> bool:
            return (await callers.tally()).present == count

        await until(all_there, 60 + count / RATE, "the callers did not all come")
        await asyncio.sleep(2.0 if quick else SETTLE_SECONDS)
        seconds = 5.0 if quick else SECONDS
        before = at.cpu()
        await asyncio.sleep(seconds)
        used = {name: now - before.get(name, 0.0) for name, now in at.cpu().items()}
        lost = count - (await callers.tally()).present
    whole = sum(used.values()) if dialled == DIALLED else used["asterisk"]
    return Arm(whole / seconds, used["asterisk"] / seconds, lost)


async def into_line(at: Exchange, queue: str) -> None:
    """From now on whoever dials stands in line there: the menu changes while the product runs, as it may."""
    known = len([*(at.data / "menus").glob("*.json")])
    node = {"kind": "queue", "queue": queue, "say": ["queue.officer"] if queue == QUEUE else []}
    edit(at.folder / "utility", "menu.yaml", lambda it: it.update(start="petugas", nodes={"petugas": node}))

    async def taken_up() -> bool:
        return len([*(at.data / "menus").glob("*.json")]) > known

    await until(taken_up, 30, "the changed menu was not taken up")
