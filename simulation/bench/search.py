"""What search as you type costs among 100,000 and among 10,000,000 customers, by turns; and how quick an import is."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.database import Database
from config.migrate import upgrade
from simulation.bench.ground import fine_cpu_of
from simulation.bench.people import People
from simulation.bench.postgres import Postgres, own_postgres
from simulation.bench.report import Report
from simulation.bench.search_fill import fill
from tickets import words
from tickets.customers import search
from tickets.customers.importing import import_customers
from tickets.customers.lines import COLUMNS
from tickets.models import Customer, Phone, Premises, PremisesPhone
from tickets.models import Report as Told

SETTINGS = {
    "shared_buffers": "4GB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
Ask = Callable[[Session, str], search.Found[Any]]


@dataclass(frozen=True)
class Counts:
    """How much of everything."""

    small: int = 100_000
    people: int = 1_000_000  # of the large one; they come again `times` times with other numbers
    times: int = 10
    each: int = 100  # queries of one kind in one run
    lines: int = 100_000  # of the imported file


QUICK = Counts(small=200, people=500, times=2, each=3, lines=500)


@dataclass(frozen=True)
class Somebody:
    """Who is looked for: how the searches of one round are typed."""

    number: str  # of a report
    name: str
    street: str
    address: str
    idpel: str
    meter: str
    phone: str


@dataclass
class Times:
    """Of one kind of search in one database: seconds that passed, and processor time of both sides together."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # shown


class Side:
    """One database and the backend that answers."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        with self.database.reading() as session:
            self.backend = int(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            self.people = session.scalar(select(Premises.id).order_by(Premises.id.desc()).limit(1)) or 0
            self.reports = session.scalar(select(Told.id).order_by(Told.id.desc()).limit(1)) or 0

    def somebody(self, draw: random.Random, *, reported: bool) -> Somebody:
        """Anybody; with `reported` somebody who has a report."""
        wanted = draw.randint(1, self.reports if reported else self.people)
        with self.database.reading() as session:
            columns = (Customer.name, Premises.street, Premises.address, Premises.idpel, Premises.meter, Phone.e164)
            rows = select(*columns).join(Premises, Premises.customer_id == Customer.id)
            rows = rows.join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
            row = session.execute(
                rows.join(Phone, Phone.id == PremisesPhone.phone_id).where(Premises.id == wanted)
            ).one()
            number = session.scalar(select(Told.number).where(Told.id == wanted)) or ""
        return Somebody(number, *(told or "" for told in row))

    def ask(self, what: Ask, typed: str, into: Times) -> search.Found[Any]:
        """One search as a request makes it: a transaction, the ranges, the rows to show."""
        cpu, wall = fine_cpu_of(self.backend) + time.process_time(), time.perf_counter()
        with self.database.reading() as session:
            found = what(session, typed)
        into.wall.append(time.perf_counter() - wall)
        into.cpu.append(fine_cpu_of(self.backend) + time.process_time() - cpu)
        into.rows.append(len(found.rows))
        return found


def _begun(text_: str, draw: random.Random, least: int) -> str:
    """As it is typed: from the first letters to all of it."""
    return text_[: draw.randint(min(least, len(text_)), len(text_))]


def _two(one: str, other: str, draw: random.Random) -> str:
    return f"{one} {_begun(other, draw, 1)}"


def _first(told: str) -> str:
    return words.told(told)[0]


KINDS: dict[str, tuple[Ask, Callable[[Somebody, random.Random], str]]] = {
    "customers_name": (search.premises, lambda one, draw: _begun(one.name, draw, 3)),
    "customers_name_any_order": (search.premises, lambda one, draw: _two(one.name.split()[-1], one.name, draw)),
    "customers_name_and_street": (search.premises, lambda one, draw: _two(_first(one.name), _first(one.street), draw)),
    "customers_address": (search.premises, lambda one, draw: _begun(one.address, draw, 7)),
    "customers_idpel": (search.premises, lambda one, draw: _begun(one.idpel, draw, 4)),
    "customers_meter": (search.premises, lambda one, draw: _begun(one.meter, draw, 4)),
    "customers_phone": (search.premises, lambda one, draw: _begun(f"0{one.phone[3:]}", draw, 4)),
    "reports_number": (search.reports, lambda one, draw: _begun(f"{one.number}*", draw, 4)),
    "reports_phone": (search.reports, lambda one, draw: _begun(one.phone, draw, 6)),
    "reports_idpel": (search.reports, lambda one, draw: _begun(one.idpel, draw, 4)),
    "reports_name": (search.reports, lambda one, draw: _begun(one.name, draw, 3)),
    "reports_name_and_street": (search.reports, lambda one, draw: _two(_first(one.name), _first(one.street), draw)),
}
# What is typed least luckily: words that very many have, and nobody all of them.
UNLUCKY = ("siti melati mawar", "budi kenanga merdeka", "sri siti budi agus", "agus santoso melati sudirman")


async def measure(report: Report, *, quick: bool) -> None:
    """Fill, search by turns, import."""
    counts = QUICK if quick else Counts()
    with own_postgres(SETTINGS) as cluster:
        _growth(report, cluster, counts)
        _imports(report, cluster, counts)


def _growth(report: Report, cluster: Postgres, counts: Counts) -> None:
    large = counts.people * counts.times
    report.section(
        f"Search as you type among {counts.small:,} and {large:,} customers, a tenth as many reports",
        "milliseconds of one search (transaction, ranges of the register, rows to show), kinds and sizes by turns;",
        f"the large one is {counts.people:,} invented people, each {counts.times} times with other numbers",
    )
    sides = {}
    for name, people, times in (("small", counts.small, 1), ("large", counts.people, counts.times)):
        began = time.monotonic()
        size = fill(cluster, name, people, times=times)
        report.row(f"{name}_fill_s", [time.monotonic() - began], "s")
        report.row(f"{name}_size_mb", [size / 1e6], "MB")
        sides[name] = Side(cluster.url(name))
    runs = [_run(sides, counts, random.Random(seed)) for seed in range(report.runs + 1)][1:]  # noqa: S311 - no secret
    _tell(report, runs)
    _unlucky(report, sides, counts)
    for side in sides.values():
        side.database.dispose()


def _run(sides: dict[str, Side], counts: Counts, draw: random.Random) -> dict[tuple[str, str], Times]:
    found = {(kind, name): Times() for kind in KINDS for name in sides}
    for _ in range(counts.each):
        for kind, (what, typing) in KINDS.items():
            for name, side in sides.items():
                somebody = side.somebody(draw, reported=what is search.reports)
                side.ask(what, typing(somebody, draw), found[kind, name])
    return found


def _tell(report: Report, runs: list[dict[tuple[str, str], Times]]) -> None:
    def every(name: str, run: dict[tuple[str, str], Times], only: str = "") -> Times:
        chosen = [times for (kind, at), times in run.items() if at == name and kind.startswith(only)]
        return Times(
            [one for each in chosen for one in each.wall],
            [one for each in chosen for one in each.cpu],
            [one for each in chosen for one in each.rows],
        )

    def growth(only: str) -> list[float]:
        return [mean(every("large", run, only).cpu) / mean(every("small", run, only).cpu) for run in runs]

    for kind in KINDS:
        for name in ("small", "large"):
            walls = [run[kind, name].wall for run in runs]
            for percent in (50, 95, 99):
                report.row(f"{kind}_{name}_p{percent}_ms", [_percentile(wall, percent) for wall in walls], "ms")
        report.row(f"{kind}_growth", growth(kind), "", label=f"{kind}: processor time, large / small")
    for name in ("small", "large"):
        report.row(f"{name}_rows_shown", [mean(every(name, run).rows) for run in runs], "")
        report.row(f"{name}_cpu_ms", [mean(every(name, run).cpu) * 1000 for run in runs], "ms")
        for percent in (50, 95, 99):
            walls = [every(name, run).wall for run in runs]
            report.row(f"{name}_p{percent}_ms", [_percentile(wall, percent) for wall in walls], "ms")
    report.ratio("growth", growth(""), "≤ 2", label="processor time of a search, large / small, all kinds")
    p50 = [_percentile(every("large", run).wall, 50) / _percentile(every("small", run).wall, 50) for run in runs]
    report.ratio("growth_p50", p50, label="the time that passes, middle, large / small")


def _percentile(walls: list[float], percent: int) -> float:
    return quantiles(walls, n=100, method="inclusive")[percent - 1] * 1000


def _unlucky(report: Report, sides: dict[str, Side], counts: Counts) -> None:
    report.section("Words that very many have and nobody all of them: the bound is reached and said so")
    for name, side in sides.items():
        times, narrow = Times(), 0
        for _ in range(max(1, counts.each // 10)):
            for typed in UNLUCKY:
                narrow += side.ask(search.premises, typed, times).narrow
        report.row(f"unlucky_{name}_ms", [wall * 1000 for wall in times.wall], "ms")
        report.say(f"{name}: {narrow} of {len(times.wall)} said that the search must be narrowed")


def _imports(report: Report, cluster: Postgres, counts: Counts) -> None:
    report.section(f"suar import customers: lines a second, {counts.lines:,} lines, one telephone each")
    with tempfile.TemporaryDirectory(prefix="suar-bench-") as folder:
        path, again = Path(folder) / "customers.csv", Path(folder) / "again.csv"
        _write(path, counts.lines)
        again.write_bytes(path.read_bytes() + b"\n")  # the same lines, another file
        for name, url in (("postgresql", cluster.url("imported")), ("sqlite", f"sqlite:///{folder}/suar.db")):
            if name == "postgresql":
                cluster.run("CREATE DATABASE imported")
            upgrade(url)
            with _database(url) as database:
                for what, file in (("new", path), ("same", again)):
                    began = time.monotonic()
                    done = import_customers(database, file, Path(folder) / "bad", clock=lambda: datetime.now(UTC))
                    seconds = time.monotonic() - began
                    assert done.added + done.same == counts.lines  # noqa: S101 - or the figure would mean nothing
                    report.row(f"import_{what}_{name}_per_s", [counts.lines / seconds], "/s")


@contextmanager
def _database(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def _write(path: Path, lines: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for one in People().block(1, lines):
            where = [one.area, one.street, one.address, "R1", "1300", f"0{one.phone[3:]}", "-6.2", "106.8"]
            rows.writerow([one.idpel, one.meter, one.name, *where, "", ""])
