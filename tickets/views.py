"""What the IVR and the desk read about a caller and an area: values without a session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PremisesView:
    """One persil. Never spoken: name and full address (personal data, UU 27/2022)."""

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


@dataclass(frozen=True)
class WorkOrderView:
    """A work order as a crew and the command centre see it."""

    id: int
    status: str  # WorkOrderStatus value
    created_at: datetime
    changed_at: datetime
    ulp: str
    crew: str | None
    plate: str | None
    report_id: int | None
    outage_id: int | None
    number: str | None  # of the report
    starred: bool
    reported_at: datetime | None  # the promise of ± 3 h counts from here
    trouble_code: str
    comment: str
    area: str
    address: str
    phone: str  # E.164 or ""
    next_events: tuple[str, ...]  # WorkOrderEvent values allowed now
