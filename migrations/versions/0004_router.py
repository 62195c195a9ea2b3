"""What the whole router leaves behind: skills, callbacks, promises, transfers, moves to other pools, hand-overs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0004_router"
down_revision = "0003_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = (("skills", 200), ("callback_number", 32), ("recalled_from", 41), ("moved_to", 32))
    columns: list[sa.Column[object]] = [
        *(sa.Column(name, sa.String(length), nullable=False, server_default="") for name, length in words),
        sa.Column("callback", sa.Boolean(), nullable=False, server_default=sa.false()),
        *(
            sa.Column(name, sa.Integer(), nullable=False, server_default="0")
            for name in ("callback_attempts", "transfers", "promises_broken")
        ),
        sa.Column("held_s", sa.Double(), nullable=False, server_default="0"),
        sa.Column("promised_low_s", sa.Double(), nullable=True),
        sa.Column("promised_high_s", sa.Double(), nullable=True),
        sa.Column("promised_at", UtcDateTime(), nullable=True),
        sa.Column("callback_at", UtcDateTime(), nullable=True),
    ]
    with op.batch_alter_table("call_record") as table:
        for column in columns:
            table.add_column(column)
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("skills", sa.String(200), nullable=False, server_default=""))
    _wrap_ups(["call", "cso"])
    op.create_table(
        "partner_handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(32), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("call", sa.String(41), nullable=False),
        sa.Column("partner", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("result", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_partner_handover"),
        sa.UniqueConstraint("pool", "token", name="uq_partner_handover_pool_token"),
    )
    op.create_index("ix_partner_handover_partner", "partner_handover", ["pool", "partner", "at"])


def _wrap_ups(key: list[str]) -> None:
    """The same rows under another primary key: a call that was passed on has a wrap-up of each CSO."""
    op.drop_index("ix_wrap_up_cso", "wrap_up")
    op.rename_table("wrap_up", "wrap_up_before")
    op.create_table(
        "wrap_up",
        sa.Column("call", sa.String(48), nullable=False),
        sa.Column("cso", sa.String(32), nullable=False),
        sa.Column("result", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_wrap_up_" + "_".join(key)),
    )
    names = "call, cso, result, at"
    last = "at = (SELECT max(at) FROM wrap_up_before AS other WHERE other.call = wrap_up_before.call)"
    where = f" WHERE {last}" if key == ["call"] else ""
    op.execute(f"INSERT INTO wrap_up ({names}) SELECT {names} FROM wrap_up_before{where}")  # noqa: S608
    op.drop_table("wrap_up_before")
    op.create_index("ix_wrap_up_cso", "wrap_up", ["cso"])


def downgrade() -> None:
    op.drop_table("partner_handover")
    _wrap_ups(["call"])
    with op.batch_alter_table("account") as table:
        table.drop_column("skills")
    names = (
        "skills", "callback_number", "recalled_from", "moved_to", "callback", "callback_attempts", "transfers",
        "promises_broken", "held_s", "promised_low_s", "promised_high_s", "promised_at", "callback_at",
    )  # fmt: skip
    with op.batch_alter_table("call_record") as table:
        for name in names:
            table.drop_column(name)
