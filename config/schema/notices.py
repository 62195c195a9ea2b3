"""notices.yaml: who is told what about an outage or a report, by which channel, how fast, and what is tried again."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.schema.base import Shape, template

Sentence = Annotated[str, template("area", may=("since", "cause", "estimate")), Field(max_length=320)]
ReportSentence = Annotated[str, template(may=("number",)), Field(max_length=320)]
Prefix = Annotated[str, Field(pattern=r"^\+\d{0,8}$", description="The beginning of a number in E.164.")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM in the zone of the area.")]
Event = Literal["powerOut", "etrChange", "plannedWork", "plannedWorkCancelled", "powerRestored"]


class Told(Shape):
    """What is said of one event; without a sentence nobody is told that way."""

    sms: Sentence | None = None
    call: Sentence | None = Field(default=None, description="Spoken to whom a short message does not reach.")


class Finished(Shape):
    """What its reporter is told when a report is finished that no outage explains."""

    sms: ReportSentence | None = None
    call: ReportSentence | None = None
    dark: str = Field(min_length=1, max_length=160, description="Said after 2: it is not.")
    after_minutes: int = Field(default=5, ge=0, le=1440, description="Whom a person tells before is not told again.")


class Quiet(Shape):
    """Hours in which what is named waits for the morning."""

    begin: Clock
    end: Clock
    calls: bool = Field(default=True, description="Nobody is rung in them.")
    sms: list[Event | Literal["reportFinished"]] = Field(
        default=[], description="Events whose short messages wait, too."
    )

    def from_time(self) -> time:
        """When it becomes quiet."""
        return time.fromisoformat(self.begin)

    def until_time(self) -> time:
        """When it is over."""
        return time.fromisoformat(self.end)

    @model_validator(mode="after")
    def _some_hours(self) -> Quiet:
        if self.begin == self.end:
            raise ValueError("begin and end are the same time")
        return self


class Retry(Shape):
    """After "too many requests" or a fault of the carrier: first_seconds, then twice as long each time."""

    attempts: int = Field(ge=1, le=10, description="Times that a number is tried before it has failed.")
    first_seconds: int = Field(ge=1, le=3600)
    most_seconds: int = Field(ge=1, le=86400)


class Calls(Shape):
    """How people are called."""

    per_second: float = Field(gt=0, le=100, description="New calls a second of all processes together.")
    ring_seconds: int = Field(ge=10, le=60)
    attempts: int = Field(ge=1, le=5, description="Times that a telephone is rung before it has not been reached.")
    again_minutes: int = Field(ge=1, le=1440, description="Between two attempts.")
    answer: str = Field(min_length=1, max_length=160, description="Asked behind the sentence: 1 lit, 2 still dark.")
    lit: str = Field(min_length=1, max_length=160, description="Said after 1.")
    dark: str = Field(min_length=1, max_length=160, description="Said after 2.")


class Words(Shape):
    """What an answered short message says, in small letters; 1 and 2 are understood beside them."""

    lit: list[str]
    dark: list[str]
    stop: list[str] = Field(description="Wants no notices any more.")
    stopped: str = Field(min_length=1, max_length=160, description="Answered to `stop`.")


class Notices(Shape):
    """Everything about notices."""

    channels: dict[Prefix, Literal["sms", "call"]] = Field(description="The longest beginning that fits decides.")
    batch: int = Field(ge=1, le=2000, description="Premises whose numbers are collected and sent together.")
    sms_per_second: float = Field(gt=0, le=10000, description="Short messages a second of all processes together.")
    planned_lead_hours: int = Field(ge=1, le=720, description="Planned work is told so long before it begins.")
    answer_hours: int = Field(ge=1, le=168, description="So long an answered short message is understood.")
    retry: Retry
    calls: Calls
    words: Words
    quiet: Quiet | None = None
    events: dict[Event, Told]
    report_finished: Finished | None = Field(default=None, description="Absent: reporters are told by people.")

    def about(self, event: str) -> Told | None:
        """The words for an event of an outage."""
        return next((told for name, told in self.events.items() if name == event), None)

    @model_validator(mode="after")
    def _every_number(self) -> Notices:
        if "+" not in self.channels:
            raise ValueError('channels: "+" must say how all other numbers are told')
        return self
