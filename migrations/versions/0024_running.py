"""What ran before is watched as what begins now: crews that say nothing, orders that wait, statements that end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0024_running"
down_revision = "0023_clocks"
branch_labels = None
depends_on = None

WITH_CREW = ("assigned", "accepted", "enroute", "arrived", "working", "temporary", "power_on")
LIVE = ("predicted", "confirmed", "partiallyRestored")

TIMER = sa.table(
    "timer",
    sa.column("kind", sa.String),
    sa.column("key", sa.String),
    sa.column("due_at", UtcDateTime),
    sa.column("payload", sa.JSON),
)
ORDER = sa.table("work_order", *map(sa.column, ("id", "unit", "status", "crew_id", "created_at", "changed_at")))
OUTAGE = sa.table("outage", *map(sa.column, ("id", "status_kind")))
STATEMENT = sa.table("outage_statement", *map(sa.column, ("outage_id", "status", "etr")))


def upgrade() -> None:
    # Due in the past: when it strikes, each reads for itself how far it is.
    with_crew = (ORDER.c.status.in_(WITH_CREW), ORDER.c.crew_id.is_not(None))
    _arm("crew-silent", sa.cast(ORDER.c.id, sa.String), ORDER.c.changed_at, *with_crew)
    _arm("dispatch", ORDER.c.unit, sa.func.min(ORDER.c.created_at), ORDER.c.status == "waiting", by=ORDER.c.unit)
    live = sa.select(OUTAGE.c.id).where(OUTAGE.c.status_kind.in_(LIVE))
    said = (STATEMENT.c.status == "published", STATEMENT.c.etr.is_not(None), STATEMENT.c.outage_id.in_(live))
    outage = STATEMENT.c.outage_id
    _arm("statement-expires", sa.cast(outage, sa.String), sa.func.min(STATEMENT.c.etr), *said, by=outage)


def _arm(
    kind: str,
    key: sa.ColumnElement[str],
    due: sa.ColumnElement[object],
    *wanted: sa.ColumnElement[bool],
    by: sa.ColumnElement[object] | None = None,
) -> None:
    """One timer for each row, or for each `by`; one that is armed already stays."""
    armed = sa.exists().where(TIMER.c.kind == kind, TIMER.c.key == key)
    rows = sa.select(sa.literal(kind), key, due, sa.literal({}, sa.JSON())).where(*wanted, ~armed)
    op.execute(
        sa.insert(TIMER).from_select(["kind", "key", "due_at", "payload"], rows if by is None else rows.group_by(by))
    )


def downgrade() -> None:
    """Nothing to take back: whoever strikes a timer whose reason is gone does nothing."""
