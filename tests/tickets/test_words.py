"""What the search register keeps of a text, and what is understood of what somebody types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import Invalid
from tickets.kinds import EntryKind
from tickets.words import LONGEST, Query, entries, query, words

pytestmark = pytest.mark.unit


def test_words_are_letters_and_digits_without_case_accents_and_apostrophes() -> None:
    assert words("Jl. Kenanga Raya No.12-A/3") == ["jl", "kenanga", "raya", "no", "12", "a", "3"]
    assert words("  Désirée  Ma'ruf  Ǆ ") == ["desiree", "maruf", "dz"]
    assert words("% _ \\ \x00 *") == []


@given(st.text(max_size=40))
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


def test_a_premises_is_found_by_every_word_and_number_but_not_by_its_house_number() -> None:
    found = entries("Bapak Budi Santoso", "Jl. Kenanga Raya 12, Menteng", ["540000000012", "", "+6281201000001"])
    assert found == {
        (EntryKind.NUMBER, "540000000012"),
        (EntryKind.NUMBER, "+6281201000001"),
        (EntryKind.NAME, "budi santoso kenanga raya 12 menteng"),
        (EntryKind.NAME, "santoso budi kenanga raya 12 menteng"),
        (EntryKind.PLACE, "kenanga raya 12 menteng budi santoso"),
        (EntryKind.PLACE, "raya 12 menteng budi santoso kenanga"),
        (EntryKind.PLACE, "menteng budi santoso kenanga raya 12"),
    }


@given(st.text(max_size=300), st.text(max_size=300))
def test_an_entry_fits_into_a_page_of_an_index(name: str, place: str) -> None:
    found = entries(name, place, [])
    assert len(found) <= 24
    assert all(len(text.encode()) <= 2000 for _, text in found)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("0812 0100-0001", Query(numbers=("+6281201000001", "081201000001"))),
        ("+62812", Query(numbers=("+62812",))),
        ("62812", Query(numbers=("62812", "+62812"))),
        ("0062812", Query(numbers=("+62812", "0062812"))),
        ("5400000001", Query(numbers=("5400000001",))),
        ("54100000001*", Query(numbers=("54100000001",))),
        (" Bu ", None),
        ("Bud", Query(words=("bud",))),
        ("jl. Kenanga 12", Query(words=("kenanga", "12"))),
        ("kenanga jl", Query(words=("kenanga", "jl"))),  # perhaps the beginning of a word
        ("jl.", None),
        ("jalan ", Query(words=("jalan",))),  # nothing else is left
        ("budi budi", Query(words=("budi",))),
        ("100%", Query(numbers=("100",))),
        ("bu_di", Query(words=("bu", "di"))),
    ],
)
def test_what_was_typed_is_understood(typed: str, understood: Query | None) -> None:
    if understood is None:
        with pytest.raises(Invalid) as fault:
            query(typed)
        assert fault.value.slug == "query-short"
    else:
        assert query(typed) == understood


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("", "query-short"),
        ("%%%", "query-short"),
        ("a" * (LONGEST + 1), "query-long"),
        ("abc\x00", "query-characters"),
        ("0812x", "phone"),
        ("+62 budi", "phone"),
        ("1" * 16, "number"),
    ],
)
def test_what_cannot_be_searched_has_a_slug(typed: str, slug: str) -> None:
    with pytest.raises(Invalid) as fault:
        query(typed)
    assert (fault.value.slug, fault.value.field) == (slug, "q")


@given(st.text(max_size=80))
def test_whatever_is_typed_is_understood_or_refused(typed: str) -> None:
    try:
        found = query(typed)
    except Invalid:
        return
    assert bool(found.numbers) != bool(found.words)
