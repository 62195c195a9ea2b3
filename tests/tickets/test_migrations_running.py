"""A house in the middle of its work upgrades: its clocks run, its alerts are asked for, nothing waits unseen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config import migrate
from config.database import Database, make_engine
from tests.fixtures.former import AREAS, MINUTES, START, Old, put, read
from tickets import timers
from tickets.clockwork import HANDLERS
from tickets.incidents import alerts
from tickets.kinds import AlertKind, AlertLevel, NoticeChannel, RecipientStatus
from tickets.models import (
    Command,
    Notice,
    NoticeRecipient,
    OutagePeriod,
    OutageScope,
    Report,
    Statement,
    Timer,
    WorkOrder,
    WorkOrderHistory,
)
from tickets.notices import notices
from tickets.outages import estimates, lookup, outages, supply
from tickets.outages.scopes import Place
from tickets.states import StatementStatus, WorkOrderStatus

pytestmark = pytest.mark.database

NOW = START + timedelta(hours=4)
A_DAY = timedelta(days=1)


def at(minutes: float) -> datetime:
    """So long before, or after, the upgraded house begins to work."""
    return NOW + timedelta(minutes=minutes)


def armed(url: str) -> dict[str, datetime]:
    """Every timer: `kind key` → when it falls due."""
    database = Database(url)
    with database.reading() as session:
        # The columns alone: the newest of them may not be there yet.
        found = session.execute(select(Timer.kind, Timer.key, Timer.due_at)).all()
    database.dispose()
    return {f"{kind} {key}": due for kind, key, due in found}


def running(url: str) -> None:
    """What is under way, beside the three rows that each table had in the former release: their ids go on from 4, in
    the order in which they stand here; alerts begin with 1.
    """
    where = {"unit": "jakarta", "ulp": "menteng"}
    dark = {"reported_start": at(-60), "etr": None}
    put(
        url,
        "outage",
        {**dark, "area": "31.71.02", "status_kind": "confirmed", "etr": at(20)},
        {**dark, "area": "31.71.03", "status_kind": "predicted"},
        {**dark, "area": "31.71.04", "status_kind": "partiallyRestored"},
    )
    said = {"version": 1, "etr": at(20), "published_at": at(-30)}
    put(url, "outage_statement", {**said, "outage_id": 4, "status": "published"})
    put(url, "outage_statement", {**said, "outage_id": 5, "status": "draft", "published_at": None})
    complaint: dict[str, Any] = {
        **where,
        "kind": "K",
        "status": "BELUM_SELESAI",
        "reporting_kind": "email",
        "trouble_code": "tagihan",
    }
    complaint |= {"reported_at": at(60) - A_DAY, "respond_by": at(60)}
    put(
        url,
        "report",
        {**complaint, "number": "54100000011", "key": "four"},
        {**complaint, "number": "54100000012", "key": "five", "responded_at": at(-60)},
        {**complaint, "number": "54100000013", "key": "six", "outage_id": 4},
        {**complaint, "number": "54100000014", "key": "seven", "status": "SELESAI", "resolved_at": at(-60)},
    )
    order = {**where, "priority": 3, "created_at": at(-200), "changed_at": at(-10)}
    begun = {"crew_id": 3, "reported_at": at(-170), "arrived_at": at(-160), "started_at": at(-155)}
    put(
        url,
        "work_order",
        {**order, "status": "waiting", "report_id": 4, "reported_at": at(-10)},
        {**order, "status": "working", "report_id": 5, **begun},
        {**order, "status": "cancelled", "report_id": 5, "reported_at": at(-170)},
        {**order, "status": "accepted", "outage_id": 4, "reported_at": at(-50), "crew_id": 3},
        {**order, "status": "power_on", "report_id": 7, **begun, "power_on_at": at(-5)},
    )
    alert = {"kind": "no-crew", "level": "operator", "unit": "jakarta", "reminders": 0, "at": at(-50)}
    put(
        url,
        "alert",
        {**alert, "key": "no-crew:one"},
        {**alert, "key": "no-crew:two", "ended_at": at(-20)},
        {**alert, "key": "no-crew:three", "taken_at": at(-10), "taken_by": "op1"},
    )


def test_what_runs_is_armed_and_what_is_over_is_not(old: Old) -> None:
    """Every clock of an open order, outage and report, and every alert that is not over."""
    migrate.upgrade(old.url, to="0022_compensation")
    running(old.url)
    put(old.url, "timer", {"kind": "clock", "key": "response:order-4", "due_at": at(20), "payload": {}})
    migrate.upgrade(old.url, to="0023_clocks")
    found = armed(old.url)
    orders = {f"clock {clock}:order-{one}" for clock in ("response", "recovery", "promise") for one in (1, 2, 4, 5, 7)}
    others = {
        *(f"clock promise:outage-{one}" for one in (2, 4, 6)),
        *(f"clock answer:report-{one}" for one in (1, 2, 4)),
    }
    assert set(found) == {*orders, *others, "alert 1", "alert 3"}
    assert found.pop("clock response:order-4") == at(20)  # armed before, it stays
    assert max(found.values()) <= NOW  # the others strike at once


def test_each_reads_for_itself_how_far_it_is(old: Old) -> None:
    """Struck for the first time: not yet, warned, or late; and armed again for when it will be."""
    migrate.upgrade(old.url, to="0022_compensation")
    running(old.url)
    migrate.upgrade(old.url)
    database = Database(old.url)
    timers.run_due(database, HANDLERS, now=NOW)
    with database.reading() as session:
        found = {one.key: one for one in alerts.open_alerts(session)}
    database.dispose()
    again = armed(old.url)
    told = {key.replace("-late", ""): one.text.partition(";")[2].strip(" .") for key, one in found.items()}
    for warned, minutes, left in (
        ("recovery:order-5", 25, "sisa 25 menit"),
        ("promise:order-5", 10, "sisa 10 menit"),
        ("promise:outage-4", 20, "sisa 20 menit"),
        ("answer:report-4", 60, "sisa 1 jam"),
    ):
        assert (told[warned], again[f"clock {warned}"]) == (left, at(minutes))
    assert "response-late:order-4" not in found
    assert again["clock response:order-4"] == at(20)
    assert found["response-late:order-7"].text == "Regu belum tiba sesudah 45 menit."
    assert "clock response:order-7" not in again
    over = {"order-3", "order-6", "order-8", "outage-1", "outage-3", "outage-5", "report-5", "report-6", "report-7"}
    assert not over & {key.rpartition(":")[2] for key in (*found, *again)}
    asked, taken = found["no-crew:one"], found["no-crew:three"]
    assert (asked.level, asked.reminders, again["alert 1"]) == (AlertLevel.SUPERVISOR, 1, at(15))
    assert (taken.reminders, again["alert 3"]) == (0, at(50))
    assert "alert 2" not in again


def test_crews_orders_and_statements_of_before_are_watched_too(old: Old) -> None:
    """A crew that says nothing loses its order, what waits is offered, a statement ends with the time it promises."""
    migrate.upgrade(old.url, to="0023_clocks")
    running(old.url)
    migrate.upgrade(old.url)
    watched = {key: due for key, due in armed(old.url).items() if key.partition(" ")[0] not in ("clock", "alert")}
    assert watched == {
        "crew-silent 2": MINUTES[1],
        **{f"crew-silent {order}": at(-10) for order in (5, 7, 8)},
        "dispatch jakarta": MINUTES[0],
        "statement-expires 2": MINUTES[1],
        "statement-expires 4": at(20),
    }
    database = Database(old.url)
    timers.run_due(database, HANDLERS, now=NOW)
    with database.reading() as session:
        lapsed = select(WorkOrderHistory.work_order_id).where(WorkOrderHistory.event == "lapse")
        assert session.scalars(lapsed).all() == [2]
        assert session.scalars(select(WorkOrder.status).where(WorkOrder.id == 4)).one() is not WorkOrderStatus.WAITING
        assert said(session, 4) is StatementStatus.PUBLISHED
    timers.run_due(database, HANDLERS, now=at(20))
    with database.reading() as session:
        assert said(session, 4) is StatementStatus.WITHDRAWN
        told = {one.outage_id for one in alerts.open_alerts(session) if one.kind is AlertKind.STATEMENT_EXPIRED}
    database.dispose()
    assert told == {2, 4}


def said(session: Session, outage: int) -> StatementStatus:
    return session.scalars(select(Statement.status).where(Statement.outage_id == outage)).one()


def test_an_outage_of_before_goes_on_as_one_of_today(old: Old) -> None:
    """Its area is its scope, its darkness a period, its estimate the first version; the steps of its crews count."""
    step = {"work_order_id": 1, "event": "step", "by": "regu1", "note": "", "crew_id": None}
    reached = [("arrived", -30), ("working", -20), ("arrived", -10), ("working", -5), ("power_on", -1)]
    put(old.url, "work_order_event", *({**step, "status": status, "at": at(when)} for status, when in reached))
    engine = make_engine(old.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outage SET restored_at = NULL, closed_at = NULL WHERE id = 2"))
    engine.dispose()
    migrate.upgrade(old.url)
    database = Database(old.url)
    with database.transaction() as session:
        live = select(OutageScope.outage_id, OutageScope.code).where(OutageScope.live.is_(True))
        assert session.execute(live).all() == [(2, AREAS[1])]
        dark = session.scalars(select(OutagePeriod).where(OutagePeriod.lit_at.is_(None))).one()
        assert (dark.outage_id, dark.code, dark.dark_from) == (2, AREAS[1], MINUTES[1])
        assert [(one.version, one.etr) for one in estimates.versions(session, 2)] == [(1, MINUTES[1])]
        order = session.get_one(WorkOrder, 1)
        assert (order.arrived_at, order.started_at, order.power_on_at) == (at(-30), at(-20), at(-1))
        assert set(session.scalars(select(Command.unit))) == {row["unit"] for row in old.rows["crew"]}
        known = lookup.known_outage(session, Place(f"{AREAS[1]}.1001"), now=NOW, need_audio=False)
        assert known is not None
        assert (known.id, known.holding) == (2, True)  # what was promised is past
        outages.restore_outage(session, 2, by="op1", now=NOW)
        supply.reopen(session, 2, by="op1", now=at(30))
        periods = session.scalars(select(OutagePeriod).where(OutagePeriod.outage_id == 2).order_by(OutagePeriod.id))
        assert [(one.dark_from, one.lit_at) for one in periods] == [(MINUTES[1], NOW), (at(30), None)]
    database.dispose()


def test_a_notice_on_its_way_is_still_that_of_its_outage(old: Old) -> None:
    """Its table is made anew; of one report there was none, and going back leaves those of outages."""
    migrate.upgrade(old.url, to="0025_arrival_feeder")
    notice: dict[str, Any] = {"event": "powerRestored", "occasion": "1", "text": "Listrik menyala.", "spoken": ""}
    notice |= {"outage_id": 2, "created_at": NOW, "begins_at": NOW, "after": [], "scopes": [AREAS[1]]}
    put(old.url, "notice", notice)
    put(old.url, "notice_recipient", {"notice_id": 1, "phone": "+628110000001", "status": "waiting", "channel": "sms"})
    before = read(old.url, {"notice": list(notice), "notice_recipient": ["notice_id", "phone", "status"]})
    migrate.upgrade(old.url)
    database = Database(old.url)
    with database.transaction() as session:
        assert session.get_one(Notice, 1).report_id is None
        report = session.get_one(Report, 1)
        waiting = {"channel": NoticeChannel.SMS, "status": RecipientStatus.WAITING}
        about = notices.finished(session, report, by="op1", now=NOW)
        assert about is not None
        session.add(NoticeRecipient(notice_id=about.id, phone=report.phone, batch=0, attempts=0, at=NOW, **waiting))
    database.dispose()
    migrate.downgrade(old.url, to="0025_arrival_feeder")
    assert read(old.url, {table: list(rows[0]) for table, rows in before.items()}) == before
