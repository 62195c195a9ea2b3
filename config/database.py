"""The SQL engine, the declarative base and the unit of work. SQLite (embedded default) and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Engine, MetaData, create_engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from config.settings import settings

# `with_for_update=` of a row that others refer to. PostgreSQL looks at it (KEY SHARE) when a row that refers to it is
# changed a second time in one transaction; FOR UPDATE would make that wait, FOR NO KEY UPDATE does not.
ROW_LOCK = {"key_share": True}


class Base(DeclarativeBase):
    """Every table of the house; named constraints, so that migrations can address them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: always timezone-aware in Python, always UTC in the database (SQLite keeps no zone itself)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str) -> Engine:
    """An engine with what each database needs to be safe under several processes."""
    if not url.startswith("sqlite"):
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 10, "check_same_thread": False})
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own transaction start is switched off: it would open a read snapshot that a later write cannot
    # upgrade ("database is locked" at once, whatever the timeout says).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    # Readers of a live IVR step say `execution_options(suar_read=True)`: a plain BEGIN never waits for a writer.
    read = connection.get_execution_options().get("suar_read", False)
    connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")


class Database:
    """One engine and its two kinds of transaction."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._write = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(suar_read=True), expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A short write transaction: commits at the end, rolls back on any error. Services never commit themselves."""
        with self._write() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only transaction that never waits for a writer."""
        with self._read() as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@lru_cache(maxsize=1)
def database() -> Database:
    """The database of this process."""
    return Database(settings().sql_url)
