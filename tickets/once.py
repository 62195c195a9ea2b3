"""Writing a row once, whoever else is writing the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.database import Base

Row = TypeVar("Row", bound=Base)


def insert_once(session: Session, row: Row, find: Callable[[], Row | None], attempts: int = 3) -> tuple[Row, bool]:
    """Insert `row`, or return the one `find` knows; the flag says whether it is new.

    Only the unique index can decide between two processes, so its refusal is the second look: on PostgreSQL the loser
    waits for the winner's commit and then finds the winner's row, or tries again when that is gone by then. An
    IntegrityError of another kind is raised on.
    """
    found = find()
    if found is not None:
        return found, False
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        if attempts == 1:
            raise
        return insert_once(session, row, find, attempts - 1)
    return row, True
