"""Who is sent, and each step on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from config.errors import IllegalMove, NotFound, Refused
from tests.fixtures.tickets import NOON, a_crew, a_report
from tickets import repeats, reports, workorders
from tickets.contacts import Contact
from tickets.kinds import Intent, ReportingKind, UrgentReason
from tickets.models import Report, WorkOrder, WorkOrderHistory
from tickets.outages import outages
from tickets.states import ReportStatus, WorkOrderEvent, WorkOrderStatus

pytestmark = pytest.mark.database

WAY = [
    (WorkOrderEvent.ACCEPT, WorkOrderStatus.ACCEPTED),
    (WorkOrderEvent.DEPART, WorkOrderStatus.ENROUTE),
    (WorkOrderEvent.ARRIVE, WorkOrderStatus.ARRIVED),
    (WorkOrderEvent.START, WorkOrderStatus.WORKING),
    (WorkOrderEvent.POWER_ON, WorkOrderStatus.POWER_ON),
    (WorkOrderEvent.COMPLETE, WorkOrderStatus.DONE),
]


def _file(db: Database, area: str = "31.71.06") -> int:
    """A fault; the id of its work order."""
    with db.transaction() as session:
        report = reports.file_report(session, a_report(area=area), now=NOON)
        order = workorders.of_report(session, report.id)
    assert order is not None
    return order.id


def _advance(db: Database, order: int, *events: WorkOrderEvent, by: str = "op1") -> WorkOrder:
    for event in events:
        with db.transaction() as session:
            found = workorders.advance(session, order, event, by=by, now=NOON)
    return found


def _crew(db: Database, order: int) -> str | None:
    with db.reading() as session:
        return workorders.view(session, order).crew


def test_the_whole_way_from_report_to_power_on(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    order = _file(db)
    for minutes, (event, status) in enumerate(WAY, 1):
        with db.transaction() as session:
            moved = workorders.advance(session, order, event, by="regu1", now=NOON + timedelta(minutes=minutes))
        assert moved.status is status
    with db.reading() as session:
        report = session.scalars(select(Report)).one()
        steps = session.scalars(select(WorkOrderHistory).order_by(WorkOrderHistory.id)).all()
        assert workorders.list_orders(session) == []
        assert len(workorders.list_orders(session, open_only=False)) == 1
    assert (report.status, report.resolved_at) == (ReportStatus.SELESAI, NOON + timedelta(minutes=6))
    assert report.reported_at == NOON
    assert [step.event for step in steps] == ["assign", *(event.value for event, _ in WAY)]
    assert steps[3].at == NOON + timedelta(minutes=3)  # arrived: the end of the response time


def test_the_same_ulp_is_preferred_and_then_the_shorter_list(db: Database) -> None:
    with db.transaction() as session:
        far = a_crew(session, ulp="tebet").name
        near = a_crew(session, ulp="menteng").name
        also_near = a_crew(session, ulp="menteng").name
        a_crew(session, ulp="menteng", on_duty=False)
        a_crew(session, ulp="pangkalpinang", unit="bangka")
    got = [_crew(db, _file(db)) for _ in range(10)]
    assert got == [near, also_near] * 3 + [far] * 3 + [None]


def test_who_finishes_gets_the_oldest_waiting_order(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session).name
    orders = [_file(db) for _ in range(5)]
    assert [_crew(db, order) for order in orders] == [crew] * 3 + [None] * 2
    _advance(db, orders[0], *(event for event, _ in WAY))
    assert [_crew(db, order) for order in orders[3:]] == [crew, None]
    _advance(db, orders[1], WorkOrderEvent.CANCEL)
    assert _crew(db, orders[4]) == crew


def test_a_declined_order_goes_to_another_crew_and_never_back(db: Database) -> None:
    with db.transaction() as session:
        first, second = a_crew(session).name, a_crew(session).name
    order = _file(db)
    assert _crew(db, order) == first
    _advance(db, order, WorkOrderEvent.DECLINE)
    assert _crew(db, order) == second
    moved = _advance(db, order, WorkOrderEvent.ACCEPT, WorkOrderEvent.RETURN)
    assert moved.status is WorkOrderStatus.WAITING
    assert _crew(db, order) is None
    with pytest.raises(Refused) as fault:
        _advance(db, order, WorkOrderEvent.ASSIGN)
    assert fault.value.slug == "no-crew-free"


def test_who_came_and_began_first_did_so_for_good(db: Database) -> None:
    """The clocks are the customer's: a second crew does not start them anew."""
    with db.transaction() as session:
        a_crew(session)
        a_crew(session)
    order, E = _file(db), WorkOrderEvent
    for minutes, event in enumerate((E.ACCEPT, E.DEPART, E.ARRIVE, E.START, E.RETURN, E.ACCEPT, E.DEPART, E.ARRIVE)):
        with db.transaction() as session:
            workorders.advance(session, order, event, by="op1", now=NOON + timedelta(minutes=minutes))
    with db.reading() as session:
        view = workorders.view(session, order)
    assert (view.status, view.arrived_at, view.started_at) == (
        "arrived", NOON + timedelta(minutes=2), NOON + timedelta(minutes=3),
    )  # fmt: skip


def test_an_order_that_waited_is_assigned_when_a_crew_comes_on_duty(db: Database) -> None:
    order = _file(db)
    assert _crew(db, order) is None
    with db.transaction() as session:
        crew = a_crew(session).name
    _advance(db, order, WorkOrderEvent.ASSIGN)
    assert _crew(db, order) == crew


def test_an_illegal_step_changes_nothing(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    order = _file(db)
    for event in (WorkOrderEvent.ARRIVE, WorkOrderEvent.ASSIGN, WorkOrderEvent.COMPLETE):
        with pytest.raises(IllegalMove):
            _advance(db, order, event)
    with db.reading() as session:
        assert workorders.view(session, order).status == "assigned"
        assert len(session.scalars(select(WorkOrderHistory)).all()) == 1


def test_a_crew_moves_only_its_own_orders(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
        a_crew(session, login="regu2")
    order = _file(db)
    with pytest.raises(Refused) as fault:
        _advance(db, order, WorkOrderEvent.ACCEPT, by="regu2")
    assert (fault.value.slug, fault.value.status) == ("not-your-work-order", 403)
    assert _advance(db, order, WorkOrderEvent.ACCEPT, by="regu1").status is WorkOrderStatus.ACCEPTED


def test_a_crew_neither_cancels_nor_assigns(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session, login="regu1")
    order = _file(db)
    for event in (WorkOrderEvent.CANCEL, WorkOrderEvent.ASSIGN):
        with pytest.raises(Refused) as fault:
            _advance(db, order, event, by="regu1")
        assert (fault.value.slug, fault.value.status) == ("not-for-crews", 403)
    assert _advance(db, order, WorkOrderEvent.ACCEPT, by="regu1").status is WorkOrderStatus.ACCEPTED


def test_a_cancelled_order_is_not_accepted(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    order = _file(db)
    _advance(db, order, WorkOrderEvent.CANCEL)
    with pytest.raises(IllegalMove):
        _advance(db, order, WorkOrderEvent.ACCEPT)


def test_what_a_crew_did_before_a_report_was_opened_again_is_over(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
    _advance(db, _file(db), *(event for event, _ in WAY))
    with db.transaction() as session:
        outages.confirm_outage(session, area="31.71.06", cause="", etr=None, by="op1", now=NOON)
        report = session.scalars(select(Report)).one()
        contact = Contact(by="cso1", channel=ReportingKind.CALL, key="c2")
        again = {"intent": Intent.PLN_SIDE, "urgent": None, "note": "Padam lagi.", "contact": contact}
        repeats.lapor_ulang(session, report.number, **again, now=NOON + timedelta(hours=1))
    with db.reading() as session:
        report = session.scalars(select(Report)).one()
        assert report.outage_id is not None
        assert (workorders.of_report(session, report.id), workorders.newest(session, report)) == (None, (None, None))


def test_an_order_that_does_not_exist(db: Database) -> None:
    with pytest.raises(NotFound):
        _advance(db, 999, WorkOrderEvent.ACCEPT)


def test_eight_threads_give_no_crew_a_fourth_order(db: Database) -> None:
    with db.transaction() as session:
        a_crew(session)
        a_crew(session, ulp="tebet")
    with ThreadPoolExecutor(8) as threads:
        orders = list(threads.map(lambda _: _file(db), range(12)))
    crews = [_crew(db, order) for order in orders]
    assert crews.count(None) == 6
    assert max(crews.count(crew) for crew in set(crews) - {None}) == 3


def test_crews_that_give_back_while_orders_are_cancelled_wait_for_each_other_in_one_order(db: Database) -> None:
    with db.transaction() as session:
        for _ in range(3):
            a_crew(session)
    orders = [_file(db) for _ in range(24)]

    def touch(at: int) -> None:
        with_crew = at < 9
        _advance(db, orders[at], WorkOrderEvent.DECLINE if with_crew else WorkOrderEvent.CANCEL)

    turns = [n for pair in zip(range(9), range(9, 18), strict=True) for n in pair]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(touch, turns))  # a deadlock raises
    with db.reading() as session:
        crews = [order.crew for order in workorders.list_orders(session)]
    assert max(crews.count(crew) for crew in set(crews) - {None}) <= 3


def test_what_is_urgent_gets_the_next_crew(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session).name
    busy = [_file(db) for _ in range(3)]
    ordinary = _file(db)
    with db.transaction() as session:
        hazard = reports.file_report(session, a_report(area="31.71.06", trouble="bahaya"), now=NOON)
        urgent = workorders.open_order(session, hazard.id)
    assert urgent is not None
    _advance(db, busy[0], WorkOrderEvent.CANCEL)
    assert (_crew(db, ordinary), _crew(db, urgent.id)) == (None, crew)


def test_a_contact_may_make_a_report_urgent(db: Database) -> None:
    with db.transaction() as session:
        crew = a_crew(session).name
    busy = [_file(db) for _ in range(3)]
    ordinary, later = _file(db), _file(db)
    with db.transaction() as session:
        number = workorders.view(session, later).number or ""
        contact = Contact("cso1", ReportingKind.CALL, "c1")
        repeats.lapor_ulang(
            session, number, intent=Intent.PLN_SIDE, urgent=UrgentReason.LIFE_SUPPORT, note="Ventilator.",
            contact=contact, now=NOON,
        )  # fmt: skip
    _advance(db, busy[0], WorkOrderEvent.CANCEL)
    assert (_crew(db, ordinary), _crew(db, later)) == (None, crew)
