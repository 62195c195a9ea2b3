"""Clocks run for what was open before; alerts that are not over and reports that are to be closed are found at once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0023_clocks"
down_revision = "0022_compensation"
branch_labels = None
depends_on = None

LIVE = sa.text("ended_at IS NULL")
TOLD = sa.text("told_at IS NOT NULL AND closed_at IS NULL")
OPEN = ("waiting", "assigned", "accepted", "enroute", "arrived", "working", "temporary")
DARK = ("confirmed", "partiallyRestored")

TIMER = sa.table(
    "timer",
    sa.column("kind", sa.String),
    sa.column("key", sa.String),
    sa.column("due_at", UtcDateTime),
    sa.column("payload", sa.JSON),
)
ORDER = sa.table("work_order", *map(sa.column, ("id", "status", "created_at")))
OUTAGE = sa.table("outage", *map(sa.column, ("id", "status_kind", "created_at")))
REPORT = sa.table("report", *map(sa.column, ("id", "status", "reported_at", "respond_by", "responded_at", "outage_id")))
ALERT = sa.table("alert", *map(sa.column, ("id", "at", "ended_at")))


def upgrade() -> None:
    op.create_index("ix_alert_live", "alert", ["at"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_index("ix_report_told_at", "report", ["told_at"], sqlite_where=TOLD, postgresql_where=TOLD)
    # Due at once: when it strikes, each reads for itself how far it is.
    for clock in ("response", "recovery", "promise"):
        _arm("clock", f"{clock}:order-", ORDER.c.id, ORDER.c.created_at, ORDER.c.status.in_(OPEN))
    _arm("clock", "promise:outage-", OUTAGE.c.id, OUTAGE.c.created_at, OUTAGE.c.status_kind.in_(DARK))
    waits = (REPORT.c.status == "BELUM_SELESAI", REPORT.c.responded_at.is_(None), REPORT.c.outage_id.is_(None))
    _arm("clock", "answer:report-", REPORT.c.id, REPORT.c.reported_at, REPORT.c.respond_by.is_not(None), *waits)
    _arm("alert", "", ALERT.c.id, ALERT.c.at, ALERT.c.ended_at.is_(None))


def _arm(
    kind: str, key: str, number: sa.ColumnElement[int], due: sa.ColumnElement[Any], *wanted: sa.ColumnElement[bool]
) -> None:
    """Timers of what is known; one that is armed already stays."""
    name = sa.literal(key) + sa.cast(number, sa.String)
    armed = sa.exists().where(TIMER.c.kind == kind, TIMER.c.key == name)
    rows = sa.select(sa.literal(kind), name, due, sa.literal({}, sa.JSON())).where(*wanted, ~armed)
    op.execute(sa.insert(TIMER).from_select(["kind", "key", "due_at", "payload"], rows))


def downgrade() -> None:
    op.drop_index("ix_report_told_at", "report")
    op.drop_index("ix_alert_live", "alert")
