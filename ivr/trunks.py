"""The trunk a call came by, and what follows from it: the region, its clock, whose numbers its reports get."""

from __future__ import annotations

from config.operator import operator
from ivr.signals import Arrival


def trunk_of(arrival: Arrival) -> tuple[str, str]:
    """The trunk a call came by, by its name or else by the number dialled, and its region."""
    areas = operator().areas
    trunk = arrival.trunk
    if trunk not in areas.trunks:
        by_number = (name for name, known in areas.trunks.items() if arrival.dialled in known.dialled)
        trunk = next(by_number, areas.default_trunk)
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
