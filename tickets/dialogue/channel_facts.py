"""The wishes of the written dialogue (turn.py) fulfilled against the database."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from config.errors import Problem
from config.operator import operator
from tickets import decisions, history, numbers, repeats, reports, scripts, workorders
from tickets.asked import LATELY
from tickets.contacts import Contact
from tickets.dialogue import turn as wishes
from tickets.dialogue.turn import About, Answered, Sender, State, Wish
from tickets.kinds import Intent, ReportingKind, ReportKind
from tickets.models import Phone, Premises, PremisesPhone, Report
from tickets.notices.subscriptions import subscribe
from tickets.outages import lookup
from tickets.outages.scopes import place_of
from tickets.reports import ReportOpen
from tickets.schemas import Changes, NewReport
from tickets.states import ReportStatus
from tickets.views import KnownOutage, PremisesView

T = TypeVar("T")
MOST = 5  # reports in a list
SAID_NOTHING = {
    Intent.ENQUIRY: "Pelapor menanyakan kabar.",
    Intent.CUST_DATA: "Pelapor mengubah data.",
    Intent.PLN_SIDE: "Pelapor menyatakan masih ada masalah.",
    Intent.BOTH: "Pelapor menyatakan masih ada masalah dan mengubah data.",
}


class Facts:
    """What this sender may know and do, in one transaction."""

    def __init__(self, session: Session, channel: ReportingKind, key: str, sender: Sender, address: str) -> None:
        self._session, self._channel, self._key, self.sender = session, channel, key, sender
        self._email = address if channel is ReportingKind.EMAIL else ""

    def fulfil(self, wish: Wish) -> Any:
        """The answer to one wish; a Problem is an answer too, and has changed nothing."""
        return _FULFILLED[type(wish)](self, wish)

    def senders_premises(self, _: wishes.SendersPremises) -> list[PremisesView]:
        return lookup.premises_by_phone(self._session, self.sender.phone)

    def premises_number(self, wish: wishes.PremisesNumber) -> PremisesView | None:
        return lookup.premises_by_number(self._session, wish.digits)

    def outage_in(self, wish: wishes.OutageIn) -> KnownOutage | None:
        place = place_of(self._session, wish.area, wish.premises)
        return lookup.known_outage(self._session, place, now=self.sender.now, need_audio=False)

    def reports_at(self, wish: wishes.ReportsAt) -> list[About]:
        return self._reports(Report.premises_id == wish.premises, Report.kind == ReportKind.GANGGUAN)

    def own_reports(self, _: wishes.OwnReports) -> list[About]:
        own = self._own()
        return self._reports(own) if own is not None else []

    def report_number(self, wish: wishes.ReportNumber) -> About | None:
        proofs = [self._own()]
        if wish.place:
            here = select(Premises.id).where(or_(Premises.idpel == wish.place, Premises.meter == wish.place))
            proofs.append(Report.premises_id.in_(here))
        known = [proof for proof in proofs if proof is not None]
        if not known:
            return None
        report = self._session.scalar(select(Report).where(numbers.names(wish.number), or_(*known)))
        return self._about(report) if report else None

    def file(self, wish: wishes.File) -> About | Problem:
        state = wish.state

        def write() -> About:
            report = reports.file_report(self._session, self._new(state), now=self.sender.now)
            promised = report.kind is ReportKind.GANGGUAN and report.outage_id is None and not state.urgent
            facts = decisions.facts_of(self._session, report, by=self._by, now=self.sender.now)
            said = (scripts.promise(facts, operator().scripts).text,) if promised else ()
            return replace(self._about(report), said=said)

        return self._tried(write)

    def filed(self) -> bool:
        """Whether this message has become a report already."""
        return self._session.scalar(select(Report.id).where(Report.key == self._report_key)) is not None

    def subscribe(self, wish: wishes.Subscribe) -> bool:
        def write() -> bool:
            number, key = self.sender.phone, f"{self._key}:subscribe"
            subscribe(self._session, outage_id=wish.outage, phone=number, call="", key=key, now=self.sender.now)
            return True

        return self._tried(write) is True

    def again(self, wish: wishes.Again) -> Answered | Problem:
        answered = self._tried(lambda: self._again(wish))
        if isinstance(answered, ReportOpen):  # finished, and another fault is open there since
            other = replace(wish, number=answered.number)
            return self._tried(lambda: self._again(other))
        return answered

    def comment(self, wish: wishes.Comment) -> None:
        report = reports.by_number(self._session, wish.number)
        key = f"{self._key}:comment"
        history.comment(
            self._session, report.id, wish.text[:1000], by=self._by, channel=self._channel, now=self.sender.now, key=key
        )

    @property
    def _report_key(self) -> str:
        return f"{self._channel}:{self._key}"

    @property
    def _by(self) -> str:
        return self._channel.value

    def _tried(self, write: Callable[[], T]) -> T | Problem:
        try:
            with self._session.begin_nested():
                return write()
        except Problem as fault:
            return fault

    def _new(self, state: State) -> NewReport:
        return NewReport(
            kind=ReportKind(state.kind),
            key=self._report_key,
            reporting_kind=self._channel,
            by=self._by,
            premises_id=state.premises,
            area=None if state.premises else state.area,
            trouble=state.category,
            comment=state.text[:2000],
            phone=self.sender.phone,
            email=self._email,
            only_me=state.only_me,
            details=state.answers,
        )

    def _again(self, wish: wishes.Again) -> Answered:
        before = reports.by_number(self._session, wish.number)
        now = self.sender.now
        urgent = wish.urgent or decisions.urgent_place(self._session, before.premises_id)
        decision = decisions.decision_of(before, wish.intent, urgent, now=now)
        said = scripts.sentences(
            decision, decisions.facts_of(self._session, before, by=self._by, now=now), operator().scripts
        )
        changing = wish.intent in (Intent.CUST_DATA, Intent.BOTH)
        note = wish.note[:1000] or SAID_NOTHING[wish.intent]
        applied = repeats.apply(
            self._session,
            wish.number,
            intent=wish.intent,
            urgent=urgent,
            note=note,
            changes=Changes(mobile=wish.mobile) if changing and wish.mobile else None,
            contact=Contact(by=self._by, channel=self._channel, key=self._key),
            now=now,
        )
        told = tuple(one.text for one in said if one.name != "N1")  # that one is written, not said
        return Answered(replace(self._about(applied.report), said=told), tuple(applied.steps), applied.reopened)

    def _own(self) -> ColumnElement[bool] | None:
        """The sender's own: told from this number or address, or of premises that this number belongs to.

        A number that stands in a letter proves nothing; the address does, because the answer goes there.
        """
        if self.sender.letter:
            return Report.email == self._email if self._email else None
        if not self.sender.phone:
            return None
        number = self.sender.phone
        mine = select(PremisesPhone.premises_id).join(Phone, Phone.id == PremisesPhone.phone_id)
        return or_(
            Report.phone == number, Report.mobile == number, Report.premises_id.in_(mine.where(Phone.e164 == number))
        )

    def _reports(self, *wanted: ColumnElement[bool]) -> list[About]:
        lately = or_(Report.status == ReportStatus.BELUM_SELESAI, Report.resolved_at > self.sender.now - LATELY)
        rows = select(Report).where(lately, *wanted).order_by(Report.reported_at.desc(), Report.id.desc()).limit(MOST)
        return [self._about(report) for report in self._session.scalars(rows)]

    def _about(self, report: Report) -> About:
        order = workorders.of_report(self._session, report.id)
        return About(
            number=report.number,
            kind=report.kind.value,
            open=report.status is ReportStatus.BELUM_SELESAI,
            premises=report.premises_id,
            reported_at=report.reported_at,
            resolved_at=report.resolved_at,
            respond_by=report.respond_by,
            attached=report.outage_id is not None,
            work_order=order.status if order else "",
            area=report.area,
        )


_FULFILLED: dict[type, Callable[[Facts, Any], Any]] = {
    wishes.SendersPremises: Facts.senders_premises,
    wishes.PremisesNumber: Facts.premises_number,
    wishes.OutageIn: Facts.outage_in,
    wishes.ReportsAt: Facts.reports_at,
    wishes.OwnReports: Facts.own_reports,
    wishes.ReportNumber: Facts.report_number,
    wishes.File: Facts.file,
    wishes.Subscribe: Facts.subscribe,
    wishes.Again: Facts.again,
    wishes.Comment: Facts.comment,
}


def drive(dialogue: Generator[Wish, Any, T], facts: Facts) -> T:
    """Run a dialogue to its end."""
    answer: Any = None
    while True:
        try:
            wish = dialogue.send(answer)
        except StopIteration as end:
            ended: T = end.value
            return ended
        answer = facts.fulfil(wish)
