"""Customers, outages, reports, work orders, numbers, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0001_tickets"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crew",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ulp", sa.JSON(), nullable=False),
        sa.Column("plate", sa.String(16), nullable=False),
        sa.Column("has_mobile", sa.Boolean(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("login", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_crew"),
        sa.UniqueConstraint("login", name="uq_crew_login"),
        sa.UniqueConstraint("name", name="uq_crew_name"),
    )
    op.create_index("ix_crew_unit", "crew", ["unit"])
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
    )
    op.create_index("ix_customer_name", "customer", ["name"])
    op.create_table(
        "follower_position",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("position", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("name", "pool", name="pk_follower_position"),
    )
    op.create_table(
        "number_sequence",
        sa.Column("prefix", sa.String(2), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_number_sequence"),
    )
    op.create_table(
        "outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(13), nullable=False),
        sa.Column("status_kind", sa.String(24), nullable=False),
        sa.Column("cause", sa.String(160), nullable=False),
        sa.Column("cause_kind", sa.String(24), nullable=True),
        sa.Column("reported_start", UtcDateTime(), nullable=False),
        sa.Column("etr", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("restored_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outage"),
    )
    op.create_index("ix_outage_area", "outage", ["area"])
    op.create_index("ix_outage_status_kind", "outage", ["status_kind"])
    live = sa.text("status_kind IN ('predicted', 'confirmed', 'partiallyRestored')")
    op.create_index("uq_outage_live_area", "outage", ["area"], unique=True, sqlite_where=live, postgresql_where=live)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("enqueued_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("kind", "key", name="uq_outbox_kind_key"),
    )
    op.create_index("ix_outbox_open", "outbox", ["done_at", "id"])
    op.create_table(
        "phone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_phone"),
        sa.UniqueConstraint("e164", name="uq_phone_e164"),
    )
    op.create_table(
        "outage_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("approver", sa.String(64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("rendered_at", UtcDateTime(), nullable=True),
        sa.Column("replaced_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_outage_statement_outage_id_outage"),
        sa.PrimaryKeyConstraint("id", name="pk_outage_statement"),
        sa.UniqueConstraint("outage_id", "version", name="uq_outage_statement_outage_id_version"),
    )
    op.create_table(
        "premises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("idpel", sa.String(12), nullable=False),
        sa.Column("meter", sa.String(11), nullable=True),
        sa.Column("area", sa.String(13), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ulp", sa.String(32), nullable=False),
        sa.Column("street", sa.String(120), nullable=False),
        sa.Column("address", sa.String(240), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("tariff", sa.String(8), nullable=False),
        sa.Column("power_va", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_premises_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_premises"),
        sa.UniqueConstraint("idpel", name="uq_premises_idpel"),
        sa.UniqueConstraint("meter", name="uq_premises_meter"),
    )
    op.create_index("ix_premises_area", "premises", ["area"])
    op.create_index("ix_premises_customer_id", "premises", ["customer_id"])
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_subscription_outage_id_outage"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("key", name="uq_subscription_key"),
        sa.UniqueConstraint("outage_id", "phone", name="uq_subscription_outage_id_phone"),
    )
    op.create_table(
        "premises_phone",
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("premises_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name="fk_premises_phone_phone_id_phone"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_premises_phone_premises_id_premises"),
        sa.PrimaryKeyConstraint("phone_id", "premises_id", name="pk_premises_phone"),
    )
    op.create_index("ix_premises_phone_premises_id", "premises_phone", ["premises_id"])
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(11), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("reporting_kind", sa.String(24), nullable=False),
        sa.Column("trouble_code", sa.String(40), nullable=False),
        sa.Column("comment", sa.String(2000), nullable=False),
        sa.Column("multiple_premises", sa.Boolean(), nullable=True),
        sa.Column("premises_id", sa.Integer(), nullable=True),
        sa.Column("area", sa.String(13), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ulp", sa.String(32), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_report_outage_id_outage"),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_report_premises_id_premises"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("key", name="uq_report_key"),
        sa.UniqueConstraint("number", name="uq_report_number"),
    )
    op.create_index("ix_report_board", "report", ["unit", "status", "reported_at"])
    op.create_index("ix_report_call", "report", ["call"])
    op.create_index("ix_report_outage_id", "report", ["outage_id"])
    op.create_index("ix_report_phone", "report", ["phone"])
    op.create_index("ix_report_premises_id", "report", ["premises_id"])
    op.create_index("ix_report_reported_at", "report", ["reported_at"])
    op.create_table(
        "special_need",
        sa.Column("premises_id", sa.Integer(), nullable=False),
        sa.Column("life_support", sa.Boolean(), nullable=False),
        sa.Column("public_service", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["premises_id"], ["premises.id"], name="fk_special_need_premises_id_premises"),
        sa.PrimaryKeyConstraint("premises_id", name="pk_special_need"),
    )
    op.create_table(
        "report_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("note", sa.String(2000), nullable=False),
        sa.Column("old", sa.JSON(), nullable=True),
        sa.Column("new", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_event_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_report_event"),
        sa.UniqueConstraint("key", name="uq_report_event_key"),
    )
    op.create_index("ix_report_event_report_id", "report_event", ["report_id"])
    op.create_table(
        "work_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("outage_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("ulp", sa.String(32), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name="fk_work_order_crew_id_crew"),
        sa.ForeignKeyConstraint(["outage_id"], ["outage.id"], name="fk_work_order_outage_id_outage"),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_work_order_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_work_order"),
    )
    op.create_index("ix_work_order_board", "work_order", ["unit", "status"])
    op.create_index("ix_work_order_crew_id", "work_order", ["crew_id"])
    op.create_index("ix_work_order_outage_id", "work_order", ["outage_id"])
    op.create_index("ix_work_order_report_id", "work_order", ["report_id"])
    op.create_table(
        "work_order_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("work_order_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name="fk_work_order_event_crew_id_crew"),
        sa.ForeignKeyConstraint(
            ["work_order_id"], ["work_order.id"], name="fk_work_order_event_work_order_id_work_order"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_work_order_event"),
    )
    op.create_index("ix_work_order_event_work_order_id", "work_order_event", ["work_order_id"])


def downgrade() -> None:
    for table in (
        "work_order_event",
        "work_order",
        "report_event",
        "special_need",
        "report",
        "premises_phone",
        "subscription",
        "premises",
        "outage_statement",
        "phone",
        "outbox",
        "outage",
        "number_sequence",
        "follower_position",
        "customer",
        "crew",
    ):
        op.drop_table(table)
