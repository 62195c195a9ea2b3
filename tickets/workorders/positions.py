"""Where crews say they are. A crew without the mobile application never does (R06)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from math import cos, radians

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator
from tickets import outbox
from tickets.models import Crew, Premises
from tickets.workorders.dispatch import KM_PER_DEGREE

# Degrees, WGS 84: Indonesia with its seas (Sabang to Merauke, Miangas to Rote). A telephone without a fix says 0, 0.
SOUTH, NORTH, WEST, EAST = -11.5, 6.5, 94.5, 141.5
_FIRST_METRES = 60  # most positions have a customer so near: the small box is looked at first


def tell(session: Session, login: str, *, lat: float, lon: float, street: str, now: datetime) -> Crew:
    """The crew of this login is there now; `street` as its telephone knows it, "" = that of the nearest known premises.

    Raises Invalid (`position`: not a place in Indonesia), Refused (`no-crew`: the account has none; `no-mobile`).
    """
    check(lat, lon)
    crew = session.scalar(select(Crew).where(Crew.login == login).with_for_update(key_share=True))
    if crew is None:
        raise Refused("Akun ini belum punya regu.", slug="no-crew", status=403)
    if not crew.has_mobile:
        raise Refused("Regu ini tercatat tanpa APKT Mobile.", slug="no-mobile")
    before = crew.street
    crew.lat, crew.lon, crew.position_at = lat, lon, now
    crew.street = street.strip() or street_near(session, lat, lon)
    session.flush()
    if crew.street not in ("", before):
        # Callers ask where the crew is: its street has a sound before the first one does.
        key = hashlib.sha256(crew.street.encode()).hexdigest()[:20]
        outbox.put(session, "render", f"street:{key}", {"texts": [crew.street], "statement": None})
    return crew


def check(lat: float, lon: float, *, field: str = "lat") -> None:
    """Raises Invalid (`position`) unless it is a place in Indonesia."""
    if not (SOUTH <= lat <= NORTH and WEST <= lon <= EAST):
        raise Invalid("Posisi itu di luar Indonesia.", slug="position", field=field)


def street_near(session: Session, lat: float, lon: float) -> str:
    """The street of the nearest premises within dispatch.yaml's `street_metres`, "" without one. No map is asked: what
    the utility knows of its customers suffices, and works when the network does not.
    """
    farthest = operator().dispatch.street_metres
    for metres in (min(_FIRST_METRES, farthest), farthest):
        if street := session.scalar(nearest(lat, lon, metres)):
            return street
    return ""


def nearest(lat: float, lon: float, metres: float) -> Select[str]:
    """The street of the nearest premises: within a box that the index of places answers, then by the square of the
    distance.
    """
    narrower = cos(radians(lat))  # degrees of longitude are shorter than those of latitude
    north = metres / 1000 / KM_PER_DEGREE
    east = north / narrower
    away = (Premises.lat - lat) * (Premises.lat - lat)
    aside = (Premises.lon - lon) * (Premises.lon - lon) * narrower * narrower
    inside = (Premises.lat.between(lat - north, lat + north), Premises.lon.between(lon - east, lon + east))
    near = select(Premises.street).where(*inside, away + aside <= north * north, Premises.street != "")
    return near.order_by(away + aside, Premises.id).limit(1)
