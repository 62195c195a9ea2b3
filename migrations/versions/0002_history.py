"""Call records, call events, CSO activity, the position in the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0002_history"
down_revision = "0001_tickets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_record",
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("id", sa.String(41), nullable=False),
        sa.Column("carrier", sa.String(16), nullable=False),
        sa.Column("ani", sa.String(32), nullable=False),
        sa.Column("trunk", sa.String(64), nullable=False),
        sa.Column("region", sa.String(13), nullable=False),
        sa.Column("dialled", sa.String(32), nullable=False),
        sa.Column("menu", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("cso", sa.String(64), nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("ended_by", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("queued_at", UtcDateTime(), nullable=True),
        sa.Column("offered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("handed_over_at", UtcDateTime(), nullable=True),
        sa.Column("partner_answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("pool", "id", name="pk_call_record"),
    )
    op.create_index("ix_call_record_arrived_at", "call_record", ["pool", "arrived_at"])
    op.create_index("ix_call_record_ani", "call_record", ["ani"])
    op.create_table(
        "call_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.Column("entry", sa.String(40), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("cso", sa.String(64), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("carrier", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_event"),
        sa.UniqueConstraint("pool", "epoch", "entry", name="uq_call_event_pool_epoch_entry"),
    )
    op.create_index("ix_call_event_call", "call_event", ["pool", "call"])
    op.create_table(
        "cso_activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("cso", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cso_activity"),
    )
    op.create_index("ix_cso_activity_cso", "cso_activity", ["pool", "cso", "since"])
    op.create_table(
        "journal_position",
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("entry", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("pool", name="pk_journal_position"),
    )


def downgrade() -> None:
    for table in ("journal_position", "cso_activity", "call_event", "call_record"):
        op.drop_table(table)
