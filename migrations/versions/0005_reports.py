"""Reports in full: who reported, repeats and stars, the 1×24 h clock, completion, ratings; positions of crews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0005_reports"
down_revision = "0004_router"
branch_labels = None
depends_on = None

TEXTS = (("reporter", 120), ("mobile", 16), ("email", 254), ("address", 240), ("completion_note", 500))
INSTANTS = ("starred_at", "reopened_at", "last_repeat_at", "respond_by", "responded_at")
A_DAY_LATER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', reported_at, '+24 hours') || '000'",
    "postgresql": "reported_at + interval '24 hours'",
}
INDEXED = ("related_id", "mobile", "respond_by")


def upgrade() -> None:
    with op.batch_alter_table("report") as table:
        for name, length in TEXTS:
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
        for name in INSTANTS:
            table.add_column(sa.Column(name, UtcDateTime(), nullable=True))
        table.add_column(sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("completion_code", sa.String(24), nullable=True))
        table.add_column(sa.Column("related_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_report_related_id_report", "report", ["related_id"], ["id"])
        for name in INDEXED:
            table.create_index(f"ix_report_{name}", [name])
    # A star has always been set by a Lapor Ulang, whose instant stands in the history.
    op.execute(
        "UPDATE report SET starred_at = (SELECT min(at) FROM report_event WHERE report_event.report_id = report.id "
        "AND report_event.kind = 'repeat') WHERE starred"
    )
    repeats = "FROM report_event WHERE report_event.report_id = report.id AND report_event.kind = 'repeat'"
    op.execute(
        f"UPDATE report SET repeats = (SELECT count(*) {repeats}), last_repeat_at = (SELECT max(at) {repeats}) "  # noqa: S608
        "WHERE id IN (SELECT report_id FROM report_event WHERE kind = 'repeat')"
    )
    # Who complained or wrote before there was this clock waits for an answer too.
    a_day_later = A_DAY_LATER[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE report SET respond_by = {a_day_later} "  # noqa: S608
        "WHERE status = 'BELUM_SELESAI' AND (kind <> 'G' OR reporting_kind IN ('email', 'letter', 'sms', 'web'))"
    )
    with op.batch_alter_table("crew") as table:
        table.add_column(sa.Column("lat", sa.Double(), nullable=True))
        table.add_column(sa.Column("lon", sa.Double(), nullable=True))
        table.add_column(sa.Column("street", sa.String(120), nullable=False, server_default=""))
        table.add_column(sa.Column("position_at", UtcDateTime(), nullable=True))
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column(
            "report_id", sa.Integer(), sa.ForeignKey("report.id", name="fk_rating_report_id_report"), nullable=False
        ),
        sa.Column("resolved_at", UtcDateTime(), nullable=False),
        sa.Column("crew_id", sa.Integer(), sa.ForeignKey("crew.id", name="fk_rating_crew_id_crew"), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(1000), nullable=False),
        sa.Column("channel", sa.String(24), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("report_id", "resolved_at", name="uq_rating_report_id_resolved_at"),
    )
    op.create_index("ix_rating_crew_id", "rating", ["crew_id"])
    op.create_index("ix_rating_at", "rating", ["at"])


def downgrade() -> None:
    op.drop_table("rating")
    with op.batch_alter_table("crew") as table:
        for name in ("lat", "lon", "street", "position_at"):
            table.drop_column(name)
    with op.batch_alter_table("report") as table:
        for name in INDEXED:
            table.drop_index(f"ix_report_{name}")
        table.drop_constraint("fk_report_related_id_report", type_="foreignkey")
        for name in ("related_id", "details", "repeats", "completion_code", *INSTANTS, *(name for name, _ in TEXTS)):
            table.drop_column(name)
