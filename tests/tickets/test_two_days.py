"""4 and 5 August 2019 (facts: domain.md §4.1, seed 002): sixty thousand reports, supply that comes and goes, estimates
that slip; every clock runs on virtual time.

Which area is lit when is the synthetic trace of domain.md §4.6; the instants are sourced. Some twenty seconds of
processor time, nearly all of it the database's: each of sixty thousand reports is filed once, finished four times and
opened again three times, with its history. On SQLite alone for that reason; each step is tested on both elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.database import Database
from tests.fixtures.contacts import by_cso
from tests.fixtures.crowd_reports import crowd_like
from tests.fixtures.tickets import a_crew, a_premises, a_report
from tickets import completion, history, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts
from tickets.kinds import AlertKind, HistoryKind, NoticeEvent
from tickets.models import Notice, OutagePeriod, Report, WorkOrder
from tickets.outages import estimates, fault_locations, links, lookup, outages, statements, supply
from tickets.outages.fault_locations import Where
from tickets.outages.scopes import Place
from tickets.states import OutageStatus, ReportStatus, WorkOrderEvent
from tickets.workorders import crews

T = TypeVar("T")
WIB = ZoneInfo("Asia/Jakarta")
# Calls in the hours from 12 to 20 (domain.md §4.6: 80,000 attempts), three quarters of them reports; by place.
HOURS = {12: 10_125, 13: 8_625, 14: 7_125, 15: 6_375, 16: 6_000, 17: 6_375, 18: 6_375, 19: 5_250, 20: 3_750}
PLACES = {"31.71.06": 0.5, "31.71.05": 0.2, "31.74.01": 0.3}
CREWS = {"regu1": "menteng", "regu2": "tebet"}
STEPS = ("accept", "depart", "arrive", "start", "power_on", "complete")


def wib(day: int, hour: int, minute: int = 0) -> datetime:
    """In August 2019."""
    return datetime(2019, 8, day, hour, minute, tzinfo=WIB)


class TwoDays:
    """The utility, and the hands of its people; whatever falls due on the way to an instant is done."""

    def __init__(self, db: Database) -> None:
        self.db, self.now, self.outage = db, wib(4, 11, 48), 0
        self._serial = 0

    def to(self, day: int, hour: int, minute: int = 0) -> None:
        """Time passes."""
        instant = wib(day, hour, minute)
        while (due := self.read(timers.next_due)) is not None and due <= instant:
            self.now = max(self.now, due)
            timers.run_due(self.db, HANDLERS, now=self.now)
        self.now = instant
        self.nothing_untrue_is_said()

    def read(self, what: Callable[[Session], T]) -> T:
        with self.db.reading() as session:
            return what(session)

    def do(self, what: Callable[..., T], *args: Any, by: str = "spv1", **told: Any) -> T:
        with self.db.transaction() as session:
            return what(session, *args, by=by, now=self.now, **told)

    def told(self, what: Callable[..., T], *args: Any, **told: Any) -> T:
        """A contact of a customer."""
        with self.db.transaction() as session:
            return what(session, *args, contact=by_cso(), now=self.now, **told)

    def report(self, area: str, *, crowd: int = 0, **extra: Any) -> str:
        """Somebody reports, and `crowd` more beside him; the number of the first."""
        self._serial += 1
        phone = f"+62811{self._serial:08}"
        with self.db.transaction() as session:
            premises = a_premises(session, area=area, phone=phone)
            new = a_report(premises_id=premises.id, phone=phone, **extra)
            report = reports.file_report(session, new, now=self.now)
            if crowd:
                crowd_like(session, report, crowd)
            return report.number

    def seen(self, number: str) -> Report:
        return self.read(lambda session: reports.by_number(session, number))

    def order(self, number: str) -> WorkOrder | None:
        return self.read(lambda session: workorders.newest(session, reports.by_number(session, number))[0])

    def heard(self, area: str) -> str:
        """What a caller from there hears; "" when nothing is known."""
        known = self.read(lambda session: lookup.known_outage(session, Place(area), now=self.now, need_audio=False))
        return known.spoken if known else ""

    def nothing_untrue_is_said(self) -> None:
        """No promise whose time has passed."""
        for area in PLACES:
            known = self.read(
                lambda session, area=area: lookup.known_outage(session, Place(area), now=self.now, need_audio=False)
            )
            assert known is None or known.holding or known.etr is None or known.etr > self.now

    def open_reports(self) -> int:
        return self.read(lambda session: links.count(session, [self.outage])[self.outage])

    def asked(self) -> Counter[AlertKind]:
        """What somebody is asked to look at, about the outage."""
        found = self.read(lambda session: alerts.open_alerts(session, limit=1000))
        return Counter(alert.kind for alert in found if alert.outage_id == self.outage)

    def mend(self, place: Where) -> None:
        """A crew goes there and puts power on. The mobile network is down too: it had not answered before."""
        for login in CREWS:
            with self.db.transaction() as session:
                crews.ready(session, login, now=self.now)
        self.do(fault_locations.add, self.outage, place, by="op1")
        order = self.read(lambda session: session.scalars(select(WorkOrder.id).order_by(WorkOrder.id.desc())).first())
        self.goes(order)

    def goes(self, order: int | None) -> None:
        """The crew of an order accepts it and goes, to the end."""
        for step in STEPS:
            self.do(workorders.advance, order, WorkOrderEvent(step), by="op1")


@pytest.fixture
def days(sqlite_db: Database) -> TwoDays:
    """Two crews are on duty."""
    with sqlite_db.transaction() as session:
        for login, ulp in CREWS.items():
            a_crew(session, ulp=ulp, login=login)
    return TwoDays(sqlite_db)


def test_the_two_days_of_august(days: TwoDays) -> None:
    people = _the_first_minutes(days)
    _the_hours_without_a_time(days, people)
    _evening_of_the_fourth(days, people)
    _night_and_the_fifth(days, people)
    _what_is_left(days, people)


def _the_first_minutes(days: TwoDays) -> dict[str, str]:
    """12:00: the first callers; 12:04 proposed, 12:10 confirmed."""
    days.to(4, 12)
    people = {name: days.report("31.71.06") for name in ("wati", "sari", "joko")}
    people["budi"] = days.report("31.74.01")
    people["alone"] = days.report("31.71.06", only_me=True)
    people["danger"] = days.report("31.71.06", trouble="bahaya")
    assert days.heard("31.71.06") == ""
    days.to(4, 12, 4)
    proposal = days.do(outages.propose_outage, area="31", since=wib(4, 12), evidence={}, by="detection")
    assert proposal is not None
    days.outage = proposal.id
    assert "DKI Jakarta" in days.heard("31.71.06")  # pre-approved: nobody waited for a director
    people["early"] = days.report("31.74.01")
    assert days.order(people["early"]) is None
    days.to(4, 12, 10)
    days.do(outages.confirm_outage, area="31", cause="gangguan transmisi", etr=None, reported_start=wib(4, 11, 48))
    days.do(statements.publish, days.outage, text=None)
    assert "gangguan transmisi" in days.heard("31.71.06")
    belongs = {name: days.seen(number).outage_id for name, number in people.items()}
    # Two crews have three orders each, none accepted: the first four are marked all the same; danger never is.
    assert belongs == {**dict.fromkeys(people, days.outage), "alone": None, "danger": None}
    assert days.asked()[AlertKind.NO_CREW] == 1  # no place to be mended is known yet
    return people


def _the_hours_without_a_time(days: TwoDays, people: dict[str, str]) -> None:
    """12 to 16:30: the crowd; nobody may say when power is back."""
    days.mend(Where("GITET Gandul, bay 2", "tebet"))
    assert days.asked()[AlertKind.NO_CREW] == 0
    assert days.asked()[AlertKind.ALL_LIT] == 1
    for name in ("danger", "alone"):
        order = days.order(people[name])
        assert order is not None
        days.goes(order.id)
    for hour in (12, 13, 14, 15, 16):
        _crowd(days, hour)
    assert days.open_reports() > 38_000
    days.to(4, 16, 45)
    days.do(estimates.revise, days.outage, wib(4, 19, 30), reason="Pasokan dari Jawa Timur masuk.")
    assert "19 lewat 30" in days.heard("31.71.05")


def _evening_of_the_fourth(days: TwoDays, people: dict[str, str]) -> None:
    """Jakarta Selatan is lit at 17:44; 19:30 passes without power, then all of it is back at 20."""
    _crowd(days, 17)
    days.to(4, 17, 44)
    before = days.open_reports()
    days.do(supply.restore_partially, days.outage, ["31.74"])
    days.to(4, 17, 50)
    assert 0 < days.open_reports() < before
    assert days.heard("31.74.01") == ""
    assert days.seen(people["budi"]).status is ReportStatus.SELESAI
    assert days.seen(people["wati"]).status is ReportStatus.BELUM_SELESAI
    _crowd(days, 18)
    days.to(4, 19, 31)
    assert days.asked()[AlertKind.STATEMENT_EXPIRED] == 1
    assert "19 lewat 30" not in days.heard("31.71.06")
    days.do(estimates.revise, days.outage, wib(5, 0), reason="Pembangkit belum sinkron.")
    assert days.asked()[AlertKind.STATEMENT_EXPIRED] == 0
    assert "19 lewat 30" in days.heard("31.71.06")  # told of the difference
    _crowd(days, 19)
    days.to(4, 20)
    days.do(outages.restore_outage, days.outage)
    days.to(4, 20, 2)
    assert days.open_reports() == 0
    assert {days.seen(people[name]).status for name in ("wati", "sari", "joko")} == {ReportStatus.SELESAI}
    assert days.heard("31.71.06") == ""
    days.told(completion.confirm, people["sari"], finished=True)
    days.told(completion.confirm, people["joko"], finished=False)
    assert days.order(people["joko"]) is not None


def _night_and_the_fifth(days: TwoDays, people: dict[str, str]) -> None:
    """Off again at 20:30 (the last hour's callers), on at 21, off at 2, on at dawn, off at 5:40, on at 22."""
    days.to(4, 20, 30)
    days.do(supply.reopen, days.outage)
    days.to(4, 20, 32)
    wati, sari, joko = (days.seen(people[name]) for name in ("wati", "sari", "joko"))
    assert (wati.status, wati.starred, wati.reported_at) == (ReportStatus.BELUM_SELESAI, False, wib(4, 12))
    assert sari.status is ReportStatus.SELESAI  # she has said that it is finished
    assert (joko.outage_id, joko.starred) == (days.outage, True)
    assert days.order(people["joko"]) is None
    _crowd(days, 20)
    for on, off in (((4, 21), (5, 2)), ((5, 5, 10), (5, 5, 40))):
        days.to(*on)
        days.do(outages.restore_outage, days.outage)
        days.to(on[0], on[1], 30)
        assert days.open_reports() == 0
        days.to(*off)
        days.do(supply.reopen, days.outage)
        days.do(estimates.revise, days.outage, wib(5, 18), reason="Pemadaman bergilir.")
        days.to(off[0], off[1], 55)
        assert days.open_reports() > 55_000
    days.to(5, 18, 1)
    assert days.asked()[AlertKind.STATEMENT_EXPIRED] == 1  # it slipped again
    days.do(estimates.revise, days.outage, wib(5, 22), reason="Pembangkit belum sinkron.")
    days.to(5, 21, 59)
    days.do(outages.restore_outage, days.outage)
    days.to(5, 22, 30)
    days.do(outages.close_outage, days.outage)


def _what_is_left(days: TwoDays, people: dict[str, str]) -> None:
    """Every number is there, first instants are as they were, and each was finished as often as power came back."""

    def look(session: Session) -> None:
        mine = Report.outage_id == days.outage
        rows = session.execute(select(Report.status, func.count()).where(mine).group_by(Report.status))
        (status, many), *_ = found = rows.all()
        assert [status, len(found)] == [ReportStatus.SELESAI, 1]
        assert many >= 60_000
        assert session.scalar(select(func.count(Report.number.distinct())).where(mine)) == many
        assert session.scalar(select(func.min(Report.reported_at)).where(mine)) == wib(4, 12)
        assert session.scalars(select(Report.number).where(Report.starred)).all() == [people["joko"]]
        # Of sixty thousand reports no one had an order but those of the first minutes and who called again.
        assert session.scalar(select(func.count(WorkOrder.report_id.distinct()))) == 6
        moves = history.of(session, reports.by_number(session, people["wati"]).id, [HistoryKind.TRANSITION])
        assert [(move.new or {})["status"] for move in reversed(moves)] == ["BELUM_SELESAI", "SELESAI"] * 4
        lit = session.scalars(select(OutagePeriod).where(OutagePeriod.outage_id == days.outage)).all()
        assert all(period.lit_at is not None for period in lit)
        told = Counter(session.scalars(select(Notice.event).where(Notice.outage_id == days.outage)))
        assert told[NoticeEvent.RESTORED] >= 4
        slips = [row.etr for row in estimates.versions(session, days.outage) if row.etr is not None]
        assert slips[0] == wib(5, 22)
        assert slips[-1] == wib(4, 19, 30)

    days.read(look)
    outage = days.read(lambda session: outages.list_outages(session, live_only=False))[0]
    assert outage.status_kind is OutageStatus.CLOSED
    # Nobody sends what waits in the outbox here, and somebody knows that: nothing else is left to be looked at.
    assert days.asked() == Counter({AlertKind.NOT_TOLD: 1})


def _crowd(days: TwoDays, hour: int) -> None:
    """Six waves an hour, in every place that is dark; elsewhere nobody reports."""
    for minute in range(15 if hour == 12 else 0, 60, 10):
        instant = wib(4, hour, minute)
        if instant > days.now:
            days.to(4, hour, minute)
        dark = [area for area in PLACES if days.heard(area)]
        share = sum(PLACES[area] for area in dark)
        waves = 5 if hour == 12 else 6
        for area in dark:
            days.report(area, crowd=round(HOURS[hour] / waves * PLACES[area] / share) - 1, reporting_kind="ivr")
