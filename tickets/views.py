"""What the IVR and the desk read about a caller and an area: values without a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tickets.scripts import Said
from tickets.states import ReportStatus


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
    beside: tuple[str, ...] = ()  # codes that cover it beside its area's (tickets/outages/scopes.py)
    public_service: bool = False  # a hospital, a water works: others depend on its power


@dataclass(frozen=True)
class KnownOutage:
    """An outage that covers an area, with the statement that may be spoken now."""

    id: int
    area: str
    area_name: str  # the place as it is spoken
    status: str  # OutageStatus value
    statement_id: int | None  # None: holding statement
    spoken: str  # the exact sentence
    published_at: datetime | None
    etr: datetime | None  # the estimated restoration time that is promised by what is spoken
    holding: bool
    codes: tuple[str, ...] = ()  # what it covers now
    holding_text: str = ""  # what is said when no statement is
    version: int = 0  # of the statement; 0: holding
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by language: what a caller hears now, in pieces
    # By language: what is new to the number that asked, when that is all it needs to hear.
    news: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)  # what the next call of this number is compared with

    def pieces(self, language: str) -> tuple[str, ...]:
        """All of it, each piece a sound; `spoken` where it was not composed for that language."""
        return self.said.get(language) or self.said.get("id") or (self.spoken,)


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
    # What a caller is told of it beside its status (tickets/asked.py); nothing of it in a mere list.
    street: str = ""  # where its crew is; "" when that is not known, or not any more
    said: Mapping[str, tuple[Said, ...]] = field(default_factory=dict)  # by language: to who asks
    again: Mapping[str, tuple[Said, ...]] = field(default_factory=dict)  # by language: to who says it is not finished

    @property
    def open(self) -> bool:
        """Whether it is not finished."""
        return self.status == ReportStatus.BELUM_SELESAI


@dataclass(frozen=True)
class CompensationView:
    """What a caller may be told of a compensation; `percent` is None while it is not certain."""

    month: str  # as it is spoken
    regulation: str
    percent: int | None


@dataclass(frozen=True)
class WorkOrderView:
    """A work order as a crew and the command centre see it."""

    id: int
    status: str  # WorkOrderStatus value
    created_at: datetime
    changed_at: datetime
    unit: str  # UP3
    ulp: str
    priority: int  # 1 is the highest
    skill: str  # dispatch.yaml; "" = any crew can
    crew: str | None
    plate: str | None
    crew_mobile: bool | None  # whether it uses the mobile application; None: no crew
    report_id: int | None
    outage_id: int | None
    number: str | None  # of the report
    starred: bool
    urgent: bool
    reported_at: datetime | None  # the promise of ± 3 h counts from here
    trouble_code: str
    comment: str
    area: str
    address: str  # or the place of the fault, as the crew is told
    lat: float | None  # of the work; degrees, WGS 84
    lon: float | None
    phone: str  # E.164 or ""
    arrived_at: datetime | None
    started_at: datetime | None
    power_on_at: datetime | None
    next_events: tuple[str, ...]  # WorkOrderEvent values allowed now
