"""What a statement was written from, and what a number heard last about an outage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0027_heard"
down_revision = "0026_report_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody knows of an old text whether it was composed: it is said as it stands.
    op.add_column("outage_statement", sa.Column("facts", sa.JSON(), nullable=True))
    op.add_column("outage_statement", sa.Column("own", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "outage_heard",
        sa.Column("outage_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("outage_id", "phone", name="pk_outage_heard"),
    )
    op.create_index("ix_outage_heard_at", "outage_heard", ["at"])


def downgrade() -> None:
    op.drop_table("outage_heard")
    with op.batch_alter_table("outage_statement") as statement:
        statement.drop_column("own")
        statement.drop_column("facts")
