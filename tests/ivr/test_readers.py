"""The readers beside an oracle: `num2words` (LGPL, for tests alone) writes the same words, but for what is listed."""

from __future__ import annotations

import random
import re

import pytest
from num2words import num2words

from ivr.speech import english, indonesian

pytestmark = pytest.mark.unit
_dice = random.Random(123)  # noqa: S311
# All that is said of callers and figures, then some of every length, and where words change.
EVERY = [
    *range(20_000),
    *(_dice.randrange(10**length) for length in range(5, 16) for _ in range(300)),
    *(10**length + near for length in range(15) for near in (-1, 0, 1)),
]


def oracle(value: int, language: str, to: str = "cardinal") -> str:
    words: str = num2words(value, lang=language, to=to)
    if language == "en":  # deliberately without commas: a voice makes a pause of each
        return words.replace(",", "")
    # Deliberately "seribu" in the midst of a number too, as it is said; never "satu ribu".
    return re.sub(r"\b(?<!puluh )(?<!belas )(?<!ratus )satu ribu\b", "seribu", words)


@pytest.mark.parametrize("value", [1_001_000, 49_001_703, 957_001_928])
def test_a_thousand_in_the_midst_of_a_number(value: int) -> None:
    assert "satu ribu" in num2words(value, lang="id")
    assert "juta seribu" in indonesian.number(value)


def test_indonesian_cardinals() -> None:
    assert [value for value in EVERY if indonesian.number(value) != oracle(value, "id")] == []


def test_english_cardinals() -> None:
    assert [value for value in EVERY if english.number(value) != oracle(value, "en")] == []


def test_ordinals() -> None:
    for value in range(1, 3000):
        assert indonesian.ordinal(value) == oracle(value, "id", "ordinal")
        assert english.ordinal(value) == oracle(value, "en", "ordinal")


def test_below_nothing_and_beyond_words() -> None:
    """Deliberately "minus" (the oracle says "min"), and digits where no caller follows the words any more."""
    assert (indonesian.number(-7), english.number(-7)) == ("minus tujuh", "minus seven")
    assert indonesian.number(10**15) == f"satu{' nol' * 15}"
    assert english.number(10**15) == f"one{' zero' * 15}"


def test_times_dates_durations_money_and_digits() -> None:
    assert english.time(18, 58, "WIB") == "eighteen fifty-eight Western Indonesia Time"
    assert english.time(7, 0, "WIT") == "seven o'clock Eastern Indonesia Time"
    assert [english.time(0, 0), english.time(9, 5), english.time(21, 0)] == [
        "midnight",
        "nine oh five",
        "twenty-one hundred",
    ]
    assert indonesian.time(7, 0, "WITA") == "pukul tujuh Wita"
    assert english.date(4, 8, 2019) == "the fourth of August two thousand and nineteen"
    assert indonesian.date(4, 8, 2019) == "empat Agustus dua ribu sembilan belas"
    assert [english.duration(minutes) for minutes in (0, 1, 60, 135)] == [
        *("zero minutes", "one minute", "one hour", "two hours fifteen minutes")
    ]
    assert (english.money(5000), indonesian.money(5000)) == ("five thousand rupiah", "lima ribu rupiah")
    assert (english.digits("081"), indonesian.digits("081")) == ("zero eight one", "nol delapan satu")


ENGLISH = {
    "You are number 3 in the line": "You are number three in the line",
    "tomorrow 18:58 WIB": "tomorrow eighteen fifty-eight Western Indonesia Time",
    "18.58 WITA": "eighteen fifty-eight Central Indonesia Time",
    "since 4 August 2019": "since the fourth of August two thousand and nineteen",
    "31 May 07:05 WIB.": "the thirty-first of May seven oh five Western Indonesia Time.",
    "Rp5.000": "five thousand rupiah",
    "Rp1.234.567,00": "one million two hundred and thirty-four thousand five hundred and sixty-seven rupiah",
    "60,000 customers": "sixty thousand customers",
    "2.5 hours": "two point five hours",
    "80%": "eighty percent",
    "the 3rd of them": "the third of them",
    "54100000001": "five four one zero zero zero zero zero zero zero one",
    "0812": "zero eight one two",
    "For English, press eight.": "For English, press eight.",
}


@pytest.mark.parametrize(("text", "words"), ENGLISH.items())
def test_an_english_caption_as_the_voice_gets_it(text: str, words: str) -> None:
    assert english.spoken(text) == words


INDONESIAN = {
    "4 Agustus 2019": "empat Agustus dua ribu sembilan belas",
    "04/08/2019": "empat Agustus dua ribu sembilan belas",
    "17-8-2027 pukul 9": "tujuh belas Agustus dua ribu dua puluh tujuh pukul sembilan",
    "Rp1.250.000,00": "satu juta dua ratus lima puluh ribu rupiah",
    "Rp1,5 juta": "satu koma lima juta rupiah",
    "3 jam 20 menit": "tiga jam dua puluh menit",
}


@pytest.mark.parametrize(("text", "words"), INDONESIAN.items())
def test_an_indonesian_caption_as_the_voice_gets_it(text: str, words: str) -> None:
    assert indonesian.spoken(text) == words


def test_captions_are_of_their_language() -> None:
    assert (indonesian.caption("place", "3"), english.caption("place", "3")) == ("ke-3", "3")
    assert (indonesian.caption("month", "Mei"), english.caption("month", "Mei")) == ("Mei", "May")
