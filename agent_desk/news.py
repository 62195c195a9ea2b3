"""Has anything official changed? A few numbers tell, without reading the statements themselves."""

from __future__ import annotations

from sqlalchemy import func, select

from config.database import Database
from tickets.incidents import escalation
from tickets.models import Outage, OutageHistory, Statement
from tickets.states import LIVE

CHANGES = (Statement.approved_at, Statement.published_at, Statement.replaced_at, Statement.withdrawn_at)


def fingerprint(db: Database) -> str:
    """Differs whenever a statement was written, approved, published or withdrawn, or anything happened to an outage.

    An entry draws its number before it is committed, so the newest number hides one that comes late: the entries of
    live outages are counted too.
    """
    with db.reading() as session:
        said = session.execute(select(func.max(Statement.id), *(func.max(column) for column in CHANGES))).one()
        newest = session.scalar(select(func.max(OutageHistory.id)))
        live = select(Outage.id).where(Outage.status_kind.in_(LIVE))
        entries = session.scalar(select(func.count()).where(OutageHistory.outage_id.in_(live)))
    return f"{tuple(said)} {newest} {entries}"


def alerts(db: Database) -> str:
    """The same of what somebody must look at."""
    with db.reading() as session:
        return escalation.fingerprint(session)
