"""`suar import`: the operator's files into the database of the settings."""

from __future__ import annotations

from pathlib import Path

from config.clock import SystemClock
from config.database import Database
from config.errors import Invalid
from config.settings import settings
from tickets.customer_import import Imported, Progress, import_customers


def customers(path: Path, rejects: Path, progress: Progress) -> Imported:
    """See tickets.customer_import; raises Invalid `rejects-file` when the rejects would overwrite the file."""
    if rejects.resolve() == path.resolve():
        raise Invalid("Bad lines cannot be set aside in the file itself.", slug="rejects-file", field="rejects")
    database = Database(settings().sql_url)
    try:
        return import_customers(database, path, rejects, clock=SystemClock().now, progress=progress)
    finally:
        database.dispose()
