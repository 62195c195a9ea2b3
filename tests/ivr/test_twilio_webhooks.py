"""Only Twilio is answered, always in time, and the same question always gets the same answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from config.settings import settings
from ivr.instructions import Reject, Wait
from ivr.signals import Arrival, Step
from ivr.telephone.twiml import parse
from ivr.telephone.webhooks import signature
from router.store.acd import StoreUnavailable
from tests.fixtures.webhooks import ACCOUNT, CALL, PUBLIC, SID, TOKEN, Asking, Ivr, Slow

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def account(twilio_account: None) -> None:
    """Every test here has the account."""


@pytest.fixture
def twilio() -> Asking:
    return Asking(Ivr())


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("suar_webhook_signature_failures_total", {"reason": reason}) or 0.0


STEP = f"/twilio/step?call={CALL}&step=a-3&queue=gangguan&at=1700000000000&pr=2"


def test_an_arrival_is_answered_with_twiml(twilio: Asking) -> None:
    answer = twilio.posts("/twilio/voice")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert [verb.name for verb in parse(answer.text)] == ["Gather"]
    (arrival,) = twilio.ivr.signals
    assert arrival == Arrival(CALL, "twilio", SID, "+628120000101", "021123", "jakarta")


@pytest.mark.parametrize("number", ["anonymous", "+266696687", "", "sip:x@y", "+86282452253"])
def test_a_withheld_number_is_no_number(twilio: Asking, number: str) -> None:
    twilio.posts("/twilio/voice", From=number)
    assert isinstance(twilio.ivr.signals[0], Arrival)
    assert twilio.ivr.signals[0].ani == ""


def test_a_step_tells_what_the_url_remembers(twilio: Asking) -> None:
    answer = twilio.posts(STEP, Digits="1")
    (step,) = twilio.ivr.signals
    assert isinstance(step, Step)
    assert (step.call, step.token, step.name, step.digits) == (CALL, "a-3", "next", "1")
    assert step.extra["queue"] == "gangguan"
    assert step.extra["arrived"] == "1700000000000"
    assert step.extra["priority"] == "2"
    assert "step=a-4" in answer.text


def test_a_refused_call_is_rejected_before_it_is_answered(twilio: Asking) -> None:
    twilio.ivr.answer = Reject()
    assert [verb.name for verb in parse(twilio.posts("/twilio/voice").text)] == ["Reject"]


def test_a_key_while_waiting_is_told_only_when_it_means_something(twilio: Asking) -> None:
    twilio.ivr.answer = Wait((), queue="gangguan", keys="9")
    waiting = STEP.replace("/step", "/wait") + "&keys=9"
    for digits, name, told in (("9", "key", "9"), ("5", "waiting", ""), ("", "waiting", "")):
        twilio.posts(waiting, Digits=digits)
        last = twilio.ivr.signals[-1]
        assert isinstance(last, Step)
        assert (last.name, last.digits) == (name, told)


def test_the_end_of_the_callers_leg_is_told_once_it_is_over(twilio: Asking) -> None:
    for status in ("ringing", "in-progress", "completed", "completed"):
        assert twilio.posts("/twilio/status", CallStatus=status).status_code == 200
    assert twilio.ivr.gone == [CALL, CALL]


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("missing", {"headers": {}}),
        ("wrong", {"token": "another"}),
        ("wrong", {"headers": {"x-twilio-signature": "é".encode()}}),
        ("wrong", {"headers": {"x-twilio-signature": "AAAA"}}),
        ("account", {"AccountSid": "AC" + "2" * 32}),
        ("malformed", {"CallSid": "CA12"}),
        ("malformed", {"CallSid": ""}),
    ],
)
def test_what_is_not_twilio_gets_403_and_is_counted(twilio: Asking, reason: str, change: dict[str, Any]) -> None:
    before = refused(reason)
    answer = twilio.posts(STEP, **change)
    assert (answer.status_code, answer.text) == (403, "")
    assert refused(reason) == before + 1
    assert twilio.ivr.signals == []


def test_an_altered_parameter_or_query_is_noticed(twilio: Asking) -> None:
    form = {"CallSid": SID, "AccountSid": ACCOUNT, "Digits": "1"}
    signed = {
        "x-twilio-signature": signature(TOKEN, PUBLIC + STEP, form),
        "content-type": "application/x-www-form-urlencoded",
    }
    good = twilio.http.post(STEP, content=urlencode(form), headers=signed)
    altered = twilio.http.post(STEP, content=urlencode(form | {"Digits": "2"}), headers=signed)
    elsewhere = twilio.http.post(STEP.replace("pr=2", "pr=9"), content=urlencode(form), headers=signed)
    assert [good.status_code, altered.status_code, elsewhere.status_code] == [200, 403, 403]


@pytest.mark.parametrize(
    "query", ["", "?call=x", f"?call={CALL}", f"?call={CALL}&step=a", f"?call={CALL}&step=a-1&pr=x"]
)
def test_a_signed_url_that_is_not_ours_gets_403(twilio: Asking, query: str) -> None:
    assert twilio.posts(f"/twilio/step{query}").status_code == 403


def test_nothing_is_accepted_without_a_token_in_the_settings(twilio: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUAR_TWILIO_AUTH_TOKEN", "")
    settings.cache_clear()
    assert twilio.posts(STEP, token="").status_code == 403


PATHS = (
    "voice", "step", "wait", "cso", "cso-status", "meet", "partner", "after-partner", "status",
    "after-emergency", "emergency-status",
)  # fmt: skip
KINDS = ("application/x-www-form-urlencoded", "application/json", "", "multipart/form-data; boundary=x")
FORMS = st.dictionaries(st.text(max_size=8), st.text(max_size=20)).map(lambda form: urlencode(form).encode())
REQUESTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(PATHS),
        "query": st.text(max_size=40),
        "body": st.binary(max_size=200) | FORMS,
        "kind": st.sampled_from(KINDS),
        "signed": st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    }
)


@rounds(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS)
def test_whatever_comes_it_is_403_and_never_a_traceback(twilio: Asking, request_: dict[str, Any]) -> None:
    headers = {"x-twilio-signature": request_["signed"].encode("latin-1"), "content-type": request_["kind"].encode()}
    path = f"/twilio/{request_['path']}?{urlencode({'call': request_['query']})}"
    assert twilio.http.post(path, content=request_["body"], headers=headers).status_code == 403


def test_a_body_without_end_is_not_read(twilio: Asking) -> None:
    assert twilio.posts(STEP, Junk="x" * 100_000).status_code == 403


@pytest.mark.parametrize("fault", [RuntimeError("boom"), StoreUnavailable()])
def test_a_caller_never_hears_dead_air(twilio: Asking, fault: Exception) -> None:
    twilio.ivr.answer = fault
    answer = twilio.posts(STEP, Digits="1")
    assert answer.status_code == 200
    (gather,) = parse(answer.text)
    said = [verb.text for verb in gather.children]
    assert "Taman Sari" in said[-2], "the last announcement is still said"
    assert said[-1].startswith("We are sorry, this telephone service is disturbed. You are still connected.")
    assert "name=resume" in gather.word("action")
    assert "step=a-4" in gather.word("action")


def test_a_step_without_an_answer_in_time_gets_the_fallback() -> None:
    answer = Asking(Slow()).posts(STEP)
    assert [verb.name for verb in parse(answer.text)] == ["Gather"]


def test_a_key_in_the_fallback_while_still_broken_rings_the_emergency_telephone(twilio: Asking) -> None:
    twilio.ivr.answer = RuntimeError("boom")
    verbs = parse(twilio.posts(STEP + "&name=resume", Digits="4").text)
    assert [verb.name for verb in verbs] == ["Say", "Dial"]
    assert verbs[1].children[0].text == "darurat"


def emergency_rings(document: str) -> str:
    """The address behind the emergency telephone's Dial."""
    say, dial = parse(document)
    assert (say.name, dial.name, dial.children[0].text) == ("Say", "Dial", "darurat")
    return dial.word("action").removeprefix(PUBLIC)


@pytest.mark.parametrize("path", [STEP, STEP.replace("/step", "/wait") + "&keys=9"])
def test_an_emergency_keyed_into_a_broken_step_rings_the_emergency_telephone_at_once(twilio: Asking, path: str) -> None:
    twilio.ivr.answer = RuntimeError("boom")
    after = emergency_rings(twilio.posts(path, Digits="99").text)
    assert "em=1" in after


def test_an_emergency_whose_telephone_nobody_answers_goes_first_in_our_line(twilio: Asking) -> None:
    twilio.ivr.answer = RuntimeError("boom")
    after = emergency_rings(twilio.posts(STEP + "&name=resume", Digits="4").text)
    twilio.ivr.answer = Wait((), queue="darurat", keys="")
    twilio.posts(after, DialCallStatus="no-answer")
    step = twilio.ivr.signals[-1]
    assert isinstance(step, Step)
    assert (step.name, step.extra["emergency"]) == ("resume", "1")


def test_an_emergency_is_rung_again_and_again_while_we_are_broken(twilio: Asking) -> None:
    twilio.ivr.answer = RuntimeError("boom")
    after = emergency_rings(twilio.posts(STEP, Digits="9").text)
    (breath,) = parse(twilio.posts(after, DialCallStatus="no-answer").text)
    assert breath.name == "Gather", "not rung again in the same second"
    emergency_rings(twilio.posts(breath.word("action").removeprefix(PUBLIC), Digits="").text)


def test_a_caller_who_has_spoken_with_the_emergency_telephone_is_said_goodbye_to(twilio: Asking) -> None:
    twilio.ivr.answer = RuntimeError("boom")
    after = emergency_rings(twilio.posts(STEP, Digits="9").text)
    assert [verb.name for verb in parse(twilio.posts(after, DialCallStatus="completed").text)] == ["Say", "Hangup"]


@pytest.mark.parametrize("path", ["/twilio/partner", "/twilio/meet"])
def test_a_redirect_that_is_no_longer_wanted_leads_back_into_the_line(twilio: Asking, path: str) -> None:
    twilio.ivr.answer = Wait((), queue="gangguan", keys="9")
    late = f"{path}?call={CALL}&step=5-abc-0&queue=gangguan&token=5-abc&partner=mitra"
    assert [verb.name for verb in parse(twilio.posts(late).text)] == ["Gather"]
    step = twilio.ivr.signals[-1]
    assert isinstance(step, Step)
    assert step.name == "waiting"


def test_a_resumed_caller_is_known_by_the_url_alone(twilio: Asking) -> None:
    twilio.posts(STEP + "&name=resume", Digits="")
    (step,) = twilio.ivr.signals
    assert isinstance(step, Step)
    assert step.name == "resume"
    assert step.extra["channel"] == SID


def test_the_exception_of_a_failed_step_is_not_logged_with_its_text(
    twilio: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    twilio.ivr.answer = RuntimeError("+628120000101 keyed 123456789012")
    twilio.posts(STEP)
    assert "628120000101" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_music_is_as_long_as_a_round(twilio: Asking) -> None:
    answer = twilio.http.get("/twilio/moh.wav?seconds=2")
    assert answer.headers["content-type"] == "audio/wav"
    assert abs(len(answer.content) - 44 - 2 * 8000 * 2) < 64
    assert twilio.http.get("/twilio/moh.wav?seconds=900").status_code == 422
