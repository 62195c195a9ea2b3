"""The instant at which the utility was first told is a clock of the law: nobody changes it, by any way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.database import Database
from tests.fixtures.tickets import NOON, a_report
from tickets import reports
from tickets.models import Report

pytestmark = pytest.mark.database

LATER = NOON + timedelta(hours=1)


def _by_attribute(session: Session) -> None:
    session.scalars(select(Report)).one().reported_at = LATER
    session.flush()


def _by_statement(session: Session) -> None:
    session.execute(update(Report).values(reported_at=LATER, starred=True))


def _by_hand(session: Session) -> None:
    session.execute(text("UPDATE report SET reported_at = '2027-01-01 00:00:00'"))


@pytest.mark.parametrize("way", [_by_attribute, _by_statement, _by_hand])
def test_the_first_instant_of_a_report_cannot_be_changed(db: Database, way: Callable[[Session], None]) -> None:
    with db.transaction() as session:
        reports.file_report(session, a_report(area="31"), now=NOON)
    with pytest.raises(IntegrityError), db.transaction() as session:
        way(session)
    with db.reading() as session:
        row = session.scalars(select(Report)).one()
    assert (row.reported_at, row.starred) == (NOON, False)


def test_everything_else_of_a_report_can(db: Database) -> None:
    with db.transaction() as session:
        reports.file_report(session, a_report(area="31"), now=NOON)
    with db.transaction() as session:
        row = session.scalars(select(Report)).one()
        row.starred, row.starred_at, row.reported_at = True, LATER, NOON
    with db.reading() as session:
        assert session.scalars(select(Report)).one().starred
