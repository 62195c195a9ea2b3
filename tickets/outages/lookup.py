"""Reads for a live call: one short query each, values without a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, false, func, or_, select
from sqlalchemy.orm import Session

from config.operator import operator
from tickets import workorders
from tickets.models import (
    LIVE_SCOPE,
    Crew,
    Customer,
    Outage,
    OutageHeard,
    OutageScope,
    Phone,
    Premises,
    PremisesPhone,
    Report,
    SpecialNeed,
    Statement,
    WorkOrder,
)
from tickets.outages import changes, phrases, scopes, spoken
from tickets.outages.changes import Facts, Heard, Present
from tickets.outages.heard import lately
from tickets.outages.phrases import Told
from tickets.outages.scopes import Place, beside
from tickets.states import LIVE, ReportStatus, StatementStatus, WorkOrderStatus
from tickets.views import KnownOutage, PremisesView, ReportView

MOST_PREMISES = 5  # a list on the telephone cannot be longer
MOST_REPORTS = 50
# While the sound of a new version is made, the version it replaces may still be said for so long.
GRACE = timedelta(seconds=60)
# How far the foremost crew is: the higher, the more a caller may hope for. Orders that are done tell nothing of power.
CREW = ("waiting", "assigned", "enroute", "arrived", "working")
_PLACES = {
    WorkOrderStatus.WAITING: 0,
    WorkOrderStatus.ASSIGNED: 1,
    WorkOrderStatus.ACCEPTED: 1,
    WorkOrderStatus.ENROUTE: 2,
    WorkOrderStatus.ARRIVED: 3,
    WorkOrderStatus.WORKING: 4,
    WorkOrderStatus.TEMPORARY: 4,  # the crew is still there
}
_FOREMOST = (
    select(func.max(case(*((WorkOrder.status == status, place) for status, place in _PLACES.items()))))
    .where(WorkOrder.outage_id == Outage.id)
    .correlate(Outage)
    .scalar_subquery()
)


def premises_by_phone(session: Session, phone_e164: str) -> list[PremisesView]:
    """The premises a number belongs to, at most five, the oldest first."""
    if not phone_e164:
        return []
    return [_premises_view(row) for row in session.execute(_BY_PHONE, {"phone": phone_e164})]


def premises_by_number(session: Session, digits: str) -> PremisesView | None:
    """Twelve digits are an IDPEL, eleven a meter number; the length alone decides."""
    column = {12: Premises.idpel, 11: Premises.meter}.get(len(digits))
    return None if column is None else _one_premises(session, column == digits)


def premises_by_id(session: Session, premises_id: int) -> PremisesView | None:
    return _one_premises(session, Premises.id == premises_id)


def premises_by_ids(session: Session, ids: Sequence[int]) -> list[PremisesView]:
    """In the order of `ids`; whoever does not exist is left out."""
    found = {row.id: row for row in session.execute(_premises().where(Premises.id.in_(ids)))}
    return [_premises_view(found[one]) for one in ids if one in found]


def streets_spoken(session: Session, limit: int = 2000) -> list[str]:
    """Streets a caller may choose from because his number has several premises; their sound is made beforehand."""
    shared = select(PremisesPhone.phone_id).group_by(PremisesPhone.phone_id).having(func.count() > 1)
    rows = (
        select(Premises.street)
        .join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
        .where(PremisesPhone.phone_id.in_(shared))
    )
    return list(session.scalars(rows.distinct().order_by(Premises.street).limit(limit)))


def streets_of_crews(session: Session) -> list[str]:
    """Where crews were last: told to who asks for a report."""
    return list(session.scalars(select(Crew.street).where(Crew.street != "").distinct().order_by(Crew.street)))


def open_reports(session: Session, premises_ids: Sequence[int]) -> list[ReportView]:
    """What is not finished at these premises, the newest first."""
    if not premises_ids:
        return []
    return _reports(session, Report.premises_id.in_(premises_ids), Report.status == ReportStatus.BELUM_SELESAI)


def covering_outage(session: Session, place: Place, *, hold: bool = False) -> Outage | None:
    """The newest live outage that covers a place. With `hold` it cannot end before this transaction does (others may
    hold it too), so that nothing is attached to an outage that is just over.
    """
    rows = select(Outage).join(OutageScope, OutageScope.outage_id == Outage.id)
    rows = rows.where(OutageScope.code.in_(place.codes()), LIVE_SCOPE).order_by(Outage.id.desc()).limit(1)
    # The scope is held too: of a row that is not, PostgreSQL does not see what changed while this waited.
    return session.scalar(rows.with_for_update(read=True) if hold else rows)


def known_outages(
    session: Session, place: Place, *, now: datetime, need_audio: bool = True, phone: str = ""
) -> list[KnownOutage]:
    """What covers a place, the newest first; with what is new to a number that called about it before."""
    over = list(session.scalars(_OVER, {"codes": place.codes()}))
    # Of most callers' places nothing is known: they cost one look into an index.
    return _known(session, Outage.id.in_(over), now=now, need_audio=need_audio, phone=phone) if over else []


def known_outage(
    session: Session, place: Place, *, now: datetime, need_audio: bool = True, phone: str = ""
) -> KnownOutage | None:
    """What may be said to a caller from there now. With `need_audio` only a statement whose sound exists counts.

    Of several outages over the place the newest with a statement counts, else the newest: the holding sentence of a
    newer outage must not hide what was published for all of it.
    """
    known = known_outages(session, place, now=now, need_audio=need_audio, phone=phone)
    return next((one for one in known if not one.holding), known[0] if known else None)


def outages_in_region(
    session: Session, region: str, *, now: datetime, need_audio: bool = True, phone: str = ""
) -> list[KnownOutage]:
    """Live outages inside a region, or covering it; the newest first."""
    inside = or_(Outage.area == region, Outage.area.startswith(f"{region}.", autoescape=True))
    codes = or_(
        OutageScope.code.in_(Place(region).codes()), OutageScope.code.startswith(f"{region}.", autoescape=True), inside
    )
    there = select(OutageScope.outage_id).join(Outage, Outage.id == OutageScope.outage_id).where(codes, LIVE_SCOPE)
    return _known(session, Outage.id.in_(there), now=now, need_audio=need_audio, phone=phone)


def live_outages(session: Session, *, now: datetime) -> list[KnownOutage]:
    """Every live outage with its official word, whether or not its sound exists (desk, board)."""
    return _known(session, now=now, need_audio=False)


def live_spoken(session: Session, *, now: datetime) -> dict[str, list[str]]:
    """Every text that may be needed now, by language: what is published, and of each live outage its place and its
    holding sentence.
    """
    found: dict[str, list[str]] = {}
    published = and_(Statement.outage_id == Outage.id, Statement.status == StatementStatus.PUBLISHED)
    rows = select(Outage, Statement).outerjoin(Statement, published).where(Outage.status_kind.in_(LIVE))
    for outage, statement in session.execute(rows.order_by(Outage.id.desc())).all():
        for one in (None, statement) if statement is not None else (None,):
            for language, texts in spoken.sounds(session, outage, one, now=now).items():
                found.setdefault(language, []).extend(texts)
    return found


def _known(
    session: Session, *wanted: ColumnElement[bool], now: datetime, need_audio: bool, phone: str = ""
) -> list[KnownOutage]:
    """One query, whatever there is: an outage comes once for each of its live scopes and statements."""
    # A statement ends with the time it promises, whether or not its timer has run.
    said = [Statement.outage_id == Outage.id, or_(Statement.etr.is_(None), Statement.etr > now)]
    published = Statement.status == StatementStatus.PUBLISHED
    if need_audio:
        just_replaced = and_(Statement.status == StatementStatus.REPLACED, Statement.replaced_at > now - GRACE)
        said += [Statement.published_at.is_not(None), Statement.rendered_at.is_not(None), or_(published, just_replaced)]
    else:
        said.append(published)
    heard = [OutageHeard.outage_id == Outage.id, *lately(phone, now=now)] if phone else [false()]
    rows = (
        select(Outage, OutageScope.code, Statement, _FOREMOST, OutageHeard)
        .select_from(Outage)
        .join(OutageScope, and_(OutageScope.outage_id == Outage.id, LIVE_SCOPE))
        .outerjoin(Statement, and_(*said))
        .outerjoin(OutageHeard, and_(*heard))
        .where(*wanted)
        .order_by(Outage.id.desc(), OutageScope.code)
    )
    codes: dict[Outage, dict[str, None]] = {}
    words: dict[int, list[Statement]] = {}
    beside: dict[int, tuple[int | None, OutageHeard | None]] = {}
    for outage, code, statement, crew, last in session.execute(rows):
        codes.setdefault(outage, {})[code] = None
        beside[outage.id] = crew, last
        if statement is not None:
            words.setdefault(outage.id, []).append(statement)
    return [
        _view(outage, tuple(found), words.get(outage.id, []), *beside[outage.id], now=now)
        for outage, found in codes.items()
    ]


def _view(
    outage: Outage,
    codes: tuple[str, ...],
    words: Sequence[Statement],
    crew: int | None,
    last: OutageHeard | None,
    *,
    now: datetime,
) -> KnownOutage:
    statement = max(words, key=lambda one: (one.status is StatementStatus.PUBLISHED, one.version), default=None)
    told = spoken.held(outage, now=now, name_en=scopes.name_en(outage, codes))
    holding = " ".join(spoken.holding_pieces(outage, told).said())
    if statement is not None:
        told = spoken.told_of(outage, statement)
    facts = Facts(
        name=told.place(),
        etr=told.etr,
        cause=told.why(),
        crew="" if crew is None else CREW[crew],
        partly=told.partly,
        own=statement is not None and statement.own,
    )
    version = statement.version if statement else 0
    present = Present(version, facts, told, outage.reopened_at)
    known = Heard(last.at, last.version, Facts.loads(last.facts)) if last is not None else None
    news = {one: changes.since(known, present, one, now=now) for one in phrases.LANGUAGES} if known else {}
    return KnownOutage(
        id=outage.id,
        area=outage.area,
        area_name=scopes.name(outage),
        status=outage.status_kind.value,
        statement_id=statement.id if statement else None,
        spoken=statement.text if statement else holding,
        published_at=statement.published_at if statement else None,
        etr=statement.etr if statement else told.etr,
        holding=statement is None,
        codes=codes,
        holding_text=holding,
        version=version,
        said={one: _said(outage, statement, told, one, crew=facts.crew, now=now) for one in phrases.LANGUAGES},
        news={one: texts for one, texts in news.items() if texts},
        facts=facts.dumps(),
    )


def _said(
    outage: Outage, statement: Statement | None, told: Told, language: str, *, crew: str, now: datetime
) -> tuple[str, ...]:
    """What is heard of it at this instant."""
    if statement is not None:
        pieces = spoken.pieces(told, statement, language)
    else:
        pieces = spoken.holding_pieces(outage, told, language)
    # Of an estimate that has moved both times are told.
    soon = phrases.soon(told.etr, now, language) if pieces.estimate and told.before is None else ""
    return pieces.said(estimate=soon, crew=phrases.crew(crew, language))


# What is asked for nearly every caller is put together once: that cost as much as the answer.
_OVER = select(OutageScope.outage_id).where(OutageScope.code.in_(bindparam("codes", expanding=True)), LIVE_SCOPE)


def _premises() -> Select[*tuple[Any, ...]]:
    # Columns, no objects: a search shows twenty of them while somebody types.
    own = (Premises.id, Premises.idpel, Premises.meter, Premises.area, Premises.street, Premises.address)
    place = (Premises.ulp, Premises.feeder)
    return (
        select(*own, *place, Customer.name, SpecialNeed.life_support, SpecialNeed.public_service)
        .join(Customer, Customer.id == Premises.customer_id)
        .outerjoin(SpecialNeed, SpecialNeed.premises_id == Premises.id)
    )


_BY_PHONE = (
    _premises()
    .join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
    .join(Phone, Phone.id == PremisesPhone.phone_id)
    .where(Phone.e164 == bindparam("phone"))
    .order_by(Premises.id)
    .limit(MOST_PREMISES)
)


def _one_premises(session: Session, wanted: ColumnElement[bool]) -> PremisesView | None:
    row = session.execute(_premises().where(wanted)).first()
    return _premises_view(row) if row else None


def _premises_view(row: Row[*tuple[Any, ...]]) -> PremisesView:
    return PremisesView(
        id=row.id,
        idpel=row.idpel,
        meter=row.meter or "",
        area=row.area,
        area_name=operator().area_name(row.area),
        street=row.street,
        address=row.address,
        customer_name=row.name,
        life_support=bool(row.life_support),
        unit_prefix=operator().unit_of(row.area)[1].prefix,
        beside=beside(row.ulp, row.feeder),
        public_service=bool(row.public_service),
    )


def report_view(report: Report, order: WorkOrderStatus | None, **more: Any) -> ReportView:
    """A report and the status of its work order, if it has one, for who asks about it."""
    return ReportView(
        id=report.id,
        number=report.number,
        kind=report.kind.value,
        status=report.status.value,
        starred=report.starred,
        reported_at=report.reported_at,
        reporting_kind=report.reporting_kind.value,
        premises_id=report.premises_id,
        outage_id=report.outage_id,
        work_order_status=order.value if order else None,
        **more,
    )


def _reports(session: Session, *wanted: ColumnElement[bool]) -> list[ReportView]:
    rows = select(Report, WorkOrder.status).outerjoin(WorkOrder, WorkOrder.id == workorders.present()).where(*wanted)
    found = session.execute(rows.order_by(Report.reported_at.desc(), Report.id.desc()).limit(MOST_REPORTS))
    return [report_view(report, status) for report, status in found]
