"""A utility that has worked with a former release upgrades: nothing is lost, and the product works on what it had."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, DateTime, Float, Integer, MetaData, Table, select

import agent_desk.models  # noqa: F401
import router.history.models  # noqa: F401
import tickets.models  # noqa: F401
from config import migrate
from config.database import Base, Database, make_engine
from tests.fixtures.servers import Postgres
from tests.fixtures.tickets import a_report
from tickets import repeats, reports, search
from tickets.kinds import Intent, ReportingKind, UrgentReason
from tickets.repeats import Contact
from tickets.rules import Action
from tickets.schemas import Changes
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

FORMER = "0004_router"  # the release before reports were kept in full
START = datetime(2026, 8, 4, 4, 0, tzinfo=UTC)
ROWS = 3

# What stands in the columns whose words mean something; of all others any value will do. One for each row.
WORDS: dict[tuple[str, str], list[Any]] = {
    ("report", "number"): ["54100000001", "54100000002", "54100000003"],
    ("report", "kind"): ["G", "K", "G"],
    ("report", "status"): ["BELUM_SELESAI", "BELUM_SELESAI", "SELESAI"],
    ("report", "starred"): [True, False, False],
    ("report", "reporting_kind"): ["web", "call", "ivr"],
    ("report", "trouble_code"): ["padam", "padam", "bahaya"],
    ("report", "resolved_at"): [None, None, START],
    ("report", "outage_id"): [None, None, 1],
    ("report", "multiple_premises"): [True, None, False],
    ("report", "phone"): ["+628110000001", "+628110000002", ""],
    ("report_event", "report_id"): [1, 1, 3],
    ("report_event", "kind"): ["repeat", "repeat", "transition"],
    ("report_event", "channel"): ["call", "call", "ivr"],
    ("outage", "status_kind"): ["restored", "confirmed", "closed"],
    ("outage", "cause_kind"): [None, "treeDown", None],
    ("outage_statement", "status"): ["published", "published", "replaced"],
    ("work_order", "status"): ["waiting", "assigned", "done"],
    ("work_order_event", "event"): ["assign", "assign", "complete"],
    ("work_order_event", "status"): ["assigned", "assigned", "done"],
    ("number_sequence", "prefix"): ["54", "55", "56"],
    ("number_sequence", "next"): [100_000_004, 100_000_001, 100_000_001],
    ("phone", "e164"): ["+628110000001", "+628110000002", "+628110000003"],
    ("premises", "idpel"): ["540000000001", "540000000002", "540000000003"],
    ("premises", "meter"): ["10000000001", "10000000002", None],
    ("account", "login"): ["cso1", "spv1", "opr1"],
    ("account", "role"): ["cso", "supervisor", "operator"],
    ("account", "queues"): [["gangguan"]] * ROWS,
    ("crew", "ulp"): [["menteng"]] * ROWS,
    ("outbox", "kind"): ["sms", "render", "sms"],
    ("outbox", "done_at"): [None, START, START],
}
# The same in every table.
EVERYWHERE = {"unit": "jakarta", "ulp": "menteng", "phone": "+628110000001", "pool": "main", "area": ""}
AREAS = ["31.71.06", "31.71.07", "31.71.01"]

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
    },
    "report_event": {"call": ""},
    "crew": {"lat": None, "lon": None, "street": "", "position_at": None},
}  # fmt: skip
# What stands elsewhere now: table and column → table, column, and the column that says whose it is.
MOVED = {("account", "api_key_hash"): ("api_key", "key_hash", "account_id")}


def value(table: Table, column: Column[Any], row: int) -> Any:
    """Something that fits, another thing in each row."""
    name = column.name
    if (table.name, name) in WORDS:
        return WORDS[table.name, name][row]
    for key in column.foreign_keys:
        return WORDS.get((key.column.table.name, key.column.name), range(1, ROWS + 1))[row]
    if name in EVERYWHERE:
        return AREAS[row] if name == "area" else EVERYWHERE[name] + (str(row) if column.primary_key else "")
    return by_kind(column, row)


def by_kind(column: Column[Any], row: int) -> Any:
    """Any value of the column's type."""
    made = {
        JSON: {"n": row, "words": ["é", "漢", None]},
        Boolean: row == 1,
        Integer: row + 1,
        Float: row + 0.5,
        DateTime: START + timedelta(minutes=row + 1),
    }
    return next((made[kind] for kind in made if isinstance(column.type, kind)), f"{column.name[:8]}{row}é")


@dataclass
class Old:
    """A database of the former release, and everything that is in it."""

    url: str
    rows: dict[str, list[dict[str, Any]]]


def read(url: str, wanted: dict[str, list[str]] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by what the database says of itself; of these tables and columns only, if given."""
    engine = make_engine(url)
    metadata = MetaData()
    metadata.reflect(engine)
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version" or (wanted is not None and table.name not in wanted):
                continue
            columns = [column for column in table.columns if wanted is None or column.name in wanted[table.name]]
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [dict(row) for row in rows]
    engine.dispose()
    return found


def fill(url: str) -> None:
    """Some rows in every table; numbers that the database gives itself are left to it."""
    engine = make_engine(url)
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version":
                continue
            own = table.autoincrement_column if not table.foreign_keys or "id" in table.columns else None
            for row in range(ROWS):
                given = {one.name: value(table, one, row) for one in table.columns if one is not own}
                connection.execute(table.insert().values(given))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Old]:
    """The house before the upgrade."""
    name, postgres = f"t{uuid.uuid4().hex[:12]}", None
    url = f"sqlite:///{tmp_path / 'suar.db'}"
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres")
        assert isinstance(postgres, Postgres)
        postgres.run(f"CREATE DATABASE {name}")
        url = postgres.url(name)
    migrate.upgrade(url, to=FORMER)
    fill(url)
    yield Old(url, read(url))
    if postgres is not None:
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


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


def contact_of(number: str) -> Contact:
    return Contact(by="cso1", channel=ReportingKind.CALL, key=f"back-{number}", call="c0000000010")


def test_an_upgrade_can_be_taken_back_with_its_data(old: Old) -> None:
    """What the former release had is there again, as it was."""
    migrate.upgrade(old.url)
    migrate.downgrade(old.url, to=FORMER)
    assert read(old.url) == old.rows
