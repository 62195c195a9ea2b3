"""The command of a UP3 is a row that can be locked: its crews change, it does not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_command"
down_revision = "0019_periods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command",
        sa.Column("unit", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("unit", name="pk_command"),
    )
    op.execute("INSERT INTO command (unit) SELECT DISTINCT unit FROM crew")


def downgrade() -> None:
    op.drop_table("command")
