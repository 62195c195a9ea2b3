"""Voice notes, recorded calls, and who has listened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0029_recordings"
down_revision = "0028_told_number"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("file", sa.String(120), nullable=False),
        sa.Column("source", sa.String(34), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_recording_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
        sa.UniqueConstraint("key", name="uq_recording_key"),
    )
    op.create_index("ix_recording_call", "recording", ["call"])
    op.create_index("ix_recording_report_id", "recording", ["report_id"])
    op.create_index("ix_recording_due", "recording", ["state", "due_at"])
    op.create_index("ix_recording_age", "recording", ["kind", "state", "asked_at"])
    op.create_table(
        "recording_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_recording_access_recording_id_recording"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_access"),
    )
    op.create_index("ix_recording_access_recording_id", "recording_access", ["recording_id"])


def downgrade() -> None:
    # The files stay where they are; the former release does not know them.
    op.drop_table("recording_access")
    op.drop_table("recording")
