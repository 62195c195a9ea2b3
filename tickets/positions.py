"""Where crews say they are. A crew without the mobile application never does (R06)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from tickets.models import Crew

# Degrees, WGS 84: Indonesia with its seas (Sabang to Merauke, Miangas to Rote). A telephone without a fix says 0, 0.
SOUTH, NORTH, WEST, EAST = -11.5, 6.5, 94.5, 141.5


def tell(session: Session, login: str, *, lat: float, lon: float, street: str, now: datetime) -> Crew:
    """The crew of this login is there now; `street` as its telephone knows it, "" when it does not.

    Raises Invalid (`position`: not a place in Indonesia), Refused (`no-crew`: the account has none; `no-mobile`).
    """
    if not (SOUTH <= lat <= NORTH and WEST <= lon <= EAST):
        raise Invalid("Posisi itu di luar Indonesia.", slug="position", field="lat")
    crew = session.scalar(select(Crew).where(Crew.login == login).with_for_update())
    if crew is None:
        raise Refused("Akun ini belum punya regu.", slug="no-crew", status=403)
    if not crew.has_mobile:
        raise Refused("Regu ini tercatat tanpa APKT Mobile.", slug="no-mobile")
    crew.lat, crew.lon, crew.street, crew.position_at = lat, lon, street.strip(), now
    session.flush()
    return crew
