"""The trunk a call came by, and what follows from it: the region, its clock, whose numbers its reports get."""

from __future__ import annotations

import re

from config.operator import operator
from ivr.signals import Arrival


def as_dialled(number: str) -> str:
    """A number as people dial it and areas.yaml has it, however a carrier spells it: +6221123, 6221123 → 021123."""
    digits = re.sub(r"[^0-9+]", "", number)[:20]
    return re.sub(r"^(\+62|62)", "0", digits).lstrip("+")


def spellings(number: str) -> tuple[str, ...]:
    """As carriers may send it."""
    return (number, "+62" + number[1:], "62" + number[1:]) if number.startswith("0") else (number,)


def trunk_dialled(dialled: str) -> str:
    """The trunk on which a number is dialled: people dial area code and 123, so it names a region."""
    areas, number = operator().areas, as_dialled(dialled)
    return next((name for name, trunk in areas.trunks.items() if number in trunk.dialled), areas.default_trunk)


def trunk_of(arrival: Arrival) -> tuple[str, str]:
    """The trunk a call came by, by its name or else by the number dialled, and its region."""
    trunk = arrival.trunk if arrival.trunk in operator().areas.trunks else trunk_dialled(arrival.dialled)
    return trunk, region_of(trunk)


def region_of(trunk: str) -> str:
    """The area code of a trunk's region; of the default trunk where it is not known."""
    areas = operator().areas
    return areas.trunks[trunk if trunk in areas.trunks else areas.default_trunk].region


def prefix_of(area: str) -> str:
    """What the numbers of the unit's reports begin with."""
    return operator().unit_of(area)[1].prefix


def zone_of(region: str) -> str:
    """WIB, WITA or WIT."""
    try:
        return operator().unit_of(region)[1].zone
    except LookupError:  # a region that the operator has taken out since the store was configured
        return operator().unit_of(region_of(""))[1].zone
