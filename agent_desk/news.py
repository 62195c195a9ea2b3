"""Has anything official changed? A few numbers tell, without reading the statements themselves."""

from __future__ import annotations

from sqlalchemy import func, select

from config.database import Database
from tickets.models import Outage, Statement
from tickets.states import LIVE


def fingerprint(db: Database) -> str:
    """Differs whenever a statement was published, an outage confirmed, changed or restored."""
    with db.reading() as session:
        statement = session.execute(
            select(func.max(Statement.id), func.max(Statement.published_at), func.max(Statement.replaced_at))
        ).one()
        outage = session.execute(
            select(func.max(Outage.id), func.max(Outage.restored_at), func.max(Outage.closed_at))
        ).one()
        live = session.scalar(select(func.count()).where(Outage.status_kind.in_(LIVE)))
    return f"{tuple(statement)} {tuple(outage)} {live}"
