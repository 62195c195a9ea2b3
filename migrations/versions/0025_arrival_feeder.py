"""Of a call: the feeder of the outage that its caller chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_arrival_feeder"
down_revision = "0024_running"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("arrival", sa.Column("feeder", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("arrival") as table:
        table.drop_column("feeder")
