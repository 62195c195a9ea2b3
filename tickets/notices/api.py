"""The HTTP face of notices: how far they are, who wants to be told, and who wants none."""

from __future__ import annotations

import hashlib
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from config.openapi import faults
from tickets.api import Db, Id, Login, Now
from tickets.idempotency import Write
from tickets.kinds import NoticeAnswer, NoticeEvent, RecipientStatus
from tickets.notices.subscriptions import refuse, subscribe
from tickets.outages import progress
from tickets.schemas import E164, Body

router = APIRouter(prefix="/api/v1")


class NoticeOut(Body):
    """One event of an outage of which people are told (CIM CustomerNotification). Counts are numbers of telephones."""

    id: int
    trigger: NoticeEvent
    text: str = Field(description='The short message; "" = none is sent.')
    spoken: str = Field(description='What a call says; "" = nobody is called.')
    scopes: list[str]
    partial: bool = Field(description="Only about these scopes, not all of the outage.")
    author_name: str
    created_date_time: datetime
    begins_date_time: datetime
    collected_date_time: datetime | None = Field(description="From here on `recipients` is final.")
    superseded_date_time: datetime | None = Field(description="It is no longer true: who waits is not told.")
    recipients: int
    waiting: int
    sending: int
    sent: int = Field(description="Taken by the carrier; of calls: picked up.")
    delivered: int = Field(description="The carrier says that it has arrived.")
    failed: int
    uncertain: int = Field(description="A process died over it; it is not told again.")
    on: int = Field(description='Said "1": power is back.')
    still_off: int = Field(description='Said "2": still dark.')

    @classmethod
    def of(cls, one: progress.Progress) -> NoticeOut:
        row = one.notice
        return cls(
            id=row.id,
            trigger=row.event,
            text=row.text,
            spoken=row.spoken,
            scopes=row.scopes,
            partial=row.partial,
            author_name=row.created_by,
            created_date_time=row.created_at,
            begins_date_time=row.begins_at,
            collected_date_time=row.collected_at,
            superseded_date_time=row.superseded_at,
            recipients=one.recipients,
            on=one.by_answer.get(NoticeAnswer.LIT, 0),
            still_off=one.by_answer.get(NoticeAnswer.DARK, 0),
            **{status.value: one.by_status.get(status, 0) for status in RecipientStatus},
        )


class SubscriptionIn(Body):
    """Who wants to be told what becomes of an outage."""

    phone: E164
    by_call: bool = Field(default=False, description="To be called, not written to, where there are words for it.")


class SubscriptionOut(Body):
    """It is kept."""

    outage: int
    by_call: bool


class RefusalIn(Body):
    """Whether a number refuses notices, except of outages that it asks about."""

    phone: E164
    refused: bool


class RefusalOut(Body):
    """How it is now."""

    refused: bool


@router.get("/outages/{outage}/notices", tags=["outages"], responses=faults({404: "unknown-outage"}))
def list_notices(outage: Id, db: Db) -> list[NoticeOut]:
    """How far the notices of an outage are, the newest first."""
    with db.reading() as session:
        return [NoticeOut.of(one) for one in progress.of_outage(session, outage)]


@router.post(
    "/outages/{outage}/subscriptions",
    status_code=201,
    tags=["outages"],
    responses=faults({404: "unknown-outage", 409: "outage-over", 422: "phone"}),
)
def ask_to_be_told(outage: Id, body: SubscriptionIn, write: Write, now: Now) -> SubscriptionOut:
    """A number wants to be told what becomes of an outage. Asked again, the way it is told is changed."""

    def ask(session: Session) -> SubscriptionOut:
        name = hashlib.sha256(body.phone.encode()).hexdigest()[:16]
        row = subscribe(session, outage_id=outage, phone=body.phone, call="", key=f"api:{outage}:{name}", now=now)
        row.by_call = body.by_call
        return SubscriptionOut(outage=row.outage_id, by_call=row.by_call)

    return write(ask)


@router.post("/notice-refusals", tags=["outages"], responses=faults({422: "phone"}))
def refuse_notices(body: RefusalIn, write: Write, now: Now, by: Login) -> RefusalOut:
    """A number wants no notices, or wants them again."""

    def keep(session: Session) -> RefusalOut:
        refuse(session, body.phone, refused=body.refused, by=by, now=now)
        return RefusalOut(refused=body.refused)

    return write(keep)
