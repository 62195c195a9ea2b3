"""Channels without a CSO apply the table; each step once, and many contacts at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.errors import NotFound, Problem, Refused
from config.operator import operator
from tests.fixtures.contacts import (
    ASKS,
    BOTH,
    DATA,
    LATE,
    PLN,
    SOON,
    G,
    K,
    again,
    by_cso,
    changed,
    entries,
    filed,
    how_many,
)
from tests.fixtures.tickets import a_crew, a_premises, a_report
from tickets import completion, repeats, reports, workorders
from tickets.kinds import CompletionCode, HistoryKind, Intent, ReportingKind, ReportKind
from tickets.models import Notice, Report, WorkOrder
from tickets.outages import outages
from tickets.outages.again import file_or_apply
from tickets.schemas import Changes
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = pytest.mark.database


# Channels without a CSO do what the table requires


@pytest.mark.parametrize(
    ("kind", "closed", "intent", "now", "steps", "kinds"),
    [
        (G, False, ASKS, SOON, "DETAIL TRACKING", "comment"),
        (G, False, PLN, SOON, "UPDATE_LAPORAN", "change"),
        (G, False, DATA, LATE, "UPDATE_LAPORAN", "change"),
        (G, False, PLN, LATE, "TRACKING LAPOR_ULANG", "repeat change"),
        (G, False, BOTH, LATE, "TRACKING LAPOR_ULANG UPDATE_LAPORAN", "repeat change"),
        (G, True, BOTH, SOON, "LAPOR_ULANG", "repeat transition change"),
        (K, False, BOTH, SOON, "LAPOR_ULANG UPDATE_LAPORAN", "repeat change"),
        (K, True, BOTH, SOON, "TICKET_BARU", "comment"),
    ],
)
def test_a_channel_applies_the_steps_in_their_order_and_once(
    db: Database, *, kind: ReportKind, closed: bool, intent: Intent, now: datetime, steps: str, kinds: str
) -> None:
    number = filed(db, kind, closed=closed)
    before = {row.id for row in entries(db, number)}
    contact = by_cso(by="whatsapp", channel=ReportingKind.WHATSAPP, name="")
    changes = None if intent is ASKS else Changes(phone="081201000008")
    found = []
    for _ in range(2):
        with db.transaction() as session:
            done = repeats.apply(
                session, number, intent=intent, urgent=None, note="Masih gelap.", changes=changes, contact=contact,
                now=now,
            )  # fmt: skip
        found.append(done)
    first, second = found
    assert " ".join(first.steps) == steps
    assert (first.reopened, second.report.id) == (kind is G and closed, first.report.id)
    new = [row for row in reversed(entries(db, number)) if row.id not in before]
    assert " ".join(row.kind.value for row in new) == kinds
    assert {row.channel for row in new} == {ReportingKind.WHATSAPP}
    if changes:
        assert first.report.phone == "+6281201000008"
    if steps == "TICKET_BARU":
        assert first.report.number != number


def test_what_was_said_within_three_hours_stands_in_the_keterangan_for_the_crew(db: Database) -> None:
    number = filed(db)
    with db.transaction() as session:
        done = repeats.apply(
            session, number, intent=PLN, urgent=None, note="Masih gelap.", contact=by_cso(by="ivr"), now=SOON
        )
    assert done.report.comment == "Masih gelap."


# Once, and two at a time


def test_the_same_key_is_one_lapor_ulang(db: Database) -> None:
    number, contact = filed(db, closed=True), by_cso()
    for _ in range(2):
        assert again(db, number, PLN, contact=contact).repeats == 1
    assert len(entries(db, number, HistoryKind.REPEAT)) == 1


def test_a_key_does_not_stand_for_two_reports(db: Database) -> None:
    first, second, contact = filed(db), filed(db), by_cso()
    again(db, first, PLN, contact=contact)
    with pytest.raises(Refused) as fault:
        again(db, second, PLN, contact=contact)
    assert fault.value.slug == "key-reused"


def test_a_number_that_does_not_exist(db: Database) -> None:
    with pytest.raises(NotFound):
        again(db, "54999999999", PLN)


def _together(count: int, one: Callable[[int], str]) -> list[str]:
    def run(n: int) -> str:
        try:
            return one(n)
        except Problem as fault:
            return fault.slug

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(run, range(count)))  # a deadlock raises


def test_eight_contacts_at_once_open_a_finished_g_once(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    number = filed(db, closed=True)
    orders = how_many(db, WorkOrder)
    answers = _together(8, lambda _: again(db, number, PLN).number)
    assert answers.count(number) == 8  # later than three hours: the others are repeats of an open report
    with db.reading() as session:
        report = reports.by_number(session, number)
    assert (report.repeats, report.starred) == (8, True)
    assert how_many(db, WorkOrder) == orders + 1


def test_eight_times_the_same_key_at_once_is_one_lapor_ulang(db: Database) -> None:
    number, contact = filed(db, closed=True), by_cso()
    answers = _together(8, lambda _: again(db, number, PLN, contact=contact).number)
    assert answers == [number] * 8
    assert len(entries(db, number, HistoryKind.REPEAT)) == 1


def test_a_finished_g_and_a_new_one_are_not_both_open(db: Database) -> None:
    with db.transaction() as session:
        premises = [a_premises(session).id for _ in range(8)]
    numbers = [filed(db, closed=True, premises_id=one) for one in premises]

    def touch(n: int) -> str:
        if n % 2:
            return again(db, numbers[n // 2], PLN).number
        return filed(db, premises_id=premises[n // 2])

    answers = _together(16, touch)
    assert answers.count("report-open") == 8
    with db.reading() as session:
        still_open = select(func.count()).where(Report.status == ReportStatus.BELUM_SELESAI)
        assert session.scalar(still_open) == 8


def test_a_report_finished_opened_and_finished_in_one_instant_is_told_twice(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    number = filed(db, phone="+6281201000009")
    for _ in range(2):
        with db.transaction() as session:
            order = workorders.open_order(session, reports.by_number(session, number).id)
            if order is not None:
                workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by="op1", now=LATE)
        with db.transaction() as session:
            told = {"code": CompletionCode.DONE, "note": "Selesai.", "contact": by_cso(), "now": LATE}
            completion.resolve(session, number, **told)
        number = again(db, number, PLN).number
    assert how_many(db, Notice) == 2


def test_crews_operators_outages_and_callers_at_once_wait_for_each_other_in_one_order(db: Database) -> None:
    with db.transaction() as session:
        for _ in range(2):
            a_crew(session)
        premises = [a_premises(session).id for _ in range(8)]
    numbers = [filed(db, premises_id=one, closed=at % 2 == 0) for at, one in enumerate(premises)]

    def touch(n: int) -> str:
        number = numbers[n % len(numbers)]
        match n % 7:
            case 0 | 5:
                return again(db, number, PLN).number
            case 1:
                return changed(db, number, DATA).number
            case 2:
                with db.transaction() as session:
                    outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="op1", now=LATE)
                with db.transaction() as session:
                    outages.restore_outage(session, outage.id, by="op1", now=LATE)
            case 3:
                with db.transaction() as session:
                    for order in workorders.list_orders(session, limit=2):
                        workorders.advance(session, order.id, WorkOrderEvent.CANCEL, by="op1", now=LATE)
            case 4:
                with db.transaction() as session:
                    told = {"code": CompletionCode.DONE, "note": "Selesai.", "contact": by_cso(), "now": LATE}
                    return completion.resolve(session, number, **told).number
            case _:
                with db.transaction() as session:
                    new = a_report(premises_id=premises[n % len(premises)], only_me=True)
                    return file_or_apply(session, new, now=LATE).number
        return ""

    _together(112, touch)
    with db.reading() as session:
        crews = [order.crew for order in workorders.list_orders(session)]
        assert max((crews.count(crew) for crew in set(crews) - {None}), default=0) <= operator().dispatch.most_orders
        per_report = select(func.count()).where(WorkOrder.status == "waiting").group_by(WorkOrder.report_id)
        assert max(session.scalars(per_report).all(), default=0) <= 1
