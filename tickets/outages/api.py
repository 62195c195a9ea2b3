"""The HTTP face of outages: their life, their estimates and what is said about them (docs/outages.md)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.openapi import faults
from tickets.api import Channel, Db, Id, Limit, Login, Now
from tickets.idempotency import Write
from tickets.models import Outage, OutageHistory, OutagePeriod
from tickets.outages import estimates, outages, planned, scopes, statements, supply
from tickets.outages.moves import found
from tickets.outages.schemas import (
    EstimateIn,
    EstimateOut,
    FactsIn,
    NoteIn,
    OutageDetailOut,
    OutageIn,
    OutageOut,
    OutageStepOut,
    PartsIn,
    PeriodOut,
    PlannedIn,
    ReopenIn,
    StatementIn,
    StatementOut,
)
from tickets.states import OutageStatus

router = APIRouter(prefix="/api/v1", tags=["outages"])

Version = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the statement, counted within its outage.")]
PLACE = "scopes-missing unknown-area unknown-ulp unknown-feeder"
TIMES = "start-in-future etr-before-start etr-past"
APPROVAL = "two-people statement-outdated outage-over"


@router.get("/outages")
def list_outages(db: Db, live: bool = True, status: OutageStatus | None = None, limit: Limit = 100) -> list[OutageOut]:
    """Outages, the newest first: those of which callers are told, or with `status` those in one state."""
    with db.reading() as session:
        rows = outages.list_outages(session, live_only=live, status=status, limit=limit)
        codes = scopes.of_all(session, rows)
        return [OutageOut.of(row, codes[row.id]) for row in rows]


@router.get("/outages/{outage}")
def get_outage(outage: Id, db: Db, channel: Channel) -> OutageDetailOut:
    """An outage with its estimates, its times without power and its history, which an application is not shown."""
    with db.reading() as session:
        row = found(session, outage)
        periods = select(OutagePeriod).where(OutagePeriod.outage_id == outage).order_by(OutagePeriod.id.desc())
        steps = select(OutageHistory).where(OutageHistory.outage_id == outage).order_by(OutageHistory.id.desc())
        return OutageDetailOut(
            outage=_outage(session, row),
            estimates=[EstimateOut.of(one) for one in estimates.versions(session, outage)],
            periods=[PeriodOut.of(one) for one in session.scalars(periods)],
            history=[OutageStepOut.of(one) for one in session.scalars(steps)] if channel is None else [],
        )


@router.post("/outages", status_code=201, responses=faults({409: "outage-exists", 422: f"{PLACE} {TIMES}"}))
def confirm_outage(body: OutageIn, write: Write, now: Now, by: Login) -> OutageOut:
    """Confirm an outage; its holding statement goes live by itself, and those inside are told."""

    def confirm(session: Session) -> OutageOut:
        facts = body.facts()
        row = outages.confirm_outage(
            session,
            area=body.area or "",
            covers=facts.covers,
            community=facts.community,
            cause=facts.cause,
            cause_kind=facts.cause_kind,
            etr=facts.etr,
            reported_start=facts.reported_start,
            by=by,
            now=now,
        )
        return _outage(session, row)

    return write(confirm)


@router.post(
    "/outages/planned", status_code=201, responses=faults({422: f"{PLACE} start-past etr-before-start cause-missing"})
)
def schedule_work(body: PlannedIn, write: Write, now: Now, by: Login) -> OutageOut:
    """Announce planned work: it begins by itself, those inside are told before."""

    def schedule(session: Session) -> OutageOut:
        row = planned.schedule(
            session,
            covers=body.scopes,
            area=body.area or "",
            community=body.community_descriptor,
            cause=body.cause,
            starts=body.reported_start_time,
            ends=body.estimated_restoration_time,
            by=by,
            now=now,
        )
        return _outage(session, row)

    return write(schedule)


@router.post("/outages/{outage}/confirm", responses=faults({409: "outage-exists", 422: f"{PLACE} {TIMES}"}))
def confirm_proposal(outage: Id, body: FactsIn, write: Write, now: Now, by: Login) -> OutageOut:
    """A proposal is right; with `scopes` it is larger or smaller than was thought."""
    return write(
        lambda session: _outage(session, outages.confirm_proposal(session, outage, body.facts(), by=by, now=now))
    )


@router.post("/outages/{outage}/dismiss")
def dismiss_outage(outage: Id, body: NoteIn, write: Write, now: Now, by: Login) -> OutageOut:
    """A proposal was wrong, or planned work is called off."""
    return write(
        lambda session: _outage(session, outages.dismiss_outage(session, outage, note=body.note, by=by, now=now))
    )


@router.post(
    "/outages/{outage}/estimates",
    status_code=201,
    responses=faults({409: "outage-over", 422: "etr-before-start etr-past reason-missing estimate-same"}),
)
def revise_estimate(outage: Id, body: EstimateIn, write: Write, now: Now, by: Login) -> EstimateOut:
    """The estimate moves: what promised the old one is said no more, and the new word names both."""

    def revise(session: Session) -> EstimateOut:
        etr = body.estimated_restoration_time
        return EstimateOut.of(estimates.revise(session, outage, etr, reason=body.reason, by=by, now=now))

    return write(revise)


@router.post(
    "/outages/{outage}/partially-restored",
    responses=faults({409: "nothing-left outage-exists", 422: f"{PLACE} scope-not-dark"}),
)
def restore_partially(outage: Id, body: PartsIn, write: Write, now: Now, by: Login) -> OutageOut:
    """These parts have power again."""
    return write(
        lambda session: _outage(session, supply.restore_partially(session, outage, body.scopes, by=by, now=now))
    )


@router.post("/outages/{outage}/restored")
def restore_outage(outage: Id, write: Write, now: Now, by: Login) -> OutageOut:
    """Power is back: nothing is announced any more, attached reports are finished, those concerned are told."""
    return write(lambda session: _outage(session, outages.restore_outage(session, outage, by=by, now=now)))


@router.post("/outages/{outage}/reopen", responses=faults({409: "outage-exists", 422: f"{PLACE} scope-not-dark"}))
def reopen_outage(outage: Id, body: ReopenIn, write: Write, now: Now, by: Login) -> OutageOut:
    """Power went again: the estimate begins anew, and what is said tells that power came and went."""
    return write(
        lambda session: _outage(session, supply.reopen(session, outage, body.scopes, note=body.note, by=by, now=now))
    )


@router.post("/outages/{outage}/close")
def close_outage(outage: Id, write: Write, now: Now, by: Login) -> OutageOut:
    """SELESAI, after it was restored."""
    return write(lambda session: _outage(session, outages.close_outage(session, outage, by=by, now=now)))


@router.get("/outages/{outage}/statements")
def list_statements(outage: Id, db: Db, channel: Channel) -> list[StatementOut]:
    """Every version of the official word, the newest first; an application sees what was published."""
    with db.reading() as session:
        rows = statements.versions(session, found(session, outage).id)
        return [StatementOut.of(row) for row in rows if channel is None or row.published_at is not None]


@router.post(
    "/outages/{outage}/drafts",
    status_code=201,
    responses=faults({409: "outage-over statement-outdated", 422: "statement-empty"}),
)
def draft_statement(outage: Id, body: StatementIn, write: Write, now: Now, by: Login) -> StatementOut:
    """Write a version that nobody hears before it is approved and published; for planned work also beforehand."""
    etr = body.estimated_restoration_time
    return write(
        lambda session: StatementOut.of(statements.draft(session, outage, text=body.text, etr=etr, by=by, now=now))
    )


@router.post(
    "/outages/{outage}/statements",
    status_code=201,
    responses=faults({409: f"{APPROVAL} outage-not-begun", 422: "statement-empty"}),
)
def publish_statement(outage: Id, body: StatementIn, write: Write, now: Now, by: Login) -> StatementOut:
    """Write, approve and publish a new version in one step; refused where two people are required."""
    etr = body.estimated_restoration_time
    return write(
        lambda session: StatementOut.of(statements.publish(session, outage, text=body.text, etr=etr, by=by, now=now))
    )


@router.post(
    "/outages/{outage}/statements/{version}/approve",
    responses=faults({404: "unknown-statement", 409: APPROVAL}),
)
def approve_statement(outage: Id, version: Version, write: Write, now: Now, by: Login) -> StatementOut:
    """Answer for a draft; by another person than its author where two are required."""
    return write(lambda session: StatementOut.of(statements.approve(session, outage, version, by=by, now=now)))


@router.post(
    "/outages/{outage}/statements/{version}/publish",
    responses=faults({404: "unknown-statement", 409: f"{APPROVAL} outage-not-begun"}),
)
def release_statement(outage: Id, version: Version, write: Write, now: Now) -> StatementOut:
    """What was approved is said from now on, replacing the last version."""
    return write(lambda session: StatementOut.of(statements.release(session, outage, version, now=now)))


@router.post("/outages/{outage}/statements/{version}/withdraw", responses=faults({404: "unknown-statement"}))
def withdraw_statement(outage: Id, version: Version, write: Write, now: Now, by: Login) -> StatementOut:
    """Not true, or not wanted: after a published one callers hear the holding sentence."""
    return write(lambda session: StatementOut.of(statements.withdraw(session, outage, version, by=by, now=now)))


def _outage(session: Session, row: Outage) -> OutageOut:
    return OutageOut.of(row, scopes.of_all(session, [row])[row.id])
