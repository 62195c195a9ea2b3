"""Indonesian read by rule, and sounds as a telephone takes them."""

from __future__ import annotations

import io
import math
import shutil
import wave
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from config.settings import Settings
from ivr.carriers import twilio_music
from ivr.instructions import Fragment
from ivr.menu import Menu
from ivr.speech import cache, indonesian, music, prompts, render, sound, voices
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import IN_OUTAGE
from tests.fixtures.servers import missing

pytestmark = pytest.mark.unit

NUMBERS = {
    0: "nol", 1: "satu", 10: "sepuluh", 11: "sebelas", 14: "empat belas", 20: "dua puluh", 21: "dua puluh satu",
    99: "sembilan puluh sembilan", 100: "seratus", 101: "seratus satu", 111: "seratus sebelas", 200: "dua ratus",
    1000: "seribu", 1001: "seribu satu", 1230: "seribu dua ratus tiga puluh", 2019: "dua ribu sembilan belas",
    11_000: "sebelas ribu", 100_000: "seratus ribu", 10**6: "satu juta", 1_500_000: "satu juta lima ratus ribu",
    10**9: "satu miliar", 10**12: "satu triliun", -7: "minus tujuh",
}  # fmt: skip


@pytest.mark.parametrize(("value", "words"), NUMBERS.items())
def test_numbers(value: int, words: str) -> None:
    assert indonesian.number(value) == words


@pytest.mark.parametrize(("value", "words"), {1: "pertama", 2: "kedua", 3: "ketiga", 12: "kedua belas"}.items())
def test_ordinals(value: int, words: str) -> None:
    assert indonesian.ordinal(value) == words


SENTENCES = {
    "Anda di urutan ke-3.": "Anda di urutan ketiga.",
    "pukul 21.30 WIB": "pukul dua puluh satu lewat tiga puluh menit W I B",
    "pukul 18 lewat 58 WIT.": "pukul delapan belas lewat lima puluh delapan W I T.",
    "dalam 45 menit": "dalam empat puluh lima menit",
    "tanggal 4 Agustus 2019": "tanggal empat Agustus dua ribu sembilan belas",
    "Rp5.000": "lima ribu rupiah",
    "60.000 pelanggan": "enam puluh ribu pelanggan",
    "2,5 jam": "dua koma lima jam",
    "80%": "delapan puluh persen",
    "0812": "nol delapan satu dua",
    "54100000001": "lima empat satu nol nol nol nol nol nol nol satu",
    "Jl. Kenanga": "Jalan Kenanga",
    "Kota Pangkalpinang": "Kota Pangkalpinang",
}


@pytest.mark.parametrize(("text", "words"), SENTENCES.items())
def test_a_caption_as_the_voice_gets_it(text: str, words: str) -> None:
    assert indonesian.spoken(text) == words


def test_durations() -> None:
    said = [indonesian.duration(minutes) for minutes in (0, 45, 60, 75)]
    assert said == ["nol menit", "empat puluh lima menit", "satu jam", "satu jam lima belas menit"]


# --- sounds


def test_resampling_keeps_the_pitch_and_drops_what_a_telephone_cannot_carry() -> None:
    low = sound.resample(_tone(400, 22_050), 22_050)
    high = sound.resample(_tone(9_000, 22_050), 22_050)
    assert abs(len(low) - sound.RATE) <= 1
    assert abs(_crossings(low) - 800) <= 4
    assert max(map(abs, high)) < 0.35 * max(map(abs, low))


def test_silence_at_the_ends_is_cut_and_loudness_is_equal() -> None:
    silence = array("h", [0] * 4000)
    piece = sound.telephone(silence + _tone(500, 8000, peak=3000) + silence, 8000, ends_sentence=False)
    assert 8000 <= len(piece) <= 8000 + 160 + sound.BREATH[False] + 2
    assert max(piece) == pytest.approx(sound.LOUD, rel=0.01)
    assert sound.telephone(array("h"), 8000, ends_sentence=True) == array("h", [0] * sound.BREATH[True])


def _tone(hertz: int, rate: int, *, peak: int = 10_000) -> array[int]:
    return array("h", (round(peak * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate)))


def _crossings(samples: array[int]) -> int:
    return sum((a < 0) != (b < 0) for a, b in pairwise(samples))


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own."""
    now = Settings(data=tmp_path)
    for module in (cache, render, music):
        monkeypatch.setattr(module, "settings", lambda: now)
    render.voice.cache_clear()
    yield now.sounds_dir
    render.voice.cache_clear()


def test_without_a_voice_there_are_tones_and_a_voice_later_replaces_them(
    sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "find_voice", voices.Tones)
    assert render.render(["Kalimat pertama.", "Kalimat pertama.", ""]) == 1
    render.remember_voice()
    assert not render.voice_changed()
    assert render.render(["Kalimat pertama."]) == 0  # in the cache
    assert [file.suffix for file in sounds.glob("[!.]*")] == [".wav"]  # nothing half written is left

    class AnotherVoice(voices.Tones):
        signature = "another voice"

    render.voice.cache_clear()
    monkeypatch.setattr(render, "find_voice", AnotherVoice)
    assert render.voice_changed()
    assert render.render(["Kalimat pertama."], again=True) == 1
    render.remember_voice()
    assert not render.voice_changed()


def test_what_is_not_rendered_is_left_out_and_told_by_its_key(
    sounds: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(render, "find_voice", voices.Tones)
    render.render(["Ada."])
    files = cache.available([Fragment("here", "Ada."), Fragment("outage.announcement", "Jalan rahasia.")])
    assert files == [cache.path_for("Ada.")]
    assert "outage.announcement" in caplog.text
    assert "rahasia" not in caplog.text


def test_a_queue_without_music_is_silent_on_twilio_too(sounds: Path) -> None:
    with wave.open(io.BytesIO(twilio_music.music(3, music.SILENCE))) as silence:
        frames = silence.readframes(silence.getnframes())
    assert len(frames) == 3 * 8000 * 2
    assert not any(frames)


def test_music_is_made_once_and_repeats_without_a_gap(sounds: Path) -> None:
    path = music.ensure()
    assert cache.duration_ms(path) == 8000
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        samples = array("h", file.readframes(file.getnframes()))
    assert abs(samples[0] - samples[-1]) < 1500
    before = path.stat().st_mtime_ns
    assert music.ensure().stat().st_mtime_ns == before


# --- with the real voice


@pytest.fixture(params=["helper", "program"])
def voice(request: pytest.FixtureRequest, sounds: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[voices.Voice]:
    """espeak-ng in both its shapes."""
    if isinstance(voices.find_voice(), voices.Tones):
        missing("espeak-ng is not installed; `make test` installs it")
    program = shutil.which("espeak-ng")
    if request.param == "program" and program is None:
        pytest.skip("only the library of espeak-ng is on this machine")
    found = voices.EspeakHelper() if request.param == "helper" else voices.EspeakProgram(program or "")
    monkeypatch.setattr(render, "find_voice", lambda: found)
    yield found
    found.close()


def test_the_voice_speaks_indonesian(voice: voices.Voice) -> None:
    render.render(["Area Menteng, padam sejak pukul 11 lewat 48 WIB."])
    path = cache.path_for("Area Menteng, padam sejak pukul 11 lewat 48 WIB.")
    assert 2500 < cache.duration_ms(path) < 8000
    with pytest.raises(voices.VoiceFailed) as caught:
        voices.EspeakProgram("/nonexistent/espeak-ng").speak("Jalan rahasia", "id")
    assert "rahasia" not in str(caught.value)


def test_text_that_looks_like_an_option_is_only_text(voice: voices.Voice) -> None:
    samples, rate = voice.speak("--help -w /etc/x `id` $(id)", "id")
    assert len(samples) > rate // 2


def test_every_sentence_of_a_call_can_be_composed_from_the_cache(voice: voices.Voice, menu: Menu, world: World) -> None:
    """What `prompts.fixed` lists is enough for every fragment a flow speaks, but for announcements and streets."""
    listed = {piece.text for piece in prompts.fixed()}
    caller = ScriptedCaller(menu, world, ani=IN_OUTAGE)
    for digits in ("", "*", "2", "0"):
        caller.presses(digits) if caller.lines else caller.dials()
        assert {f.text for f in caller.said if f.key != "outage.announcement"} <= listed
