"""Run by alembic through config/migrate.py, which brings the connection."""

from __future__ import annotations

from alembic import context

# The tables of the metadata.
import agent_desk.models  # noqa: F401
import router.history.models  # noqa: F401
import tickets.models  # noqa: F401
from config.database import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
