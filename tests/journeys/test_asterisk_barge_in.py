"""A key interrupts what is said, but for a legal notice; what is keyed meanwhile is not lost. By a real telephone."""

from __future__ import annotations

import contextlib
import math
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.speech.cache import name_of
from router.calls import CallState
from tests.fixtures.asterisk import Line
from tests.fixtures.carriers import fresh
from tests.fixtures.phones import Phone, Sound
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey
GREETING = "Selamat datang di PLN satu dua tiga."
OFFICER = "Kami sambungkan Anda ke petugas. Mohon tunggu."
STUDIO, SECONDS = 1300, 4  # Hz; how long the studio's greeting lasts


@pytest.fixture
def studio(line: Line) -> Iterator[Path]:
    """What a studio recorded, put into the operator's folder while the product runs: a tone, to be told from speech."""
    folder = line.product.data / "sounds" / "studio"
    folder.mkdir(exist_ok=True)
    tone = array("h", (round(8000 * math.sin(2 * math.pi * STUDIO * n / 8000)) for n in range(8000 * SECONDS)))
    for text in (GREETING, OFFICER):
        with wave.open(str(folder / f"{name_of(text)}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(tone.tobytes())
    yield folder
    for path in folder.iterdir():
        path.unlink()


@contextlib.contextmanager
def a_legal_notice(sentence: str, line: Line, caller: Phone) -> Iterator[None]:
    """Until the process that answers steps has taken up the change: a call that is answered follows it."""
    file = Path(line.product.environ["SUAR_CONFIG_DIR"]) / "prompts.yaml"
    before = file.read_text(encoding="utf-8")
    earlier = _menu_of_a_call(line, caller)
    file.write_text(before.replace(f"  {sentence}:\n", f"  {sentence}:\n    legal: true\n", 1), encoding="utf-8")
    try:
        until(lambda: _menu_of_a_call(line, caller) != earlier, 30, "the menu is taken up", every=0.2)
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def _menu_of_a_call(line: Line, caller: Phone) -> str:
    """The version of the menu that a call of now follows."""
    established, closed = caller.count("CALL_ESTABLISHED"), caller.count("CALL_CLOSED")
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    menu = line.wait_call(caller, CallState.IVR).menu
    caller.hang_up()
    caller.wait("CALL_CLOSED", times=closed + 1)
    until(lambda: line.live(caller) is None, 10, "the call is over", every=0.1)
    return menu


def tone_seconds(heard: Sound) -> float:
    """How long the studio's tone is heard, in tenths of a second."""
    step = heard.rate // 10
    parts = (Sound(heard.samples[at : at + step]) for at in range(0, len(heard.samples) - step, step))
    return sum(0.1 for part in parts if part.has(STUDIO))


def keys_zero_in_the_greeting(line: Line, caller: Phone) -> str:
    """The officer's key, while the studio's greeting has just begun; then the caller is in line."""
    established = caller.count("CALL_ESTABLISHED")
    caller.dial("123")
    caller.wait("CALL_ESTABLISHED", times=established + 1)
    until(lambda: caller.hears(STUDIO, 0.3), 10, "the recorded greeting", every=0.05)
    caller.press("0")
    return line.wait_call(caller, CallState.WAITING).id


def test_a_key_interrupts_the_greeting(line: Line, studio: Path) -> None:
    caller = line.caller("no_outage")
    keys_zero_in_the_greeting(line, caller)
    assert tone_seconds(caller.heard()) < SECONDS - 1


def test_a_legal_notice_is_heard_to_its_end_and_the_key_counts(line: Line, studio: Path) -> None:
    caller = line.caller("no_outage")
    with a_legal_notice("greeting", line, caller):
        call = keys_zero_in_the_greeting(line, caller)
    assert tone_seconds(caller.heard()) > SECONDS - 0.7
    keyed = until(lambda: line.notes(call, "keyed"), 10, "what was keyed is on record", every=0.1)
    assert [note["key"] for note in keyed] == ["0"]


def test_a_key_in_a_legal_notice_before_the_line_counts_too(line: Line, studio: Path) -> None:
    caller = line.caller("no_outage")
    with a_legal_notice("queue.officer", line, caller):
        keys_zero_in_the_greeting(line, caller)
        until(lambda: tone_seconds(caller.heard().tail(0.6)) > 0.3, 10, "the notice has begun", every=0.1)
        begun = caller.heard().seconds - 0.6
        caller.press("9")
        until(lambda: (now := line.live(caller)) and now.emergency, 10, "an emergency in line", every=0.1)
    heard = caller.heard()
    assert tone_seconds(heard.tail(heard.seconds - begun)) > SECONDS - 0.9


def test_the_emergency_key_counts_in_the_midst_of_the_goodbye(line: Line) -> None:
    caller = line.caller(next(fresh(line, "19.71.05")))  # not the one whose first report another journey waits for
    caller.dial("0717123")
    caller.wait("CALL_ESTABLISHED")
    until(lambda: caller.heard().seconds > 1, 10, "the announcement")
    caller.press("1")  # be told when power is back: a number, goodbye
    call = line.wait_call(caller, CallState.IVR).id
    until(lambda: line.notes(call, "keyed"), 10, "the wish", every=0.1)
    before = caller.heard().seconds
    until(lambda: caller.heard().seconds > before + 1.5, 10, "the goodbye has begun")
    caller.press("5")
    caller.press("9")
    until(lambda: (now := line.live(caller)) and now.emergency, 10, "an emergency in line", every=0.1)
