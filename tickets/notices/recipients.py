"""Who is told of a notice: found page by page, each number once, each page with its batches in one transaction.

Whoever is killed between two pages goes on behind the last one: the notice knows its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from config.operator import operator
from tickets import outbox
from tickets.kinds import NoticeChannel, NoticeEvent, RecipientStatus
from tickets.models import (
    Notice,
    NoticeRecipient,
    NoticeRefusal,
    Phone,
    Premises,
    PremisesPhone,
    Report,
    Subscription,
)
from tickets.notices import notices
from tickets.outages import scopes

SEND = {NoticeChannel.SMS: "notice-sms", NoticeChannel.CALL: "notice-call"}  # outbox kinds
MAY_HAVE_BEEN_TOLD = (
    RecipientStatus.SENDING,
    RecipientStatus.SENT,
    RecipientStatus.DELIVERED,
    RecipientStatus.UNCERTAIN,
)
ASKED, REPORTED, TOLD = "asked", "reported", "told"  # where numbers come from, beside the scopes
SMS, CALL = NoticeChannel.SMS.value, NoticeChannel.CALL.value


def collect(session: Session, notice_id: int, *, now: datetime) -> bool:
    """The next page of a notice's recipients, and what sends to them; False when there is none."""
    notice = session.get_one(Notice, notice_id, with_for_update=True)
    if notice.superseded_at is not None or notice.collected_at is not None:
        return False
    sources = _sources(notice)
    if notice.source == len(sources):
        notice.collected_at = now
        return False
    source = sources[notice.source]
    page = _page(session, notice, source)
    keys = [column for column in page.c if column.name.startswith("key")]
    last = session.execute(select(*keys).order_by(*(key.desc() for key in keys)).limit(1)).first()
    if last is None:
        notice.source, notice.after = notice.source + 1, []
        return True
    _add(session, notice, _numbers(page, source), asked=source == ASKED, now=now)
    notice.after = list(last)
    return True


def _sources(notice: Notice) -> list[str]:
    if notice.event is NoticeEvent.CALLED_OFF:
        return [TOLD]  # who was never told of the work is not told that there is none
    whole = notice.outage_id is not None and not notice.partial
    return [*([ASKED] if whole else []), REPORTED, *notice.scopes]


def _page(session: Session, notice: Notice, source: str) -> Subquery:
    """The next rows, ordered by their columns `key…`."""
    keys, more, wanted = _rows(session, notice, source)
    rows = select(*(key.label(f"key{at}") for at, key in enumerate(keys)), *more).where(*wanted)
    if notice.after:
        rows = rows.where(tuple_(*keys) > tuple_(*(literal(value) for value in notice.after)))
    return rows.order_by(*keys).limit(operator().notices.batch).subquery()


def _rows(
    session: Session, notice: Notice, source: str
) -> tuple[Sequence[ColumnElement[Any]], Sequence[ColumnElement[Any]], Sequence[ColumnElement[bool]]]:
    """What the rows of a source are ordered by, what else they have, and which they are."""
    if source == ASKED:
        asked = Subscription.__table__.c
        return [asked.id], [asked.phone, asked.by_call], [asked.outage_id == notice.outage_id]
    if source == REPORTED:
        mine = [notices.reports(notice)]
        if notice.partial:
            mine.append(or_(*(_reported_inside(code) for code in notice.scopes)))
        report = Report.__table__.c
        return [report.id], [report.phone, report.mobile], mine
    if source == TOLD:
        told = NoticeRecipient.__table__.c
        planned = select(Notice.id).where(Notice.outage_id == notice.outage_id, Notice.event == NoticeEvent.PLANNED)
        wanted = [told.notice_id.in_(planned), NoticeRecipient.status.in_(MAY_HAVE_BEEN_TOLD)]
        return [told.notice_id, told.phone], [], wanted
    premises = Premises.__table__.c
    mine = [inside(source), *_still_so(session, notice)]
    return [_column(source), premises.id], [], mine


def _still_so(session: Session, notice: Notice) -> list[ColumnElement[bool]]:
    """Power may have come or gone in a part since the notice was announced: it is true of its premises."""
    telling = (NoticeEvent.START, NoticeEvent.ESTIMATE, NoticeEvent.RESTORED)
    if notice.outage_id is None or notice.event not in telling:
        return []
    without = or_(false(), *map(inside, scopes.dark(session, notice.outage_id)))
    return [~without if notice.event is NoticeEvent.RESTORED else without]


def inside(code: str) -> ColumnElement[bool]:
    """Whether a premises lies in a scope."""
    return _inside(_column(code), code)


def _column(code: str) -> ColumnElement[str]:
    premises = Premises.__table__.c
    column: ColumnElement[str] = {"ulp": premises.ulp, "feeder": premises.feeder}.get(
        code.partition(":")[0], premises.area
    )
    return column


def _inside(column: ColumnElement[str], code: str) -> ColumnElement[bool]:
    kind, _, of = code.partition(":")
    return column == of if of else or_(column == kind, column.startswith(f"{kind}.", autoescape=True))


def _reported_inside(code: str) -> ColumnElement[bool]:
    if code.startswith("feeder:"):
        on = (Premises.id == Report.premises_id, _inside(Premises.__table__.c.feeder, code))
        return exists().where(*on)
    report = Report.__table__.c
    return _inside(report.ulp if code.startswith("ulp:") else report.area, code)


def _numbers(page: Subquery, source: str) -> Select[Any]:
    """The numbers of a page's rows."""
    if source == REPORTED:
        both = union_all(select(page.c.phone), select(page.c.mobile)).subquery()
        return select(both.c.phone)
    if source == ASKED:
        return select(page.c.phone, page.c.by_call)
    if source == TOLD:
        return select(page.c.key1.label("phone"))
    of = select(Phone.e164.label("phone")).select_from(page)
    return of.join(PremisesPhone, PremisesPhone.premises_id == page.c.key1).join(
        Phone, Phone.id == PremisesPhone.phone_id
    )


def _add(session: Session, notice: Notice, numbers: Select[Any], *, asked: bool, now: datetime) -> None:
    """Each number that is not there yet, as it is reached best; then what sends to them."""
    found = numbers.subquery()
    by_call = func.max(case((found.c.by_call, 1), else_=0)) if asked else literal(0)
    each = select(found.c.phone, by_call.label("by_call")).where(found.c.phone != "").group_by(found.c.phone).subquery()
    channel = _channel(notice, each.c.phone, each.c.by_call)
    recipient = NoticeRecipient.__table__.c
    unknown = ~exists().where(recipient.notice_id == notice.id, recipient.phone == each.c.phone)
    wanted = [channel.is_not(None), unknown, *_not_told_elsewhere(notice, each.c.phone)]
    if not asked:
        wanted.append(~exists().where(NoticeRefusal.phone == each.c.phone))
    values = {
        "notice_id": literal(notice.id),
        "phone": each.c.phone,
        "batch": literal(notice.batches),
        "channel": channel,
        "status": literal(RecipientStatus.WAITING.value),
        "attempts": literal(0),
        "at": literal(now, recipient.at.type),
    }
    session.execute(insert(NoticeRecipient).from_select(list(values), select(*values.values()).where(*wanted)))
    here = (NoticeRecipient.notice_id == notice.id, NoticeRecipient.batch == notice.batches)
    if notice.partial:
        _overtake(session, notice, select(NoticeRecipient.phone).where(*here), now)
    for one in session.scalars(select(NoticeRecipient.channel).where(*here).distinct()).all():
        put(session, notice.id, notice.batches, one)
    notice.batches += 1


def _overtake(session: Session, notice: Notice, phones: Select[Any], now: datetime) -> None:
    """These, in a part of the outage, are not told any more what is no longer true for them."""
    older = (
        select(Notice.id)
        .where(Notice.outage_id == notice.outage_id, Notice.id < notice.id)
        .where(Notice.event.in_(notices.SUPERSEDES[notice.event]), Notice.superseded_at.is_(None))
    )
    waiting = (
        NoticeRecipient.notice_id.in_(older),
        NoticeRecipient.status == RecipientStatus.WAITING,
        NoticeRecipient.phone.in_(phones),
    )
    told = {"status": RecipientStatus.FAILED, "reason": "superseded", "at": now}
    session.execute(update(NoticeRecipient).where(*waiting).values(told).execution_options(synchronize_session=False))


def put(session: Session, notice: int, batch: int, channel: NoticeChannel, *, turn: int = 0, failures: int = 0) -> None:
    """Ask the outbox to send a batch's numbers of a channel: its first turn, or one more."""
    payload = {"notice": notice, "batch": batch, "turn": turn, "failures": failures}
    outbox.put(session, SEND[channel], f"{notice}:{batch}:{turn}", payload)


def _channel(notice: Notice, phone: ColumnElement[str], by_call: ColumnElement[int]) -> ColumnElement[str | None]:
    """How a number is told of this notice; NULL = not at all. A fixed line reads nothing."""
    possible = {SMS: bool(notice.text), CALL: bool(notice.spoken)}
    ways = operator().notices.channels
    known = sorted(ways, key=len, reverse=True)
    told = [
        (phone.startswith(start, autoescape=True), ways[start] if possible[ways[start]] else None) for start in known
    ]
    wish = [(by_call == 1, literal(CALL))] if possible[CALL] else []
    return case(*wish, *((fits, literal(way) if way else null()) for fits, way in told), else_=null())


def _not_told_elsewhere(notice: Notice, phone: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Power came back in parts: who was told of his part is not told again of the whole."""
    if notice.event is not NoticeEvent.RESTORED:
        return []
    told, other = aliased(NoticeRecipient), aliased(Notice)
    period = notice.occasion.partition("/")[0]
    theirs = and_(
        other.outage_id == notice.outage_id,
        other.event == NoticeEvent.RESTORED,
        other.id != notice.id,
        or_(other.occasion == period, other.occasion.startswith(f"{period}/", autoescape=True)),
        told.notice_id == other.id,
        told.phone == phone,
        or_(other.superseded_at.is_(None), told.status != RecipientStatus.WAITING),
    )
    return [~exists().where(theirs)]
