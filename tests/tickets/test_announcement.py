"""The announcement as it is spoken: its pieces in both languages, its times with their zone, how long it still takes,
whose words it is, how old it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.operator import operator
from config.schema.statements import Sentences
from tests.fixtures.life import HOUR, ROOT, Life
from tests.fixtures.tickets import NOON
from tickets.kinds import CauseKind
from tickets.outages import phrases, spoken, statements
from tickets.outages.phrases import Told
from tickets.states import StatementStatus

MINUTE = timedelta(minutes=1)
TOLD = Told(area="31.71.06", since=NOON, cause="pohon tumbang", etr=NOON + 2 * HOUR, as_of=NOON + 5 * MINUTE)
unit, database = pytest.mark.unit, pytest.mark.database


@unit
def test_area_cause_estimate_and_age_each_time_with_its_zone() -> None:
    assert phrases.pieces(TOLD).said(crew=phrases.crew("enroute")) == (
        "Area Menteng, padam sejak pukul 12 WIB karena pohon tumbang.",
        "Perkiraan menyala pukul 14 WIB.",
        "Regu dalam perjalanan ke lokasi gangguan.",
        "Informasi pukul 12 lewat 5 WIB.",
    )


@unit
def test_in_english_it_is_composed_of_the_same_facts() -> None:
    kind = replace(TOLD, cause_kind=CauseKind.TREE_DOWN, name="Menteng dan Tebet", name_en="Menteng and Tebet")
    assert phrases.pieces(kind, "en").said(crew=phrases.crew("working", "en")) == (
        "Area Menteng and Tebet, without power since 12:00 WIB. The cause is a fallen tree.",
        "Power is expected back at 14:00 WIB.",
        "A crew is working at the fault.",
        "Information of 12:05 WIB.",
    )
    assert phrases.pieces(TOLD, "en").before == ("Area Menteng, without power since 12:00 WIB.",), (
        "pohon tumbang is not"
    )
    unknown = replace(TOLD, cause="", etr=None)
    assert phrases.pieces(unknown, "en").said()[:2] == (
        "Area Menteng, without power since 12:00 WIB. The cause is still being checked.",
        "We do not know yet when power will be back.",
    )


@unit
def test_a_cause_that_was_only_chosen_by_kind() -> None:
    assert "karena tiang roboh." in phrases.announcement(replace(TOLD, cause="", cause_kind=CauseKind.POLE_DOWN))


@pytest.mark.parametrize(
    ("zone", "moved", "since"),
    [("WIB", "pukul 16 WIB, semula pukul 14 WIB", "12 WIB"),
     ("WITA", "pukul 17 WITA, semula pukul 15 WITA", "13 WITA"),
     ("WIT", "pukul 18 WIT, semula pukul 16 WIT", "14 WIT")],
)  # fmt: skip
@unit
def test_a_revised_estimate_names_both_on_the_clocks_of_the_area(
    monkeypatch: pytest.MonkeyPatch, zone: str, moved: str, since: str
) -> None:
    files = operator()
    unit_there = files.areas.units["jakarta"].model_copy(update={"zone": zone})
    areas = files.areas.model_copy(update={"units": {**files.areas.units, "jakarta": unit_there}})
    monkeypatch.setattr(phrases, "operator", lambda: replace(files, areas=areas))
    said = phrases.announcement(replace(TOLD, before=NOON + 2 * HOUR, etr=NOON + 4 * HOUR))
    assert f"Perkiraan diperbarui: {moved}." in said
    assert f"padam sejak pukul {since}" in said


STEPS = {
    1: "10 menit", 14: "10 menit", 16: "20 menit", 44: "40 menit", 60: "1 jam", 70: "1 jam", 80: "1 setengah jam",
    179: "3 jam", 345: "6 jam", 400: "7 jam", 1439: "24 jam", 1480: None,
}  # fmt: skip


@unit
@pytest.mark.parametrize(("minutes", "words"), STEPS.items())
def test_how_long_it_takes_is_told_in_steps(minutes: int, words: str | None) -> None:
    found = phrases.roughly(minutes * MINUTE)
    assert (phrases.rough_words(found) if found else None) == words


@unit
def test_every_time_that_is_left_has_a_sound_from_the_beginning() -> None:
    for language in phrases.LANGUAGES:
        made = set(phrases.fixed(language))
        for minutes in range(1, 1500):
            etr = NOON + minutes * MINUTE
            said = {phrases.soon(etr, NOON, language), phrases.unchanged(etr, NOON, language)} - {""}
            assert said <= made
            assert bool(phrases.soon(etr, NOON, language)) is (minutes <= 60)


@unit
def test_without_english_sentences_english_callers_hear_indonesian(monkeypatch: pytest.MonkeyPatch) -> None:
    files = operator()
    alone = replace(files, statements=files.statements.model_copy(update={"en": None}))
    monkeypatch.setattr(phrases, "operator", lambda: alone)
    assert (
        phrases.pieces(replace(TOLD, cause_kind=CauseKind.TREE_DOWN), "en").before[0].startswith("Area Menteng, padam")
    )


@unit
def test_a_file_from_before_keeps_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no sentence is not said: no crew, no time that is left, nothing but all of it to who calls again."""
    files = operator()
    new = {name: field.default for name, field in Sentences.model_fields.items() if not field.is_required()}
    old = replace(files, statements=files.statements.model_copy(update={**new, "en": None}))
    monkeypatch.setattr(phrases, "operator", lambda: old)
    assert phrases.crew("enroute") == phrases.soon(NOON + HOUR / 2, NOON) == phrases.unchanged(None, NOON) == ""
    assert phrases.written("Kata sendiri.", TOLD).said() == ("Kata sendiri.",)
    assert set(phrases.fixed()) == {files.statements.estimate_unknown, files.statements.partly}


@unit
def test_the_facts_of_a_statement_are_kept_as_they_are() -> None:
    told = replace(TOLD, again=(NOON, NOON + HOUR), before=NOON, cause_kind=CauseKind.ANIMAL, name_en="Menteng")
    assert Told.loads(told.dumps()) == told
    assert Told.loads({**TOLD.dumps(), "of_a_later_version": 1}) == TOLD


@unit
@pytest.mark.parametrize("etr", [None, NOON + 14 * HOUR])
def test_what_may_be_said_after_midnight_names_no_yesterday(etr: datetime | None) -> None:
    late = replace(TOLD, since=NOON - 20 * HOUR, etr=etr, before=NOON + 13 * HOUR)
    assert not {"kemarin", "besok"} & set(phrases.announcement(late).split())


# --- what was published


@database
def test_so_long_before_the_estimate_it_is_told_how_long(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    for publish in (False, True):
        life.now = NOON
        if publish:
            life.publish(outage)
        for now, said in {
            NOON + 59 * MINUTE: "Perkiraan menyala pukul 14 WIB.",
            NOON + HOUR: "Perkiraan menyala sekitar 1 jam lagi.",
            NOON + 79 * MINUTE: "Perkiraan menyala sekitar 40 menit lagi.",
            NOON + 119 * MINUTE: "Perkiraan menyala sekitar 10 menit lagi.",
        }.items():
            life.now = now
            known = life.known()
            assert known is not None
            assert said in known.pieces("id")
            assert "Perkiraan menyala pukul 14 WIB." in known.spoken, "who reads it later reads when"


@database
def test_of_an_estimate_that_moved_both_times_are_told_to_the_end(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    life.revise(outage, NOON + 3 * HOUR)
    life.now = NOON + 150 * MINUTE
    known = life.known()
    assert known is not None
    assert "Perkiraan diperbarui: pukul 15 WIB, semula pukul 14 WIB." in known.pieces("id")


@database
def test_a_supervisors_own_words_are_said_exactly_and_how_old_they_are(life: Life) -> None:
    outage = life.confirm(etr=None, cause_kind=CauseKind.TREE_DOWN)
    life.now += 5 * MINUTE
    life.publish(outage, "Gardu terbakar, regu bekerja.")
    known = life.known()
    assert known is not None
    assert known.pieces("id") == ("Gardu terbakar, regu bekerja.", "Informasi pukul 12 lewat 5 WIB.")
    assert known.pieces("en")[0].endswith("The cause is a fallen tree."), "nobody has approved a translation: the facts"


@database
@pytest.mark.parametrize(("minutes", "own"), [(0, False), (7, False), (61, True)])
def test_what_the_board_composed_is_not_own_words_though_it_stood_there_a_while(
    life: Life, minutes: int, own: bool
) -> None:
    outage = life.confirm(etr=NOON + 5 * HOUR)
    with life.db.reading() as session:
        text = statements.composed(session, life.row(outage), now=life.now)
    life.now += minutes * MINUTE
    row = life.publish(outage, text)
    assert (row.text, row.own) == (text, own)
    assert (known := life.known()) is not None
    assert known.pieces("id").count("Informasi pukul 12 WIB.") == (0 if own else 1)


@database
def test_a_statement_from_before_the_upgrade_is_said_as_it_stands(life: Life) -> None:
    outage = life.confirm(cause_kind=CauseKind.TREE_DOWN)
    old = life.publish(outage, "Kalimat lama. Informasi pukul 12 WIB.")
    with life.db.transaction() as session:
        row = session.merge(old)
        row.facts, row.own = None, True
    assert (known := life.known()) is not None
    assert known.pieces("id") == ("Kalimat lama. Informasi pukul 12 WIB.",)
    assert known.pieces("en")[0] == "Area Gerunggang, without power since 12:00 WIB. The cause is a fallen tree."


@database
@pytest.mark.parametrize("kind", ["draft", "approved"])
def test_in_no_language_is_anything_said_that_was_not_published(life: Life, kind: str) -> None:
    outage = life.confirm(etr=None, cause_kind=CauseKind.TREE_DOWN)
    life.draft(outage, "Belum disetujui.")
    if kind == "approved":
        life.approve(outage, 1)
    assert [one.status for one in life.versions(outage)] != [StatementStatus.PUBLISHED]
    assert (known := life.known()) is not None
    assert known.pieces("id") == (
        "Kami menerima banyak laporan padam dari wilayah Gerunggang. Petugas sedang memeriksa.",
        "Perkiraan waktu nyala menyusul.",
    )
    assert known.pieces("en") == (
        "We have many reports of a power outage in Gerunggang. Our officers are checking.",
        "We do not know yet when power will be back.",
    )


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> None:
    """menu.yaml: `languages: [id, en]`."""
    files = operator()
    menu = files.menu.model_copy(update={"languages": ["id", "en"]})
    monkeypatch.setattr(spoken, "operator", lambda: replace(files, menu=menu))


@database
@pytest.mark.usefixtures("both")
def test_every_piece_in_every_language_has_its_sound(life: Life) -> None:
    outage = life.confirm("19.71.05", "19.71.01", etr=NOON + 5 * HOUR)

    def all_made() -> None:
        known = life.known(ROOT)
        assert known is not None
        made = life.to_be_rendered() | {text for one in phrases.LANGUAGES for text in phrases.fixed(one)}
        assert {known.spoken, known.area_name, *known.pieces("id"), *known.pieces("en")} <= made

    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: life.revise(outage, NOON + 6 * HOUR),
        lambda: life.publish(outage),
        lambda: life.publish(outage, "Kata sendiri."),
        lambda: life.revise(outage, NOON + 20 * HOUR),
        lambda: life.lit(outage, "19.71.01"),
        lambda: life.reopen(outage, "19.71.01"),
        lambda: life.at(NOON + 21 * HOUR),
    ]
    for step in steps:
        step()
        all_made()
    assert (known := life.known(ROOT)) is not None
    assert " and Gerunggang" in known.pieces("en")[0]
