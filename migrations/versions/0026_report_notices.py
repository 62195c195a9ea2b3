"""Notices about one report: that it is finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_report_notices"
down_revision = "0025_arrival_feeder"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("outage_id", existing_type=sa.Integer(), nullable=True)
        notice.add_column(sa.Column("report_id", sa.Integer(), nullable=True))
        notice.create_foreign_key("fk_notice_report_id_report", "report", ["report_id"], ["id"])
        notice.create_unique_constraint("uq_notice_report_id_event_occasion", ["report_id", "event", "occasion"])
        notice.create_check_constraint("ck_notice_about", "(outage_id IS NULL) <> (report_id IS NULL)")


def downgrade() -> None:
    # The former release does not know them: who was not told is told by a person, as before.
    op.execute("DELETE FROM notice_recipient WHERE notice_id IN (SELECT id FROM notice WHERE report_id IS NOT NULL)")
    op.execute("DELETE FROM notice WHERE report_id IS NOT NULL")
    with op.batch_alter_table("notice") as notice:
        notice.drop_constraint("ck_notice_about", type_="check")
        notice.drop_constraint("uq_notice_report_id_event_occasion", type_="unique")
        notice.drop_constraint("fk_notice_report_id_report", type_="foreignkey")
        notice.drop_column("report_id")
        notice.alter_column("outage_id", existing_type=sa.Integer(), nullable=False)
