"""Search as you type: the register of words and numbers, filled from what is there; how far an import has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime
from tickets.words import entries

revision = "0009_search"
down_revision = "0008_first_told"
branch_labels = None
depends_on = None

OWNERS = {"premises_entry": "premises_id", "report_entry": "report_id"}
AT_ONCE = 5_000
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for table, owner in OWNERS.items():
        op.create_table(
            table,
            sa.Column("kind", sa.SmallInteger(), nullable=False, autoincrement=False),
            sa.Column("text", PLAIN, nullable=False),
            sa.Column(owner, sa.Integer(), nullable=False, autoincrement=False),
            sa.PrimaryKeyConstraint("kind", "text", owner, name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "import_run",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("rejects_size", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("added", "changed", "same", "bad")),
        sa.PrimaryKeyConstraint("sha256", name="pk_import_run"),
    )
    _fill("premises_entry", PREMISES)
    _fill("report_entry", REPORTS)
    for table, owner in OWNERS.items():
        op.create_index(f"ix_{table}_{owner}", table, [owner])


PREMISES = """
SELECT p.id, c.name, p.street, p.address, p.id AS premises_id, p.idpel, p.meter, NULL AS number, NULL AS phone,
  NULL AS mobile, '' AS reporter, '' AS told
FROM premises p JOIN customer c ON c.id = p.customer_id WHERE p.id > :last ORDER BY p.id LIMIT :count
"""
REPORTS = """
SELECT r.id, c.name, p.street, p.address, p.id AS premises_id, p.idpel, p.meter, r.number, r.phone,
  r.mobile, r.reporter, r.address AS told
FROM report r LEFT JOIN premises p ON p.id = r.premises_id LEFT JOIN customer c ON c.id = p.customer_id
WHERE r.id > :last ORDER BY r.id LIMIT :count
"""
PHONES = """
SELECT l.premises_id, t.e164 FROM premises_phone l JOIN phone t ON t.id = l.phone_id
WHERE l.premises_id IN :ids
"""


def _fill(table: str, rows: str) -> None:
    connection, owner, last = op.get_bind(), OWNERS[table], 0
    insert = sa.text(f"INSERT INTO {table} (kind, text, {owner}) VALUES (:kind, :text, :owner)")  # noqa: S608
    while found := connection.execute(sa.text(rows), {"last": last, "count": AT_ONCE}).all():
        last = found[-1].id
        values = list(_entries(connection, found))
        if values:
            connection.execute(insert, values)


def _entries(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> Iterator[dict[str, Any]]:
    phones: dict[int, list[str]] = defaultdict(list)
    ids = [row.premises_id for row in rows if row.premises_id is not None]
    if ids:
        for premises, e164 in connection.execute(sa.text(PHONES).bindparams(sa.bindparam("ids", ids, expanding=True))):
            phones[premises].append(e164)
    for row in rows:
        street, address = row.street or "", row.address or ""
        place = address if address.startswith(street) else f"{street} {address}"
        numbers = [row.idpel, row.meter, row.number, row.phone, row.mobile, *phones[row.premises_id]]
        name = f"{row.reporter} {row.name or ''}"
        for kind, text in entries(name, f"{row.told} {place}", [number for number in numbers if number]):
            yield {"kind": int(kind), "text": text, "owner": row.id}


def downgrade() -> None:
    for table in ("import_run", *OWNERS):
        op.drop_table(table)
