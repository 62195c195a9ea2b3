"""The telephone reads TwiML strictly: what Twilio would refuse, it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.operator import operator
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_trail import Trail
from ivr.instructions import Ask, Bye, Fragment, Instruction, Play, Reject, Wait
from ivr.telephone.keys import options
from ivr.telephone.twiml import TwimlFault, parse

pytestmark = pytest.mark.unit
TRAIL = Trail("c" + "a" * 34, "a-7", queue="gangguan", arrived=1700000000000, priority=2)
LEGAL = (Fragment("notice", "Percakapan ini direkam.", legal=True),)
SAY = (Fragment("k", 'Listrik <padam> & "gelap"\x00'),)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<Response><Enqueue>x</Enqueue></Response>", "Enqueue"),
        ('<Response><Say voices="x">a</Say></Response>', "no attribute voices"),
        ('<Response><Gather numDigits="one" action="http://a/b"/></Response>', "whole number"),
        ('<Response><Gather action="/relative"/></Response>', "absolute"),
        ("<Response><Gather><Say>a</Say></Gather></Response>", "without action"),
        ("<Response><Say/></Response>", "empty"),
        ("<Response><Say>a</Say><Reject/></Response>", "first"),
        ('<Response><Dial><Conference beep="maybe">a</Conference></Dial></Response>', "one of"),
        ("<Response><Dial>+62812</Dial></Response>", "no text"),
        ("<Response>", "not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Response/>', "document type"),
        ("<Answer/>", "root"),
    ],
)
def test_a_wrong_document_is_refused_with_a_reason(document: str, reason: str) -> None:
    with pytest.raises(TwimlFault, match=reason):
        parse(document)


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        (Play(SAY), ["Say", "Redirect"]),
        (Ask(SAY, digits=12), ["Gather"]),
        (Ask(SAY, digits=1), ["Gather"]),
        (Wait(SAY, queue="gangguan"), ["Gather"]),
        (Wait((), queue="gangguan", keys=""), ["Gather"]),
        (Bye(SAY), ["Gather", "Hangup"]),
        (Ask((*LEGAL, *SAY), digits=1), ["Say", "Gather"]),
        (Wait((*SAY, *LEGAL), queue="gangguan"), ["Say", "Gather"]),
        (Bye((*SAY, *LEGAL)), ["Say", "Gather", "Hangup"]),
        (Bye(), ["Hangup"]),
        (Reject(), ["Reject"]),
    ],
)
def test_every_instruction_becomes_a_document_that_twilio_understands(
    instruction: Instruction, names: list[str]
) -> None:
    document = twilio_twiml.render(instruction, TRAIL)
    verbs = parse(document)
    assert [verb.name for verb in verbs] == names
    if names[-1] not in ("Hangup", "Reject"):
        assert "step=a-8" in document, "the next webhook must carry the next token"


@pytest.mark.parametrize("instruction", [Ask(SAY, 1), Wait(SAY, "gangguan"), Bye(SAY)])
def test_a_key_interrupts_everything_but_a_legal_notice(instruction: Ask | Wait | Bye) -> None:
    """What stands in a <Gather> is interrupted; what stands outside is not."""
    verbs = parse(twilio_twiml.render(replace(instruction, say=(*SAY, *LEGAL)), TRAIL))
    assert [verb.text for verb in verbs if verb.name == "Say"] == [LEGAL[0].text]
    gather = next(verb for verb in verbs if verb.name == "Gather")
    assert LEGAL[0].text not in [verb.text for verb in gather.children]


def test_a_question_ends_with_the_hash_key_only_when_several_keys_are_asked() -> None:
    (one,) = parse(twilio_twiml.render(Ask(SAY, digits=1), TRAIL))
    (many,) = parse(twilio_twiml.render(Ask(SAY, digits=12), TRAIL))
    assert one.attributes["finishOnKey"] == ""
    assert many.attributes["finishOnKey"] == "#"
    assert one.flag("actionOnEmptyResult")


@pytest.mark.parametrize(
    "document",
    [
        twilio_twiml.join("c1234567890", after="https://a/b", label="main.gangguan.1.0.0"),
        twilio_twiml.dial_out("sip:mitra@m.example", after="https://a/b", timeout=20, answered="https://a/c"),
        twilio_twiml.dial_out("+62215550101", after="https://a/b", timeout=20),
        twilio_twiml.dial_out("darurat", after="https://a/b", timeout=20, say=SAY),
        twilio_twiml.fallback("https://a/b", SAY),
        twilio_twiml.hang_up(SAY),
    ],
)
def test_documents_beside_the_flow_are_understood_too(document: str) -> None:
    assert parse(document)


def test_the_keys_on_offer_are_read_from_what_is_said() -> None:
    said = [
        "Ada kabel putus, kebakaran, atau orang tersengat? Tekan sembilan.",
        "Untuk melaporkan listrik padam, tekan satu. Status laporan Anda, tekan dua.",
        "Tekan nol untuk petugas. Tekan tiga jika ingin kami kabari saat listrik menyala.",
    ]
    assert options(said) == [
        {"key": "9", "label": "Darurat, kapan pun"},
        {"key": "1", "label": "Melaporkan listrik padam"},
        {"key": "2", "label": "Status laporan Anda"},
        {"key": "0", "label": "Petugas"},
        {"key": "3", "label": "Kabari saat listrik menyala"},
    ]


def test_the_keys_of_the_shipped_menu_are_read_in_both_languages() -> None:
    prompts = operator().prompts.prompts
    said = [prompts["emergency"].id, prompts["menu.main"].id]
    assert {one["key"]: one["label"] for one in options(said)} == {
        **{"9": "Darurat, kapan pun", "1": "Lapor listrik padam", "2": "Status laporan", "3": "Keluhan atau tagihan"},
        **{"4": "Sambungan baru atau tambah daya", "5": "Kompensasi atau token listrik", "0": "Petugas"},
    }
    assert {one["key"]: one["label"] for one in options([prompts["outage.options"].id])} == {
        **{"1": "Dikabari saat menyala", "2": "Hanya bangunan Anda yang padam atau masih padam", "0": "Petugas"}
    }
    assert {one["key"] for one in options([prompts["menu.main"].text("en")])} == set("123450")


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_key_of_the_shipped_menu_is_without_a_word(language: str) -> None:
    for name, prompt in operator().prompts.prompts.items():
        assert all(one["label"] for one in options([prompt.text(language)])), name
