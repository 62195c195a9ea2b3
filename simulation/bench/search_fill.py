"""A utility of millions in a PostgreSQL of the bench's own: by COPY, then multiplied; indexes are built at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, text

from config.migrate import upgrade
from config.operator import operator
from simulation.bench.people import IDPEL_STEP, METER_STEP, PHONE_STEP, People
from simulation.bench.postgres import Postgres
from tickets import bulk
from tickets.models import Customer, Premises, PremisesEntry

BLOCK = 5_000
REPORTS_PER = 10  # customers for each report
TABLES = ("customer", "premises", "phone", "premises_phone", "premises_entry", "report", "report_entry")
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
PREMISES = ("id", "customer_id", "idpel", "meter", "area", "unit", "ulp", "street", "address", "tariff", "power_va")

# The same person again, elsewhere: other numbers, the same words. `:of` people are there, `:times` more of each come.
AGAIN = (
    "INSERT INTO customer (id, name) SELECT id + :of * n, name FROM customer, generate_series(1, :times) n",
    f"""
    INSERT INTO premises ({", ".join(PREMISES)})
    SELECT id + :of * n, id + :of * n,
      '54' || lpad(((id + :of * n) * {IDPEL_STEP}::bigint % 10000000000)::text, 10, '0'),
      '1' || lpad(((id + :of * n) * {METER_STEP}::bigint % 10000000000)::text, 10, '0'),
      area, unit, ulp, street, address, tariff, power_va
    FROM premises, generate_series(1, :times) n
    """,  # noqa: S608 - our own constants
    """
    INSERT INTO premises_entry (kind, text, premises_id)
    SELECT kind, text, premises_id + :of * n FROM premises_entry, generate_series(1, :times) n
    """,
)
# Telephones, the entries of numbers, and one report for each tenth customer.
REST = (
    f"""
    INSERT INTO phone (id, e164)
    SELECT id, '+6281' || lpad((id * {PHONE_STEP}::bigint % 1000000000)::text, 9, '0') FROM premises
    """,  # noqa: S608 - our own constants
    "INSERT INTO premises_phone (phone_id, premises_id) SELECT id, id FROM premises",
    """
    INSERT INTO premises_entry (kind, text, premises_id)
    SELECT 0, idpel, id FROM premises UNION ALL SELECT 0, meter, id FROM premises
      UNION ALL SELECT 0, e164, id FROM phone
    """,
)
REPORTS = (
    """
    INSERT INTO report (id, number, key, kind, status, starred, reported_at, reporting_kind, trouble_code, comment,
      premises_id, area, unit, ulp, phone, created_by, call)
    SELECT p.id, '54' || (100000000 + p.id), 'bench:' || p.id, 'G', 'BELUM_SELESAI', false, :now, 'call', 'padam', '',
      p.id, p.area, p.unit, p.ulp, f.e164, 'bench', ''
    FROM premises p JOIN phone f ON f.id = p.id WHERE p.id <= :reports
    """,
    """
    INSERT INTO report_entry (kind, text, report_id)
    SELECT kind, text, premises_id FROM premises_entry WHERE premises_id <= :reports
    """,
    "INSERT INTO report_entry (kind, text, report_id) SELECT 0, number, id FROM report",
)


def fill(cluster: Postgres, name: str, people: int, *, times: int = 1) -> int:
    """A migrated database with `people` × `times` customers and a tenth as many reports; its size in bytes."""
    cluster.run(f"CREATE DATABASE {name}")
    upgrade(cluster.url(name))
    engine = create_engine(cluster.url(name))
    with engine.begin() as connection:
        later = list(_bare(connection))
        _copy(connection, people)
        for statement in AGAIN if times > 1 else ():
            connection.execute(text(statement), {"of": people, "times": times - 1})
        for statement in REST:
            connection.execute(text(statement))
        for statement in REPORTS:
            values = {"reports": people * times // REPORTS_PER, "now": NOW}
            connection.execute(text(statement), {key: values[key] for key in values if f":{key}" in statement})
        for statement in later:
            connection.execute(text(statement))
    for table in TABLES:
        cluster.run(f"VACUUM (ANALYZE) {table}", name)
    with engine.connect() as connection:
        size = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    engine.dispose()
    return size


def _bare(connection: Connection) -> Iterator[str]:
    """Take away what makes writing slow; yields what must be executed to have the indexes again (no foreign keys)."""
    wanted = {"tables": list(TABLES)}
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text AS of, conname, contype, pg_get_constraintdef(oid) AS said "
            "FROM pg_constraint WHERE contype IN ('p', 'u', 'f') AND (conrelid = ANY(CAST(:tables AS regclass[])) "
            "OR confrelid = ANY(CAST(:tables AS regclass[]))) ORDER BY contype = 'f' DESC"
        ),
        wanted,
    ).all()
    for row in constraints:
        connection.execute(text(f"ALTER TABLE {row.of} DROP CONSTRAINT {row.conname} CASCADE"))
    indexes = connection.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(:tables)"), wanted
    ).all()
    for row in indexes:
        connection.execute(text(f"DROP INDEX {row.indexname}"))
    for table in TABLES:
        connection.execute(text(f"ALTER TABLE {table} SET UNLOGGED"))
    yield from (f"ALTER TABLE {row.of} ADD {row.said}" for row in constraints if _kind(row.contype) in ("p", "u"))
    yield from (row.indexdef for row in indexes)


def _kind(said: str | bytes) -> str:
    return said.decode() if isinstance(said, bytes) else said


def _copy(connection: Connection, people: int) -> None:
    """The first of everybody, with the words of the register as the product writes them."""
    everybody = People()
    organisation = {code: (operator().unit_of(code)[0], operator().ulp_of(code)) for code in everybody.areas}
    for first in range(1, people + 1, BLOCK):
        block = list(enumerate(everybody.block(first, min(BLOCK, people + 1 - first)), first))
        _lines(connection, Customer, ("id", "name"), ((at, one.name) for at, one in block))
        _lines(connection, Premises, PREMISES, (
            (at, at, one.idpel, one.meter, one.area, *organisation[one.area], one.street, one.address, "R1", 1300)
            for at, one in block
        ))  # fmt: skip
        entries = ((int(kind), said, at) for at, one in block for kind, said in one.words())
        _lines(connection, PremisesEntry, ("kind", "text", "premises_id"), entries)


def _lines(connection: Connection, model: Any, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Nothing of ours has a tab or a backslash in it, so COPY's own text is made at once."""
    cursor: psycopg.Cursor[Any] = connection.connection.cursor()  # type: ignore[assignment]
    with cursor.copy(bulk.copy_statement(model, columns)) as copy:
        copy.write("".join(["\t".join(map(str, row)) + "\n" for row in rows]))
