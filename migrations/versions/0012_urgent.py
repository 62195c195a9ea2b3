"""What is urgent is known of the report, so that its crew comes first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_urgent"
down_revision = "0011_worklists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report", sa.Column("urgent", sa.String(24), nullable=True))
    op.execute("UPDATE report SET urgent = 'hazard' WHERE kind = 'G' AND trouble_code = 'bahaya'")


def downgrade() -> None:
    op.drop_column("report", "urgent")
