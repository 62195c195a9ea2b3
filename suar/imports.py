"""`suar import`: the operator's files into the database of the settings."""

from __future__ import annotations

from pathlib import Path

from config.clock import SystemClock
from config.database import Database
from config.errors import Invalid, Refused
from config.migrate import at_head
from config.settings import settings
from tickets.customers.importing import Imported, Progress, import_customers


def customers(path: Path, rejects: Path, progress: Progress) -> Imported:
    """See tickets.customer_import; raises Invalid `rejects-file` (the rejects would overwrite the file) and Refused
    `not-migrated`.
    """
    if rejects.resolve() == path.resolve():
        raise Invalid("Bad lines cannot be set aside in the file itself.", slug="rejects-file", field="rejects")
    if not at_head():
        raise Refused("The database is not of this version; run `suar migrate` first.", slug="not-migrated")
    database = Database(settings().sql_url)
    try:
        return import_customers(database, path, rejects, clock=SystemClock().now, progress=progress)
    finally:
        database.dispose()
