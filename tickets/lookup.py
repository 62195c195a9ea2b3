"""Reads for a live call: one short query each, values without a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from config.operator import operator, prefixes
from tickets import phrases, workorders
from tickets.models import Customer, Outage, Phone, Premises, PremisesPhone, Report, SpecialNeed, Statement, WorkOrder
from tickets.states import LIVE, ReportStatus, StatementStatus
from tickets.views import KnownOutage, PremisesView, ReportView

MOST_PREMISES = 5  # a list on the telephone cannot be longer
MOST_REPORTS = 50
# While the sound of a new version is made, the version it replaces may still be said for so long.
GRACE = timedelta(seconds=60)


def premises_by_phone(session: Session, phone_e164: str) -> list[PremisesView]:
    """The premises a number belongs to, at most five, the oldest first."""
    if not phone_e164:
        return []
    rows = (
        _premises()
        .join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
        .join(Phone, Phone.id == PremisesPhone.phone_id)
        .where(Phone.e164 == phone_e164)
        .order_by(Premises.id)
        .limit(MOST_PREMISES)
    )
    return [_premises_view(row) for row in session.execute(rows)]


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


def open_reports(session: Session, premises_ids: Sequence[int]) -> list[ReportView]:
    """What is not finished at these premises, the newest first."""
    if not premises_ids:
        return []
    return _reports(session, Report.premises_id.in_(premises_ids), Report.status == ReportStatus.BELUM_SELESAI)


def covering_outage(session: Session, area: str, *, hold: bool = False) -> Outage | None:
    """The newest live outage of the area or of an area that contains it. With `hold` it cannot end before this
    transaction does (others may hold it too), so that nothing is attached to an outage that is just over.
    """
    rows = select(Outage).where(Outage.area.in_(prefixes(area)), Outage.status_kind.in_(LIVE))
    rows = rows.order_by(Outage.id.desc()).limit(1)
    return session.scalar(rows.with_for_update(read=True) if hold else rows)


def known_outage(session: Session, area: str, *, now: datetime, need_audio: bool = True) -> KnownOutage | None:
    """What may be said to a caller from `area` now. With `need_audio` only a statement whose sound exists counts.

    Of several outages over the area the newest with a statement counts, else the newest: the holding sentence of a
    newer outage must not hide what was published for all of it.
    """
    live = _live(session, Outage.area.in_(prefixes(area)))
    known = [_known(session, outage, now=now, need_audio=need_audio) for outage in live]
    return next((one for one in known if not one.holding), known[0] if known else None)


def outages_in_region(session: Session, region: str, *, now: datetime, need_audio: bool = True) -> list[KnownOutage]:
    """Live outages inside a region, or covering it; the newest first."""
    inside = or_(Outage.area.in_(prefixes(region)), Outage.area.startswith(f"{region}.", autoescape=True))
    return [_known(session, outage, now=now, need_audio=need_audio) for outage in _live(session, inside)]


def live_outages(session: Session, *, now: datetime) -> list[KnownOutage]:
    """Every live outage with its official word, whether or not its sound exists (desk, board)."""
    return [_known(session, outage, now=now, need_audio=False) for outage in _live(session)]


def live_spoken(session: Session, *, now: datetime) -> list[str]:
    """Every sentence that may be needed now: statements and, for each live outage, its holding sentence."""
    texts = [phrases.holding(known.area) for known in live_outages(session, now=now)]
    return [*texts, *(known.spoken for known in live_outages(session, now=now) if not known.holding)]


def _live(session: Session, *wanted: ColumnElement[bool]) -> Sequence[Outage]:
    return session.scalars(select(Outage).where(Outage.status_kind.in_(LIVE), *wanted).order_by(Outage.id.desc())).all()


def _known(session: Session, outage: Outage, *, now: datetime, need_audio: bool) -> KnownOutage:
    statement = _statement(session, outage.id, now=now, need_audio=need_audio)
    return KnownOutage(
        id=outage.id,
        area=outage.area,
        area_name=operator().area_name(outage.area),
        status=outage.status_kind.value,
        statement_id=statement.id if statement else None,
        spoken=statement.text if statement else phrases.holding(outage.area),
        published_at=statement.published_at if statement else None,
        etr=outage.etr,
        holding=statement is None,
    )


def _statement(session: Session, outage_id: int, *, now: datetime, need_audio: bool) -> Statement | None:
    rows = select(Statement).where(Statement.outage_id == outage_id)
    if need_audio:
        just_replaced = Statement.replaced_at > now - GRACE
        rows = rows.where(
            Statement.published_at.is_not(None),
            Statement.rendered_at.is_not(None),
            or_(Statement.status == StatementStatus.PUBLISHED, just_replaced),
        )
    else:
        rows = rows.where(Statement.status == StatementStatus.PUBLISHED)
    return session.scalar(rows.order_by(Statement.version.desc()).limit(1))


def _premises() -> Select[*tuple[Any, ...]]:
    # Columns, no objects: a search shows twenty of them while somebody types.
    own = (Premises.id, Premises.idpel, Premises.meter, Premises.area, Premises.street, Premises.address)
    return (
        select(*own, Customer.name, SpecialNeed.life_support)
        .join(Customer, Customer.id == Premises.customer_id)
        .outerjoin(SpecialNeed, SpecialNeed.premises_id == Premises.id)
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
    )


def _reports(session: Session, *wanted: ColumnElement[bool]) -> list[ReportView]:
    rows = select(Report, WorkOrder.status).outerjoin(WorkOrder, WorkOrder.id == workorders.present()).where(*wanted)
    found = session.execute(rows.order_by(Report.reported_at.desc(), Report.id.desc()).limit(MOST_REPORTS))
    return [
        ReportView(
            id=report.id,
            number=report.number,
            kind=report.kind.value,
            status=report.status.value,
            starred=report.starred,
            reported_at=report.reported_at,
            reporting_kind=report.reporting_kind.value,
            premises_id=report.premises_id,
            outage_id=report.outage_id,
            work_order_status=status.value if status else None,
        )
        for report, status in found
    ]
