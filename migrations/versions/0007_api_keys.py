"""API keys with scopes in a table of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from config.database import UtcDateTime

revision = "0007_api_keys"
down_revision = "0006_kept_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("channel", sa.String(24), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.UniqueConstraint("name", name="uq_api_key_name"),
        sa.UniqueConstraint("key_hash", name="uq_api_key_key_hash"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_api_key_account_id_account", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_api_key_account_id", "api_key", ["account_id"])
    # A key that an account had goes on opening everything the account may.
    op.execute(
        "INSERT INTO api_key (name, owner, account_id, key_hash, scopes, channel, per_minute, created_at) "
        "SELECT login, name, id, api_key_hash, '[\"*\"]', '', 6000, CURRENT_TIMESTAMP FROM account "
        "WHERE api_key_hash IS NOT NULL"
    )
    with op.batch_alter_table("account") as table:
        table.drop_constraint("uq_account_api_key_hash", type_="unique")
        table.drop_column("api_key_hash")


def downgrade() -> None:
    with op.batch_alter_table("account") as table:
        table.add_column(sa.Column("api_key_hash", sa.String(64), nullable=True))
        table.create_unique_constraint("uq_account_api_key_hash", ["api_key_hash"])
    op.execute(
        "UPDATE account SET api_key_hash = (SELECT min(key_hash) FROM api_key WHERE api_key.account_id = account.id "
        "AND api_key.revoked_at IS NULL AND CAST(api_key.scopes AS TEXT) = '[\"*\"]')"
    )
    op.drop_table("api_key")
