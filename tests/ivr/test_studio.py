"""What a studio has recorded is played instead of what a voice has rendered, from the next caller on."""

from __future__ import annotations

import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.operator import operator
from config.settings import Settings
from ivr import menu_check
from ivr.carriers import asterisk_sounds
from ivr.instructions import Fragment
from ivr.menu import Menu
from ivr.speech import cache, music, prompts, render, sound, voices
from ivr.telephone import demo

pytestmark = pytest.mark.unit
GREETING = Fragment("greeting", "Selamat datang di PLN satu dua tiga.")
ENGLISH = Fragment("greeting", "Welcome to PLN one two three.", "en")


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, with both greetings rendered."""
    now = Settings(data=tmp_path)
    for module in (cache, render, music, asterisk_sounds):
        monkeypatch.setattr(module, "settings", lambda: now)
    monkeypatch.setattr(render, "find_voice", voices.Tones)
    render.voice.cache_clear()
    for piece in (GREETING, ENGLISH):
        render.render([piece.text], language=piece.language)
    yield now.sounds_dir
    render.voice.cache_clear()


def recorded(folder: Path, piece: Fragment, *, rate: int = 8000, channels: int = 1, cut: int = 0) -> Path:
    """A second of a studio's work, under the name of the list."""
    path = folder / "studio" / f"{cache.name_of(piece.text, piece.language)}.wav"
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array("h", [500] * rate * channels).tobytes())
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    return path


def test_a_recording_goes_first_and_without_it_the_rendered_one_is_back(sounds: Path) -> None:
    name = cache.name_of(GREETING.text)
    assert asterisk_sounds.playable([GREETING]) == [f"suar/{name}"]
    path = recorded(sounds, GREETING)
    assert asterisk_sounds.playable([GREETING, ENGLISH]) == [
        f"suar/studio/{name}",
        f"suar/{cache.name_of(ENGLISH.text, 'en')}",
    ]
    path.unlink()
    assert asterisk_sounds.playable([GREETING]) == [f"suar/{name}"]


def test_it_is_heard_on_the_demo_telephone_too(sounds: Path) -> None:
    path = recorded(sounds, ENGLISH)
    assert demo.rendered(ENGLISH.text, "en") == demo.Sound(1.0, f"/telepon/suara/studio/{path.name}")


def test_a_recording_of_a_sentence_that_nobody_rendered_is_enough(sounds: Path) -> None:
    only = Fragment("x", "Hanya direkam.")
    recorded(sounds, only)
    assert len(cache.available([only])) == 1


def test_rendering_again_leaves_recordings_alone(sounds: Path) -> None:
    before = recorded(sounds, GREETING).read_bytes()
    assert render.render([GREETING.text], again=True) == 1
    assert cache.sound_of(GREETING.text).read_bytes() == before


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"rate": 44_100}, "has 44100 Hz, 16 bit, 1 channel(s)"),
        ({"channels": 2}, "has 8000 Hz, 16 bit, 2 channel(s)"),
        ({"cut": 300}, "ends too early"),
        ({"cut": 16_030}, "is no WAV of plain samples"),
    ],
)
def test_a_wrong_format_is_told_and_the_rendered_one_is_played(
    sounds: Path,
    extra: dict[str, int],
    reason: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = recorded(sounds, GREETING, **extra)
    assert cache.sound_of(GREETING.text) == cache.path_for(GREETING.text)
    assert reason in caplog.text
    (fault,) = cache.recording_faults()
    assert fault.startswith(f"{path}: {reason}")
    assert fault.endswith("wanted are 8000 Hz, 16 bit, 1 channel")
    assert menu_check.check() == 1
    assert reason in capsys.readouterr().err
    recorded(sounds, GREETING)
    assert cache.sound_of(GREETING.text) == path, "mended without a restart"
    assert menu_check.check() == 0


def test_a_file_under_no_name_of_the_list_is_told(sounds: Path) -> None:
    recorded(sounds, GREETING).rename(sounds / "studio" / "greeting.wav")
    assert "greeting.wav: is no name that `suar prompts list` gives" in cache.recording_faults()[0]


def test_the_fallback_is_renewed_with_a_recording(sounds: Path) -> None:
    parts = [cache.sound_of(GREETING.text)]
    assert asterisk_sounds.renew(parts)
    assert not asterisk_sounds.renew(parts)
    recorded(sounds, GREETING)
    assert asterisk_sounds.renew([cache.sound_of(GREETING.text)])
    assert sound.RATE == 8000
    assert cache.duration_ms(sounds / "fallback.wav") == 1000


def test_the_fallback_is_indonesian_then_english_briefly(sounds: Path) -> None:
    files = operator()
    said = [*files.menu.greeting, "emergency"]
    menu = Menu(files.menu, files.prompts)
    first = [cache.sound_of(piece.text) for key in said for piece in menu.say(key)]
    english = cache.sound_of(files.prompts.prompts["emergency.short"].text("en"), "en")
    assert asterisk_sounds.fallback_parts(files, "")[:-1] == [*first, english]


def test_at_level_4_nobody_is_asked_to_stay_who_is_let_go(sounds: Path) -> None:
    files = operator()
    known = cache.sound_of("Area Menteng, padam.")

    def ends(key: str) -> list[Path]:
        return [cache.sound_of(files.prompts.prompts[key].id)]

    opening = asterisk_sounds.fallback_parts(files, "")[:-1]
    front = asterisk_sounds.front_parts(files, "Area Menteng, padam.")
    assert front["front"] == [*opening, known, *ends("triage.bye")]
    assert front["front-withheld"] == [*opening, known, *ends("triage.no_number")], "no number could be noted"


def test_what_asterisk_plays_alone_is_made_together(sounds: Path) -> None:
    files = operator()
    said = ("emergency", "waiting.far", "triage.bye", "triage.no_number")
    render.render([files.prompts.prompts[key].id for key in said])
    render.render([files.prompts.prompts["emergency.short"].text("en")], language="en")
    asterisk_sounds.renew_all(files, "")
    assert {"fallback.wav", "holding.wav", "front.wav", "front-withheld.wav"} <= {
        file.name for file in sounds.iterdir()
    }


def test_the_studios_list_has_every_piece_of_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    prompts.list_all()
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert all(len(row) == 4 for row in rows)
    assert len({row[0] for row in rows if row[0]}) > 300
    assert len(rows) == len({row[0] for row in rows}), "nothing is recorded twice"
    assert {key for _, _, key, _ in rows} >= {"place", "minutes", "area", "month", "percent"}
    texts = {(language, text) for _, language, _, text in rows}
    assert {("id", "ke-3"), ("en", "3"), ("id", "Agustus"), ("en", "August"), ("id", "Untuk"), ("id", "tekan")} <= texts
    assert not any("{" in text for _, text in texts), "sentences are cut at their values"
    assert (cache.name_of(GREETING.text) + ".wav", "id", "greeting", GREETING.text) in {tuple(row) for row in rows}
