"""Run by alembic through config/migrate.py, which brings the connection."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from alembic import context

from config.database import Base

for name in ("tickets.models", "router.history.models", "agent_desk.models"):
    if find_spec(name):
        import_module(name)

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
