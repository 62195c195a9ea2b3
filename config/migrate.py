"""The schema of the durable state brought up to date, in process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from config.database import make_engine
from config.errors import Problem
from config.settings import settings

SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> Config:
    """Alembic without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(url: str | None = None, *, to: str = "head") -> None:
    """Bring the database at `url` (default: the settings') to a revision, the newest. All or nothing per revision.

    Raises Problem `no-database` when it does not let us in; the driver's own text, with names in it, stays untold.
    """
    engine = _engine(url)
    try:
        with _connected(engine) as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
    finally:
        engine.dispose()


def downgrade(url: str, *, to: str) -> None:
    """Back to a former revision: what came since is dropped, with what was in it."""
    engine = _engine(url)
    try:
        with _connected(engine) as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, to)
    finally:
        engine.dispose()


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError:
        where = "in SUAR_DATA" if engine.dialect.name == "sqlite" else "at the address in SUAR_DATABASE_URL"
        title = f"The database {where} cannot be opened; is it running, and are its name and password right?"
        raise Problem(title, slug="no-database", status=503) from None


def at_head(url: str | None = None) -> bool:
    """Whether the database has every revision this version of the product knows."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            have = set(MigrationContext.configure(connection).get_current_heads())
    finally:
        engine.dispose()
    return have == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def _engine(url: str | None) -> Engine:
    url = url or settings().sql_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        # A table that is rebuilt is dropped for a moment: with foreign keys on, rows that point to it would go too.
        event.listen(engine, "connect", _foreign_keys_off)
    return engine


def _foreign_keys_off(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
