"""What the rule table says about one contact, for the CSO's screen. It changes nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from config.operator import operator
from tickets import decisions, reports, scripts
from tickets.api import Db, Now, Number
from tickets.kinds import ReportKind
from tickets.rules import WHY, Action, asked
from tickets.schemas import Body
from tickets.states import ReportStatus

router = APIRouter(prefix="/api/v1", tags=["reports"])


class ForbiddenOut(Body):
    """An action that would be refused with the slug `rule-…`, and why, in a sentence for the CSO."""

    action: Action
    rule: str
    why: str


class SaidOut(Body):
    """A sentence to read out; N1 is what a new report will be headed with."""

    name: str
    text: str


class QuestionOut(Body):
    """For a caller who asks about PLN Mobile."""

    question: str
    answer: list[str]


class DecisionOut(Body):
    """One row of the decision table (docs/rules.md), and the words that go with it."""

    number: str
    kind: ReportKind
    status: ReportStatus
    starred: bool
    row: str
    required: list[Action]
    permitted: list[Action]
    permitted_after_repeat: list[Action]
    forbidden: list[ForbiddenOut]
    status_after: ReportStatus
    new_number: bool
    sets_star: bool
    logs_repeat: bool
    scripts: list[SaidOut]
    guide: list[QuestionOut]


class Contact(BaseModel):
    """Why the caller is in touch again. What is missing or unknown is refused by name (`rules.asked`)."""

    intent: str | None = Field(default=None, description="ENQUIRY, CUST_DATA, PLN_SIDE or BOTH; must be said.")
    urgent: str | None = Field(
        default=None, description="The reason: hazard, life_support, public_service or supervisor. None: not urgent."
    )
    salutation: Literal["Bapak", "Ibu", "Bapak/Ibu"] = "Bapak/Ibu"


def _name(request: Request) -> str:
    name: str = request.state.principal.name or request.state.principal.login
    return name


Name = Annotated[str, Depends(_name)]  # as the tag of a follow-up has it


@router.get("/reports/{number}/decision")
def decision(number: Number, contact: Annotated[Contact, Query()], db: Db, now: Now, by: Name) -> DecisionOut:
    """What must, may and may not be done about a report for a caller with this intent, now, and what is said."""
    intent, urgent = asked(contact.intent, contact.urgent)
    with db.reading() as session:
        report = reports.by_number(session, number)
        row = decisions.decision_of(report, intent, urgent, now=now)
        facts = decisions.facts_of(session, report, by=by, now=now, salutation=contact.salutation)
        words = operator().scripts
        return DecisionOut(
            number=report.number,
            kind=report.kind,
            status=report.status,
            starred=report.starred,
            row=row.row,
            required=list(row.required),
            permitted=[action for action in Action if action in row.permitted],
            permitted_after_repeat=[action for action in Action if action in row.permitted_after_repeat],
            forbidden=[ForbiddenOut(action=a, rule=rule, why=WHY[rule]) for a, rule in sorted(row.forbidden.items())],
            status_after=row.status_after,
            new_number=row.new_number,
            sets_star=row.sets_star,
            logs_repeat=row.logs_repeat,
            scripts=[
                SaidOut.model_validate(said, from_attributes=True) for said in scripts.sentences(row, facts, words)
            ],
            guide=[QuestionOut.model_validate(entry, from_attributes=True) for entry in words.guide],
        )
