"""Notices by Twilio: each request as its document wants it, nobody twice, no old news believed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import select

from config.clock import VirtualClock
from config.database import Database
from config.settings import settings
from ivr import notices as jobs
from ivr.carriers import twilio_notices
from ivr.carriers.twilio_notices import TwilioSender
from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import Leg
from ivr.telephone.pace import ScriptedPace
from ivr.telephone.rest import rest_router
from ivr.telephone.webhooks import Webhooks
from tests.fixtures.notices import GERUNGGANG, Post, a_street, announced, dark, lit, told
from tests.fixtures.openapi_twilio import Checked
from tests.fixtures.tickets import NOON, a_premises
from tests.fixtures.twilio import ACCOUNT, TOKEN, free_port, serving
from tests.fixtures.wait import until_async
from tickets.kinds import NoticeEvent, RecipientStatus
from tickets.models import Notice, NoticeRecipient, Report
from tickets.notices.batches import Message

pytestmark = [pytest.mark.database, pytest.mark.anyio]
SERVICE = "MG" + "7" * 32


@dataclass
class House:
    """Twilio's stand-in, and our web application that hears its news."""

    db: Database
    exchange: Exchange
    checked: Checked
    ill: list[int] = field(default_factory=list)  # what the next requests are answered instead

    async def tell(self, count: int = 5) -> tuple[Notice, list[str]]:
        """An outage whose people are told."""
        with self.db.transaction() as session:
            numbers = a_street(session, count)
        notice = announced(self.db, dark(self.db), NoticeEvent.START)
        await self.work()
        return notice, numbers

    async def work(self) -> None:
        """What the outbox asks for."""
        await asyncio.to_thread(Post(self.db, jobs.sender()).run)

    def bodies(self) -> list[dict[str, list[str]]]:
        return [form for method, path, form in self.checked.requests if path.endswith("/Messages.json")]


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, int]]:
    found = {"web": free_port(), "rest": free_port()}
    values = {
        "DATA": str(tmp_path),
        "PORT": str(found["web"]),
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": f"http://127.0.0.1:{found['rest']}",
        "TWILIO_MESSAGING": SERVICE,
    }
    for name, value in values.items():
        monkeypatch.setenv(f"SUAR_{name}", value)
    settings.cache_clear()
    yield found
    settings.cache_clear()


@pytest.fixture
async def house(ports: dict[str, int], sqlite_db: Database) -> AsyncIterator[House]:
    exchange = Exchange(account=ACCOUNT, token=TOKEN, base_url=settings().base_url, pace=ScriptedPace())
    rest, web = FastAPI(), FastAPI()
    rest.include_router(rest_router(lambda _request: exchange))
    web.state.db, web.state.clock = sqlite_db, VirtualClock(NOON)
    web.include_router(twilio_notices.router)
    made = House(sqlite_db, exchange, Checked(rest))

    @rest.middleware("http")
    async def perhaps_ill(request: Any, call_next: Any) -> Any:
        if made.ill:
            status = made.ill.pop(0)
            return JSONResponse({"code": 20000 + status, "message": "", "status": status}, status)
        return await call_next(request)

    async with serving(made.checked, ports["rest"]), serving(web, ports["web"]):
        yield made
        await exchange.close()
    assert made.checked.faults == [], "Twilio's own document does not allow this"


async def test_everybody_gets_one_message_and_its_arrival_is_known(house: House) -> None:
    notice, numbers = await house.tell()
    assert Counter(to for to, _ in house.exchange.messages) == Counter(numbers)
    assert {text for _, text in house.exchange.messages} == {notice.text}
    assert {form["MessagingServiceSid"][0] for form in house.bodies()} == {SERVICE}

    def arrived() -> bool:
        return set(told(house.db, notice.id).values()) == {RecipientStatus.DELIVERED}

    await until_async(arrived, 10, "Twilio says that all have arrived")


async def test_what_twilio_has_no_time_for_is_sent_later_what_it_refuses_is_not(house: House) -> None:
    house.ill = [429, 500, 503, 400]
    notice, _ = await house.tell(4)
    assert Counter(told(house.db, notice.id).values()) == {RecipientStatus.WAITING: 3, RecipientStatus.FAILED: 1}
    assert not house.exchange.messages
    post = Post(house.db, jobs.sender())
    await asyncio.to_thread(post.wait, minutes=1)
    assert len(house.exchange.messages) == 3


@pytest.mark.parametrize("status", [502, 504])
async def test_where_nobody_knows_whether_it_was_sent_it_is_not_sent_again(house: House, status: int) -> None:
    house.ill = [status]
    notice, _ = await house.tell(1)
    assert set(told(house.db, notice.id).values()) == {RecipientStatus.UNCERTAIN}
    await asyncio.to_thread(Post(house.db, jobs.sender()).wait, hours=1)
    assert not house.exchange.messages


async def test_who_has_sent_stop_gets_nothing_and_is_not_asked_for_again(house: House) -> None:
    house.exchange.stopped.update(f"+62813{n:07}" for n in range(100))
    notice, numbers = await house.tell(1)
    with house.db.reading() as session:
        row = session.get_one(NoticeRecipient, (notice.id, numbers[0]))
        assert (row.status, row.reason) == (RecipientStatus.FAILED, "refused")
    again = lit(house.db, notice.outage_id)
    await house.work()
    assert told(house.db, again.id) == {}


async def test_without_a_connection_nothing_was_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUAR_TWILIO_API_URL", f"http://127.0.0.1:{free_port()}")
    settings.cache_clear()
    sender = TwilioSender(settings())
    outcomes = await asyncio.to_thread(sender.send, "k", [Message("+6281300000001", "r")], "Padam.")
    assert [one.again for one in outcomes.values()] == [True]


async def test_old_news_and_news_of_nobody_change_nothing(house: House) -> None:
    notice, numbers = await house.tell(1)
    with house.db.reading() as session:
        reference = session.scalars(select(NoticeRecipient.reference)).one()
    await until_async(lambda: told(house.db, notice.id)[numbers[0]] is RecipientStatus.DELIVERED, 10, "it has arrived")
    webhooks = Webhooks(TOKEN)
    form = {"MessageSid": "SM" + "1" * 32, "AccountSid": ACCOUNT, "ErrorCode": "30005"}
    url = f"{settings().base_url}/twilio/message-status?reference="
    for status, name in (("failed", reference), ("sent", reference), ("delivered", "nobody"), ("strange", reference)):
        answer = await webhooks.post(f"{url}{name}", form | {"MessageStatus": status})
        assert answer.status == 204
    assert told(house.db, notice.id)[numbers[0]] is RecipientStatus.DELIVERED
    forged = await Webhooks("wrong").post(f"{url}{reference}", form | {"MessageStatus": "failed"})
    assert forged.status == 403


FIXED = "+62717400001"


async def restored(house: House) -> Notice:
    """A fixed line that is told that power is back; nobody at home has reported."""
    with house.db.transaction() as session:
        a_premises(session, area=GERUNGGANG, phone=FIXED)
    outage = dark(house.db)
    notice = lit(house.db, outage)
    await asyncio.to_thread(Post(house.db, jobs.sender(), jobs.caller()).run)
    return notice


async def rings(house: House) -> Leg:
    found = await until_async(lambda: house.exchange.ringing_at(FIXED), 10, "the telephone rings")
    assert isinstance(found, Leg)
    return found


async def test_a_fixed_line_is_called_and_still_dark_is_believed(house: House) -> None:
    notice = await restored(house)
    leg = await rings(house)
    leg.pick_up()
    await leg.diary.until(lambda h: h.kind == "say" and "Tekan 1" in h.data["text"], seconds=10)
    assert told(house.db, notice.id) == {FIXED: RecipientStatus.SENT}
    await until_async(lambda: leg.press("2"), 10, "a key is heard")
    await leg.diary.until(lambda h: h.kind == "say" and "Kami catat" in h.data["text"], seconds=10)
    with house.db.reading() as session:
        (report,) = session.scalars(select(Report)).all()
        assert (report.phone, report.comment.startswith("Masih padam")) == (FIXED, True)


async def test_a_telephone_that_is_not_answered_is_rung_once_more(house: House) -> None:
    notice = await restored(house)
    leg = await rings(house)
    leg.hang_up("no-answer")

    def waits() -> bool:
        return told(house.db, notice.id) == {FIXED: RecipientStatus.WAITING}

    await until_async(waits, 10, "Twilio says that nobody was there")
    await asyncio.to_thread(Post(house.db, jobs.sender(), jobs.caller()).wait, minutes=15)
    again = await rings(house)
    assert again.sid != leg.sid
    again.hang_up("busy")

    def failed() -> bool:
        return told(house.db, notice.id) == {FIXED: RecipientStatus.FAILED}

    await until_async(failed, 10, "twice is enough")
