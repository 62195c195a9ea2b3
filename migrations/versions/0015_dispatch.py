"""Crews that are silent, who commanded a crew when; the next order and the street of a place are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0015_dispatch"
down_revision = "0014_notices"
branch_labels = None
depends_on = None

WAITING = sa.text("status = 'waiting'")


def upgrade() -> None:
    op.add_column("crew", sa.Column("silent_since", UtcDateTime(), nullable=True))
    op.create_table(
        "crew_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("new", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name="fk_crew_event_crew_id_crew"),
        sa.PrimaryKeyConstraint("id", name="pk_crew_event"),
    )
    op.create_index("ix_crew_event_crew_id", "crew_event", ["crew_id"])
    op.create_index(
        "ix_work_order_waiting",
        "work_order",
        ["unit", "priority", "reported_at", "id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_premises_place", "premises", ["lat", "lon"])


def downgrade() -> None:
    op.drop_index("ix_premises_place", "premises")
    op.drop_index("ix_work_order_waiting", "work_order")
    op.drop_table("crew_event")
    op.drop_column("crew", "silent_since")
