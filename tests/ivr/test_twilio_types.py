"""Every document we can produce, held against Twilio's own types; every signature against Twilio's own package."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from config.languages import LANGUAGES
from config.operator import operator
from config.settings import locale_of, settings
from ivr.carriers import twilio_fallback, twilio_messages, twilio_twiml
from ivr.carriers.twilio_trail import Trail
from ivr.instructions import Ask, Bye, Instruction, Play, Record, Reject, Wait
from ivr.menu import Menu
from ivr.telephone import twiml
from ivr.telephone.webhooks import signature
from tests.fixtures.oracles import TwimlTypes, run_node

pytestmark = pytest.mark.unit
TRAIL = Trail("c" + "a" * 34, "a-7", queue="gangguan", arrived=1700000000000, priority=2, emergency=True, keys="19")
AFTER = TRAIL.url("/twilio/met")


def everything() -> dict[str, str]:
    """A document of every kind, with every sentence of the operator in it."""
    menu = Menu(operator().menu, operator().prompts)
    texts = [*menu.texts()]
    say = (*texts[:40], *(piece for piece in texts if piece.legal))
    assert {piece.language for piece in say} == {*LANGUAGES}
    instructions: dict[str, Instruction] = {
        "play": Play(say), "one key": Ask(say, digits=1), "a number": Ask(say, digits=12),
        "wait": Wait(say, "gangguan"),
        "music": Wait((), "gangguan", keys="", music="keluhan"), "bye": Bye(say), "note": Record(say),
        "end": Bye(), "full": Reject(),
        "refused": Reject("rejected"),
    }  # fmt: skip
    found = {name: twilio_twiml.render(one, TRAIL) for name, one in instructions.items()}
    found |= {
        "hold": twilio_twiml.hold_music("default"),
        "caller joins": twilio_twiml.join(TRAIL.call, after=AFTER, label=TRAIL.label("main")),
        "cso joins": twilio_twiml.join(TRAIL.call, after=AFTER),
        "fallback": twilio_twiml.fallback(AFTER, say),
        "notice": twilio_twiml.ask_once(say, AFTER, 6),
        "hang up": twilio_twiml.hang_up(say),
    }
    for address in ("sip:mitra@mitra.example", "sips:mitra@mitra.example", "+62211230000", "client:darurat", "darurat"):
        found[f"dial {address}"] = twilio_twiml.dial_out(address, after=AFTER, timeout=20, answered=AFTER, say=say)
    return found | twilio_fallback.documents("https://elsewhere.example/suar")


def test_every_document_is_what_twilios_types_allow() -> None:
    types = TwimlTypes()
    wrong = {name: faults for name, document in everything().items() if (faults := types.faults(document))}
    assert wrong == {}


def test_every_document_is_what_the_telephone_executes() -> None:
    for name, document in everything().items():
        assert twiml.parse(document), name


def test_a_written_answer_is_what_twilios_types_allow() -> None:
    document = twilio_messages.document("Laporan Anda & nomor <16>\n" * 200)
    assert TwimlTypes("MessagingResponse").faults(document) == []


@pytest.mark.parametrize(
    "document",
    [
        "<Response><Gather><Dial/></Gather></Response>",
        "<Response><Say voice='Google.id-ID-Wavenet-Z'>a</Say></Response>",
        "<Response><Say language='id'>a</Say></Response>",
        "<Response><Dial><Conference statusCallbackEvent='start begin'>a</Conference></Dial></Response>",
        "<Response><Gather numDigits='one'/></Response>",
        "<Response><Gather timeOut='1'/></Response>",
        "<Response><Conference>a</Conference></Response>",
    ],
)
def test_the_oracle_itself_notices_a_wrong_document(document: str) -> None:
    assert TwimlTypes().faults(document)


def test_what_the_telephone_knows_twilio_knows_too() -> None:
    """Our strict reader allows no element, nesting or attribute that Twilio's types have not."""
    types = TwimlTypes()
    assert types.children["VoiceResponse"] >= twiml.VERBS
    for parent, children in twiml.CHILDREN.items():
        assert types.children[parent] >= children, parent
    for element, checks in twiml.ATTRIBUTES.items():
        assert set(types.attributes.get(element, {})) >= set(checks), element


def test_the_voice_speaks_the_language_of_the_sentence() -> None:
    """A voice that Twilio has, and of the same language as the attribute beside it (or <Say> may fail)."""
    types = TwimlTypes()
    for language in LANGUAGES:
        voice = settings().twilio_voice(language)
        assert voice in types.words["SayVoice"]
        assert locale_of(voice) in types.words["SayLanguage"]
        assert f".{locale_of(voice)}-" in voice
        assert locale_of(voice).startswith(f"{language}-")


def test_no_document_of_a_call_holds_anything_secret_or_personal() -> None:
    for name, document in everything().items():
        assert "+6281" not in document, name
        assert "secret" not in document.lower(), name


CASES: list[tuple[str, dict[str, str | list[str]]]] = [
    ("https://suar.example/twilio/voice", {"CallSid": "CA1", "From": "+62812", "Digits": ""}),
    ("https://suar.example:8443/twilio/step?call=c1&step=a-1", {"b": "2", "a": "1", "A": "0"}),
    ("https://suar.example/twilio/voice?x=%C3%A9+y", {"Name": "é & ñ", "empty": ""}),
    ("https://suar.example/twilio/status?CallSid=CA1&CallStatus=completed", {}),
    ("https://suar.example/twilio/voice", {"AddOns": ["b", "a", "b"], "z": "1"}),
]


def test_twilios_package_signs_as_the_telephone_and_as_the_tests_do() -> None:
    token = "a-token-of-these-tests"
    script = "given.map(([url, params]) => twilio.getExpectedTwilioSignature(" + repr(token) + ", url, params))"
    for (url, form), expected in zip(CASES, run_node(script, CASES), strict=True):
        flat = {name: value for name, value in form.items() if isinstance(value, str)}
        if flat == form:
            assert signature(token, url, flat) == expected, url
        text = url + "".join(
            name + value
            for name in sorted(form)
            for value in sorted({form[name]} if name in flat else set(form[name]))  # type: ignore[arg-type]
        )
        assert base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode() == expected
