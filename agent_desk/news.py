"""Has anything official changed? A few numbers tell, without reading the statements themselves."""

from __future__ import annotations

from sqlalchemy import func, select

from config.database import Database
from tickets.incidents import escalation
from tickets.models import OutageHistory, Statement

CHANGES = (Statement.approved_at, Statement.published_at, Statement.replaced_at, Statement.withdrawn_at)


def fingerprint(db: Database) -> str:
    """Differs whenever a statement was written, approved, published or withdrawn, or anything happened to an outage."""
    with db.reading() as session:
        said = session.execute(select(func.max(Statement.id), *(func.max(column) for column in CHANGES))).one()
        done = session.scalar(select(func.max(OutageHistory.id)))
    return f"{tuple(said)} {done}"


def alerts(db: Database) -> str:
    """The same of what somebody must look at."""
    with db.reading() as session:
        return escalation.fingerprint(session)
