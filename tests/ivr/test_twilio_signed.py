"""Whose request it is, behind whatever proxy: the address is ours to know, the secret is never the header's choice."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import pytest

from config.settings import settings
from ivr.signals import Arrival
from tests.fixtures.webhooks import ACCOUNT, PUBLIC, SID, TOKEN, Asking, Ivr

pytestmark = pytest.mark.unit
FORM = [("CallSid", SID), ("AccountSid", ACCOUNT), ("From", "+628120000101"), ("To", "+6221123")]
SHARED = "webhooks_sharedkey_1"


@pytest.fixture(autouse=True)
def account(twilio_account: None) -> None:
    """Every test here has the account."""


def signed(url: str, form: list[tuple[str, str]], token: str = TOKEN, how: str = "sha1") -> str:
    """Twilio's signature, by its description: names in order, the values of a name once each and in order."""
    names = sorted({name for name, _ in form})
    text = url + "".join(name + value for name in names for value in sorted({v for n, v in form if n == name}))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), how).digest()).decode()


def asks(
    url: str, form: list[tuple[str, str]] | None = None, *, method: str = "POST", signature: str = "", **headers: str
) -> Any:
    """One request with what Twilio knows as `url`; answers the response."""
    form = FORM if form is None else form
    at = url.partition("/twilio")[2]
    told = {"x-twilio-signature": signature or signed(url, form)} | {k.replace("_", "-"): v for k, v in headers.items()}
    if method == "POST":
        told["content-type"] = "application/x-www-form-urlencoded"
    return Asking(Ivr()).http.request(
        method, "/twilio" + at, content=urlencode(form) if method == "POST" else None, headers=told
    )


def public(url: str, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {"PUBLIC_URL": url, **more}.items():
        monkeypatch.setenv(f"SUAR_{name}", value)
    settings.cache_clear()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "10.0.0.7:8123"},
        {"x_forwarded_proto": "http", "x_forwarded_host": "evil.example", "x_forwarded_port": "81"},
        {"forwarded": "host=evil.example;proto=http"},
    ],
)
def test_what_a_proxy_says_of_the_address_changes_nothing(headers: dict[str, str]) -> None:
    assert asks(f"{PUBLIC}/twilio/voice", **headers).status_code == 200
    elsewhere = signed("https://evil.example/twilio/voice", FORM)
    assert asks(f"{PUBLIC}/twilio/voice", signature=elsewhere, **headers).status_code == 403


@pytest.mark.parametrize("base", ["https://suar.example/hotline", "https://suar.example:8443", "http://10.1.2.3:8123"])
def test_the_configured_address_is_what_was_signed(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that takes a folder off the path, or another port in front."""
    public(base, monkeypatch)
    assert asks(f"{base}/twilio/voice").status_code == 200
    assert asks(f"{base}/twilio/voice", signature=signed("https://other.example/twilio/voice", FORM)).status_code == 403


@pytest.mark.parametrize(
    ("base", "twilio_signed"),
    [("https://suar.example", "https://suar.example:443"), ("https://suar.example:8443", "https://suar.example")],
)
def test_twilio_may_have_signed_with_or_without_the_port(
    base: str, twilio_signed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    public(base, monkeypatch)
    path = "/twilio/voice"
    assert asks(f"{base}{path}", signature=signed(f"{twilio_signed}{path}", FORM)).status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        [("Digits", "")],
        [("NewOfNextYear", "x"), ("newer", "")],
        [("AddOns", "b"), ("AddOns", "a"), ("AddOns", "b")],
        [("CallerName", "Ny. Wijaya & Rekan é")],
    ],
)
def test_empty_new_and_repeated_parameters_are_signed_and_taken(more: list[tuple[str, str]]) -> None:
    assert asks(f"{PUBLIC}/twilio/voice", FORM + more).status_code == 200
    assert (
        asks(f"{PUBLIC}/twilio/voice", FORM + more, signature=signed(f"{PUBLIC}/twilio/voice", FORM)).status_code == 403
    )


def test_the_query_is_taken_as_it_came_over_the_wire() -> None:
    """In its order, as it was encoded: whoever normalises it breaks the signature."""
    query = f"step=a-3&call=c{SID.lower()}&z=%c3%A9+b%20c&a=*"
    assert asks(f"{PUBLIC}/twilio/step?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/twilio/voice", "/twilio/status"])
def test_a_number_may_be_configured_to_ask_by_get(path: str) -> None:
    """Then everything stands in the address, and nothing but the address is signed."""
    url = f"{PUBLIC}{path}?{urlencode([*FORM, ('CallStatus', 'completed')])}"
    assert asks(url, [], method="GET").status_code == 200
    assert asks(url, [], method="GET", signature=signed(url + "&x=y", [])).status_code == 403
    asking = Asking(Ivr())
    asking.http.get(url.removeprefix(PUBLIC), headers={"x-twilio-signature": signed(url, [])})
    (arrival,) = asking.ivr.signals or [None]
    if path == "/twilio/voice":
        assert isinstance(arrival, Arrival)
        assert arrival.ani == "+628120000101"
    else:
        assert asking.ivr.gone == [f"c{SID.lower()}"]


def test_while_tokens_change_both_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{PUBLIC}/twilio/voice"
    second = signed(url, FORM, "the-second")
    assert asks(url, signature=second).status_code == 403
    public(PUBLIC, monkeypatch, TWILIO_SECONDARY_TOKEN="the-second")
    assert asks(url, signature=second).status_code == 200
    assert asks(url).status_code == 200
    assert asks(url, signature=signed(url, FORM, "the-third")).status_code == 403


def test_a_shared_key_signs_by_sha256_and_only_the_one_we_know(monkeypatch: pytest.MonkeyPatch) -> None:
    public(PUBLIC, monkeypatch, TWILIO_SIGNING_KEY=SHARED, TWILIO_SIGNING_SECRET="shared")
    url, header = f"{PUBLIC}/twilio/voice", "x_twilio_webhooks_signature_settings"

    def status(token: str, how: str, says: str) -> int:
        return int(asks(url, signature=signed(url, FORM, token, how), **{header: says}).status_code)

    assert status("shared", "sha256", f"key={SHARED},algorithm=HMAC_SHA256") == 200
    assert status("shared", "sha256", "key=another,algorithm=HMAC_SHA256") == 403
    assert status("shared", "sha1", f"key={SHARED},algorithm=HMAC_SHA1") == 403
    assert status("shared", "sha1", f"key={SHARED}") == 403
    assert status(TOKEN, "sha256", f"key={SHARED},algorithm=HMAC_SHA256") == 403
    assert status("", "sha256", "key=,algorithm=HMAC_SHA256") == 403
    assert asks(url).status_code == 200, "the account's own token signs as before"


def test_a_key_that_is_not_configured_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    url, header = f"{PUBLIC}/twilio/voice", "x_twilio_webhooks_signature_settings"
    for says in ("key=,algorithm=HMAC_SHA256", f"key={SHARED},algorithm=HMAC_SHA256", "algorithm=HMAC_SHA1", "x"):
        assert asks(url, signature=signed(url, FORM, "", "sha256"), **{header: says}).status_code == 403


def test_no_secret_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    asks(f"{PUBLIC}/twilio/voice", signature=signed(f"{PUBLIC}/twilio/voice", FORM, "another"))
    assert "webhook refused" in caplog.text
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    assert all(word not in caplog.text for word in (TOKEN, digest, "628120000101"))
