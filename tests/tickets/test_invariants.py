"""What holds of a report whatever contacts it gets, in any order, at any time: the services, on both databases.

The numbers are those of the invariants of the decision table; (vi) and (vii) are about reading, (viii) about sentences
(test_decision_table.py, test_scripts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Database
from config.errors import Problem
from tests.fixtures.contacts import by_cso, filed
from tests.fixtures.tickets import NOON
from tickets import completion, history, repeats, reports
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, HistoryKind, Intent, ReportingKind, ReportKind, UrgentReason
from tickets.models import Report
from tickets.schemas import Changes
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

OPEN, CLOSED = ReportStatus
CODE = CompletionCode.DONE


@dataclass(frozen=True)
class Try:
    """One attempt of a contact."""

    what: str
    intent: Intent
    urgent: UrgentReason | None
    minutes: int  # since the one before
    same_contact: bool  # the caller is still on the line
    channel: ReportingKind


@dataclass(frozen=True)
class Seen:
    """A report as it is kept."""

    number: str
    reported_at: datetime
    status: ReportStatus
    starred: bool
    starred_at: datetime | None
    phone: str
    repeats: int
    log: int  # entries in Log Lapor Ulang
    successors: int


tries = st.builds(
    Try,
    what=st.sampled_from(["repeat", "update", "follow", "apply", "comment", "resolve", "confirm"]),
    intent=st.sampled_from(Intent),
    urgent=st.sampled_from([None, *UrgentReason]),
    minutes=st.sampled_from([0, 1, 90, 179, 180, 600]),
    same_contact=st.booleans(),
    channel=st.sampled_from([ReportingKind.CALL, ReportingKind.IVR, ReportingKind.WHATSAPP]),
)


def do(session: Session, number: str, one: Try, contact: Contact, now: datetime) -> None:
    told: dict[str, Any] = {"contact": contact, "now": now}
    asked: dict[str, Any] = {"intent": one.intent, "urgent": one.urgent, **told}
    changes = Changes(phone=f"08120100{now.minute:02}{now.hour:02}")
    actions: dict[str, Callable[[], object]] = {
        "repeat": lambda: repeats.lapor_ulang(session, number, note="Masih padam.", **asked),
        "update": lambda: repeats.update(session, number, changes=changes, **asked),
        "follow": lambda: repeats.follow_up(session, number, note="Belum selesai.", **asked),
        "apply": lambda: repeats.apply(session, number, note="Masih begitu.", **asked),
        "comment": lambda: repeats.comment(session, number, note="Menunggu.", **told),
        "resolve": lambda: completion.resolve(session, number, code=CODE, note="Selesai.", **told),
        "confirm": lambda: completion.confirm(session, number, finished=False, **told),
    }
    actions[one.what]()


def look(session: Session, number: str) -> Seen:
    report = reports.by_number(session, number)
    return Seen(
        number=report.number,
        reported_at=report.reported_at,
        status=report.status,
        starred=report.starred,
        starred_at=report.starred_at,
        phone=report.phone,
        repeats=report.repeats,
        log=len(history.of(session, report.id, [HistoryKind.REPEAT])),
        successors=len(session.scalars(select(Report.id).where(Report.related_id == report.id)).all()),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(ReportKind), day=st.lists(tries, min_size=1, max_size=8))
def test_whatever_contacts_a_report_gets(db: Database, kind: ReportKind, day: list[Try]) -> None:
    number = filed(db, **about(kind))
    now, contact = NOON, by_cso()
    for step, one in enumerate(day):
        now += timedelta(minutes=one.minutes)
        contact = replace(contact, key=f"{contact.key}.{step}") if one.same_contact else by_cso(channel=one.channel)
        contact = replace(contact, call=contact.call or f"c{number}{step:04}")
        with db.reading() as session:
            before = look(session, number)
        refused = ""
        try:
            with db.transaction() as session:
                do(session, number, one, contact, now)
        except Problem as fault:
            refused = fault.slug
        with db.reading() as session:
            after = look(session, number)
            log = history.of(session, reports.by_number(session, number).id, [HistoryKind.REPEAT])

        if refused:
            assert after == before, f"{refused} changed something"
        if after.starred and not before.starred:
            assert kind is ReportKind.GANGGUAN, "(i)"
            assert before.status is CLOSED, "(i)"
            assert after.log == before.log + 1, "(i)"
        if before.starred:
            assert (after.starred, after.starred_at) == (True, before.starred_at), "(i) one star, for good"
        assert after.number == number, "(ii)"
        if after.successors > before.successors:
            assert kind is not ReportKind.GANGGUAN, "(ii)"
            assert before.status is after.status is CLOSED, "(ii)"
        if one.what == "update" and not refused:
            assert before.status is OPEN, "(iii)"
        if after.log > before.log:
            assert kind is ReportKind.GANGGUAN or before.status is OPEN, "(iv)"
            newest = log[0]
            assert (newest.at, newest.by, newest.channel) == (now, contact.by, contact.channel), "(v)"
            assert newest.note, "(v)"
        assert after.log == after.repeats, "(v)"
        if before.status is CLOSED and after.status is OPEN:
            assert after.log == before.log + 1, "re-opened by a Lapor Ulang only"
        assert after.reported_at == NOON, "(ix)"


def about(kind: ReportKind) -> dict[str, Any]:
    """A report of this kind that needs no more than itself."""
    if kind is ReportKind.PERMINTAAN:
        told = {"alamat": "Jl. Melati 1", "daya": 1300, "mulai": "2026-12-01", "hari": 2}
        return {"kind": kind, "trouble": "pasang-sementara", "details": told}
    return {"kind": kind}
