"""Contacts about a report that exists, as the API takes them, and what it tells of them. Names outside are CIM's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from tickets.kinds import CompletionCode, Intent, ReportingKind, UrgentReason
from tickets.models import ReportHistory
from tickets.schemas import Body, Changes, Details, ReportOut, Text, Trouble
from tickets.tracking import WHY, Position, Rung, Seen, TrackingView


class ContactIn(Body):
    """Why somebody is back. What is missing or unknown is refused by name (`intent-missing`, `unknown-intent`,
    `urgent-reason`).
    """

    intent: str | None = Field(default=None, description=f"Must be said: {', '.join(Intent)}.")
    urgent: str | bool | None = Field(
        default=None, description=f"The reason, when it is urgent: {', '.join(UrgentReason)}."
    )
    call: Text = Field(
        default="", max_length=41, description="The call, or another name of the contact: its steps share it."
    )
    channel: ReportingKind = ReportingKind.CALL


class LaporUlangIn(ContactIn):
    """A Lapor Ulang: what the caller says, and data that came with it (L153)."""

    note: Text = Field(default="", max_length=2000, description="Must be said (`note-missing`).")
    changes: Changes | None = None


class UpdateIn(ContactIn):
    """Only what has changed is filled (L145)."""

    changes: Changes = Changes()


class FollowUpIn(ContactIn):
    """A new report after a finished complaint or request; category and answers as they were, unless told."""

    note: Text = Field(default="", max_length=1500, description="Must be said (`note-missing`).")
    trouble_code: Trouble = ""
    details: Details | None = None
    changes: Changes | None = None


class CommentIn(Body):
    """A sentence for the history. `answered`: the customer has his answer, which stops the 1×24 h clock."""

    note: Text = Field(default="", max_length=2000, description="Must be said (`note-missing`).")
    answered: bool = False
    call: Text = Field(default="", max_length=41)
    channel: ReportingKind = ReportingKind.OTHER


class ResolveIn(Body):
    """How the unit finished it; the note is read to a customer who asks."""

    note: Text = Field(default="", max_length=500, description="Must be said (`note-missing`).")
    completion_code: CompletionCode = CompletionCode.DONE


class LogOut(Body):
    """One Lapor Ulang (Log Lapor Ulang)."""

    at: datetime
    by: str
    channel: ReportingKind
    call: str
    note: str
    intent: Intent
    urgent: UrgentReason | None

    @classmethod
    def of(cls, row: ReportHistory) -> LogOut:
        told: dict[str, Any] = row.new or {}
        return cls(
            at=row.at,
            by=row.by,
            channel=row.channel,
            call=row.call,
            note=row.note,
            intent=told["intent"],
            urgent=told["urgent"],
        )


class ReportDetailOut(ReportOut):
    """Detail Laporan: with every Lapor Ulang and who took it (R22)."""

    category: str  # as people see it
    related: str | None  # the finished report that this one goes on from
    follow_ups: list[str]
    log: list[LogOut]


class RungOut(Body):
    """One step of the ladder; `state` is done, cur (now) or empty (ahead)."""

    word: str
    at: datetime | None
    state: str

    @classmethod
    def of(cls, rung: Rung) -> RungOut:
        return cls(word=rung.word, at=rung.at, state=rung.state)


class PositionOut(Body):
    """Where the crew was at that instant; degrees, WGS 84."""

    lat: float
    lon: float
    street: str
    at: datetime

    @classmethod
    def of(cls, position: Position) -> PositionOut:
        return cls(lat=position.lat, lon=position.lon, street=position.street, at=position.at)


class FaultTrackingOut(Body):
    """Tracking of a fault. Finished: the final status alone."""

    number: str
    display_number: str
    status: str
    date_time_of_report: datetime
    resolved_date_time: datetime | None
    completion_note: str
    order_status: str = Field(description="Of the work order; empty without one.")
    ladder: list[RungOut]
    crew: str | None
    plate: str | None = Field(description="No Polisi.")
    position: PositionOut | None
    position_known: str = Field(description=", ".join(Seen))
    position_note: str = Field(description="Why there is none, for the CSO.")
    outage: int | None
    estimated_restoration_time: datetime | None

    @classmethod
    def of(cls, view: TrackingView) -> FaultTrackingOut:
        report, crew, outage = view.report, view.crew, view.outage
        return cls(
            number=report.number,
            display_number=report.display_number,
            status=report.status.value,
            date_time_of_report=report.reported_at,
            resolved_date_time=report.resolved_at,
            completion_note=report.completion_note,
            order_status=view.order_status,
            ladder=[RungOut.of(rung) for rung in view.rungs],
            crew=crew.name if crew else None,
            plate=crew.plate if crew else None,
            position=PositionOut.of(view.position) if view.position else None,
            position_known=view.seen.value,
            position_note="" if report.resolved_at else WHY[view.seen],
            outage=outage.id if outage else None,
            estimated_restoration_time=outage.etr if outage else None,
        )


class FieldOut(Body):
    """One thing that is asked about a category."""

    name: str
    label: str
    kind: str
    required: bool
    pattern: str
    choices: dict[str, str]
    least: int | None
    most: int | None


class CategoryOut(Body):
    """What a report may be about (reports.yaml)."""

    kind: str
    code: str
    label: str
    premises: bool = Field(description="Only about a premises that is a customer's.")
    fields: list[FieldOut]
