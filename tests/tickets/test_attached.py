"""The reports that belong to an outage, all at once: marked, finished, orphaned, attached again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.contacts import by_cso
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import completion, history, repeats, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts
from tickets.kinds import AlertKind, CompletionCode, HistoryKind, Intent, ReportingKind, UrgentReason
from tickets.models import OutagePeriod, OutageScope, Report, WorkOrder
from tickets.outages import attached, links, outages, supply
from tickets.states import ReportStatus, WorkOrderEvent, WorkOrderStatus

HOUR = timedelta(hours=1)


def _file(db: Database, *, at: datetime = NOON, **extra: object) -> str:
    with db.transaction() as session:
        return reports.file_report(session, a_report(**{"area": "31.71.06", **extra}), now=at).number


def _confirm(db: Database, area: str = "31.71", *, at: datetime = NOON) -> int:
    with db.transaction() as session:
        return outages.confirm_outage(session, area=area, cause="", etr=None, by="spv1", now=at).id


def _restore(db: Database, outage: int, *, at: datetime) -> None:
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=at)


def _reopen(db: Database, outage: int, *, at: datetime) -> None:
    with db.transaction() as session:
        supply.reopen(session, outage, by="spv1", now=at)


def _seen(db: Database, number: str) -> Report:
    with db.reading() as session:
        return reports.by_number(session, number)


def _order(db: Database, number: str) -> WorkOrder | None:
    with db.reading() as session:
        return workorders.newest(session, reports.by_number(session, number))[0]


def _hazard(db: Database, number: str) -> None:
    with db.transaction() as session:
        repeats.lapor_ulang(
            session, number, intent=Intent.PLN_SIDE, urgent=UrgentReason.HAZARD, note="Kabel putus di jalan.",
            contact=by_cso(), now=NOON,
        )  # fmt: skip


def test_what_was_reported_before_the_outage_was_known_belongs_to_it(db: Database) -> None:
    number = _file(db, at=NOON - timedelta(minutes=50))
    outage = _confirm(db)
    assert _seen(db, number).outage_id == outage
    assert _order(db, number) is None
    with db.reading() as session:
        report = reports.by_number(session, number)
        told = history.of(session, report.id)[0]
        (order,) = session.scalars(select(WorkOrder).where(WorkOrder.report_id == report.id))
    assert (told.kind, told.by, told.new) == (HistoryKind.CHANGE, "spv1", {"outage": outage})
    assert told.note == "INFO PADAM MELUAS: Jakarta Pusat."
    assert order.status is WorkOrderStatus.CANCELLED


def test_what_has_nothing_to_do_with_it_is_left_alone(db: Database) -> None:
    others = {
        "elsewhere": _file(db, area="19.71.05"),
        "long before": _file(db, at=NOON - timedelta(minutes=61)),
        "only this building": _file(db, only_me=True),
        "danger": _file(db, trouble="bahaya"),
        "a complaint": _file(db, kind="K", trouble="petugas"),
        "danger that was told later": _file(db),
    }
    _hazard(db, others["danger that was told later"])
    finished = _file(db)
    with db.transaction() as session:
        completion.resolve(session, finished, code=CompletionCode.DONE, note="Selesai.", contact=by_cso(), now=NOON)
    _confirm(db)
    for why, number in {**others, "finished": finished}.items():
        assert _seen(db, number).outage_id is None, why
    assert _order(db, others["only this building"]) is not None


def test_a_crew_that_is_on_its_way_goes_on_and_one_that_has_not_answered_is_free(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    numbers = [_file(db) for _ in range(4)]
    accepted, assigned, _, waiting = (_order(db, number) for number in numbers)
    assert accepted is not None
    assert assigned is not None
    assert waiting is not None
    assert (assigned.status, waiting.status) == (WorkOrderStatus.ASSIGNED, WorkOrderStatus.WAITING)
    elsewhere = _file(db, only_me=True)
    with db.transaction() as session:
        workorders.advance(session, accepted.id, WorkOrderEvent.ACCEPT, by="regu1", now=NOON)
    outage = _confirm(db)
    assert [_seen(db, number).outage_id for number in numbers] == [None, outage, outage, outage]
    with db.reading() as session:
        assert session.get_one(WorkOrder, accepted.id).status is WorkOrderStatus.ACCEPTED
    free = _order(db, elsewhere)
    assert free is not None
    assert free.status is WorkOrderStatus.ASSIGNED


@pytest.mark.parametrize("code", ["31", "ulp:menteng", "feeder:MTG-03"])
def test_each_kind_of_scope_says_who_belongs(db: Database, code: str) -> None:
    with db.transaction() as session:
        inside = a_premises(session, feeder="MTG-03").id
        outside = a_premises(session, area="19.71.05", feeder="GRG-01").id
    numbers = [_file(db, premises_id=one) for one in (inside, outside)]
    with db.transaction() as session:
        outage = outages.confirm_outage(session, covers=[code], cause="", etr=None, by="spv1", now=NOON).id
    assert [_seen(db, number).outage_id for number in numbers] == [outage, None]


def test_more_than_one_transaction_holds_go_on_by_the_clock(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached, "AT_ONCE", 3)
    numbers = [_file(db) for _ in range(7)]

    def left(status: ReportStatus, outage: int | None) -> list[int]:
        """How many are not so yet, before and after each second."""
        found = []
        for second in range(4):
            timers.run_due(db, HANDLERS, now=at + timedelta(seconds=second))
            seen = [_seen(db, number) for number in numbers]
            found.append(sum((one.status, one.outage_id) != (status, outage) for one in seen))
        return found

    at = NOON
    outage = _confirm(db)
    assert left(ReportStatus.BELUM_SELESAI, outage) == [4, 1, 0, 0]
    at += HOUR
    _restore(db, outage, at=at)
    assert left(ReportStatus.SELESAI, outage) == [4, 1, 0, 0]
    assert {_seen(db, number).resolved_at for number in numbers} == {at}
    at += HOUR
    _reopen(db, outage, at=at)
    assert left(ReportStatus.BELUM_SELESAI, outage) == [4, 1, 0, 0]
    assert {_seen(db, number).reopened_at for number in numbers} == {at}


def test_power_that_goes_again_meanwhile_leaves_open_what_was_not_finished_yet(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "AT_ONCE", 3)
    numbers = [_file(db) for _ in range(5)]
    outage = _confirm(db)
    timers.run_due(db, HANDLERS, now=NOON + HOUR / 2)
    _restore(db, outage, at=NOON + HOUR)
    _reopen(db, outage, at=NOON + HOUR)
    timers.run_due(db, HANDLERS, now=NOON + 2 * HOUR)
    assert {_seen(db, number).status for number in numbers} == {ReportStatus.BELUM_SELESAI}


def test_who_filed_in_the_instant_of_the_confirmation_is_marked_a_minute_later(db: Database) -> None:
    outage = _confirm(db)
    number = _file(db)
    with db.transaction() as session:  # as it is when neither has seen the other's transaction
        report = reports.by_number(session, number)
        report.outage_id = None
        workorders.ensure(session, report, now=NOON)
    timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=1))
    assert _seen(db, number).outage_id == outage
    assert _order(db, number) is None


def test_a_part_that_is_lit_finishes_its_reports_and_no_other(db: Database) -> None:
    numbers = {area: _file(db, area=area) for area in ("31.71.06", "31.71.05")}
    outage = _confirm(db)
    with db.transaction() as session:
        supply.restore_partially(session, outage, ["31.71.06"], by="spv1", now=NOON + HOUR)
    assert _seen(db, numbers["31.71.06"]).status is ReportStatus.SELESAI
    assert _seen(db, numbers["31.71.05"]).status is ReportStatus.BELUM_SELESAI


def test_what_is_told_after_a_part_was_lit_is_not_finished_by_that(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        supply.restore_partially(session, outage, ["31.71.06"], by="spv1", now=NOON + HOUR)
    number = _file(db, at=NOON + 2 * HOUR)
    with db.transaction() as session:
        links.link(session, number, outage, by="op1", now=NOON + 2 * HOUR)
        attached.follow(session, outage, by="op1", now=NOON + 3 * HOUR)
    assert (_seen(db, number).outage_id, _seen(db, number).status) == (outage, ReportStatus.BELUM_SELESAI)


def test_who_is_only_known_to_live_where_a_part_is_lit_may_still_be_dark(db: Database) -> None:
    number = _file(db, area="31.71")
    outage = _confirm(db)
    with db.transaction() as session:
        supply.restore_partially(session, outage, ["31.71.06"], by="spv1", now=NOON + HOUR)
    assert (_seen(db, number).status, _seen(db, number).outage_id) == (ReportStatus.BELUM_SELESAI, outage)
    _restore(db, outage, at=NOON + 2 * HOUR)
    assert _seen(db, number).status is ReportStatus.SELESAI


def test_a_proposal_that_was_wrong_gives_each_report_its_crew(db: Database) -> None:
    with db.transaction() as session:
        wrong = outages.propose_outage(session, area="31.71.06", since=NOON, evidence={}, by="system", now=NOON)
    assert wrong is not None
    number = _file(db)
    assert (_seen(db, number).outage_id, _order(db, number)) == (wrong.id, None)
    _dismiss(db, wrong.id)
    assert _seen(db, number).outage_id is None
    assert _order(db, number) is not None


def test_who_wrote_and_belonged_to_no_outage_after_all_is_missed_when_nobody_answers_him(db: Database) -> None:
    with db.transaction() as session:
        wrong = outages.propose_outage(session, area="31.71.06", since=NOON, evidence={}, by="system", now=NOON)
    assert wrong is not None
    number = _file(db, reporting_kind=ReportingKind.WHATSAPP)
    assert _seen(db, number).outage_id == wrong.id
    _dismiss(db, wrong.id)
    timers.run_due(db, HANDLERS, now=NOON + 24 * HOUR)
    with db.reading() as session:
        late = [one.report_id for one in alerts.open_alerts(session) if one.kind is AlertKind.ANSWER_LATE]
    assert late == [_seen(db, number).id]


def test_a_proposal_inside_a_wider_one_leaves_its_reports_to_that(db: Database) -> None:
    with db.transaction() as session:
        narrow = outages.propose_outage(session, area="31.71.06", since=NOON, evidence={}, by="system", now=NOON)
    assert narrow is not None
    number = _file(db)
    wide = _confirm(db, "31")
    assert _seen(db, number).outage_id == narrow.id
    _dismiss(db, narrow.id)
    assert (_seen(db, number).outage_id, _order(db, number)) == (wide, None)


def _dismiss(db: Database, outage: int) -> None:
    with db.transaction() as session:
        outages.dismiss_outage(session, outage, note="", by="spv1", now=NOON)


def test_power_that_goes_again_opens_what_its_return_had_finished(db: Database) -> None:
    outage = _confirm(db)
    number = _file(db)
    before = _seen(db, number)
    _restore(db, outage, at=NOON + HOUR)
    again = NOON + 2 * HOUR
    _reopen(db, outage, at=again)
    report = _seen(db, number)
    assert (report.number, report.reported_at, report.outage_id) == (number, before.reported_at, outage)
    assert (report.status, report.resolved_at, report.reopened_at) == (ReportStatus.BELUM_SELESAI, None, again)
    assert (report.starred, report.repeats, report.completion_code) == (False, 0, None)
    assert _order(db, number) is None
    with db.reading() as session:
        told = history.of(session, report.id)[0]
    assert (told.kind, told.note) == (HistoryKind.TRANSITION, "Listrik padam lagi.")
    assert (told.old, told.new) == ({"status": "SELESAI"}, {"status": "BELUM_SELESAI"})


def test_it_can_come_and_go_as_often_as_it_likes(db: Database) -> None:
    outage = _confirm(db)
    number = _file(db)
    for turn in range(1, 6, 2):
        _restore(db, outage, at=NOON + turn * HOUR)
        assert _seen(db, number).status is ReportStatus.SELESAI
        _reopen(db, outage, at=NOON + (turn + 1) * HOUR)
        assert _seen(db, number).status is ReportStatus.BELUM_SELESAI
    with db.reading() as session:
        moves = history.of(session, reports.by_number(session, number).id, [HistoryKind.TRANSITION])
        periods = session.scalars(select(OutagePeriod).where(OutagePeriod.outage_id == outage)).all()
    assert len(moves) == 7
    assert len({period.dark_from for period in periods}) == 4


def test_what_ended_otherwise_stays_finished_when_power_goes_again(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        premises = a_premises(session).id
    by_staff, said_yes, superseded = _file(db), _file(db), _file(db, premises_id=premises)
    with db.transaction() as session:
        completion.resolve(session, by_staff, code=CompletionCode.DONE, note="Selesai.", contact=by_cso(), now=NOON)
    later = NOON + HOUR
    _restore(db, outage, at=later)
    with db.transaction() as session:
        completion.confirm(session, said_yes, finished=True, contact=by_cso(), now=later)
    newer = _file(db, premises_id=premises, at=later)
    _reopen(db, outage, at=later + HOUR)
    assert {_seen(db, number).status for number in (by_staff, said_yes, superseded)} == {ReportStatus.SELESAI}
    assert _seen(db, newer).outage_id == outage


def test_who_said_that_it_is_still_dark_keeps_the_star_and_belongs_to_the_outage_again(db: Database) -> None:
    outage = _confirm(db)
    number = _file(db)
    later = NOON + HOUR
    _restore(db, outage, at=later)
    with db.transaction() as session:
        completion.confirm(session, number, finished=False, contact=by_cso(), now=later + HOUR / 4)
    assert _seen(db, number).outage_id is None
    assert _order(db, number) is not None
    _reopen(db, outage, at=later + HOUR / 2)
    report = _seen(db, number)
    assert (report.outage_id, report.starred, report.status) == (outage, True, ReportStatus.BELUM_SELESAI)
    assert _order(db, number) is None


def test_what_goes_on_in_a_new_report_stays_finished_when_power_goes_again(db: Database) -> None:
    outage = _confirm(db)
    number = _file(db)
    _restore(db, outage, at=NOON + HOUR)
    app = by_cso(by="app", channel=ReportingKind.APP)
    with db.transaction() as session:
        new = completion.confirm(session, number, finished=False, contact=app, now=NOON + HOUR).number
    assert new != number
    _reopen(db, outage, at=NOON + 2 * HOUR)
    assert (_seen(db, number).status, _seen(db, new).outage_id) == (ReportStatus.SELESAI, outage)


def test_a_part_that_stays_lit_is_not_opened_again(db: Database) -> None:
    outage = _confirm(db, "31.71.06")
    with db.transaction() as session:
        session.add(OutageScope(outage_id=outage, code="31.71.05", live=True))
    dark, lit = _file(db), _file(db, area="31.71.05")
    _restore(db, outage, at=NOON + HOUR)
    with db.transaction() as session:
        supply.reopen(session, outage, ["31.71.06"], by="spv1", now=NOON + 2 * HOUR)
    assert _seen(db, dark).status is ReportStatus.BELUM_SELESAI
    assert _seen(db, lit).status is ReportStatus.SELESAI


def test_an_urgent_word_about_a_marked_report_sends_a_crew_after_all(db: Database) -> None:
    number = _file(db)
    _confirm(db)
    _hazard(db, number)
    assert _seen(db, number).outage_id is None
    assert _order(db, number) is not None


def test_what_lies_outside_of_an_outage_that_is_smaller_than_was_thought_gets_a_crew(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attached, "ORPHANS_AT_ONCE", 1)
    with db.transaction() as session:
        homes = [a_premises(session, feeder=feeder).id for feeder in ("MTG-1", "MTG-2", "MTG-3")]
        values = {"since": NOON, "evidence": {}, "by": "detection", "now": NOON}
        proposal = outages.propose_outage(session, covers=["ulp:menteng"], **values)
        assert proposal is not None
    inside, *outside = [_file(db, premises_id=home) for home in homes]
    linked = _file(db, area="19.71.05")
    with db.transaction() as session:
        links.link(session, linked, proposal.id, by="cso1", now=NOON)
        facts = outages.Facts(covers=("feeder:MTG-1",))
        outages.confirm_proposal(session, proposal.id, facts, by="spv1", now=NOON + HOUR / 6)
    timers.run_due(db, HANDLERS, now=NOON + HOUR / 4)
    assert [_seen(db, number).outage_id for number in (inside, linked)] == [proposal.id] * 2
    for number in outside:
        assert _seen(db, number).outage_id is None
        assert _order(db, number) is not None
    _restore(db, proposal.id, at=NOON + HOUR)
    assert [_seen(db, number).status for number in outside] == [ReportStatus.BELUM_SELESAI] * 2


@pytest.mark.parametrize("lit", [[], ["feeder:MTG-1"]], ids=["all of it", "a part"])
def test_power_that_comes_back_meanwhile_does_not_finish_what_lay_outside(
    db: Database, monkeypatch: pytest.MonkeyPatch, lit: list[str]
) -> None:
    monkeypatch.setattr(attached, "ORPHANS_AT_ONCE", 1)
    with db.transaction() as session:
        homes = [a_premises(session, feeder=f"MTG-{number}").id for number in range(1, 6)]
        values = {"since": NOON, "evidence": {}, "by": "detection", "now": NOON}
        proposal = outages.propose_outage(session, covers=["ulp:menteng"], **values)
        assert proposal is not None
    inside, still_dark, *outside = [_file(db, premises_id=home) for home in homes]
    with db.transaction() as session:
        facts = outages.Facts(covers=("feeder:MTG-1", "feeder:MTG-2"))
        outages.confirm_proposal(session, proposal.id, facts, by="spv1", now=NOON)
    assert [_seen(db, number).outage_id for number in outside] == [None, proposal.id, proposal.id]
    if lit:
        with db.transaction() as session:
            supply.restore_partially(session, proposal.id, lit, by="spv1", now=NOON)
    _restore(db, proposal.id, at=NOON)
    for second in range(1, 4):
        timers.run_due(db, HANDLERS, now=NOON + timedelta(seconds=second))
    for number in outside:
        report, order = _seen(db, number), _order(db, number)
        assert (report.status, report.outage_id) == (ReportStatus.BELUM_SELESAI, None)
        assert order is not None
    for number in (inside, still_dark):
        assert _seen(db, number).status is ReportStatus.SELESAI
