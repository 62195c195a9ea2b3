"""Our requests to Twilio: what is gone is an answer, what is too much is tried again, nothing personal leaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from config.settings import Settings
from ivr.carriers import twilio_rest
from ivr.carriers.twilio_rest import Pace, RestFailed, TwilioRest
from ivr.telephone.exchange import Exchange
from ivr.telephone.pace import ScriptedPace
from ivr.telephone.rest import rest_router
from tests.fixtures.openapi_twilio import Checked, oracle
from tests.fixtures.servers import missing
from tests.fixtures.twilio import ACCOUNT, TOKEN, free_port, serving

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
NOWHERE = "CA" + "0" * 32


class Account:
    """The stand-in on a port of its own; `busy` answers 429 that many times first."""

    def __init__(self) -> None:
        self.exchange = Exchange(account=ACCOUNT, token=TOKEN, base_url="http://127.0.0.1:1", pace=ScriptedPace())
        self.exchange._webhooks = self  # type: ignore[assignment]
        self.busy = 0
        self.ill = 0  # the status of every answer, when it is not well
        self.port = free_port()
        app = FastAPI()
        app.include_router(rest_router(lambda _request: self.exchange))
        app.middleware("http")(self._perhaps_busy)
        self.checked = Checked(app)
        self.rest = TwilioRest(self.settings())

    def settings(self, **more: Any) -> Settings:
        url = f"http://127.0.0.1:{self.port}"
        given: dict[str, Any] = {"twilio_account_sid": ACCOUNT, "twilio_auth_token": TOKEN, "twilio_api_url": url}
        given |= {"twilio_calls_per_second": 100} | more
        return Settings(**given)

    async def ask(self, *_: Any) -> Any:
        raise AssertionError("no webhook is expected here")

    post = ask

    def close(self) -> None: ...

    async def _perhaps_busy(self, request: Any, call_next: Any) -> Any:
        if self.ill:
            return JSONResponse({"code": 20500, "message": "Internal Server Error", "status": self.ill}, self.ill)
        if self.busy:
            self.busy -= 1
            return JSONResponse({"code": 20429, "message": "Too Many Requests", "status": 429}, 429)
        return await call_next(request)


@pytest.fixture
async def account(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    monkeypatch.setattr(twilio_rest, "BACKOFF", (0.01, 0.01))
    made = Account()
    async with serving(made.checked, made.port):
        yield made
        await made.exchange.close()
    assert made.checked.faults == []


async def ring(account: Account, to: str = "client:cso1") -> str | None:
    return await account.rest.create_leg(
        to, url="https://suar.example/twilio/cso", status_url="https://suar.example/twilio/cso-status", ring_seconds=15
    )


async def test_a_leg_is_made_found_and_ended(account: Account) -> None:
    account.exchange.report = lambda *_: None  # type: ignore[method-assign]
    sid = await ring(account)
    assert sid
    assert [leg.sid for leg in await account.rest.live(to="client:cso1")] == [sid]
    assert await account.rest.complete(sid)
    assert await account.rest.live(to="client:cso1") == []
    assert account.exchange.legs[sid].status == "canceled"


async def test_a_call_that_is_gone_is_an_ordinary_answer(account: Account) -> None:
    account.exchange.report = lambda *_: None  # type: ignore[method-assign]
    assert await account.rest.redirect(NOWHERE, "https://suar.example/x") is False
    assert await account.rest.complete(NOWHERE) is False
    sid = await ring(account)
    assert await account.rest.redirect(str(sid), "https://suar.example/x") is False, "21220: it rings still"


async def test_a_leg_that_nobody_wants_any_more_costs_nobody_a_turn() -> None:
    pace, began = Pace(2.0), time.monotonic()
    wanted = [False] * 20 + [True]
    assert await pace.turn(lambda: True)
    turns = await asyncio.gather(*(pace.turn(lambda one=one: one) for one in wanted))  # type: ignore[misc]
    assert turns == wanted
    assert 0.4 < time.monotonic() - began < 5, "twenty turns would be ten seconds"


async def test_too_many_requests_are_tried_again_and_then_told(account: Account) -> None:
    account.busy = 2
    assert await account.rest.complete(NOWHERE) is False
    account.busy = 9
    with pytest.raises(RestFailed, match="429"):
        await account.rest.complete(NOWHERE)


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_a_list_that_cannot_be_had_is_no_empty_list(account: Account, status: int) -> None:
    """The package raises something else for a list than for everything else; unseen, it ended every comparison."""
    account.ill = status
    with pytest.raises(RestFailed):
        await account.rest.live()


async def test_a_list_that_is_too_much_is_asked_for_again(account: Account) -> None:
    account.busy = 2
    assert await account.rest.live() == []


async def test_a_wrong_password_is_told_without_numbers(account: Account) -> None:
    wrong = TwilioRest(account.settings(twilio_auth_token="wrong"))
    with pytest.raises(RestFailed) as told:
        await wrong.redirect(NOWHERE, "https://suar.example/x")
    assert "401" in str(told.value)
    assert ACCOUNT not in str(told.value)


async def test_a_call_that_is_moved_keeps_a_fallback_on_another_host(account: Account) -> None:
    static = "https://elsewhere.example/fallback.xml"
    rest = TwilioRest(account.settings(twilio_fallback_url=static))
    await rest.redirect(NOWHERE, "https://suar.example/x")
    ((_, _, form),) = account.checked.requests
    assert (form["FallbackUrl"], form["FallbackMethod"]) == ([static], ["GET"])


async def test_requests_may_be_made_with_a_key_of_their_own(account: Account) -> None:
    """Then the token that signs webhooks need not leave this machine."""
    key, secret = "SK" + "4" * 32, "a-secret"
    rest = TwilioRest(account.settings(twilio_api_key=key, twilio_api_secret=secret, twilio_auth_token="unused"))
    with pytest.raises(RestFailed, match="401"):
        await rest.live()
    account.exchange.keys[key] = secret
    assert await rest.live() == []


async def test_an_unreachable_twilio_is_told(account: Account) -> None:
    elsewhere = TwilioRest(account.settings(twilio_api_url=f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(RestFailed):
        await elsewhere.live()


def test_the_oracle_itself_notices_a_wrong_request() -> None:
    document = oracle()
    if document is None:
        missing("tests/oracles is not installed; `make test` does it")
    calls = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
    assert list(document.request_faults("POST", f"{calls}.json", "", "To=a&From=b&Url=http://x/y")) == []
    for method, path, body in (
        ("POST", f"{calls}.json", "To=a&Url=http://x/y"),
        ("POST", f"{calls}.json", "To=a&From=b&Uri=http://x/y"),
        ("POST", f"{calls}/CA12.json", "Status=completed"),
        ("POST", f"{calls}/{NOWHERE}.json", "Status=finished"),
        ("POST", f"{calls}/{NOWHERE}.json", "Url=/relative"),
        ("POST", f"{calls}/{NOWHERE}", "Status=completed&Foo=1"),
    ):
        assert list(document.request_faults(method, path, "", body)), (path, body)
