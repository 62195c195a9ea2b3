"""API keys from the command line."""

from __future__ import annotations

from typing import Any

from agent_desk import keys
from config.clock import SystemClock
from config.database import Database
from config.settings import settings


def create(wanted: dict[str, Any]) -> str:
    """A new key (the fields of agent_desk.keys.WantedKey); the only time that it can be read."""
    database = Database(settings().sql_url)
    try:
        with database.transaction() as session:
            return keys.create(session, keys.WantedKey(**wanted), now=SystemClock().now())
    finally:
        database.dispose()


def every() -> list[tuple[str, ...]]:
    """(name, state, acts as, scopes, requests per minute, created, last used) of each."""
    database = Database(settings().sql_url)
    try:
        with database.reading() as session:
            return [
                (
                    row.name,
                    "revoked" if row.revoked_at else "open",
                    row.account.login if row.account else f"application of {row.owner}",
                    " ".join(row.scopes),
                    str(row.per_minute),
                    f"{row.created_at:%Y-%m-%d}",
                    f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never",
                )
                for row in keys.every(session)
            ]
    finally:
        database.dispose()


def revoke(name: str) -> None:
    """The key opens nothing from now on."""
    database = Database(settings().sql_url)
    try:
        with database.transaction() as session:
            keys.revoke(session, name, now=SystemClock().now())
    finally:
        database.dispose()
