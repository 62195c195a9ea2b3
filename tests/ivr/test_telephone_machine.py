"""The telephone does what Twilio does with each verb. Its server here is a table of documents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ivr.telephone.exchange import ALL_EVENTS, Exchange
from ivr.telephone.machine import Fetch, Leg, Reporting
from ivr.telephone.pace import ScriptedPace
from ivr.telephone.webhooks import Answer, signature
from tests.fixtures.wait import over, until_async

pytestmark = pytest.mark.unit
BASE = "http://suar.test"


class Scene:
    """An exchange whose webhooks are answered from a table and remembered."""

    def __init__(self, **documents: str) -> None:
        self.documents = {name: f"<Response>{body}</Response>" for name, body in documents.items()}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.pace = ScriptedPace()
        self.exchange = Exchange(account="AC" + "0" * 32, token="t", base_url=BASE, pace=self.pace)
        self.exchange._webhooks = self  # type: ignore[assignment]

    async def post(self, url: str, parameters: dict[str, str]) -> Answer:
        return await self.ask("POST", url, parameters)

    async def ask(self, _method: str, url: str, parameters: dict[str, str]) -> Answer:
        name = url.rsplit("/", 1)[-1]
        self.asked.append((name, parameters))
        return Answer(200, self.documents.get(name, "<Response/>"))

    def close(self) -> None: ...

    def asks(self, name: str) -> list[dict[str, str]]:
        return [parameters for asked, parameters in self.asked if asked == name]


def play(work: Callable[[Scene], Awaitable[None]], **documents: str) -> Scene:
    async def run() -> Scene:
        scene = Scene(**documents)
        async with asyncio.timeout(10):
            await work(scene)
        await scene.exchange.close()
        return scene

    return asyncio.run(run())


def ask(digits: int, *, body: str = "", more: str = "") -> str:
    return f'<Gather action="{BASE}/next" numDigits="{digits}" {more}>{body}</Gather>'


async def asked_for_keys(leg: Leg) -> None:
    await leg.diary.until(lambda h: h.kind == "ask")


def test_keys_go_to_the_action_and_the_call_ends_with_its_document() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        await asked_for_keys(leg)
        leg.press("1")
        leg.press("2")
        await over(leg.ended)
        await until_async(lambda: scene.asks("status"))

    scene = play(work, voice=ask(2, body="<Say>Tekan.</Say>"))
    assert scene.asks("voice")[0]["CallStatus"] == "ringing"
    assert scene.asks("next")[0]["Digits"] == "12"
    assert scene.asks("status")[0]["CallStatus"] == "completed"


def test_a_key_stops_the_music_and_a_key_without_a_question_is_lost() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("anonymous", "+6221123")
        assert leg.press("5") is False
        await leg.diary.until(lambda h: h.kind == "play")
        leg.press("9")
        await leg.diary.until(lambda h: h.kind == "barge")
        await over(leg.ended)

    scene = play(work, voice=ask(1, body=f"<Play>{BASE}/moh.wav</Play>"))
    assert scene.asks("next")[0]["Digits"] == "9"


@pytest.mark.parametrize(("more", "asked"), [('actionOnEmptyResult="true"', True), ("", False)])
def test_silence_reaches_the_action_only_when_wanted(more: str, asked: bool) -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        await until_async(lambda: "silence" in scene.pace.waiting)
        scene.pace.let_pass("silence")
        await over(leg.ended)

    scene = play(work, voice=ask(1, more=more))
    assert bool(scene.asks("next")) is asked


def test_hash_ends_a_number_early_and_is_an_ordinary_key_when_nothing_ends_it() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        await asked_for_keys(leg)
        for key in "12#":
            leg.press(key)
        await over(leg.ended)

    assert play(work, voice=ask(12)).asks("next")[0]["Digits"] == "12"
    assert play(work, voice=ask(3, more='finishOnKey=""')).asks("next")[0]["Digits"] == "12#"


def test_reject_is_never_answered() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        await over(leg.ended)
        assert (leg.status, leg.answered_at) == ("busy", 0.0)

    play(work, voice='<Reject reason="busy"/>')


def test_a_redirect_leaves_what_is_going_on() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        await leg.diary.until(lambda h: h.kind == "play")
        leg.execute(Fetch(f"{BASE}/meet"))
        await leg.diary.until(lambda h: h.kind == "meet")
        leg.hang_up()

    play(work, voice=ask(1, body=f"<Play>{BASE}/moh.wav</Play>"), meet="<Dial><Conference>r</Conference></Dial>")


def test_only_the_leaving_of_the_caller_ends_the_conference() -> None:
    async def work(scene: Scene) -> None:
        caller = scene.exchange.call("+628120000101", "+6221123")
        cso = scene.exchange.dial(
            "client:cso1", "+6221123", f"{BASE}/cso", reporting=Reporting(f"{BASE}/leg", ALL_EVENTS), ring_seconds=15
        )
        await cso.diary.until(lambda h: h.data.get("status") == "ringing")
        cso.pick_up()
        await caller.diary.until(lambda h: h.kind == "meet" and h.data["members"] == 2)
        caller.hang_up()
        await over(cso.ended)
        await until_async(lambda: len(scene.asks("leg")) == 4)

    scene = play(
        work,
        voice='<Dial><Conference endConferenceOnExit="true">r</Conference></Dial>',
        cso="<Dial><Conference>r</Conference></Dial>",
    )
    statuses = [told["CallStatus"] for told in scene.asks("leg")]
    assert statuses == ["queued", "ringing", "in-progress", "completed"]


@pytest.mark.parametrize(("status", "refuse"), [("no-answer", False), ("busy", True)])
def test_a_partner_who_does_not_answer(status: str, refuse: bool) -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        partner = await until_async(lambda: scene.exchange.ringing_at("sip:mitra@m.example"))
        await until_async(lambda: "ring" in scene.pace.waiting)
        if refuse:
            partner.hang_up("busy")
        else:
            scene.pace.let_pass("ring")
        await over(leg.ended)

    dial = f'<Dial action="{BASE}/after" timeout="20"><Sip>sip:mitra@m.example</Sip></Dial>'
    assert play(work, voice=dial).asks("after")[0]["DialCallStatus"] == status


def test_a_caller_who_hangs_up_takes_the_partner_along() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        partner = await until_async(lambda: scene.exchange.ringing_at("sip:mitra@m.example"))
        partner.pick_up()
        leg.hang_up()
        await over(partner.ended)
        assert partner.status == "completed"

    play(work, voice="<Dial><Sip>sip:mitra@m.example</Sip></Dial>")


def test_a_document_that_twilio_would_refuse_ends_the_call_and_says_why() -> None:
    async def work(scene: Scene) -> None:
        leg = scene.exchange.call("+628120000101", "+6221123")
        fault = await leg.diary.until(lambda h: h.kind == "fault")
        assert "Shout" in fault.data["reason"]

    play(work, voice="<Shout>!</Shout>")


def test_the_signature_is_that_of_twilios_documentation() -> None:
    # The worked example of twilio.com/docs/usage/security, whose URL, parameters and answer are published.
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, parameters) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
