"""What goes in and out of the API of outages. Names outside are CIM's (Outage, UnplannedOutage), in camelCase."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from config.schema.areas import Code
from tickets.kinds import CauseKind, OutageKind
from tickets.models import Outage, OutageEstimate, OutageHistory, OutagePeriod, Statement
from tickets.outages import scopes
from tickets.outages.outages import Facts
from tickets.schemas import Body, Text
from tickets.states import OutageStatus, StatementStatus

Scope = Annotated[
    str,
    Field(
        pattern=r"^(\d{2}(\.\d{2}){0,2}(\.\d{4})?|ulp:[a-z0-9-]{1,32}|feeder:[A-Za-z0-9][A-Za-z0-9._/-]{0,31})$",
        description="An area with all below it (`31.71.06`), a ULP (`ulp:menteng`) or a feeder (`feeder:MTG-03`).",
        examples=["31.71.06"],
    ),
]
Scopes = Annotated[list[Scope], Field(max_length=200)]
Reason = Annotated[Text, Field(max_length=240)]


class FactsIn(Body):
    """What is known of an outage that is real."""

    scopes: Scopes = Field(default_factory=list)
    community_descriptor: Text = Field(default="", max_length=160, description="As it is spoken; empty: by the scopes.")
    cause: Text = Field(default="", max_length=160, description="As it is spoken; empty: not known.")
    cause_kind: CauseKind | None = None
    estimated_restoration_time: AwareDatetime | None = None
    reported_start_time: AwareDatetime | None = None

    def facts(self) -> Facts:
        return Facts(
            covers=self.scopes,
            community=self.community_descriptor,
            cause=self.cause,
            cause_kind=self.cause_kind,
            etr=self.estimated_restoration_time,
            reported_start=self.reported_start_time,
        )


class OutageIn(FactsIn):
    """A confirmed outage: of `area`, or of `scopes`."""

    area: Code | None = None


class PlannedIn(Body):
    """Work that will cut the power, from when until when."""

    scopes: Scopes = Field(default_factory=list)
    area: Code | None = None
    community_descriptor: Text = Field(default="", max_length=160)
    cause: Text = Field(max_length=160, description="The work, as it is spoken.")
    reported_start_time: AwareDatetime
    estimated_restoration_time: AwareDatetime


class EstimateIn(Body):
    """A new estimate (null: not known any more), and why it moved."""

    estimated_restoration_time: AwareDatetime | None
    reason: Reason


class PartsIn(Body):
    """Parts of an outage: scopes of its own, or areas inside one of them."""

    scopes: Scopes


class ReopenIn(Body):
    """Power went again; without scopes in all of it."""

    scopes: Scopes = Field(default_factory=list)
    note: Reason = ""


class NoteIn(Body):
    """Why."""

    note: Reason = ""


class StatementIn(Body):
    """Without a text it is composed from the outage's facts."""

    text: Text | None = Field(default=None, min_length=1, max_length=1000)
    estimated_restoration_time: AwareDatetime | None = Field(
        default=None, description="The estimate the text was written with: refused when it is another one by now."
    )


class StatementOut(Body):
    """One version of the official word."""

    id: int
    outage: int
    version: int
    text: str
    status: StatementStatus
    author_name: str
    approver_name: str | None
    created_date_time: datetime
    approved_date_time: datetime | None
    published_date_time: datetime | None
    replaced_date_time: datetime | None
    withdrawn_date_time: datetime | None
    estimated_restoration_time: datetime | None = Field(description="What it promises; withdrawn at that time.")
    rendered: bool

    @classmethod
    def of(cls, row: Statement) -> StatementOut:
        return cls(
            id=row.id,
            outage=row.outage_id,
            version=row.version,
            text=row.text,
            status=row.status,
            author_name=row.author,
            approver_name=row.approver,
            created_date_time=row.created_at,
            approved_date_time=row.approved_at,
            published_date_time=row.published_at,
            replaced_date_time=row.replaced_at,
            withdrawn_date_time=row.withdrawn_at,
            estimated_restoration_time=row.etr,
            rendered=row.rendered_at is not None,
        )


class EstimateOut(Body):
    """One version of the estimate: who said it, when, and why it moved."""

    version: int
    estimated_restoration_time: datetime | None
    reason: str
    author_name: str
    created_date_time: datetime

    @classmethod
    def of(cls, row: OutageEstimate) -> EstimateOut:
        return cls(
            version=row.version,
            estimated_restoration_time=row.etr,
            reason=row.reason,
            author_name=row.by,
            created_date_time=row.at,
        )


class PeriodOut(Body):
    """One time without power of one scope."""

    scope: str
    start: datetime
    end: datetime | None

    @classmethod
    def of(cls, row: OutagePeriod) -> PeriodOut:
        return cls(scope=row.code, start=row.dark_from, end=row.lit_at)


class OutageStepOut(Body):
    """A move of an outage, or what somebody did to it."""

    created_date_time: datetime
    author_name: str
    event: str
    status_kind: OutageStatus
    note: str

    @classmethod
    def of(cls, row: OutageHistory) -> OutageStepOut:
        return cls(created_date_time=row.at, author_name=row.by, event=row.event, status_kind=row.status, note=row.note)


class OutageOut(Body):
    """CIM Outage. `scopes` are those of which callers hear now; of one that is not live, all it covered."""

    id: int
    outage_kind: OutageKind
    area: str
    scopes: list[str]
    community_descriptor: str
    status_kind: OutageStatus
    cause: str
    cause_kind: CauseKind | None
    reported_start_time: datetime
    estimated_restoration_time: datetime | None
    confirmed_date_time: datetime | None
    restored_date_time: datetime | None
    reopened_date_time: datetime | None
    closed_date_time: datetime | None
    author_name: str
    evidence: dict[str, Any] | None = Field(description="Why the detection proposed it.")

    @classmethod
    def of(cls, row: Outage, codes: Sequence[str]) -> OutageOut:
        return cls(
            id=row.id,
            outage_kind=row.kind,
            area=row.area,
            scopes=list(codes),
            community_descriptor=scopes.name(row),
            status_kind=row.status_kind,
            cause=row.cause,
            cause_kind=row.cause_kind,
            reported_start_time=row.reported_start,
            estimated_restoration_time=row.etr,
            confirmed_date_time=row.confirmed_at,
            restored_date_time=row.restored_at,
            reopened_date_time=row.reopened_at,
            closed_date_time=row.closed_at,
            author_name=row.created_by,
            evidence=row.evidence,
        )


class OutageDetailOut(Body):
    """An outage with everything that happened to it, the newest first."""

    outage: OutageOut
    estimates: list[EstimateOut]
    periods: list[PeriodOut]
    history: list[OutageStepOut]
