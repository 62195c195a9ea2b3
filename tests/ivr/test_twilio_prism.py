"""Every kind of request that we send is what Twilio's own OpenAPI document allows: Prism is the judge."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

import pytest

from config.settings import Settings
from ivr.carriers.twilio_notices import TwilioCaller, TwilioSender
from ivr.carriers.twilio_rest import RestFailed, TwilioRest
from ivr.carriers.twilio_trail import Trail
from tickets.kinds import RecipientStatus
from tickets.notices.batches import Message

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
ACCOUNT, CALL, ROOM = "AC" + "5" * 32, "CA" + "a" * 32, "CF" + "b" * 32
TRAIL = Trail("c" + "a" * 34, "a-7", queue="gangguan", arrived=1700000000000, priority=2, emergency=True)


@pytest.fixture
def account(prism: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Its REST API is Prism."""
    monkeypatch.setenv("SUAR_PUBLIC_URL", "https://suar.example")
    return Settings(
        twilio_account_sid=ACCOUNT,
        twilio_auth_token="x",
        twilio_api_url=prism,
        twilio_calls_per_second=1000,
        twilio_number="+6221123",
        twilio_messaging="MG" + "7" * 32,
        twilio_fallback_url="https://elsewhere.example/fallback.xml",
        public_url="https://suar.example",
    )


@pytest.fixture
def rest(account: Settings) -> TwilioRest:
    """Our client."""
    return TwilioRest(account)


def leg(rest: TwilioRest, to: str) -> Awaitable[object]:
    return rest.create_leg(
        to,
        url=TRAIL.url("/twilio/cso", token="5-abc"),
        status_url=TRAIL.url("/twilio/cso-status", token="5-abc"),
        ring_seconds=15,
    )


async def record_anew(rest: TwilioRest) -> object:
    """As when nothing is recorded yet; Prism's example says that something is."""
    ask = rest._ask

    async def none_yet(request: Callable[[], Any]) -> Any:
        found = await ask(request)
        return [] if isinstance(found, list) else found

    with patch.object(rest, "_ask", none_yet):
        return await rest.record(CALL, TRAIL.url("/twilio/recording-status"))


# Every public verb of TwilioRest, each in every way that we use it.
REQUESTS: dict[str, list[Callable[[TwilioRest], Awaitable[object]]]] = {
    "create_leg": [
        lambda rest: leg(rest, "client:cso1"),
        lambda rest: leg(rest, "+6281200000101"),
        lambda rest: leg(rest, "sip:cso1@suar.example"),
    ],
    "redirect": [lambda rest: rest.redirect(CALL, TRAIL.url("/twilio/meet", token="5-abc"))],
    "record": [lambda rest: rest.record(CALL, TRAIL.url("/twilio/recording-status")), record_anew],
    "complete": [lambda rest: rest.complete(CALL)],
    "hold": [
        lambda rest: rest.hold("c1", CALL, music=TRAIL.url("/twilio/hold")),
        lambda rest: rest.hold("c1", CALL, music=""),
    ],
    "rooms": [lambda rest: rest.rooms()],
    "members": [lambda rest: rest.members(ROOM)],
    "live": [lambda rest: rest.live(), lambda rest: rest.live(to="client:cso1"), lambda rest: rest.live(parent=CALL)],
}


def test_no_kind_of_request_is_forgotten_here() -> None:
    verbs = {name for name, _ in inspect.getmembers(TwilioRest, inspect.isfunction) if not name.startswith("_")}
    assert verbs == set(REQUESTS)


@pytest.mark.parametrize("verb", REQUESTS)
async def test_twilios_document_allows_it(verb: str, rest: TwilioRest) -> None:
    for request in REQUESTS[verb]:
        await request(rest)


@pytest.mark.parametrize("kind", [TwilioSender, TwilioCaller])
def test_twilios_document_allows_notices(kind: type[TwilioSender | TwilioCaller], account: Settings) -> None:
    outcomes = kind(account).send("k", [Message("+6281200000101", "r-1")], "Listrik padam.")
    (outcome,) = outcomes.values()
    assert outcome.status in (RecipientStatus.SENT, RecipientStatus.SENDING), outcome
    assert outcome == kind(account)._taken


async def test_the_judge_itself_refuses_what_twilio_would(rest: TwilioRest) -> None:
    for wrong in (
        lambda: rest.complete("CA12"),
        lambda: rest._ask(lambda: rest._client.calls(CALL).update(status="finished")),
        lambda: rest._ask(lambda: rest._client.calls.create(to="a", from_="b", timeout="long", url="https://x/y")),
    ):
        with pytest.raises(RestFailed, match="422"):
            await wrong()
