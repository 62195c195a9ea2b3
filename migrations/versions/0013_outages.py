"""Outages with what they cover, their estimates and periods; places of the fault; incidents, timers and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0013_outages"
down_revision = "0012_urgent"
branch_labels = None
depends_on = None

WAS_LIVE = sa.text("status_kind IN ('predicted', 'confirmed', 'partiallyRestored')")
IS_LIVE = sa.text("live")
LOGIN = sa.String(64)
REACHED = {"arrived_at": "arrived", "started_at": "working", "power_on_at": "power_on"}

ADDED: dict[str, list[sa.Column[object]]] = {
    "premises": [sa.Column("feeder", sa.String(32), nullable=False, server_default="")],
    "outage": [
        sa.Column("kind", sa.String(24), nullable=False, server_default="unplanned"),
        sa.Column("community", sa.String(160), nullable=False, server_default=""),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_by", LOGIN, nullable=True),
        sa.Column("reopened_at", UtcDateTime(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
    ],
    "outage_statement": [
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("etr", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
    ],
    "report": [
        sa.Column("impact", sa.SmallInteger(), nullable=True),
        sa.Column("urgency", sa.SmallInteger(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=True),
        sa.Column("step", sa.String(24), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
    ],
    "crew": [
        sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("base_lat", sa.Double(), nullable=True),
        sa.Column("base_lon", sa.Double(), nullable=True),
        sa.Column("home_unit", sa.String(32), nullable=False, server_default=""),
    ],
    "work_order": [
        sa.Column("priority", sa.SmallInteger(), nullable=False, server_default="3"),
        sa.Column("skill", sa.String(24), nullable=False, server_default=""),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("power_on_at", UtcDateTime(), nullable=True),
    ],
}


def upgrade() -> None:
    _tables()
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    with op.batch_alter_table("work_order") as work_order:
        work_order.add_column(sa.Column("fault_location_id", sa.Integer(), nullable=True))
        work_order.create_foreign_key(
            "fk_work_order_fault_location_id_fault_location", "fault_location", ["fault_location_id"], ["id"]
        )
        work_order.create_index("ix_work_order_fault_location_id", ["fault_location_id"])
    op.create_index("ix_premises_ulp", "premises", ["ulp"])
    op.create_index("ix_premises_feeder", "premises", ["feeder"])
    op.drop_index("uq_outage_live_area", "outage")
    _what_is_known()


def _tables() -> None:
    op.create_table(
        "outage_scope",
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_outage_scope_outage_id_outage"),
        sa.PrimaryKeyConstraint("outage_id", "code", name="pk_outage_scope"),
    )
    op.create_index(
        "uq_outage_scope_live", "outage_scope", ["code"], unique=True, sqlite_where=IS_LIVE, postgresql_where=IS_LIVE
    )
    _of_outages(
        "outage_period",
        sa.Column("dark_from", UtcDateTime(), nullable=False),
        sa.Column("lit_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_outage_period_outage_id", "outage_period", ["outage_id"])
    _of_outages(
        "outage_estimate",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("etr", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(240), nullable=False),
        sa.Column("by", LOGIN, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.UniqueConstraint("outage_id", "version", name="uq_outage_estimate_outage_id_version"),
    )
    _of_outages(
        "outage_event",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", LOGIN, nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
    )
    op.create_index("ix_outage_event_outage_id", "outage_event", ["outage_id"])
    _of_outages(
        "fault_location",
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ulp", sa.String(32), nullable=False),
        sa.Column("place", sa.String(160), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", LOGIN, nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_fault_location_outage_id", "fault_location", ["outage_id"])
    op.create_table(
        "incident_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", LOGIN, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_incident_step_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_incident_step"),
    )
    op.create_index("ix_incident_step_report_id", "incident_step", ["report_id"])
    op.create_table(
        "timer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timer"),
        sa.UniqueConstraint("kind", "key", name="uq_timer_kind_key"),
    )
    op.create_index("ix_timer_due_at", "timer", ["due_at"])
    _alerts()


def _of_outages(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name=f"fk_{name}_outage_id_outage"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )


def _alerts() -> None:
    about = ("outage", "report", "work_order")
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("text", sa.String(240), nullable=False),
        *(sa.Column(f"{one}_id", sa.Integer(), nullable=True) for one in about),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("taken_by", LOGIN, nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        *(sa.ForeignKeyConstraint([f"{one}_id"], [f"{one}.id"], name=f"fk_alert_{one}_id_{one}") for one in about),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("key", name="uq_alert_key"),
    )
    for one in about:
        op.create_index(f"ix_alert_{one}_id", "alert", [f"{one}_id"])
    op.create_index("ix_alert_open", "alert", ["unit", "ended_at"])


def _what_is_known() -> None:
    """Outages and orders of before, in the new tables."""
    op.execute(
        "INSERT INTO outage_scope (outage_id, code, live) "
        "SELECT id, area, status_kind IN ('predicted', 'confirmed', 'partiallyRestored') FROM outage"
    )
    op.execute(
        "INSERT INTO outage_period (outage_id, dark_from, lit_at) "
        "SELECT id, reported_start, COALESCE(restored_at, closed_at) FROM outage WHERE status_kind <> 'predicted'"
    )
    op.execute(
        "INSERT INTO outage_estimate (outage_id, version, etr, reason, by, at) "
        "SELECT id, 1, etr, '', created_by, created_at FROM outage WHERE etr IS NOT NULL"
    )
    op.execute(
        "UPDATE outage SET confirmed_at = created_at, confirmed_by = created_by "
        "WHERE status_kind <> 'predicted' AND (status_kind <> 'closed' OR restored_at IS NOT NULL)"
    )
    op.execute(
        "UPDATE outage_statement SET approved_at = published_at, "
        "etr = (SELECT etr FROM outage WHERE outage.id = outage_statement.outage_id)"
    )
    op.execute(
        "UPDATE work_order SET reported_at = COALESCE((SELECT reported_at FROM report "
        "WHERE report.id = work_order.report_id), created_at), priority = CASE WHEN EXISTS (SELECT 1 FROM report "
        "WHERE report.id = work_order.report_id AND report.urgent IS NOT NULL) THEN 1 ELSE 3 END"
    )
    orders = sa.table("work_order", *map(sa.column, ("id", *REACHED)))
    moves = sa.table("work_order_event", *map(sa.column, ("at", "status", "work_order_id")))
    for column, status in REACHED.items():
        mine = (moves.c.work_order_id == orders.c.id, moves.c.status == status)
        first = sa.select(sa.func.min(moves.c.at)).where(*mine).scalar_subquery()
        op.execute(sa.update(orders).values({column: first}))


def downgrade() -> None:
    op.create_index(
        "uq_outage_live_area", "outage", ["area"], unique=True, sqlite_where=WAS_LIVE, postgresql_where=WAS_LIVE
    )
    op.drop_index("ix_premises_feeder", "premises")
    op.drop_index("ix_premises_ulp", "premises")
    for table in ("alert", "timer", "incident_step"):
        op.drop_table(table)
    with op.batch_alter_table("work_order") as work_order:
        work_order.drop_index("ix_work_order_fault_location_id")
        work_order.drop_constraint("fk_work_order_fault_location_id_fault_location", type_="foreignkey")
        work_order.drop_column("fault_location_id")
    for table in ("fault_location", "outage_event", "outage_estimate", "outage_period", "outage_scope"):
        op.drop_table(table)
    for table, columns in ADDED.items():
        for column in reversed(columns):
            op.drop_column(table, column.name)
