"""A report's first instant can no longer be changed; the history knows in which contact something happened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_first_told"
down_revision = "0007_api_keys"
branch_labels = None
depends_on = None

# A later migration that rebuilds `report` on SQLite (batch mode) drops the trigger and must make it again:
# tests/tickets/test_first_told.py says so.
SQLITE = """
CREATE TRIGGER report_first_told BEFORE UPDATE OF reported_at ON report
WHEN OLD.reported_at IS NOT NEW.reported_at
BEGIN SELECT RAISE(ABORT, 'report.reported_at never changes'); END
"""
POSTGRESQL = (
    """
CREATE FUNCTION report_first_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'report.reported_at never changes' USING ERRCODE = 'integrity_constraint_violation'; END $$
""",
    """
CREATE TRIGGER report_first_told BEFORE UPDATE OF reported_at ON report FOR EACH ROW
WHEN (OLD.reported_at IS DISTINCT FROM NEW.reported_at) EXECUTE FUNCTION report_first_told()
""",
)


def upgrade() -> None:
    op.add_column("report_event", sa.Column("call", sa.String(41), nullable=False, server_default=""))
    for statement in (SQLITE,) if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER report_first_told")
    else:
        op.execute("DROP TRIGGER report_first_told ON report")
        op.execute("DROP FUNCTION report_first_told()")
    with op.batch_alter_table("report_event") as table:
        table.drop_column("call")
