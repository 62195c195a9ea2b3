"""What the compensation needs of a premises, and what somebody decided not to be held against the utility."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0022_compensation"
down_revision = "0021_detection"
branch_labels = None
depends_on = None

OF = ("outage", "report")


def upgrade() -> None:
    op.add_column("premises", sa.Column("tariff_adjusted", sa.Boolean(), nullable=True))
    op.add_column("premises", sa.Column("minimum_bill", sa.Integer(), nullable=True))
    op.create_table(
        "exemption",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(f"{one}_id", sa.Integer(), nullable=True) for one in OF),
        sa.Column("reason", sa.String(24), nullable=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        *(sa.ForeignKeyConstraint([f"{one}_id"], [f"{one}.id"], name=f"fk_exemption_{one}_id_{one}") for one in OF),
        sa.CheckConstraint("(outage_id IS NULL) <> (report_id IS NULL)", name="ck_exemption_one"),
        sa.PrimaryKeyConstraint("id", name="pk_exemption"),
    )
    for one in OF:
        op.create_index(f"ix_exemption_{one}_id", "exemption", [f"{one}_id"])
    op.create_index("ix_outage_period_lit_at", "outage_period", ["lit_at"])


def downgrade() -> None:
    op.drop_index("ix_outage_period_lit_at", "outage_period")
    op.drop_table("exemption")
    op.drop_column("premises", "minimum_bill")
    op.drop_column("premises", "tariff_adjusted")
