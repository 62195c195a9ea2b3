"""The clocks of orders, outages and reports, and what happens to an alert that nobody takes, on virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from config.database import Database
from config.errors import Refused
from tests.fixtures.contacts import PLN, K, again, by_cso, entries, filed
from tests.fixtures.tickets import NOON, a_crew
from tickets import completion, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts, clocks, escalation, incidents
from tickets.kinds import AlertKind, AlertLevel, Clock, HistoryKind, IncidentStep, ReportingKind
from tickets.models import Alert, OutageHistory, Report, Timer
from tickets.outages import outages, supply
from tickets.states import WorkOrderEvent

pytestmark = pytest.mark.database

E = WorkOrderEvent


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def run(db: Database, until: float) -> None:
    """Time passes from the first timer that is due to `until` minutes after noon."""
    with db.reading() as session:
        now = timers.next_due(session)
    while now is not None and now <= at(until):
        timers.run_due(db, HANDLERS, now=now)
        with db.reading() as session:
            now = timers.next_due(session)


def open_now(db: Database, kind: AlertKind | None = None) -> list[Alert]:
    with db.reading() as session:
        return [one for one in alerts.open_alerts(session) if kind in (None, one.kind)]


def texts(db: Database, kind: AlertKind) -> list[str]:
    return [one.text for one in open_now(db, kind)]


def advanced(db: Database, number: str, minutes: float, *events: WorkOrderEvent) -> None:
    with db.transaction() as session:
        order = workorders.newest(session, reports.by_number(session, number))[0]
        assert order is not None
        for event in events:
            workorders.advance(session, order.id, event, by="op1", now=at(minutes))


@pytest.fixture
def crew(db: Database) -> None:
    """One that is not asked whether it is silent: that is another clock."""
    with db.transaction() as session:
        a_crew(session, login="regu1", has_mobile=False)


# Response, recovery, promise


def test_nobody_has_arrived_after_forty_five_minutes(db: Database) -> None:
    filed(db)
    run(db, 29.9)
    assert texts(db, AlertKind.RESPONSE_LATE) == []
    run(db, 30)
    assert texts(db, AlertKind.RESPONSE_LATE) == ["Regu belum tiba; sisa 15 menit."]
    run(db, 45)
    assert texts(db, AlertKind.RESPONSE_LATE) == ["Regu belum tiba sesudah 45 menit."]
    (alert,) = open_now(db, AlertKind.RESPONSE_LATE)
    assert (alert.unit, alert.at, alert.report_id is not None) == ("jakarta", at(30), True)


def test_who_arrives_stops_the_clock_and_what_was_said_of_it(db: Database, crew: None) -> None:
    first, second = filed(db), filed(db)
    advanced(db, first, 1, E.ACCEPT, E.DEPART, E.ARRIVE)
    advanced(db, second, 1, E.ACCEPT)
    run(db, 20)
    advanced(db, second, 20, E.DEPART)
    run(db, 40)
    assert len(texts(db, AlertKind.RESPONSE_LATE)) == 1
    advanced(db, second, 44, E.ARRIVE)
    run(db, 60)
    assert texts(db, AlertKind.RESPONSE_LATE) == []


def test_the_recovery_counts_from_the_start_of_the_work(db: Database, crew: None) -> None:
    number = filed(db)
    advanced(db, number, 10, E.ACCEPT, E.DEPART, E.ARRIVE)
    advanced(db, number, 20, E.START)
    run(db, 169)
    assert texts(db, AlertKind.RECOVERY_LATE) == []
    run(db, 170)
    assert texts(db, AlertKind.RECOVERY_LATE) == ["Pekerjaan belum menyala; sisa 30 menit."]
    run(db, 200)
    assert texts(db, AlertKind.RECOVERY_LATE) == ["Pekerjaan belum menyala sesudah 3 jam."]
    assert texts(db, AlertKind.PROMISE_LATE) == ["Listrik belum menyala sesudah 3 jam."]
    advanced(db, number, 201, E.POWER_ON)
    run(db, 400)
    assert texts(db, AlertKind.RECOVERY_LATE) == texts(db, AlertKind.PROMISE_LATE) == []


def test_an_order_that_is_called_off_has_no_clocks(db: Database) -> None:
    number = filed(db)
    run(db, 31)
    with db.transaction() as session:
        order = workorders.open_order(session, reports.by_number(session, number).id)
        assert order is not None
        workorders.advance(session, order.id, E.CANCEL, by="op1", now=at(32))
    run(db, 300)
    assert open_now(db) == []


def test_open_again_the_promise_is_a_new_one(db: Database) -> None:
    number = filed(db, closed=True)
    again(db, number, PLN, now=at(240))
    run(db, 240 + 149)
    assert texts(db, AlertKind.PROMISE_LATE) == []
    run(db, 240 + 180)
    assert texts(db, AlertKind.PROMISE_LATE) == ["Listrik belum menyala sesudah 3 jam."]


def test_what_is_late_is_said_once_however_often_its_order_moves(db: Database, crew: None) -> None:
    number = filed(db)
    advanced(db, number, 1, E.ACCEPT, E.DEPART, E.ARRIVE)
    for minute, step in ((181, E.START), (185, E.TEMPORARY)):
        run(db, minute)
        advanced(db, number, minute, step)
        run(db, minute)
    notes = [row.note for row in entries(db, number, HistoryKind.COMMENT)]
    assert notes.count("Listrik belum menyala sesudah 3 jam.") == 1


# 1×24 h


def test_a_complaint_that_nobody_answers(db: Database) -> None:
    number = filed(db, K)
    run(db, 1199)
    assert texts(db, AlertKind.ANSWER_LATE) == []
    run(db, 1200)
    assert texts(db, AlertKind.ANSWER_LATE) == ["Pelanggan belum dijawab; sisa 4 jam."]
    run(db, 1440)
    assert texts(db, AlertKind.ANSWER_LATE) == ["Pelanggan belum dijawab sesudah 24 jam."]
    with db.transaction() as session:
        completion.respond(session, number, note="Sudah dijelaskan.", contact=by_cso(), now=at(1441))
    assert texts(db, AlertKind.ANSWER_LATE) == []


# An outage's clocks are its own


def test_sixty_thousand_who_belong_to_an_outage_have_one_clock(db: Database) -> None:
    """As many reports as they are, told in writing or by voice: one promise, and one who must tell them."""
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id
    for channel in (ReportingKind.CALL, ReportingKind.WHATSAPP, ReportingKind.IVR):
        filed(db, reporting_kind=channel, phone="+628110000001")
    with db.reading() as session:
        kinds = session.execute(select(Timer.kind, Timer.key).where(Timer.kind == clocks.TIMER)).all()
        assert kinds == [(clocks.TIMER, f"promise:outage-{outage}")]
    run(db, 180)
    assert texts(db, AlertKind.PROMISE_LATE) == ["Listrik belum menyala sesudah 3 jam."]
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=at(190))
    assert texts(db, AlertKind.PROMISE_LATE) == []
    run(db, 219)
    assert texts(db, AlertKind.NOT_TOLD) == []
    run(db, 220)
    assert texts(db, AlertKind.NOT_TOLD) == ["3 pelapor belum tahu listrik menyala."]
    with db.transaction() as session:
        ids = list(session.scalars(select(Report.id)))
        incidents.told(session, ids[:2], by="system", how=ReportingKind.SMS, now=at(221))
    run(db, 235)
    assert texts(db, AlertKind.NOT_TOLD) == ["1 pelapor belum tahu listrik menyala."]
    with db.transaction() as session:
        incidents.told(session, ids, by="system", how=ReportingKind.SMS, now=at(236))
    run(db, 260)
    assert texts(db, AlertKind.NOT_TOLD) == []


def test_where_power_is_gone_again_nobody_must_be_told_that_it_is_back(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON).id
    filed(db, phone="+628110000001")
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=at(10))
    run(db, 40)
    assert texts(db, AlertKind.NOT_TOLD) == ["1 pelapor belum tahu listrik menyala."]
    with db.transaction() as session:
        supply.reopen(session, outage, by="spv1", now=at(41))
    run(db, 60)
    assert texts(db, AlertKind.NOT_TOLD) == []


def test_an_outage_promises_what_its_estimate_says(db: Database) -> None:
    with db.transaction() as session:
        row = outages.confirm_outage(session, area="31.71", cause="", etr=at(400), by="spv1", now=NOON)
        clocks.follow_outage(session, row, now=NOON)
    run(db, 369)
    assert texts(db, AlertKind.PROMISE_LATE) == []
    run(db, 370)
    assert texts(db, AlertKind.PROMISE_LATE) == ["Listrik belum menyala; sisa 30 menit."]
    with db.transaction() as session:
        row = outages.locked(session, row.id)
        row.etr = at(600)
        clocks.follow_outage(session, row, now=at(380))
    assert texts(db, AlertKind.PROMISE_LATE) == []  # moved, and said so: not broken


def test_a_report_that_is_marked_has_its_own_clocks_no_longer(db: Database) -> None:
    number = filed(db, reporting_kind=ReportingKind.WHATSAPP)
    run(db, 30)
    assert len(texts(db, AlertKind.RESPONSE_LATE)) == 1
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=at(5000), by="spv1", now=at(40)).id
    assert texts(db, AlertKind.RESPONSE_LATE) == []
    run(db, 2000)
    with db.reading() as session:
        assert reports.by_number(session, number).outage_id == outage
    late = {AlertKind.RESPONSE_LATE, AlertKind.PROMISE_LATE, AlertKind.ANSWER_LATE}
    assert not late & {one.kind for one in open_now(db)}


# Told, then closed


def test_who_is_not_told_is_somebodys_to_tell(db: Database) -> None:
    number, silent = filed(db, closed=True, phone="+628110000001"), filed(db, closed=True, phone="")
    run(db, 30)
    assert texts(db, AlertKind.NOT_TOLD) == ["Pelanggan belum tahu laporannya selesai."]
    run(db, 75)
    with db.transaction() as session:
        assert reports.by_number(session, silent).told_at == at(30)  # no way to reach anybody is known
        assert reports.by_number(session, number).told_at is None
        assert reports.by_number(session, number).step is IncidentStep.RESOLVED  # escalated, and finished all the same
        incidents.tell(session, number, by="cso1", how=ReportingKind.CALL, note="", now=at(76))
    assert open_now(db) == []


def test_whoever_knows_and_says_no_more_has_his_report_closed_after_a_day(db: Database) -> None:
    number = filed(db, closed=True)
    with db.transaction() as session:
        timers.arm(session, "incident-close", "", at(15))
        incidents.tell(session, number, by="cso1", how=ReportingKind.CALL, note="", now=at(10))
    run(db, 1449)
    with db.reading() as session:
        assert reports.by_number(session, number).closed_at is None
    run(db, 1470)
    with db.reading() as session:
        report = reports.by_number(session, number)
    assert report.closed_at == at(1455)
    assert report.step is IncidentStep.CLOSED


def test_many_are_closed_some_thousands_at_a_time(db: Database) -> None:
    number = filed(db, closed=True)
    with db.transaction() as session:
        one = reports.by_number(session, number)
        one.told_at = NOON
        session.flush()
        columns = [c.name for c in Report.__table__.columns if c.name != "id"]
        values = {name: getattr(one, name) for name in columns}
        rows = [{**values, "number": f"54{n:09}", "key": f"m{n}"} for n in range(10_000)]
        session.execute(insert(Report), rows)
        timers.arm(session, "incident-close", "", at(1440))
    run(db, 1441)
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(Report.closed_at.is_(None))) == 0
        assert timers.next_due(session) is not None


# Escalation


def _alert(db: Database, number: str = "") -> int:
    with db.transaction() as session:
        report = reports.by_number(session, number) if number else None
        told = {"unit": "jakarta", "text": "Regu belum tiba.", "report_id": report.id if report else None}
        return alerts.put(session, AlertKind.CREW_SILENT, "x", now=NOON, **told).id


def _seen(db: Database, alert: int) -> Alert:
    with db.reading() as session:
        return session.get_one(Alert, alert)


def test_an_alert_that_nobody_takes_goes_up_and_is_repeated(db: Database) -> None:
    """Functional first (the operator), then the management (seed 004 L244–L249); every step in the history."""
    number = filed(db)
    with db.transaction() as session:
        timers.disarm(session, clocks.TIMER, *[t.key for t in session.scalars(select(Timer))])
    alert = _alert(db, number)
    seen = []
    for minute in (14, 15, 30, 45, 60, 75):
        run(db, minute)
        row = _seen(db, alert)
        seen.append((row.level.value, row.reminders))
    assert seen == [
        ("operator", 0), ("operator", 1), ("supervisor", 2), ("supervisor", 3), ("director", 4), ("director", 5),
    ]  # fmt: skip
    notes = [row.note for row in entries(db, number, HistoryKind.COMMENT) if "Eskalasi" in row.note]
    assert notes == ["Eskalasi ke direktur: Regu belum tiba.", "Eskalasi ke supervisor: Regu belum tiba."]
    with db.reading() as session:
        steps = [row.step for row in incidents.steps_of(session, reports.by_number(session, number))]
    assert steps.count(IncidentStep.MANAGEMENT_ESCALATED) == 2


def test_what_is_dangerous_is_asked_for_more_often(db: Database) -> None:
    alert = _alert(db, filed(db, trouble="bahaya"))
    run(db, 15)
    assert _seen(db, alert).reminders == 3


def test_taken_it_is_left_alone_for_a_while_and_then_asked_for_again(db: Database) -> None:
    number = filed(db, K)
    alert = _alert(db, number)
    run(db, 20)
    with db.transaction() as session:
        escalation.take(session, alert, by="op1", now=at(20))
        escalation.take(session, alert, by="op1", now=at(21))
        with pytest.raises(Refused):
            escalation.take(session, alert, by="op2", now=at(21))
    notes = [row.note for row in entries(db, number, HistoryKind.COMMENT)]
    assert notes.count("Ditangani: Regu belum tiba.") == 1
    run(db, 79)
    assert (_seen(db, alert).reminders, _seen(db, alert).level) == (1, AlertLevel.OPERATOR)
    run(db, 80)
    row = _seen(db, alert)
    assert (row.reminders, row.taken_by, row.level) == (2, None, AlertLevel.DIRECTOR)


def test_what_begins_with_the_supervisor_never_goes_down(db: Database) -> None:
    with db.transaction() as session:
        told = {"unit": "jakarta", "text": "T.", "level": AlertLevel.SUPERVISOR, "now": NOON}
        alert = alerts.put(session, AlertKind.OUTAGE_PROPOSED, "x", **told).id
    run(db, 15)
    assert (_seen(db, alert).reminders, _seen(db, alert).level) == (1, AlertLevel.SUPERVISOR)


def test_when_its_reason_is_gone_nobody_is_reminded(db: Database) -> None:
    alert = _alert(db)
    with db.transaction() as session:
        alerts.end(session, AlertKind.CREW_SILENT, "x", now=at(5))
    run(db, 300)
    assert (_seen(db, alert).reminders, _seen(db, alert).level) == (0, AlertLevel.OPERATOR)
    with db.reading() as session:
        assert timers.next_due(session) is None


def test_an_outages_escalation_stands_in_its_own_history(db: Database) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    run(db, 240)
    with db.reading() as session:
        rows = session.execute(select(OutageHistory.event, OutageHistory.note).order_by(OutageHistory.id)).all()
    late = "Listrik belum menyala sesudah 3 jam."
    assert ("alert", late) in rows
    assert ("escalated", f"Eskalasi ke supervisor: {late}") in rows
    assert ("escalated", f"Eskalasi ke direktur: {late}") in rows


def test_the_worst_that_nobody_has_taken_stands_first(db: Database) -> None:
    ids = []
    with db.transaction() as session:
        for n, word in enumerate(("operator", "director", "director", "supervisor")):
            told = {"unit": "jakarta" if n else "bangka", "text": "T.", "level": AlertLevel(word), "now": at(n)}
            ids.append(alerts.put(session, AlertKind.NO_CREW, str(n), **told).id)
        escalation.take(session, ids[1], by="op1", now=at(5))
    with db.reading() as session:
        first = escalation.waiting(session, unit=None, level=None, limit=10)
        assert [one.id for one in first] == [ids[2], ids[3], ids[0], ids[1]]
        assert [one.id for one in escalation.waiting(session, unit="bangka", level=None, limit=10)] == [ids[0]]
        above = escalation.waiting(session, unit=None, level=AlertLevel.SUPERVISOR, limit=2)
        assert [one.id for one in above] == [ids[2], ids[3]]


def test_every_clock_has_its_words_and_its_alert() -> None:
    assert set(clocks.LATE) == set(clocks.WORDS) == {*Clock} - {Clock.TOLD}
