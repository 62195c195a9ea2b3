"""Notices of outages, whom they go to, who wants none, and the pace of carriers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0014_notices"
down_revision = "0013_outages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("occasion", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("spoken", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("collected_at", UtcDateTime(), nullable=True),
        sa.Column("superseded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_notice_outage_id_outage"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("outage_id", "event", "occasion", name="uq_notice_outage_id_event_occasion"),
    )
    op.create_table(
        "notice_recipient",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(40), server_default="", nullable=False),
        sa.Column("reference", sa.String(64), nullable=True),
        sa.Column("answer", sa.String(24), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_notice_recipient_notice_id_notice"),
        sa.PrimaryKeyConstraint("notice_id", "phone", name="pk_notice_recipient"),
        sa.UniqueConstraint("reference", name="uq_notice_recipient_reference"),
    )
    op.create_index("ix_notice_recipient_phone", "notice_recipient", ["phone"])
    op.create_index("ix_notice_recipient_batch", "notice_recipient", ["notice_id", "batch", "channel", "status"])
    op.create_table(
        "notice_refusal",
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("phone", name="pk_notice_refusal"),
    )
    op.create_table(
        "carrier_pace",
        sa.Column("carrier", sa.String(24), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("carrier", name="pk_carrier_pace"),
    )
    with op.batch_alter_table("subscription") as subscription:
        subscription.add_column(sa.Column("by_call", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("subscription") as subscription:
        subscription.drop_column("by_call")
    for table in ("carrier_pace", "notice_refusal", "notice_recipient", "notice"):
        op.drop_table(table)
