"""Who was heard from where, for the detection of outages: calls of the last day, and what is usual of a place."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.models.columns import AREA, CALL, PHONE


class Arrival(Base):
    """A call, and where it came from as far as that is known; kept for a day (reports are counted from their own
    rows). No foreign key: a premises that goes must not be kept by a call.
    """

    __tablename__ = "arrival"
    call: Mapped[str] = mapped_column(CALL, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    phone: Mapped[str] = mapped_column(PHONE)  # "" when withheld
    premises_id: Mapped[int | None]
    area: Mapped[str] = mapped_column(AREA)  # "" = not known
    feeder: Mapped[str] = mapped_column(String(32), server_default="")  # of the outage that was chosen from a list


class PlaceBaseline(Base):
    """What is usual of an ULP or a feeder (tickets/detection/baseline.py): 168 hours of the week, discounted."""

    __tablename__ = "place_baseline"
    code: Mapped[str] = mapped_column(String(48), primary_key=True)  # of the scope: `ulp:…`, `feeder:…`
    ulp: Mapped[str] = mapped_column(String(32), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    customers: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcDateTime)  # what came before is in it
    people: Mapped[list[float]] = mapped_column(JSON)
    hours: Mapped[list[float]] = mapped_column(JSON)
