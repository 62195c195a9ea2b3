"""Who was heard from where: calls as ivr/ hands them over, reports from their own rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets.detection.people import Heard, distinct
from tickets.kinds import ReportKind
from tickets.models import Arrival, OutageScope, Phone, Premises, PremisesPhone, Report
from tickets.outages.scopes import FEEDER, ULP, Place
from tickets.states import ReportStatus

ENOUGH = 50  # rows that are looked at while a caller waits


@dataclass(frozen=True)
class Call:
    """What is told of a call: when it came or was refused, from which number, where its caller is."""

    call: str
    at: datetime
    phone: str = ""  # E.164; "" when withheld, or not told of
    premises: int | None = None
    area: str = ""
    feeder: str = ""  # of the outage that was chosen there


def record(session: Session, calls: Sequence[Call]) -> None:
    """Keep who called. A call may be told of several times: where its caller says he is replaces where his number
    belongs. Telling the same again changes nothing.
    """
    rows = {
        row.call: row for row in session.scalars(select(Arrival).where(Arrival.call.in_({one.call for one in calls})))
    }
    homes = _homes(session, {one.phone for one in calls if one.phone})
    for one in sorted(calls, key=lambda one: one.at):
        row = rows.get(one.call)
        if row is None:
            row = rows[one.call] = Arrival(
                call=one.call, at=one.at, phone=one.phone, premises_id=None, area="", feeder=""
            )
            row.premises_id = homes.get(one.phone)
            session.add(row)
        row.phone = row.phone or one.phone
        if one.premises is not None or one.area:
            row.premises_id, row.area, row.feeder = one.premises, one.area, one.feeder
    session.flush()


def _homes(session: Session, phones: Collection[str]) -> dict[str, int]:
    """The premises of numbers that have but one."""
    rows = (
        select(Phone.e164, func.min(PremisesPhone.premises_id))
        .join(PremisesPhone, PremisesPhone.phone_id == Phone.id)
        .where(Phone.e164.in_(phones))
        .group_by(Phone.e164)
        .having(func.count() == 1)
    )
    return dict(session.execute(rows).all())


def heard(session: Session, since: datetime, until: datetime) -> list[Heard]:
    """Everybody who was heard from a known place after `since`, up to `until`; the earliest first."""
    place = (Premises.area, Premises.ulp, Premises.feeder)
    calls = (
        select(Arrival.at, Arrival.phone, Arrival.premises_id, Arrival.area, Arrival.feeder, *place)
        .outerjoin(Premises, Premises.id == Arrival.premises_id)
        .where(Arrival.at > since, Arrival.at <= until, or_(Premises.id.is_not(None), Arrival.area != ""))
    )
    found = []
    for at, phone, premises, told, chosen, area, known, feeder in session.execute(calls):
        ulp = known or operator().only_ulp(told)
        if ulp:
            found.append(Heard(at, area or told, ulp, feeder or chosen, phone, premises))
    found += _reported(session, Report.reported_at > since, Report.reported_at <= until)
    return sorted(found, key=lambda one: one.at)


def several_reported(session: Session, place: Place, *, but: int | None, now: datetime) -> bool:
    """Whether several others than a premises have just reported a fault from the same ULP that is still unexplained."""
    rules, codes = operator().detection.told, place.codes()
    ulp = next((code.removeprefix(ULP) for code in codes if code.startswith(ULP)), None)
    if ulp is None:
        return False
    recent = {"ulp": ulp, "since": now - timedelta(minutes=rules.minutes)}
    others = (_heard(row) for row in session.execute(_UNEXPLAINED, recent))
    return distinct(one for one in others if but is None or one.premises != but) >= rules.people


def forget(session: Session, *, before: datetime) -> None:
    """Calls are not kept longer than they are needed."""
    session.execute(delete(Arrival).where(Arrival.at < before))


def _reported(session: Session, *wanted: ColumnElement[bool]) -> Iterator[Heard]:
    return (_heard(row) for row in session.execute(_reports().where(*wanted)))


def _reports() -> Select[*tuple[Any, ...]]:
    """Faults, but of those who say that only their building is dark. Who belongs to the outage of a feeder is on it."""
    mine = (OutageScope.outage_id == Report.outage_id, OutageScope.code.startswith(FEEDER, autoescape=True))
    chosen = select(func.min(OutageScope.code)).where(*mine).scalar_subquery()
    columns = (Report.reported_at, Report.area, Report.ulp, Premises.feeder, chosen, Report.phone, Report.premises_id)
    return (
        select(*columns)
        .outerjoin(Premises, Premises.id == Report.premises_id)
        .where(Report.kind == ReportKind.GANGGUAN, Report.multiple_premises.is_not(False))
        .order_by(Report.reported_at.desc())
    )


def _heard(row: Row[*tuple[Any, ...]]) -> Heard:
    at, area, ulp, feeder, code, phone, premises = row
    return Heard(at, area, ulp, feeder or (code or "").removeprefix(FEEDER), phone, premises, reported=True)


# Asked for nearly every caller, so put together once. What is finished, or part of an outage, is known.
_UNEXPLAINED = (
    _reports()
    .where(Report.ulp == bindparam("ulp"), Report.reported_at > bindparam("since"))
    .where(Report.status == ReportStatus.BELUM_SELESAI, Report.outage_id.is_(None))
    .limit(ENOUGH)
)
