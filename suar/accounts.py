"""Accounts from the command line: the first supervisor of an installation has nobody who could make one."""

from __future__ import annotations

from typing import Any

from agent_desk.accounts import Wanted, close_account, put_account
from config.database import Database
from config.settings import settings


def put(wanted: dict[str, Any]) -> None:
    """Create or change one account: the fields of agent_desk.accounts.Wanted."""
    database = Database(settings().sql_url)
    try:
        with database.transaction() as session:
            put_account(session, Wanted(**wanted))
    finally:
        database.dispose()


def close(login: str) -> None:
    """Nobody logs in with it any more. Raises NotFound (unknown-account)."""
    database = Database(settings().sql_url)
    try:
        with database.transaction() as session:
            close_account(session, login)
    finally:
        database.dispose()
