"""A second number by which a report is found: what a caller was told while another one filed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_told_number"
down_revision = "0027_heard"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_number",
        sa.Column("number", sa.String(11), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_told_number_report_id_report"),
        sa.PrimaryKeyConstraint("number", name="pk_told_number"),
    )
    op.create_index("ix_told_number_report_id", "told_number", ["report_id"])


def downgrade() -> None:
    op.drop_table("told_number")
