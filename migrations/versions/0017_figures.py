"""What people enter on the score card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0017_figures"
down_revision = "0016_timer_enqueued"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "score_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("note", sa.String(240), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_score_entry"),
    )
    op.create_index("ix_score_entry_period", "score_entry", ["since", "until", "unit"])
    op.create_index("ix_work_order_reported", "work_order", ["unit", "reported_at"])


def downgrade() -> None:
    op.drop_index("ix_work_order_reported", "work_order")
    op.drop_table("score_entry")
