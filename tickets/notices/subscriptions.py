"""Who is told when power is back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from config.errors import Invalid, NotFound, Refused
from tickets.customers.phones import normalise
from tickets.models import NoticeRefusal, Outage, Subscription
from tickets.once import insert_once
from tickets.states import LIVE


def subscribe(session: Session, *, outage_id: int, phone: str, call: str, key: str, now: datetime) -> Subscription:
    """One per number and outage, however often it is asked for. Raises Invalid (`phone`), NotFound
    (`unknown-outage`) and Refused (`outage-over`).
    """
    number = normalise(phone)
    if not number:
        raise Invalid("Tanpa nomor telepon kami tidak bisa mengabari.", slug="phone", field="phone")

    def known() -> Subscription | None:
        same = (Subscription.outage_id == outage_id) & (Subscription.phone == number)
        return session.scalar(select(Subscription).where(or_(Subscription.key == key, same)).limit(1))

    found = known()
    if found is not None:
        return found
    outage = session.get(Outage, outage_id)
    if outage is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage")
    if outage.status_kind not in LIVE:
        raise Refused("Padam itu sudah berakhir.", slug="outage-over")
    row = Subscription(outage_id=outage_id, phone=number, call=call, key=key, created_at=now)
    return insert_once(session, row, known)[0]


def refuse(session: Session, phone: str, *, refused: bool, by: str, now: datetime) -> None:
    """A number (E.164) wants no notices but those it asks for, or wants them again. Raises Invalid (`phone`)."""
    if not phone:
        raise Invalid("Sebutkan nomor teleponnya.", slug="phone", field="phone")
    if not refused:
        session.execute(delete(NoticeRefusal).where(NoticeRefusal.phone == phone))
        return
    row = NoticeRefusal(phone=phone, at=now, by=by)
    insert_once(session, row, lambda: session.get(NoticeRefusal, phone))
