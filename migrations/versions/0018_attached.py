"""The reports of an outage by status, the newest first, from one index: there may be sixty thousand."""

from __future__ import annotations

from alembic import op

revision = "0018_attached"
down_revision = "0017_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_report_outage_id", "report")
    op.create_index("ix_report_outage", "report", ["outage_id", "status", "id"])


def downgrade() -> None:
    op.drop_index("ix_report_outage", "report")
    op.create_index("ix_report_outage_id", "report", ["outage_id"])
