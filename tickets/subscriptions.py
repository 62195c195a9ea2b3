"""Who is told when power is back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.errors import Invalid, NotFound, Refused
from tickets.models import Outage, Subscription
from tickets.once import insert_once
from tickets.phones import normalise
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


def subscribers(session: Session, outage_id: int) -> list[Subscription]:
    """Everyone to be told, in the order they asked."""
    rows = select(Subscription).where(Subscription.outage_id == outage_id)
    return list(session.scalars(rows.order_by(Subscription.id)))
