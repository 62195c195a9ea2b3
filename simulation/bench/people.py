"""Invented customers without end, with names as unevenly common as real ones; the same serial is the same person."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from config.operator import operator
from tickets.kinds import EntryKind
from tickets.words import entries_of

SEED = 4
IDPEL_STEP, METER_STEP, PHONE_STEP = 7_368_787, 5_915_587, 71_993
POOL = 1 << 17  # draws that are made once; a customer picks among them
COMMON = (
    "siti budi sri agus dewi nur eko ahmad dwi tri wahyu rina andi yuni hendra indah ratna joko slamet "
    "fitri rudi lestari santoso setiawan wijaya hidayat susanti kurniawan purnomo saputra rahayu utami "
    "hartono wibowo nugroho handayani gunawan firmansyah pratama suryani"
)
STREETS = (
    "melati mawar kenanga merdeka sudirman anggrek cempaka flamboyan dahlia teratai kemuning seroja "
    "pahlawan veteran pemuda diponegoro gajah rajawali merpati garuda"
)
SYLLABLES = "ba bi da du ha in ja ka ki la li ma mi na ni nu pra ra ri sa si su ta ti tu wa wi ya yu"
TAILS = ("", "h", "n", "ng", "r", "s", "t", "wan", "wati", "nto")


@dataclass(frozen=True, slots=True)
class Person:
    """One premises as words, ready for the register."""

    who: list[str]
    where: list[str]
    street: str
    address: str
    idpel: str
    meter: str
    phone: str  # E.164
    area: str

    @property
    def name(self) -> str:
        return " ".join(self.who).title()

    def words(self) -> set[tuple[EntryKind, str]]:
        """What tickets/customers/register.py would write beside the numbers."""
        return entries_of(self.who, self.where, ())


class People:
    """A country of names: a few that one in fifty has, tens of thousands that hardly anybody has (Zipf)."""

    @cached_property
    def names(self) -> list[str]:
        return _pool(COMMON.split(), 30_000, 0.85)

    @cached_property
    def streets(self) -> list[str]:
        return _pool(STREETS.split(), 4_000, 0.7)

    @cached_property
    def villages(self) -> list[str]:
        return _pool((), 1_500, 0.3)

    @cached_property
    def areas(self) -> list[str]:
        return sorted(code for code in operator().areas.areas if code.count(".") == 2)

    def block(self, first: int, count: int) -> list[Person]:
        """The customers with the serials `first` (from 1) … `first + count - 1`: the same whenever `first` is."""
        draw = random.Random(SEED * 10**9 + first)  # noqa: S311 - no secret
        return [self._person(serial, draw) for serial in range(first, first + count)]

    def _person(self, serial: int, draw: random.Random) -> Person:
        bits = draw.getrandbits
        count = (1, 2, 2, 2, 2, 3, 3, 3)[bits(3)]
        who = list(dict.fromkeys([self.names[bits(17)] for _ in range(count)]))
        street, village = self.streets[bits(17)], self.villages[bits(17)]
        house = str(bits(7) + 1)
        where = list(dict.fromkeys((street, house, village)))
        street = f"Jl. {street.title()}"
        return Person(
            who,
            where,
            street,
            f"{street} {house}, {village.title()}",
            *numbers_of(serial),
            self.areas[serial % len(self.areas)],
        )


def numbers_of(serial: int) -> tuple[str, str, str]:
    """IDPEL, meter, telephone: strewn, and nobody's twice below a thousand million (the factors are coprime)."""
    return (
        f"54{serial * IDPEL_STEP % 10**10:010}",
        f"1{serial * METER_STEP % 10**10:010}",
        f"+6281{serial * PHONE_STEP % 10**9:09}",
    )


def _pool(common: Sequence[str], distinct: int, steep: float) -> list[str]:
    draw = random.Random(SEED + distinct)  # noqa: S311 - no secret
    every, syllables = dict.fromkeys(common), SYLLABLES.split()
    while len(every) < distinct:
        every["".join(draw.choices(syllables, k=3)) + draw.choice(TAILS)] = None
    weights = list(accumulate(1 / (rank + 6) ** steep for rank in range(distinct)))
    return draw.choices(list(every), cum_weights=weights, k=POOL)
