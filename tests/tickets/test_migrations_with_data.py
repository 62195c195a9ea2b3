"""A utility that has worked with a former release upgrades: nothing is lost, and the product works on what it had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

import agent_desk.models  # noqa: F401
import router.history.models  # noqa: F401
import tickets.models  # noqa: F401
from config import migrate
from config.database import Base, Database
from tests.fixtures.former import FORMER, MINUTES, ROWS, START, Old, read
from tests.fixtures.tickets import a_report
from tickets import repeats, reports, timers
from tickets.clockwork import HANDLERS
from tickets.contacts import Contact
from tickets.customers import search
from tickets.incidents import alerts
from tickets.kinds import AlertKind, Intent, ReportingKind, UrgentReason
from tickets.rules import Action
from tickets.schemas import Changes
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

# What an old row has in each column that came since: the same for all, or one for each row. A migration that adds a
# column to a table of the former release says here what its old rows mean in it.
SINCE: dict[str, dict[str, Any]] = {
    "report": {
        "reporter": "", "mobile": "", "email": "", "address": "", "details": {}, "completion_note": "",
        "completion_code": None, "related_id": None, "reopened_at": None,
        "starred_at": [START + timedelta(minutes=1), None, None],
        "repeats": [2, 0, 0], "last_repeat_at": [START + timedelta(minutes=2), None, None],
        "respond_by": [START + timedelta(days=1, minutes=1), START + timedelta(days=1, minutes=2), None],
        "responded_at": None, "urgent": [None, None, "hazard"],
        "impact": None, "urgency": None, "priority": None, "step": None, "told_at": None, "closed_at": None,
    },
    "premises": {"feeder": "", "tariff_adjusted": None, "minimum_bill": None},
    "outage": {
        "kind": "unplanned", "community": "", "reopened_at": None, "evidence": None,
        "confirmed_at": MINUTES, "confirmed_by": ["created_0é", "created_1é", "created_2é"],
    },
    "outage_statement": {"approved_at": MINUTES, "etr": MINUTES, "withdrawn_at": None, "facts": None, "own": True},
    "work_order": {
        "priority": [3, 3, 1], "skill": "", "lat": None, "lon": None, "fault_location_id": None, "reported_at": MINUTES,
        "arrived_at": None, "started_at": None, "power_on_at": None,
    },
    "subscription": {"by_call": False},
    "report_event": {"call": ""},
    "crew": {
        "lat": None, "lon": None, "street": "", "position_at": None, "skills": [[], [], []], "base_lat": None,
        "base_lon": None, "home_unit": "", "silent_since": None,
    },
}  # fmt: skip
# What stands elsewhere now: table and column → table, column, and the column that says whose it is.
MOVED = {("account", "api_key_hash"): ("api_key", "key_hash", "account_id")}


def test_every_table_of_the_former_release_has_something_to_lose(old: Old) -> None:
    assert len(old.rows) > 20
    assert {name: len(rows) for name, rows in old.rows.items()} == dict.fromkeys(old.rows, ROWS)


def test_nothing_is_lost_or_changed(old: Old) -> None:
    migrate.upgrade(old.url)
    assert migrate.at_head(old.url)
    kept = {table: [name for name in rows[0] if (table, name) not in MOVED] for table, rows in old.rows.items()}
    expected = {table: [{name: row[name] for name in kept[table]} for row in rows] for table, rows in old.rows.items()}
    for table, rows in read(old.url, kept).items():
        assert rows == expected[table], table
    now = read(old.url)
    for (table, name), (where, column, owner) in MOVED.items():
        assert {row[owner]: row[column] for row in now[where]} == {row["id"]: row[name] for row in old.rows[table]}


def test_what_came_since_has_a_value_that_an_old_row_can_mean(old: Old) -> None:
    migrate.upgrade(old.url)
    now = read(old.url)
    for table, rows in old.rows.items():
        known = SINCE.get(table, {})
        added = set(now[table][0]) - set(rows[0])
        gone = {name for name in rows[0] if name not in now[table][0]}
        assert gone == {name for of, name in MOVED if of == table}, f"{table}: say in MOVED where {gone} stands now"
        assert added == set(known), f"{table}: say in SINCE what its old rows have in {added ^ set(known)}"
        for row, found in enumerate(now[table]):
            for name, expected in known.items():
                wanted = expected[row] if isinstance(expected, list) else expected
                stored = found[name]
                if isinstance(stored, datetime) and stored.tzinfo is None:
                    stored = stored.replace(tzinfo=UTC)
                assert stored == wanted, f"{table}.{name} of row {row + 1}"


def test_every_row_can_be_read_by_todays_models(old: Old) -> None:
    migrate.upgrade(old.url)
    database = Database(old.url)
    with database.reading() as session:
        for mapper in Base.registry.mappers:
            found = session.scalars(select(mapper.class_)).all()
            table = str(mapper.local_table)
            assert len(found) == len(old.rows.get(table, found)), table
    database.dispose()


def test_who_reported_before_the_upgrade_comes_back_after_it(old: Old) -> None:
    """Found by what is known of them; a Lapor Ulang, a change and a new report do what they do for any other."""
    migrate.upgrade(old.url)
    database, now = Database(old.url), START + timedelta(hours=4)
    with database.reading() as session:
        for asked in ("54100000001", "+628110000001", "540000000001"):
            assert "54100000001" in [one.number for one in search.reports(session, asked).rows]
        for asked in ("540000000002", "10000000002", "name1"):
            assert [one.idpel for one in search.premises(session, asked).rows] == ["540000000002"]
    with database.transaction() as session:
        before = reports.by_number(session, "54100000001").reported_at
        contact = Contact(by="cso1", channel=ReportingKind.CALL, key="again", call="c0000000009")
        asked_again = {"intent": Intent.PLN_SIDE, "urgent": UrgentReason.HAZARD, "note": "Masih padam.", "now": now}
        done = repeats.apply(session, "54100000001", changes=Changes(reporter="Budi"), contact=contact, **asked_again)
        assert Action.LAPOR_ULANG in done.steps
        assert (done.report.repeats, done.report.reported_at, done.report.reporter) == (3, before, "Budi")
        finished = contact_of("54100000003")
        reopened = repeats.apply(session, "54100000003", changes=None, contact=finished, **asked_again).report
        assert (reopened.status, reopened.starred, reopened.starred_at) == (ReportStatus.BELUM_SELESAI, True, now)
        new = reports.file_report(session, a_report(premises_id=2), now=now)
        assert new.number == "54100000004"
    database.dispose()


def test_the_clocks_run_for_what_was_open(old: Old) -> None:
    """An order that nobody came for is late at once; the one that is done is nobody's concern."""
    migrate.upgrade(old.url)
    database, now = Database(old.url), START + timedelta(hours=4)
    timers.run_due(database, HANDLERS, now=now)
    with database.reading() as session:
        late = {(one.kind, one.work_order_id) for one in alerts.open_alerts(session) if one.work_order_id}
    database.dispose()
    assert {(AlertKind.RESPONSE_LATE, 1), (AlertKind.RESPONSE_LATE, 2)} <= late
    assert not [order for _, order in late if order == 3]


def contact_of(number: str) -> Contact:
    return Contact(by="cso1", channel=ReportingKind.CALL, key=f"back-{number}", call="c0000000010")


def test_an_upgrade_can_be_taken_back_with_its_data(old: Old) -> None:
    """What the former release had is there again, as it was."""
    migrate.upgrade(old.url)
    migrate.downgrade(old.url, to=FORMER)
    assert read(old.url) == old.rows
