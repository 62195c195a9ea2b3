"""What goes in and out of the services and the API. Names outside are CIM's, in camelCase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from config.errors import Invalid
from config.schema.areas import Code
from tickets.customers.phones import normalise
from tickets.kinds import CompletionCode, HistoryKind, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report, ReportHistory
from tickets.states import CREW_STATUS, ReportStatus, WorkOrderStatus
from tickets.views import WorkOrderView

E164 = Annotated[str, AfterValidator(normalise)]
Trouble = Annotated[
    str, Field(pattern=r"^[a-z0-9-]{0,40}$", description="A category of reports.yaml; empty: who reports did not say.")
]
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$", description="PostgreSQL keeps no NUL.")]
Number = Annotated[str, Field(pattern=r"^\d{11}$")]
Idpel = Annotated[str, Field(pattern=r"^[0-9]{12}$", description="Twelve digits.", examples=["540000000012"])]
Meter = Annotated[str, Field(pattern=r"^[0-9]{11}$", description="Eleven digits.", examples=["10000000012"])]
Email = Annotated[str, Field(pattern=r"^$|^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$", max_length=254)]
Details = Annotated[dict[str, Any], Field(max_length=40, description="Answers to the category's fields.")]


def _mobile(text: str) -> str:
    try:
        return normalise(text)
    except Invalid as fault:
        raise Invalid(fault.title, slug=fault.slug, field="mobile") from None


Mobile = Annotated[str, AfterValidator(_mobile)]


class Changes(BaseModel):
    """What Update Laporan changes; empty or blank = as it was. `comment` is added to the *keterangan*, never put in its
    place (CSO instruction L122, L145).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    reporter: Text = Field(default="", max_length=120)
    phone: E164 = ""
    mobile: Mobile = ""
    email: Email = ""
    address: Text = Field(default="", max_length=240)
    comment: Text = Field(default="", max_length=1000)

    def __bool__(self) -> bool:
        return any(self.model_dump().values())


class NewReport(BaseModel):
    """What is told when a report is filed. `key` makes it idempotent; `number` was reserved beforehand; `related_id`
    is the finished report that this one goes on from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ReportKind
    key: str = Field(min_length=1, max_length=120)
    reporting_kind: ReportingKind
    by: str = Field(min_length=1, max_length=64)
    premises_id: RowId | None = None
    area: Code | None = None
    beside: tuple[str, ...] = ()  # codes of the outage that was chosen; of no account where the premises is known
    trouble: Trouble = ""
    comment: Text = Field(default="", max_length=2000)
    phone: E164 = ""
    call: Text = Field(default="", max_length=41)
    number: Number | None = None
    only_me: bool = False
    reporter: Text = Field(default="", max_length=120)
    mobile: Mobile = ""
    email: Email = ""
    address: Text = Field(default="", max_length=240)
    details: Details = {}
    related_id: RowId | None = None


class Body(BaseModel):
    """Camel case outside, snake case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class ReportIn(Body):
    """A report as the API takes it. Who, when and the key come from the request."""

    kind: ReportKind
    reporting_kind: ReportingKind | None = Field(
        default=None, description="Without: `call`, or the channel of the application that asks."
    )
    premises: RowId | None = None
    idpel: Idpel | None = None
    meter: Meter | None = None
    area: Code | None = None
    trouble_code: Trouble = ""
    comment: Text = Field(default="", max_length=2000)
    phone: E164 = ""
    call: Text = Field(default="", max_length=41)
    only_me: bool = False
    reporter: Text = Field(default="", max_length=120)
    mobile: Mobile = ""
    email: Email = ""
    address: Text = Field(default="", max_length=240)
    details: Details = {}

    def new(self, *, key: str, by: str) -> NewReport:
        """The same, with who asked and the idempotency key."""
        return NewReport(
            kind=self.kind,
            key=key,
            reporting_kind=self.reporting_kind or ReportingKind.CALL,
            by=by,
            premises_id=self.premises,
            area=self.area,
            trouble=self.trouble_code,
            comment=self.comment,
            phone=self.phone,
            call=self.call,
            only_me=self.only_me,
            reporter=self.reporter,
            mobile=self.mobile,
            email=self.email,
            address=self.address,
            details=self.details,
        )


class WorkOrderOut(Body):
    """A work order; `crewStatus` is CIM's word for `status`."""

    id: int
    report: str | None  # its number
    outage: int | None
    crew: str | None
    plate: str | None
    mobile_application: bool | None = Field(description="Whether the crew uses it; without, no position is told.")
    status: WorkOrderStatus
    crew_status: str
    unit: str
    ulp: str
    priority: int = Field(description="1 is the highest.")
    skill: str = Field(description="What the work takes; empty: any crew can.")
    place: str = Field(description="Of an outage: where the fault is.")
    created_date_time: datetime
    last_modified_date_time: datetime
    arrived_date_time: datetime | None
    started_date_time: datetime | None
    power_on_date_time: datetime | None
    next_events: list[str]

    @classmethod
    def of(cls, view: WorkOrderView) -> WorkOrderOut:
        status = WorkOrderStatus(view.status)
        return cls(
            id=view.id,
            report=view.number,
            outage=view.outage_id,
            crew=view.crew,
            plate=view.plate,
            mobile_application=view.crew_mobile,
            status=status,
            crew_status=CREW_STATUS[status],
            unit=view.unit,
            ulp=view.ulp,
            priority=view.priority,
            skill=view.skill,
            place="" if view.report_id else view.address,
            created_date_time=view.created_at,
            last_modified_date_time=view.changed_at,
            arrived_date_time=view.arrived_at,
            started_date_time=view.started_at,
            power_on_date_time=view.power_on_at,
            next_events=list(view.next_events),
        )


class ReportOut(Body):
    """A report under CIM's names."""

    id: int
    number: str
    display_number: str = Field(description="The number as it is shown: with a star when it needs attention.")
    starred: bool
    kind: ReportKind
    status: ReportStatus
    date_time_of_report: datetime = Field(description="Of the first report, for good.")
    resolved_date_time: datetime | None
    reporting_kind: ReportingKind
    trouble_code: str
    comment: str
    multiple_premises: bool | None
    premises: int | None
    area: str
    unit: str
    ulp: str
    outage: int | None
    reporter: str
    phone: str
    mobile: str
    email: str
    address: str
    details: dict[str, Any]
    starred_date_time: datetime | None
    reopened_date_time: datetime | None
    repeats: int = Field(description="How often it was told again (Lapor Ulang).")
    last_repeat_date_time: datetime | None
    urgent: UrgentReason | None = Field(description="Its crew comes first.")
    respond_by: datetime | None = Field(description="1×24 h; null: no such clock.")
    responded_date_time: datetime | None
    completion_code: CompletionCode | None
    completion_note: str
    work_order: WorkOrderOut | None = None

    @classmethod
    def of(cls, report: Report, work_order: WorkOrderOut | None = None) -> ReportOut:
        return cls(**cls._values(report), work_order=work_order)

    @staticmethod
    def _values(report: Report) -> dict[str, Any]:
        other = {"date_time_of_report": "reported_at", "premises": "premises_id", "outage": "outage_id"}
        for name in ("resolved", "starred", "reopened", "last_repeat", "responded"):
            other[f"{name}_date_time"] = f"{name}_at"
        names = ReportOut.model_fields.keys() - {"work_order"}
        return {name: getattr(report, other.get(name, name)) for name in names}


class HistoryOut(Body):
    """One entry of Issue History."""

    at: datetime
    by: str
    channel: ReportingKind
    call: str
    kind: HistoryKind
    note: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None

    @classmethod
    def of(cls, row: ReportHistory) -> HistoryOut:
        return cls(
            at=row.at,
            by=row.by,
            channel=row.channel,
            call=row.call,
            kind=row.kind,
            note=row.note,
            old=row.old,
            new=row.new,
        )


class CustomerOut(Body):
    """A premises with its customer."""

    premises: int
    idpel: str
    meter: str
    name: str
    area: str
    area_name: str
    street: str
    address: str
    special_need: bool = Field(description="Somebody there depends on power to live (CIM Customer.specialNeed).")
    public_service: bool = Field(description="A hospital, a water works: counted as critical (CIM criticalCount).")
