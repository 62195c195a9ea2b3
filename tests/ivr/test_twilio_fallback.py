"""The static documents for another host: made by a command, nothing secret in them, an emergency in one key."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import Refused
from config.operator import load, operator
from config.settings import HERE
from ivr.carriers import twilio_fallback
from ivr.telephone.twiml import parse

pytestmark = pytest.mark.unit
AT = "https://elsewhere.example/suar/"
SECRET = "a-token-that-must-stay-here"


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    """By the command, as an operator makes them."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SUAR_")} | {
        "SUAR_DATA": str(tmp_path / "data"),
        "SUAR_PUBLIC_URL": "https://suar.example",
        "SUAR_TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "SUAR_TWILIO_AUTH_TOKEN": SECRET,
    }
    subprocess.run(
        [sys.executable, "-m", "suar", "twilio", "fallback", str(tmp_path / "out"), "--at", AT],
        env=environ, check=True, capture_output=True,
    )  # fmt: skip
    return {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}


def test_any_key_is_an_emergency_and_silence_tries_us_again(made: dict[str, str]) -> None:
    assert set(made) == {"fallback.xml", "emergency.xml"}
    gather, back = parse(made["fallback.xml"])
    assert (gather.name, gather.number("numDigits", 0), gather.word("finishOnKey", "#")) == ("Gather", 1, "")
    assert (gather.word("action"), gather.word("method")) == ("https://elsewhere.example/suar/emergency.xml", "GET")
    assert back.text.startswith("https://suar.example/twilio/voice#")
    say, dial, again = parse(made["emergency.xml"])
    assert (say.name, dial.name, dial.children[0].text) == ("Say", "Dial", operator().queues.emergency_number)
    assert again.text == "https://elsewhere.example/suar/fallback.xml", "an emergency nobody answers is asked again"


def test_it_says_what_our_own_fallback_says(made: dict[str, str]) -> None:
    files = load(HERE / "utility")
    assert all(files.prompts.prompts[key].id in made["fallback.xml"] for key in files.menu.fallback.say)
    assert all(files.prompts.prompts[key].id in made["emergency.xml"] for key in files.menu.fallback.telephone)


def test_nothing_secret_and_no_call_is_in_it(made: dict[str, str]) -> None:
    for document in made.values():
        assert SECRET not in document
        assert "AC1" not in document
        assert "call=" not in document


def test_without_an_emergency_number_there_is_nobody_to_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    queues = operator().queues.model_copy(update={"emergency_number": ""})
    nobody = replace(operator(), queues=queues)
    monkeypatch.setattr(twilio_fallback, "operator", lambda: nobody)
    with pytest.raises(Refused) as refused:
        twilio_fallback.documents(AT)
    assert refused.value.slug == "no-emergency-number"
