"""Who called from where, and what is usual of a place: for the detection of outages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0021_detection"
down_revision = "0020_command"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("premises_id", sa.Integer(), nullable=True),
        sa.Column("area", sa.String(13), nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_arrival"),
    )
    op.create_index("ix_arrival_at", "arrival", ["at"])
    op.create_table(
        "place_baseline",
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("ulp", sa.String(32), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_place_baseline"),
    )
    op.create_index("ix_place_baseline_ulp", "place_baseline", ["ulp"])
    op.create_index("ix_report_ulp", "report", ["ulp", "reported_at"])


def downgrade() -> None:
    op.drop_index("ix_report_ulp", "report")
    op.drop_table("place_baseline")
    op.drop_table("arrival")
