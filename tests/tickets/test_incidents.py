"""ITIL's ten steps as the life of a report, and the customer who is told before it is closed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, insert, select

from config.database import Database
from config.errors import Invalid, NotFound, Refused
from config.operator import operator
from tests.fixtures.contacts import PLN, G, K, again, by_cso, entries, filed
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import completion, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts, incidents, itil, priorities
from tickets.kinds import AlertKind, CompletionCode, HistoryKind, IncidentStep, ReportingKind, UrgentReason
from tickets.models import IncidentEntry, Outage, Report
from tickets.outages import outages, supply
from tickets.states import ReportStatus, WorkOrderEvent

S = IncidentStep
HOUR = timedelta(hours=1)
WAY = ("ACCEPT", "DEPART", "ARRIVE", "START", "POWER_ON", "COMPLETE")


def _steps(db: Database, number: str) -> list[tuple[IncidentStep, str]]:
    with db.reading() as session:
        return [(row.step, row.by) for row in incidents.steps_of(session, reports.by_number(session, number))]


def _seen(db: Database, number: str) -> Report:
    with db.reading() as session:
        return reports.by_number(session, number)


def _take(
    db: Database, number: str, step: IncidentStep, *, note: str = "MCB turun.", now: datetime = NOON + HOUR
) -> None:
    with db.transaction() as session:
        incidents.take(session, number, step, by="cso1", note=note, now=now)


def _tell(db: Database, number: str, how: ReportingKind = ReportingKind.CALL, note: str = "") -> Report:
    with db.transaction() as session:
        return incidents.tell(session, number, by="cso1", how=how, note=note, now=NOON + HOUR)


def _refused(db: Database, number: str, step: IncidentStep, **told: str) -> str:
    before = _steps(db, number)
    with pytest.raises((Refused, Invalid)) as why:
        _take(db, number, step, **told)
    assert _steps(db, number) == before
    return why.value.slug


def _the_crew_goes(db: Database, number: str) -> None:
    with db.transaction() as session:
        order = workorders.open_order(session, reports.by_number(session, number).id)
        assert order is not None
        for at, name in enumerate(WAY):
            now = NOON + timedelta(minutes=10 * at)
            workorders.advance(session, order.id, WorkOrderEvent[name], by="regu1", now=now, note="Sekring diganti.")


# The table


@pytest.mark.unit
def test_the_table_has_the_ten_steps_in_their_order() -> None:
    assert list(itil.STEPS) == list(S)
    assert len(itil.STEPS) == 10
    assert all(list(S).index(before) < list(S).index(step) for step, row in itil.STEPS.items() for before in row.after)
    assert all(row.actors for row in itil.STEPS.values())


@pytest.mark.unit
@pytest.mark.parametrize(
    ("step", "done", "finished", "told", "slug"),
    [
        (S.LOGGED, (), False, False, "step-not-now"),
        (S.DIAGNOSED, (S.IDENTIFIED,), False, False, "step-not-now"),
        (S.DIAGNOSED, (*itil.BEGUN, S.DIAGNOSED), False, False, "step-done"),
        (S.DIAGNOSED, itil.BEGUN, True, False, "already-finished"),
        (S.INVESTIGATED, itil.BEGUN, False, False, "step-not-now"),
        (S.CLOSED, itil.BEGUN, False, False, "not-finished"),
        (S.CLOSED, (*itil.BEGUN, S.RESOLVED), True, False, "not-told"),
        (S.CLOSED, (*itil.BEGUN, S.RESOLVED, S.CLOSED), True, True, "step-done"),
    ],
)
def test_a_step_out_of_turn_is_refused(
    step: IncidentStep, done: tuple[IncidentStep, ...], finished: bool, told: bool, slug: str
) -> None:
    with pytest.raises(Refused) as why:
        itil.check(step, done, finished=finished, told=told)
    assert why.value.slug == slug
    assert step not in itil.possible(done, finished=finished, told=told)


@pytest.mark.unit
def test_the_management_may_be_asked_again_and_again() -> None:
    done = (*itil.BEGUN, S.MANAGEMENT_ESCALATED)
    assert S.MANAGEMENT_ESCALATED in itil.possible(done, finished=False, told=False)


# The life of a report


@pytest.mark.database
def test_a_fault_goes_all_the_way(db: Database) -> None:
    """Filed, diagnosed by the CSO, given to a crew that comes and mends it; its customer is told; it is closed."""
    with db.transaction() as session:
        a_crew(session, login="regu1")
    number = filed(db, phone="+628110000001")
    _take(db, number, S.DIAGNOSED, now=NOON)
    _the_crew_goes(db, number)
    assert _refused(db, number, S.CLOSED) == "not-told"
    assert _seen(db, number).closed_at is None
    _tell(db, number)
    _take(db, number, S.CLOSED)
    assert [step for step, _ in _steps(db, number)] == [
        S.IDENTIFIED, S.LOGGED, S.CATEGORISED, S.PRIORITISED, S.FUNCTIONALLY_ESCALATED, S.DIAGNOSED,
        S.INVESTIGATED, S.RESOLVED, S.CLOSED,
    ]  # fmt: skip
    assert dict(_steps(db, number)) == {
        S.IDENTIFIED: "cso1", S.LOGGED: "system", S.CATEGORISED: "cso1", S.PRIORITISED: "system",
        S.FUNCTIONALLY_ESCALATED: "system", S.INVESTIGATED: "regu1", S.RESOLVED: "regu1",
        S.DIAGNOSED: "cso1", S.CLOSED: "cso1",
    }  # fmt: skip
    report = _seen(db, number)
    assert (report.step, report.told_at, report.closed_at) == (S.CLOSED, NOON + HOUR, NOON + HOUR)
    notes = [row.note for row in entries(db, number, HistoryKind.COMMENT)]
    assert notes == ["Ditutup. MCB turun.", "Pelanggan diberi tahu lewat telepon.", "Didiagnosis. MCB turun."]


@pytest.mark.database
def test_a_complaint_is_answered_by_the_first_line_alone(db: Database) -> None:
    number = filed(db, K)
    _take(db, number, S.DIAGNOSED)
    assert _refused(db, number, S.INVESTIGATED) == "step-not-now"
    with db.transaction() as session:
        completion.resolve(
            session, number, code=CompletionCode.DONE, note="Rekening dibetulkan.", contact=by_cso(), now=NOON + HOUR
        )
    assert _steps(db, number)[-2:] == [(S.DIAGNOSED, "cso1"), (S.RESOLVED, "cso1")]


def _premises(db: Database, **extra: object) -> int:
    with db.transaction() as session:
        return a_premises(session, **extra).id


@pytest.mark.database
def test_what_a_person_says_needs_its_reason_and_its_turn(db: Database) -> None:
    number = filed(db)
    assert _refused(db, number, S.DIAGNOSED, note=" ") == "note-missing"
    assert _refused(db, number, S.CLOSED) == "not-finished"
    _take(db, number, S.DIAGNOSED)
    assert _refused(db, number, S.DIAGNOSED) == "step-done"
    with pytest.raises(NotFound):
        _take(db, "54999999999", S.DIAGNOSED)
    with pytest.raises(Refused) as early:
        _tell(db, number)
    assert early.value.slug == "not-finished"


@pytest.mark.database
def test_who_cannot_be_reached_is_not_told_without_a_word(db: Database) -> None:
    number = filed(db, closed=True)
    with pytest.raises(Invalid) as silent:
        _tell(db, number, ReportingKind.OTHER)
    assert (silent.value.slug, _seen(db, number).told_at) == ("note-missing", None)
    _tell(db, number, ReportingKind.OTHER, "Nomornya tidak aktif.")
    assert _seen(db, number).told_at == NOON + HOUR


@pytest.mark.database
def test_open_again_it_must_be_told_again(db: Database) -> None:
    number = filed(db, closed=True)
    _tell(db, number)
    _take(db, number, S.CLOSED)
    later = NOON + 4 * HOUR
    report = again(db, number, PLN, now=later)
    assert (report.step, report.told_at, report.closed_at) == (S.PRIORITISED, None, None)
    assert _steps(db, number)[-1] == (S.IDENTIFIED, "cso1")
    with db.transaction() as session:
        report = incidents.take(session, number, S.DIAGNOSED, by="cso1", note="Kabel.", now=later)
        assert report.step is S.DIAGNOSED


@pytest.mark.database
def test_the_customers_yes_tells_and_closes(db: Database) -> None:
    number = filed(db, closed=True)
    with db.transaction() as session:
        contact = by_cso(by="lacak", channel=ReportingKind.WEB)
        completion.confirm(session, number, finished=True, contact=contact, now=NOON + HOUR)
    report = _seen(db, number)
    assert (report.told_at, report.closed_at, report.step) == (NOON + HOUR, NOON + HOUR, S.CLOSED)


# Priority


@pytest.mark.unit
@pytest.mark.parametrize(
    ("facts", "judged"),
    [
        ({}, (3, 2, 3)),
        ({"trouble_code": "kedip"}, (3, 3, 4)),
        ({"trouble_code": "padam-area"}, (2, 2, 2)),
        ({"trouble_code": "bahaya", "urgent": UrgentReason.HAZARD}, (3, 1, 1)),
        ({"multiple_premises": True}, (2, 2, 2)),
        ({"outage_id": 1}, (1, 2, 1)),
        ({"outage_id": 1, "trouble_code": "kedip"}, (1, 3, 2)),
        ({"kind": K, "trouble_code": "tagihan"}, (3, 3, 4)),
    ],
)
def test_priority_is_impact_times_urgency(facts: dict[str, object], judged: tuple[int, int, int]) -> None:
    report = Report(**{"kind": G, "trouble_code": "padam", "outage_id": None, "multiple_premises": None, **facts})
    rules = operator().incidents
    assert priorities.judge(report, life_support=False, public_service=False, rules=rules) == judged


@pytest.mark.database
def test_who_must_not_stay_dark_comes_first_without_saying_so(db: Database) -> None:
    number = filed(db, premises_id=_premises(db, life_support=True))
    with db.reading() as session:
        order = workorders.open_order(session, _seen(db, number).id)
    assert (_seen(db, number).priority, order.priority if order else None) == (1, 1)


@pytest.mark.database
def test_a_person_judges_otherwise_and_the_crews_order_follows(db: Database) -> None:
    number = filed(db)
    assert _seen(db, number).priority == 3
    with db.transaction() as session, pytest.raises(Invalid):
        priorities.change(session, number, impact=2, urgency=1, note="", by="op1", now=NOON)
    with db.transaction() as session:
        priorities.change(session, number, impact=2, urgency=1, note="Puskesmas.", by="op1", now=NOON)
    report = _seen(db, number)
    with db.reading() as session:
        order = workorders.open_order(session, report.id)
    assert (report.impact, report.urgency, report.priority, order.priority if order else None) == (2, 1, 1, 1)
    (entry, *_) = entries(db, number, HistoryKind.CHANGE)
    assert (entry.old, entry.new, entry.note) == (
        {"impact": 3, "urgency": 2, "priority": 3}, {"impact": 2, "urgency": 1, "priority": 1}, "Puskesmas.",
    )  # fmt: skip


# Sixty thousand at once

MANY = 12_000


@pytest.mark.database
def test_many_are_told_and_closed_in_few_statements(db: Database) -> None:
    """Those that are open, told already, or of another outage are left alone."""
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id
        first = reports.file_report(session, a_report(area="31.71.06"), now=NOON)
        columns = [c.name for c in Report.__table__.columns if c.name != "id"]
        values = {name: getattr(first, name) for name in columns}
        rows = [{**values, "number": f"54{n:09}", "key": f"many:{n}"} for n in range(500_000_000, 500_000_000 + MANY)]
        session.execute(insert(Report), rows)
        outages.restore_outage(session, outage, by="spv1", now=NOON + HOUR)
    for second in range(1, 4):
        timers.run_due(db, HANDLERS, now=NOON + HOUR + timedelta(seconds=second))
    with db.transaction() as session:
        ids = list(session.scalars(select(Report.id).where(Report.outage_id == outage)))
        assert incidents.close(session, ids, by="system", now=NOON + HOUR) == 0, "nobody knows yet"
    opened = filed(db)
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    with db.transaction() as session:
        told = incidents.told(
            session, [*ids, _seen(db, opened).id], by="system", how=ReportingKind.SMS, now=NOON + HOUR
        )
    assert told == MANY + 1
    assert len(said) < 30
    with db.transaction() as session:
        assert incidents.told(session, ids, by="system", how=ReportingKind.SMS, now=NOON + 2 * HOUR) == 0
        assert incidents.close(session, ids, by="system", now=NOON + 2 * HOUR) == MANY + 1
        closed = select(func.count()).where(IncidentEntry.step == S.CLOSED)
        assert session.scalar(closed) == MANY + 1
    assert _seen(db, opened).told_at is None


@pytest.mark.database
def test_a_report_of_an_outage_ends_and_begins_again_with_it(db: Database) -> None:
    number = filed(db)
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id
    assert (_seen(db, number).impact, _seen(db, number).priority) == (1, 1)
    _take(db, number, S.MANAGEMENT_ESCALATED)
    assert _asked(db) == [_seen(db, number).id]
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON + HOUR)
    assert _asked(db) == []
    assert _steps(db, number)[-1] == (S.RESOLVED, "spv1")
    _tell(db, number, ReportingKind.SMS)
    with db.transaction() as session:
        supply.reopen(session, outage, by="spv1", now=NOON + 2 * HOUR)
    report = _seen(db, number)
    assert (report.status, report.step, report.told_at) == (ReportStatus.BELUM_SELESAI, S.PRIORITISED, None)
    assert _steps(db, number)[-1] == (S.IDENTIFIED, "spv1")
    assert isinstance(report.reopened_at, datetime)
    assert _outage(db, outage).status_kind.value == "confirmed"


def _asked(db: Database) -> list[int | None]:
    with db.reading() as session:
        return [one.report_id for one in alerts.open_alerts(session) if one.kind is AlertKind.ASKED]


def _outage(db: Database, outage: int) -> Outage:
    with db.reading() as session:
        return session.get_one(Outage, outage)
