"""What the IVR and the desk read about a caller and an area: values without a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PremisesView:
    """One persil. Never spoken: name and full address (domain.md §3.8)."""

    id: int
    idpel: str
    meter: str
    area: str  # area code
    area_name: str
    street: str
    address: str
    customer_name: str
    life_support: bool
    unit_prefix: str


@dataclass(frozen=True)
class KnownOutage:
    """An outage that covers an area, with the statement that may be spoken now."""

    id: int
    area: str
    area_name: str
    status: str  # OutageStatus value
    statement_id: int | None  # None: holding statement
    spoken: str  # the exact sentence
    published_at: datetime | None
    etr: datetime | None  # estimated restoration time
    holding: bool


@dataclass(frozen=True)
class ReportView:
    """An open or recent report."""

    id: int
    number: str
    kind: str  # G | K | P
    status: str
    starred: bool
    reported_at: datetime
    reporting_kind: str
    premises_id: int | None
    outage_id: int | None
    work_order_status: str | None
