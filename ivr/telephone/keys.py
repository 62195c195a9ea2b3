"""What can be pressed now, as it was said: "… tekan satu" → key 1. For the page only; nothing is decided by it."""

from __future__ import annotations

import re
from collections.abc import Iterable

WORDS = {
    "nol": "0", "satu": "1", "dua": "2", "tiga": "3", "empat": "4", "lima": "5", "enam": "6", "tujuh": "7",
    "delapan": "8", "sembilan": "9", "bintang": "*", "pagar": "#",
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "star": "*", "hash": "#",
}  # fmt: skip
# After the first the verb is left out: "Status laporan, dua." "… dua jika hanya bangunan Anda padam …"
_KEY = rf"({'|'.join(WORDS)})\b"
_PRESS = re.compile(
    rf"(?:\b(?:tekan|press) {_KEY}|(?<=, ){_KEY}(?=[,.]| untuk| jika| agar| ke| for| if| to|$))[, ]*", re.IGNORECASE
)
_FILLER = re.compile(
    r"^(untuk|agar|ke|jika|bila|kalau|atau|dan|ingin kami|ingin|for|to|if|and|or)\s+|\s+(atau|dan|and|or)$",
    re.IGNORECASE,
)


def options(said: Iterable[str], emergency: str = "9") -> list[dict[str, str]]:
    """The keys that were offered, each with what it is for; the last offer of a key counts.

    The emergency sentence asks first and names its key behind the question mark, so that key has its own word.
    """
    found: dict[str, str] = {}
    asked = ""
    for sentence in re.split(r"(?<=[.?!;])\s+", " ".join(said)):
        offers = list(_PRESS.finditer(sentence))
        for at, offer in enumerate(offers):
            before = sentence[offers[at - 1].end() if at else 0 : offer.start()]
            after = sentence[offer.end() : offers[at + 1].start() if at + 1 < len(offers) else len(sentence)]
            # "Tekan satu untuk …" tells it behind the key, "Untuk …, tekan satu" before it.
            told = after if before.strip(" ,.?") == "" or at else before
            key = WORDS[(offer[1] or offer[2]).lower()]
            found.pop(key, None)
            found[key] = _label(told) or _label(after) or _label(before) or _label(asked)
            asked = ""
        asked = sentence if sentence.endswith("?") else ""
    if emergency in found:
        found[emergency] = "Darurat, kapan pun"
    return [{"key": key, "label": label} for key, label in found.items()]


def _label(text: str) -> str:
    label = text.strip(" ,.?!;:")
    while True:
        shorter = _FILLER.sub("", label).strip(" ,")
        if shorter == label:
            return label[:1].upper() + label[1:]
        label = shorter
