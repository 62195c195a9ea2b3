"""Starred reports are found without reading all the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_worklists"
down_revision = "0010_channels"
branch_labels = None
depends_on = None

STARRED = sa.text("starred_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_report_starred_at", "report", ["starred_at"], sqlite_where=STARRED, postgresql_where=STARRED)


def downgrade() -> None:
    op.drop_index("ix_report_starred_at", "report")
