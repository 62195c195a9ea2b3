"""Words as the search register keeps them, and what somebody who types is looking for. Pure (ADR 38)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from config.errors import Invalid
from tickets.kinds import EntryKind

SHORTEST, LONGEST = 3, 60  # letters and digits of a query at least; characters at most
MOST_DIGITS = 15  # E.164; IDPEL, meter and report numbers are shorter
NAME_WORDS, PLACE_WORDS, TEXT_LENGTH = 8, 16, 500  # an entry must fit into one page of an index
# Said or left out by whim: they distinguish nobody.
LEFT_OUT = frozenset(
    "jl jln jalan gg gang no nomor rt rw kel kec kab bapak bpk pak ibu tn ny sdr sdri".split()  # noqa: SIM905 - shorter
)
_ASCII = re.compile(r"[a-z0-9]+")
_DIGITS = re.compile(r"[0-9]+")


def words(text: str) -> list[str]:
    """Letters and digits in lower case without accents; an apostrophe joins (`Ma'ruf` is one word)."""
    text = text.replace("'", "").replace("’", "")
    if text.isascii():
        return _ASCII.findall(text.lower())
    plain = _decomposed(_decomposed(text).casefold())
    return "".join(c if c.isalnum() else "" if unicodedata.combining(c) else " " for c in plain).split()


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def entries(name: str, place: str, numbers: Iterable[str]) -> set[tuple[EntryKind, str]]:
    """What a premises or a report is found by: each number as it is, and for each word of name and place all its words,
    this one first: `budi santoso kenanga 12`, `santoso budi kenanga 12`, `kenanga 12 budi santoso`.

    So one range of the register, in its own order, holds whoever has a word that begins as typed, sorted by name, and
    whatever else was typed is looked up in the same text. A house number never stands first.
    """
    return entries_of(told(name)[:NAME_WORDS], told(place)[:PLACE_WORDS], numbers)


def entries_of(who: list[str], where: list[str], numbers: Iterable[str]) -> set[tuple[EntryKind, str]]:
    """The same from words that are ready."""
    found = {(EntryKind.NUMBER, number) for number in numbers if number}
    rest = " ".join(("", *where))
    for at, word in enumerate(who):
        if not is_number(word):
            text = " ".join((word, *who[:at], *who[at + 1 :])) + rest
            found.add((EntryKind.NAME, text[:TEXT_LENGTH]))
    rest = " ".join(("", *who))
    for at, word in enumerate(where):
        if not is_number(word):
            text = " ".join((" ".join(where[at:]) + rest, *where[:at]))
            found.add((EntryKind.PLACE, text[:TEXT_LENGTH]))
    return found


def told(text: str) -> list[str]:
    """The words that distinguish; all of them when nothing else is left. Each once, in their order."""
    every = list(dict.fromkeys(words(text)))
    return [word for word in every if word not in LEFT_OUT] or every


@dataclass(frozen=True)
class Query:
    """Either `numbers` (ways to write the digits typed, each a beginning) or `words` (each the beginning of a word)."""

    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def query(text: str) -> Query:
    """What was typed so far. Raises Invalid: `query-short`, `query-long`, `query-characters`, `phone`, `number`."""
    text = text.strip()
    if len(text) > LONGEST:
        raise Invalid("Kata pencarian terlalu panjang.", slug="query-long", field="q")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise Invalid("Kata pencarian berisi tanda yang tidak dapat dicari.", slug="query-characters", field="q")
    parts = words(text)
    if sum(map(len, parts)) < SHORTEST:
        raise Invalid("Ketik sedikitnya tiga huruf atau angka.", slug="query-short", field="q")
    if all(map(is_number, parts)):
        return Query(numbers=_numbers("".join(parts), plus=text.startswith("+")))
    if text.startswith(("+", "0")):
        raise Invalid("Nomor telepon tidak dikenali bentuknya; tulis dari 0 atau +62.", slug="phone", field="q")
    # `jl` at the end may become a longer word; followed by anything it is what it looks like.
    last = parts[-1] if text[-1].isalnum() else None
    kept = [part for at, part in enumerate(parts) if part not in LEFT_OUT or (part == last and at == len(parts) - 1)]
    return Query(words=tuple(dict.fromkeys(kept or parts)))


def _numbers(digits: str, *, plus: bool) -> tuple[str, ...]:
    """A telephone stands in the register as E.164, everything else as its digits."""
    if len(digits) > MOST_DIGITS:
        raise Invalid("Angkanya terlalu banyak untuk sebuah nomor.", slug="number", field="q")
    if plus:
        return (f"+{digits}",)
    if digits.startswith("00"):
        return (f"+{digits[2:]}", digits)
    if digits.startswith("0"):
        return (f"+62{digits[1:]}", digits)
    return (digits, f"+{digits}") if digits.startswith("62") else (digits,)


def is_number(word: str) -> bool:
    """Whether a word is digits only: it never stands first, so nothing is looked up by it alone."""
    return _DIGITS.fullmatch(word) is not None
