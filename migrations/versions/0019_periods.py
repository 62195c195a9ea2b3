"""A period without power belongs to one scope of its outage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_periods"
down_revision = "0018_attached"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outage_period", sa.Column("code", sa.String(48), nullable=False, server_default=""))
    # Until now an outage had one scope, its area.
    op.execute("UPDATE outage_period SET code = (SELECT area FROM outage WHERE outage.id = outage_period.outage_id)")


def downgrade() -> None:
    op.drop_column("outage_period", "code")
