"""Indonesian first, English by one key: nobody waits for the choice, and it lasts as long as the call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent_desk import words
from config import languages
from config import operator as operator_files
from config.languages import Language
from config.schema.queues import Announce
from config.settings import Settings
from config.yaml_file import ConfigError
from ivr import instructions_json
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_trail import Trail
from ivr.instructions import Ask, Fragment, Wait
from ivr.menu import Menu
from ivr.speech import cache, prompts, readers
from router.estimate import Told
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import ANNOUNCEMENT, IDPEL, IN_OUTAGE, NO_OUTAGE, UNKNOWN
from tests.ivr.test_menu_file import folder, refused, spoil
from tickets.views import CompensationView

__all__ = ["folder"]
pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]


def languages_of(caller: ScriptedCaller) -> set[str]:
    """In which languages the last thing was said, but for the offer of the others."""
    return {piece.language for piece in caller.said if piece.key != "language.offer"}


def offers(caller: ScriptedCaller) -> list[Fragment]:
    return [piece for piece in caller.said if piece.key == "language.offer"]


def test_english_is_offered_once_in_english_and_after_what_is_known(call: Dial) -> None:
    caller = call(IN_OUTAGE)
    said = [piece.key for piece in caller.said]
    assert said.index("outage.announcement") < said.index("language.offer") < said.index("outage.options")
    assert [(piece.text, piece.language) for piece in offers(caller)] == [("For English, press eight.", "en")]
    assert languages_of(caller) == {"id"}
    caller.keeps_silent()
    assert not offers(caller)


def test_the_key_says_everything_again_in_english_and_it_stays(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("8")
    assert caller.keys == ["emergency.short", "menu.main", "locate.another"]
    assert "To report an outage, press one." in caller.heard
    assert languages_of(caller) == {"en"}
    assert [piece.language for piece in offers(caller)] == ["id"]
    caller.presses("3")
    assert languages_of(caller) == {"en"}
    assert {"what": "language", "language": "en"} in caller.notes


def test_the_way_back_is_a_key_too(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("8")
    caller.presses("7")
    assert languages_of(caller) == {"id"}
    assert caller.state.language == "id"


def test_pressed_twice_it_is_the_same_choice_and_no_wrong_key(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    for _ in range(4):
        caller.presses("8")
    assert caller.keys == ["emergency.short", "menu.main", "locate.another"]
    assert caller.state.language == "en"
    assert [note["what"] for note in caller.notes].count("language") == 1


def test_the_menu_that_lists_areas_keeps_its_list_and_their_names(call: Dial) -> None:
    caller = call(UNKNOWN)
    caller.presses("8")
    assert ("Menteng", "id") in [(piece.text, piece.language) for piece in caller.said]
    assert ("For", "en") in [(piece.text, piece.language) for piece in caller.said]
    caller.presses("1")
    assert caller.state.area


def test_in_line_the_place_is_told_again_in_english(call: Dial, world: World) -> None:
    world.place, world.told, world.announce = 3, Told(0, 1), Announce(every=20)
    caller = call(NO_OUTAGE)
    caller.presses("0")
    assert isinstance(caller.instruction, Wait)
    assert "8" in caller.instruction.keys
    caller.presses("8")
    assert isinstance(caller.instruction, Wait)
    assert "You are number 3 in the line" in caller.heard
    assert languages_of(caller) == {"en"}
    assert len(caller.queues) == 1, "the place in line is the same"


def test_an_emergency_is_never_asked_for_a_language(call: Dial) -> None:
    caller = call(NO_OUTAGE)
    caller.presses("8")
    caller.presses("9")
    assert isinstance(caller.instruction, Wait)
    assert caller.instruction.keys == ""
    assert caller.said[0].text.startswith("Your emergency call goes first.")


def test_the_last_lines_lose_no_second_with_an_offer(menu: Menu, world: World) -> None:
    caller = ScriptedCaller(menu, world, ani=NO_OUTAGE, triage=True)
    caller.dials()
    assert not offers(caller)
    caller.presses("8")
    assert caller.keys == ["emergency.short", "triage.others"]
    assert languages_of(caller) == {"en"}
    assert [note["what"] for note in caller.notes].count("triage") == 1


def test_figures_and_months_are_english(call: Dial, world: World) -> None:
    world.compensation = CompensationView(month="Agustus", regulation="Permen ESDM", percent=35)
    caller = call(NO_OUTAGE)
    caller.presses("8")
    caller.presses("5")
    caller.presses("1")
    said = [(piece.text, piece.language) for piece in caller.said if piece.key.startswith("compensation.owed:")]
    assert said == [("Permen ESDM", "id"), ("35", "en"), ("August", "en")]


def test_a_customers_number_of_eights_is_no_language(call: Dial) -> None:
    caller = call(UNKNOWN)
    caller.presses("0")
    caller.presses("1")
    assert isinstance(caller.instruction, Ask)
    caller.presses("8" * 11)
    assert caller.state.language == "id"
    assert caller.keys == ["emergency.short", "identify.unknown", "identify"]


def test_the_desk_shows_it() -> None:
    assert words.heard({"what": "language", "language": "en"}) == ("sound", "Memilih bahasa Inggris", "")


def test_every_english_sentence_of_a_call_is_rendered_beforehand(call: Dial, world: World) -> None:
    listed = {(piece.text, piece.language) for piece in prompts.fixed()}
    caller = call(IN_OUTAGE)
    for digits in ("8", "*", "2", "0"):
        caller.presses(digits)
        said = {(p.text, p.language) for p in caller.said if p.key != "outage.announcement"}
        assert said <= listed


# --- what others see of a fragment


def test_a_sound_is_named_by_text_and_language_and_indonesian_ones_stay_valid() -> None:
    assert cache.name_of("3") == "4e07408562bedb8b60ce"  # sha256 of the text alone, as it always was
    assert cache.name_of("3", "en") != cache.name_of("3")


def test_the_store_keeps_the_language_and_an_indonesian_answer_as_before() -> None:
    ask = Ask((Fragment("a", "Satu."), Fragment("b", "One.", "en"), Fragment("c", "Rekam.", legal=True)), 1)
    text = instructions_json.dumps(ask)
    assert json.loads(text)["say"] == [["a", "Satu."], ["b", "One.", "en"], ["c", "Rekam.", "id", True]]
    assert instructions_json.loads(text) == ask


def test_twilio_speaks_each_language_with_a_voice_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Ask((Fragment("a", "Satu."), Fragment("b", "One.", "en")), 1)
    document = twilio_twiml.render(ask, Trail("c00000001", "a-0"))
    assert '<Say language="id-ID" voice="Google.id-ID-Wavenet-A">Satu.</Say>' in document
    assert '<Say language="en-GB" voice="Google.en-GB-Wavenet-A">One.</Say>' in document
    mine = Settings(twilio_voices={"en": "Google.en-US-Standard-C"})
    monkeypatch.setattr(twilio_twiml, "settings", lambda: mine)
    assert '<Say language="en-US" voice="Google.en-US-Standard-C">One.</Say>' in twilio_twiml.render(
        ask, Trail("c00000001", "a-0")
    )


@pytest.mark.parametrize("voices", [{"id": "alice"}, {"id": "Google.en-US-Wavenet-A"}, {"jv": "Google.jv-ID-A"}])
def test_a_voice_of_another_language_is_refused(voices: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="twilio_voices"):
        Settings(twilio_voices=voices)


# --- refused at load

FAULTS = {
    "no reader": ("languages: [id, en]", "languages: [id, en, jv]", "languages.2: no reader for 'jv'"),
    "Indonesian is not first": ("languages: [id, en]", "languages: [en, id]", "languages.0: must be 'id'"),
    "no key": ('{id: "7", en: "8"}', '{id: "7"}', "must say by which key a caller chooses 'en'"),
    "the emergency key": ('en: "8"}', 'en: "9"}', "language.keys.en: 9 is the emergency key"),
    "a key of a menu": ('en: "8"}', 'en: "0"}', "language.keys.en: 0 is a key of the node 'lokasi'"),
    "an entry of a list": ('en: "8"}', 'en: "4"}', "language.keys.en: 4 is an entry of the list at 'lokasi'"),
    "the same key": ('en: "8"}', 'en: "7"}', "the key of another language too"),
    "a key for none": ('en: "8"}', 'en: "8", jv: "6"}', "language.keys.jv: none of `languages`"),
    "no such offer": ("offer: [language.offer]", "offer: [language.ofer]", "no sentence 'language.ofer'"),
}


@pytest.mark.parametrize(("before", "after", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_choice_of_languages_is_refused(folder: Path, before: str, after: str, reason: str) -> None:
    spoil(folder / "menu.yaml", before, after)
    assert any(reason in fault for fault in refused(folder)), refused(folder)


def test_a_sentence_that_is_missing_in_one_language_is_named(folder: Path) -> None:
    spoil(folder / "prompts.yaml", "    en: Welcome to PLN one two three.\n", "")
    assert refused(folder) == [
        f"{folder / 'menu.yaml'}:4: languages.1: not in 'en' in prompts.yaml: greeting",
    ]
    spoil(folder / "menu.yaml", "languages: [id, en] ", "languages: [id] ")
    spoil(folder / "menu.yaml", 'keys: {id: "7", en: "8"}', "keys: {}")
    operator_files.load(folder)


def test_a_language_nobody_reads_is_refused_in_the_sentences_too(folder: Path) -> None:
    spoil(folder / "prompts.yaml", "    en: Welcome", "    jv: Sugeng rawuh.\n    en: Welcome")
    assert "neither `legal` nor a language: 'jv'" in refused(folder)[0]


@pytest.fixture
def javanese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third language, as whoever adds one would: a line of the table, and a reader."""
    monkeypatch.setitem(languages.LANGUAGES, "jv", Language("Jawa", "id", "Google.jv-ID-Standard-A"))
    monkeypatch.setitem(readers.READERS, "jv", readers.READERS["id"])


@pytest.mark.usefixtures("javanese")
def test_a_third_language_is_configuration_and_a_reader(folder: Path, world: World) -> None:
    spoil(folder / "menu.yaml", "languages: [id, en]", "languages: [id, en, jv]")
    spoil(folder / "menu.yaml", '{id: "7", en: "8"}', '{en: "8", jv: "7"}')
    text = (folder / "prompts.yaml").read_text(encoding="utf-8")
    lines = [f"{line}\n    jv: Jawa. {line[8:]}" if line.startswith("    id: ") else line for line in text.split("\n")]
    (folder / "prompts.yaml").write_text("\n".join(lines), encoding="utf-8")
    files = operator_files.load(folder)
    caller = ScriptedCaller(Menu(files.menu, files.prompts), world, ani=NO_OUTAGE)
    caller.dials()
    assert [piece.language for piece in offers(caller)] == ["en", "jv"]
    caller.presses("7")
    assert languages_of(caller) == {"jv"}
    assert caller.said[0].text.startswith("Jawa.")


def test_every_language_has_a_reader() -> None:
    assert readers.READERS.keys() == languages.LANGUAGES.keys()


def test_a_menu_without_languages_is_as_it_was(menu: Menu, world: World) -> None:
    only = menu.shape.model_copy(update={"languages": ["id"], "language": None})
    caller = ScriptedCaller(replace(menu, shape=only), world, ani=IN_OUTAGE)
    caller.dials()
    assert not offers(caller)
    caller.presses("8")
    assert "again.invalid" in caller.keys


def test_the_number_that_is_keyed_in_an_english_call_is_found(call: Dial) -> None:
    caller = call(UNKNOWN)
    caller.presses("8")
    caller.presses("0")
    caller.presses("1")
    caller.presses(IDPEL)
    assert languages_of(caller) == {"en"}
    assert ANNOUNCEMENT not in caller.heard


def test_a_refused_menu_says_so_at_load(folder: Path) -> None:
    spoil(folder / "menu.yaml", "languages: [id, en]", "languages: [id, jv]")
    with pytest.raises(ConfigError, match="no reader for 'jv'"):
        operator_files.load(folder)
