"""Many rows at once, in the caller's transaction: COPY on PostgreSQL, one prepared INSERT on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from config.database import Base

FEW = 50  # rows for which the extra round trips of COPY are not worth it


def write(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Add rows; `columns` are names of the table's columns, plain values only (no type decorators on them)."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql" or len(rows) <= FEW:
        connection.execute(insert(table(model)), [dict(zip(columns, row, strict=True)) for row in rows])
        return
    with _cursor(session) as cursor, cursor.copy(copy_statement(model, columns)) as copy:
        for row in rows:
            copy.write_row(row)


def copy_statement(model: type[Base], columns: Iterable[str]) -> str:
    """COPY … FROM STDIN for some columns of a table."""
    return f"COPY {table(model).name} ({', '.join(columns)}) FROM STDIN"


def table(model: type[Base]) -> Table:
    """The table of a mapped class."""
    found = model.__table__
    assert isinstance(found, Table)  # noqa: S101 - the type checker knows only FromClause
    return found


def new_ids(session: Session, model: type[Base], count: int) -> list[int]:
    """Ids for rows that are about to be written; on SQLite they are free because the transaction is alone."""
    if not count:
        return []
    name = table(model).name
    if session.get_bind().dialect.name == "postgresql":
        said = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return list(session.scalars(said, {"name": name, "count": count}))
    last = session.scalar(select(func.max(table(model).c.id))) or 0
    return list(range(last + 1, last + count + 1))


def _cursor(session: Session) -> Any:
    return session.connection().connection.cursor()
