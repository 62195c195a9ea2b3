"""Crews: who commands one, what it can do, where it starts from (ADR 50). A crew has exactly one commander, `unit`;
a UP3 lends one to another and takes it back, never in the middle of its work.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import Invalid, NotFound, Refused
from config.operator import operator
from tickets import workorders
from tickets.models import Crew, CrewHistory, WorkOrder
from tickets.states import WITH_CREW
from tickets.workorders import positions


@dataclass(frozen=True)
class CrewView:
    """A crew and how many orders it has."""

    crew: Crew
    orders: int


def list_crews(session: Session, *, unit: str | None = None, limit: int = 200) -> list[CrewView]:
    """Crews by name; of a UP3 those it commands and those it has lent."""
    busy = (
        select(WorkOrder.crew_id, func.count().label("orders"))
        .where(WorkOrder.status.in_(WITH_CREW))
        .group_by(WorkOrder.crew_id)
        .subquery()
    )
    rows = select(Crew, func.coalesce(busy.c.orders, 0)).outerjoin(busy, busy.c.crew_id == Crew.id)
    if unit is not None:
        rows = rows.where(or_(Crew.unit == unit, Crew.home_unit == unit))
    return [CrewView(*row) for row in session.execute(rows.order_by(Crew.unit, Crew.name).limit(limit))]


def view(session: Session, crew_id: int) -> CrewView:
    """One crew. Raises NotFound (`unknown-crew`)."""
    crew = session.get(Crew, crew_id)
    if crew is None:
        raise NotFound("Regu itu tidak ada.", slug="unknown-crew")
    return CrewView(crew, _orders(session, crew_id))


def history_of(session: Session, crew_id: int) -> Sequence[CrewHistory]:
    """Who changed what, the newest first. Raises NotFound."""
    view(session, crew_id)
    mine = select(CrewHistory).where(CrewHistory.crew_id == crew_id).order_by(CrewHistory.id.desc())
    return session.scalars(mine).all()


def lend(session: Session, crew_id: int, *, to: str, by: str, now: datetime) -> Crew:
    """Another UP3 commands the crew from now on, and what waits there is given to it.

    Raises NotFound (`unknown-crew`), Invalid (`unknown-unit`), Refused (`same-unit`; `crew-busy`: it has orders of its
    present commander; `crew-moved`: somebody else has just lent it).
    """
    if to not in operator().areas.units:
        raise Invalid("UP3 itu tidak dikenal.", slug="unknown-unit", field="unit")
    crew = _held(session, crew_id, to)
    if crew.unit == to:
        raise Refused("UP3 itu sudah memimpin regu ini.", slug="same-unit")
    return _commanded(session, crew, to, "lend", by=by, now=now)


def take_back(session: Session, crew_id: int, *, by: str, now: datetime) -> Crew:
    """Its own UP3 commands the crew again. Raises NotFound, Refused (`not-lent`, `crew-busy`, `crew-moved`)."""
    home = view(session, crew_id).crew.home_unit
    crew = _held(session, crew_id, *filter(None, [home]))
    if not crew.home_unit:
        raise Refused("Regu itu tidak sedang dipinjamkan.", slug="not-lent")
    return _commanded(session, crew, crew.home_unit, "take_back", by=by, now=now)


def change(
    session: Session,
    crew_id: int,
    *,
    by: str,
    now: datetime,
    on_duty: bool | None = None,
    has_mobile: bool | None = None,
    skills: Collection[str] | None = None,
    base: tuple[float, float] | None = None,
) -> Crew:
    """What is told is so from now on; what waits is given anew. Off duty a crew keeps what it has and gets no more.

    Raises NotFound, Invalid (`unknown-skill`; `position`: its posko is not in Indonesia), Refused (`crew-moved`).
    """
    if skills is not None and not set(skills) <= operator().dispatch.skills.keys():
        raise Invalid("Keahlian itu tidak dikenal.", slug="unknown-skill", field="skills")
    if base is not None:
        positions.check(*base, field="base")
    crew = _held(session, crew_id)
    told: dict[str, Any] = {"on_duty": on_duty, "has_mobile": has_mobile}
    told |= {"skills": sorted(set(skills))} if skills is not None else {}
    told |= {"base_lat": base[0], "base_lon": base[1]} if base is not None else {}
    new = {name: value for name, value in told.items() if value is not None and getattr(crew, name) != value}
    if not new:
        return crew
    for name, value in new.items():
        setattr(crew, name, value)
    if not crew.has_mobile:
        crew.lat = crew.lon = crew.position_at = None
        crew.street = ""
    if "on_duty" in new:
        crew.silent_since = None
    _note(session, crew, "change", by=by, now=now, new=new)
    workorders.give_waiting(session, crew.unit, now=now)
    return crew


def ready(session: Session, login: str, *, now: datetime) -> Crew:
    """The crew of this login has been silent and says that it is there: it gets orders again. Raises Refused
    (`no-crew`: the account has none).
    """
    mine = workorders.crew_of(session, login)
    if mine is None:
        raise Refused("Akun ini belum punya regu.", slug="no-crew", status=403)
    crew = _held(session, mine.id)
    if crew.silent_since is not None:
        crew.silent_since = None
        session.flush()
        workorders.give_waiting(session, crew.unit, now=now)
    return crew


def _held(session: Session, crew_id: int, *units: str) -> Crew:
    """The crew, locked after the command of its UP3 and of these."""
    seen = view(session, crew_id).crew.unit
    workorders.lock_crews(session, seen, *units)
    crew = session.get_one(Crew, crew_id, with_for_update=ROW_LOCK, populate_existing=True)
    if crew.unit != seen:
        raise Refused("Regu itu baru saja berpindah UP3. Coba lagi.", slug="crew-moved")
    return crew


def _commanded(session: Session, crew: Crew, unit: str, event: str, *, by: str, now: datetime) -> Crew:
    if _orders(session, crew.id):
        raise Refused("Regu itu masih memegang pekerjaan.", slug="crew-busy")
    home = crew.home_unit or crew.unit
    crew.unit, crew.home_unit = unit, "" if unit == home else home
    _note(session, crew, event, by=by, now=now)
    workorders.give_waiting(session, unit, now=now)
    return crew


def _orders(session: Session, crew_id: int) -> int:
    mine = (WorkOrder.crew_id == crew_id, WorkOrder.status.in_(WITH_CREW))
    return session.scalar(select(func.count()).where(*mine)) or 0


def _note(
    session: Session, crew: Crew, event: str, *, by: str, now: datetime, new: dict[str, Any] | None = None
) -> None:
    session.add(CrewHistory(crew_id=crew.id, at=now, by=by, event=event, unit=crew.unit, new=new))
    session.flush()
