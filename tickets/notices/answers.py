"""What people say to "power is back" and "your report is finished": 1 it is, 2 it is not (ADR 56). Whoever says no is
believed: his report is open again by the rule of the channel he had chosen, or there is a new one.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from config.errors import Refused
from config.operator import operator
from tickets import completion, repeats
from tickets.contacts import Contact
from tickets.kinds import Intent, NoticeAnswer, NoticeChannel, NoticeEvent, ReportingKind, ReportKind
from tickets.models import Notice, NoticeRecipient, Outage, Phone, Premises, PremisesPhone, Report
from tickets.notices import batches, notices, recipients, subscriptions
from tickets.outages import again
from tickets.reports import ReportOpen
from tickets.schemas import NewReport
from tickets.states import ReportStatus

DARK = "Masih padam sesudah kabar bahwa listrik sudah menyala."
SAID = {
    (NoticeEvent.RESTORED, NoticeAnswer.LIT): "Pelanggan: listrik sudah menyala.",
    (NoticeEvent.RESTORED, NoticeAnswer.DARK): DARK,
    (NoticeEvent.FINISHED, NoticeAnswer.LIT): "Pelanggan: laporan sudah selesai.",
    (NoticeEvent.FINISHED, NoticeAnswer.DARK): "Belum beres sesudah kabar bahwa laporan selesai.",
}
CHANNELS = {NoticeChannel.SMS: ReportingKind.SMS, NoticeChannel.CALL: ReportingKind.IVR}
KEYS = {"1": NoticeAnswer.LIT, "2": NoticeAnswer.DARK}


def by_reference(session: Session, reference: str, answer: NoticeAnswer, *, now: datetime) -> bool:
    """Who was called has pressed a key; False when nobody has that reference."""
    row = session.scalar(select(NoticeRecipient).where(NoticeRecipient.reference == reference).with_for_update())
    if row is None:
        return False
    _answered(session, row, answer, now)
    return True


def by_message(session: Session, phone: str, text: str, *, now: datetime) -> str | None:
    """What a short message from a number answers to a notice, and what it is told; None when it is about something
    else: it says nothing that is known, or the number was told of nothing that is done.
    """
    words, said = operator().notices.words, " ".join(text.lower().replace(".", " ").split())
    if said in words.stop:
        subscriptions.refuse(session, phone, refused=True, by="sms", now=now)
        return words.stopped
    answer = KEYS.get(said) or next((one for one, known in _words() if said in known), None)
    if answer is None:
        return None
    since = now - timedelta(hours=operator().notices.answer_hours)
    rows = (
        select(NoticeRecipient, Notice.event)
        .join(Notice, Notice.id == NoticeRecipient.notice_id)
        .where(
            NoticeRecipient.phone == phone,
            NoticeRecipient.at > since,
            NoticeRecipient.status.in_(batches.REACHED),
            Notice.event.in_(notices.DONE),
        )
    )
    found = session.execute(rows.order_by(Notice.id.desc()).limit(1).with_for_update(of=NoticeRecipient)).first()
    if found is None:
        return None
    _answered(session, found[0], answer, now)
    calls, finished = operator().notices.calls, operator().notices.report_finished
    if answer is NoticeAnswer.LIT:
        return calls.lit
    return finished.dark if finished and found[1] is NoticeEvent.FINISHED else calls.dark


def _words() -> list[tuple[NoticeAnswer, list[str]]]:
    words = operator().notices.words
    return [(NoticeAnswer.LIT, words.lit), (NoticeAnswer.DARK, words.dark)]


def _answered(session: Session, row: NoticeRecipient, answer: NoticeAnswer, now: datetime) -> None:
    if row.answer is answer:
        return
    row.answer = answer
    session.flush()
    notice = session.get_one(Notice, row.notice_id)
    if notice.event not in notices.DONE:
        return
    report = _report(session, notice, row.phone)
    channel = CHANNELS[row.channel]
    # Who reports by PLN Mobile follows his report there, where a no is a new one (ADR 31).
    mine = report.reporting_kind if report and report.reporting_kind is ReportingKind.APP else channel
    contact = Contact(by=channel.value, channel=mine, key=_key(row, answer))
    note = SAID[notice.event, answer]
    if report is not None and report.status is ReportStatus.SELESAI:
        try:
            lit = answer is NoticeAnswer.LIT
            with session.begin_nested():  # what is refused half-way has not happened
                completion.confirm(session, report.number, finished=lit, note=note, contact=contact, now=now)
        except ReportOpen:
            return  # somebody of this premises has said so already
        except Refused:  # he had said yes: another matter now
            pass
        else:
            return
    if answer is NoticeAnswer.LIT:
        return
    if report is not None and notice.report_id is not None:
        told: dict[str, Any] = {"intent": Intent.PLN_SIDE, "urgent": None, "note": note, "contact": contact}
        with suppress(ReportOpen), session.begin_nested():
            repeats.apply(session, report.number, **told, now=now)
    else:
        again.file_or_apply(session, _new(session, notice, row, contact), now=now)


def _report(session: Session, notice: Notice, phone: str) -> Report | None:
    """The report of a number that the notice is about, the last one."""
    mine = [notices.reports(notice)]
    if notice.report_id is None:
        mine.append(or_(Report.phone == phone, Report.mobile == phone))
    return session.scalar(select(Report).where(*mine).order_by(Report.id.desc()).limit(1))


def _new(session: Session, notice: Notice, row: NoticeRecipient, contact: Contact) -> NewReport:
    own = (
        select(Premises)
        .join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
        .join(Phone, Phone.id == PremisesPhone.phone_id)
        .where(Phone.e164 == row.phone, or_(*map(recipients.inside, notice.scopes)))
    )
    known = session.scalars(own.limit(2)).all()
    only = known[0] if len(known) == 1 else None
    return NewReport(
        kind=ReportKind.GANGGUAN,
        key=contact.key,
        reporting_kind=CHANNELS[row.channel],
        by=contact.by,
        premises_id=only.id if only else None,
        area=only.area if only else session.get_one(Outage, notice.outage_id).area,
        comment=DARK,
        phone=row.phone,
        only_me=True,
    )


def _key(row: NoticeRecipient, answer: NoticeAnswer) -> str:
    """Of this answer; nothing personal can be read from it."""
    return f"notice:{row.notice_id}:{hashlib.sha256(row.phone.encode()).hexdigest()[:16]}:{answer.value}"
