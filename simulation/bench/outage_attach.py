"""What filing a report into an outage costs when a hundred belong to it and when sixty thousand do, by turns; what
reading costs then, and how long it takes to mark, finish and open again all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import mean

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config.database import Database
from config.operator import operator
from simulation.bench.ground import fine_cpu_of
from simulation.bench.postgres import Postgres
from simulation.bench.report import Report
from simulation.bench.search_fill import NOW, REPORTS_PER, TABLES, fill
from tickets import reports, timers, worklists, workorders
from tickets.clockwork import HANDLERS
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import NumberSequence, Premises, Timer
from tickets.models import Report as Told
from tickets.outages import attached, links, lookup, outages, supply
from tickets.schemas import NewReport
from tickets.states import ReportStatus
from tickets.worklists import Wanted

BY = "bench"
OPEN = ReportStatus.BELUM_SELESAI
FREE = 800_000_001  # report numbers that nobody has


@dataclass(frozen=True)
class Counts:
    """How much of everything."""

    people: int = 70_000  # on both sides; a tenth of them has a report already
    few: int = 100
    many: int = 60_000
    each: int = 100  # filed on each side in one run


QUICK = Counts(people=400, few=5, many=300, each=5)

# As filing leaves them: the report, its first entry, the words it is found by.
ATTACHED = (
    """
    INSERT INTO report (number, key, kind, status, starred, reported_at, reporting_kind, trouble_code, comment,
      premises_id, area, unit, ulp, phone, created_by, call, outage_id)
    SELECT '54' || (500000000 + p.id), 'attached:' || p.id, 'G', 'BELUM_SELESAI', false,
      CAST(:now AS timestamptz) + p.id * interval '500 ms', 'ivr', 'padam', '',
      p.id, p.area, p.unit, p.ulp, f.e164, 'ivr', 'call-' || p.id, :outage
    FROM premises p JOIN phone f ON f.id = p.id WHERE p.id > :after AND p.id <= :after + :count
    """,
    """
    INSERT INTO report_event (report_id, at, by, channel, call, kind, note, old, new)
    SELECT id, reported_at, 'ivr', 'ivr', call, 'transition', '', 'null', '{"status": "BELUM_SELESAI"}'
    FROM report WHERE outage_id = :outage
    """,
    """
    INSERT INTO report_entry (kind, text, report_id)
    SELECT e.kind, e.text, r.id FROM report r JOIN premises_entry e ON e.premises_id = r.premises_id
    WHERE r.outage_id = :outage UNION ALL SELECT 0, number, id FROM report WHERE outage_id = :outage
    """,
)


@dataclass
class Times:
    """Of one kind of work on one side, one entry each: seconds that passed, and processor time of both processes."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Side:
    """One database with one outage over everything, and the backend that answers."""

    def __init__(self, cluster: Postgres, name: str, counts: Counts, attached: int) -> None:
        fill(cluster, name, counts.people)
        self.database = Database(cluster.url(name))
        with self.database.transaction() as session:
            self.backend = int(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            # What search_fill.py wrote has its own ids.
            for table in ("report", "premises", "customer", "phone"):
                top = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608 - ours
                session.execute(text(top))
            session.add_all(NumberSequence(prefix=unit.prefix, next=FREE) for unit in operator().areas.units.values())
            session.execute(update(Told).values(multiple_premises=False))  # those of before are matters of their own
            self.outage: int = self._dark(session)
            told = {"now": NOW, "outage": self.outage, "after": counts.people // REPORTS_PER, "count": attached}
            for statement in ATTACHED:
                session.execute(text(statement), {key: told[key] for key in told if f":{key}" in statement})
        self.at = NOW
        self.next: int = counts.people // REPORTS_PER + counts.many + 1
        for table in (*TABLES, "report_event"):
            cluster.run(f"VACUUM (ANALYZE) {table}", name)

    def _dark(self, session: Session) -> int:
        every = sorted(code for code in operator().areas.areas if "." not in code)
        outage = outages.confirm_outage(session, covers=every, cause="transmisi", etr=None, by=BY, now=NOW)
        return outage.id

    def file(self, into: Times) -> None:
        """One more report of somebody who has none, as the follower of the callers' wishes files it."""
        with self.database.reading() as session:
            phone = session.scalar(select(Premises.idpel).where(Premises.id == self.next)) or ""
        new = NewReport(
            kind=ReportKind.GANGGUAN,
            key=f"bench:{self.next}",
            reporting_kind=ReportingKind.IVR,
            by="ivr",
            premises_id=self.next,
            phone=f"+62812{phone[-8:]}",
            call=f"bench-{self.next}",
        )
        cpu, wall = fine_cpu_of(self.backend) + time.process_time(), time.perf_counter()
        with self.database.transaction() as session:
            assert reports.file_report(session, new, now=NOW).outage_id == self.outage  # noqa: S101 - or it means nothing
        into.wall.append(time.perf_counter() - wall)
        into.cpu.append(fine_cpu_of(self.backend) + time.process_time() - cpu)
        self.next += 1

    def read(self, what: Callable[[Session, Side], object], into: Times) -> None:
        """One look, in a transaction of its own."""
        cpu, wall = fine_cpu_of(self.backend) + time.process_time(), time.perf_counter()
        with self.database.reading() as session:
            what(session, self)
        into.wall.append(time.perf_counter() - wall)
        into.cpu.append(fine_cpu_of(self.backend) + time.process_time() - cpu)

    def all_at_once(self) -> dict[str, list[float]]:
        """Power back, gone again, and the marking of those that were told before: seconds of each transaction. The
        timer's seconds in between are left out.
        """
        found: dict[str, list[float]] = {}

        def timed(name: str, what: Callable[[Session], object]) -> None:
            self.at += timedelta(hours=1)
            began = time.perf_counter()
            with self.database.transaction() as session:
                what(session)
            found[name] = [time.perf_counter() - began]
            while (timer := self._goes_on()) is not None:
                began = time.perf_counter()
                timers.run(self.database, timer, HANDLERS, now=self.at)
                found[name].append(time.perf_counter() - began)

        def forget(session: Session) -> None:
            session.execute(update(Told).where(Told.outage_id == self.outage).values(outage_id=None))
            timers.disarm(session, attached.GO_ON, str(self.outage))

        timed("finish", lambda session: outages.restore_outage(session, self.outage, by=BY, now=self.at))
        timed("open_again", lambda session: supply.reopen(session, self.outage, by=BY, now=self.at))
        with self.database.transaction() as session:
            forget(session)
        timed("mark", lambda session: attached.follow(session, self.outage, by=BY, now=self.at))
        return found

    def _goes_on(self) -> int | None:
        """A second later: the timer of the next round."""
        self.at += attached.SOON
        with self.database.reading() as session:
            mine = (Timer.kind == attached.GO_ON, Timer.key == str(self.outage), Timer.due_at <= self.at)
            return session.scalar(select(Timer.id).where(*mine))


# What pages and programs read while it lasts.
READS: dict[str, Callable[[Session, Side], object]] = {
    "list": lambda session, side: links.of(session, side.outage, limit=50),
    "count": lambda session, side: links.count(session, [side.outage]),
    "board": lambda session, side: lookup.live_outages(session, now=NOW),
    "newest": lambda session, side: worklists.newest(session, Wanted(unit="jakarta", status=OPEN), limit=50),
    "starred": lambda session, side: worklists.starred(session, Wanted(), limit=50),
    "orders": lambda session, side: workorders.list_orders(session, limit=100),
    "desk": lambda session, side: lookup.open_reports(session, [side.next - 1]),
}


def measure(report: Report, cluster: Postgres, *, quick: bool) -> None:
    """Two databases that differ in nothing but how many reports belong to the outage."""
    counts = QUICK if quick else Counts()
    report.section(
        f"A report that belongs to an outage: {counts.few:,} and {counts.many:,} of them",
        f"milliseconds of one (transaction, report, history, register), by turns; {counts.people:,} customers,",
        "PostgreSQL without durability; processor time is the process's and its backend's together",
    )
    sides = {"few": Side(cluster, "few", counts, counts.few), "many": Side(cluster, "many", counts, counts.many)}
    runs = [_run(sides, counts) for _ in range(report.runs + 1)][1:]
    for name in sides:
        report.row(f"attach_{name}_cpu_ms", [mean(run[name].cpu) * 1000 for run in runs], "ms")
        report.row(f"attach_{name}_ms", [mean(run[name].wall) * 1000 for run in runs], "ms")
    growth = [mean(run["many"].cpu) / mean(run["few"].cpu) for run in runs]
    report.ratio("attach_growth", growth, "≤ 1.5", label="processor time of one, many / few")
    _reads(report, sides, counts)
    _all_at_once(report, sides["many"])
    for side in sides.values():
        side.database.dispose()


def _reads(report: Report, sides: dict[str, Side], counts: Counts) -> None:
    report.section("What is read meanwhile", "milliseconds of one, by turns; growth is processor time, many / few")
    for what, look in READS.items():
        runs = []
        for _ in range(report.runs + 1):
            found = {name: Times() for name in sides}
            for _ in range(counts.each // 5):
                for name, side in sides.items():
                    side.read(look, found[name])
            runs.append(found)
        for name in sides:
            report.row(f"{what}_{name}_ms", [mean(run[name].wall) * 1000 for run in runs[1:]], "ms")
        growth = [mean(run["many"].cpu) / mean(run["few"].cpu) for run in runs[1:]]
        report.row(f"{what}_growth", growth, "")


def _all_at_once(report: Report, side: Side) -> None:
    report.section("All of them, a few thousand in one transaction, one transaction a second")
    runs = [side.all_at_once() for _ in range(report.runs)]
    with side.database.reading() as session:
        report.say(f"{links.count(session, [side.outage])[side.outage]:,} reports")
    for name in ("finish", "open_again", "mark"):
        report.row(f"{name}_all_s", [sum(run[name]) for run in runs], "s")
        report.row(f"{name}_longest_s", [max(run[name]) for run in runs], "s", label=f"{name}: the longest transaction")


def _run(sides: dict[str, Side], counts: Counts) -> dict[str, Times]:
    found = {name: Times() for name in sides}
    for turn in range(counts.each):
        # Whoever comes first in a turn pays for cold caches: they take turns at that too.
        for name in sorted(sides, reverse=bool(turn % 2)):
            sides[name].file(found[name])
    return found
