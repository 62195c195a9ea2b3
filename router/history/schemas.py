"""What the HTTP interface answers about calls, queues and CSOs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class CallEventView(BaseModel):
    """One event of a call."""

    model_config = ConfigDict(from_attributes=True)

    entry: str
    event: str
    at: datetime
    cso: str
    queue: str
    data: dict[str, Any]


class CallRecordView(BaseModel):
    """One call from ring to end, with every event. Instants that never came are null."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    pool: str
    carrier: str
    ani: str
    trunk: str
    region: str
    dialled: str
    menu: str
    queue: str
    priority: int
    emergency: bool
    cso: str
    partner: str
    offers: int
    transfers: int
    held_s: float
    outcome: str
    ended_by: str
    reason: str
    callback: bool = False  # the caller asked to be called back
    callback_number: str = ""
    callback_attempts: int = 0  # how often nobody answered
    callback_at: datetime | None = None
    recalled_from: str = ""  # the refused call whose number this is
    arrived_at: datetime | None
    queued_at: datetime | None
    offered_at: datetime | None
    answered_at: datetime | None
    handed_over_at: datetime | None
    partner_answered_at: datetime | None
    ended_at: datetime | None
    events: list[CallEventView] = []


class EndedCallView(BaseModel):
    """One call that is over, in one line. `waited_s`: in line, until it was answered or ended; null = never there."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    arrived_at: datetime | None
    ended_at: datetime | None
    outcome: str
    ended_by: str
    reason: str
    number: str = ""  # of the caller; "" = withheld
    region: str
    carrier: str
    queue: str
    emergency: bool
    waited_s: float | None = None
    cso: str
    partner: str
    offers: int
    transfers: int
    callback: bool


class EstimateView(BaseModel):
    """How true the waits were that callers were told in the last hour (docs/router/estimate.md); null = of nobody."""

    model_config = ConfigDict(from_attributes=True)

    told: int
    n: int
    mae_s: float | None
    coverage: float | None
    broken_share: float | None


class ServiceLevelView(BaseModel):
    """The share answered within `seconds` in the last hour; null = there was nobody."""

    share: float | None
    target: float
    seconds: float


class QueueView(BaseModel):
    """One queue now."""

    name: str
    title: str
    waiting: int
    longest_wait_s: float
    talking: int
    ready: int
    serving: int
    estimate: EstimateView | None = None
    service_level: ServiceLevelView | None = None


class AgentView(BaseModel):
    """One CSO who is logged in."""

    id: str
    state: str
    since: datetime
    reason: str
    next: str
    queues: list[str]
    levels: dict[str, int]  # proficiency in each of them, 1 to 5
    skills: dict[str, int]
    call: str
    carrier: str
    telephone: bool
    wrap_until: datetime | None  # null: not in wrap-up


class LevelEntryView(BaseModel):
    """A change of the surge level, or a gap set by hand (`area`)."""

    at: datetime
    event: str
    by: str
    reason: str
    hand: bool
    until: datetime | None
    level: int | None = None
    area: str | None = None
    per_s: float | None = None
    burst: float | None = None
