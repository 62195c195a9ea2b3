"""A timer that fell due is in the queue of jobs since then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0016_timer_enqueued"
down_revision = "0015_dispatch"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("timer", sa.Column("enqueued_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("timer", "enqueued_at")
