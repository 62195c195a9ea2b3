"""Who reported is told that it is finished; what he says to that is believed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.operator import operator
from tests.fixtures.contacts import PLN, G, K, P, again, by_cso, entries
from tests.fixtures.notices import GERUNGGANG, Bell, Memory, Post, dark, told
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import completion, reports, timers, workorders
from tickets.clockwork import HANDLERS
from tickets.dialogue import conversations
from tickets.dialogue.conversations import Written
from tickets.incidents import alerts, incidents
from tickets.kinds import (
    AlertKind,
    CompletionCode,
    HistoryKind,
    NoticeEvent,
    RecipientStatus,
    ReportingKind,
    ReportKind,
)
from tickets.models import Notice, Report
from tickets.notices import notices, subscriptions
from tickets.notices.batches import Outcome
from tickets.outages import outages
from tickets.states import ReportStatus, WorkOrderEvent

pytestmark = pytest.mark.database

FIXED, MOBILE = "+62717400001", "+628120000001"
FINISHED, OPEN = ReportStatus.SELESAI, ReportStatus.BELUM_SELESAI
_ids = count(1)


class Street:
    """A home in Gerunggang whose people report, and the carriers that tell them."""

    def __init__(self, db: Database) -> None:
        self.db, self.sms, self.bell = db, Memory(), Bell()
        self.post = Post(db, self.sms, self.bell)
        with db.transaction() as session:
            a_crew(session, ulp="pangkalpinang", unit="bangka", login="regu1")
            self.home = a_premises(session, area=GERUNGGANG)

    def reported(self, kind: ReportKind = G, *, phone: str = MOBILE, **extra: Any) -> str:
        with self.db.transaction() as session:
            new = a_report(kind=kind, premises_id=self.home.id, phone=phone, **extra)
            return reports.file_report(session, new, now=self.post.clock.now()).number

    def finished(self, number: str) -> None:
        """The command centre finishes it."""
        with self.db.transaction() as session:
            contact = by_cso(by="op1", channel=ReportingKind.OTHER)
            told: dict[str, Any] = {"note": "Sekring diganti.", "contact": contact, "now": self.post.clock.now()}
            completion.resolve(session, number, code=CompletionCode.DONE, **told)

    def writes(self, text: str, phone: str = MOBILE) -> str:
        message = Written(channel=ReportingKind.SMS, sender=phone, id=f"RN{next(_ids)}", text=text, phone=phone)
        with self.db.transaction() as session:
            return conversations.receive(session, message, now=self.post.clock.now()).text

    def report(self, number: str) -> Report:
        with self.db.reading() as session:
            return reports.by_number(session, number)

    def after(self, number: str) -> Report:
        """The one that goes on from it."""
        with self.db.reading() as session:
            old = reports.by_number(session, number).id
            return session.scalars(select(Report).where(Report.related_id == old)).one()

    def notices(self) -> list[Notice]:
        with self.db.reading() as session:
            mine = Notice.event == NoticeEvent.FINISHED
            return list(session.scalars(select(Notice).where(mine).order_by(Notice.id)))

    def asked(self) -> list[AlertKind]:
        """What the board asks people to do about those who do not know."""
        with self.db.reading() as session:
            return [one.kind for one in alerts.open_alerts(session) if one.kind is AlertKind.NOT_TOLD]


@pytest.fixture
def street(db: Database) -> Street:
    return Street(db)


@pytest.mark.parametrize("kind", [G, K, P])
def test_who_reported_is_told_that_it_is_finished_and_then_it_may_be_closed(street: Street, kind: ReportKind) -> None:
    street.reported(K, phone="+628120000099")  # another matter, which is not done
    number = street.reported(kind)
    street.finished(number)
    street.post.wait(minutes=5)
    assert street.sms.sent == Counter([MOBILE])
    (text,) = street.sms.texts
    assert f"laporan {number} kami nyatakan selesai" in text
    assert len(text) <= 160, "one short message"
    street.post.wait(minutes=1)
    assert street.report(number).told_at == street.post.clock.now()
    assert [one.note for one in entries(street.db, number, HistoryKind.COMMENT)] == ["Pelanggan diberi tahu lewat SMS."]
    street.post.wait(hours=1)
    assert street.asked() == []
    with street.db.transaction() as session:
        assert incidents.close(session, [street.report(number).id], by="system", now=street.post.clock.now()) == 1


def test_the_crews_last_step_tells_it_too(street: Street) -> None:
    number = street.reported()
    with street.db.transaction() as session:
        order = workorders.open_order(session, reports.by_number(session, number).id)
        assert order is not None
        for step in ("ACCEPT", "DEPART", "ARRIVE", "START", "POWER_ON", "COMPLETE"):
            workorders.advance(session, order.id, WorkOrderEvent[step], by="regu1", now=NOON)
    street.post.wait(minutes=5)
    assert street.sms.sent == Counter([MOBILE])


def test_whom_a_person_tells_gets_no_message(street: Street) -> None:
    """The officer who finishes it while he is on the telephone; the crew at whose telephone he gives his stars."""
    number = street.reported()
    street.finished(number)
    with street.db.transaction() as session:
        incidents.tell(session, number, by="cso1", how=ReportingKind.CALL, note="", now=NOON + timedelta(minutes=2))
    street.post.wait(minutes=30)
    assert not street.sms.sent


def test_open_again_before_it_was_told_it_is_told_when_it_is_finished_again(street: Street) -> None:
    number = street.reported()
    street.finished(number)
    street.post.wait(minutes=1)
    again(street.db, number, PLN, now=street.post.clock.now())
    street.post.wait(minutes=30)
    assert not street.sms.sent
    street.finished(number)
    street.post.wait(minutes=5)
    assert street.sms.sent == Counter([MOBILE])
    street.post.wait(minutes=1)
    assert street.report(number).told_at is not None


def test_however_often_the_worker_comes_back_he_is_told_once(street: Street) -> None:
    street.finished(street.reported(mobile=MOBILE))
    for _ in range(5):
        street.post.wait(minutes=10)
    assert street.sms.sent == Counter([MOBILE])


def test_a_fixed_line_is_called_but_not_at_night(street: Street) -> None:
    street.post.clock.advance(seconds=timedelta(hours=11).total_seconds())  # 23:00
    number = street.reported(phone=FIXED)
    street.finished(number)
    street.post.wait(minutes=40)
    assert not street.bell.sent
    assert street.asked() == [AlertKind.NOT_TOLD], "a person may know better"
    street.post.wait(hours=6, minutes=20)
    assert street.bell.sent == Counter([FIXED])


def test_who_is_told_by_a_person_at_night_is_not_called_in_the_morning(street: Street) -> None:
    street.post.clock.advance(seconds=timedelta(hours=11).total_seconds())
    number = street.reported(phone=FIXED)
    street.finished(number)
    street.post.wait(minutes=10)
    with street.db.transaction() as session:
        incidents.tell(session, number, by="cso1", how=ReportingKind.CALL, note="", now=street.post.clock.now())
    street.post.wait(hours=8)
    assert not street.bell.sent


def test_who_cannot_be_told_so_is_told_by_a_person(street: Street) -> None:
    """He left an e-mail address only, or wants no notices."""
    with street.db.transaction() as session:
        subscriptions.refuse(session, MOBILE, refused=True, by="cso1", now=NOON)
    for phone, email in ((MOBILE, ""), ("", "a@example.org")):
        street.finished(street.reported(K, phone=phone, email=email))
    street.post.wait(minutes=31)
    assert not street.sms.sent
    assert street.asked() == [AlertKind.NOT_TOLD] * 2


def test_a_message_that_fails_leaves_it_to_a_person(street: Street) -> None:
    number = street.reported()
    street.finished(number)
    street.sms.answers[MOBILE] = [Outcome(RecipientStatus.FAILED, "unreachable")]
    street.post.wait(minutes=31)
    assert street.report(number).told_at is None
    assert street.asked() == [AlertKind.NOT_TOLD]


def test_what_ends_with_its_outage_is_told_by_the_outage_alone(street: Street) -> None:
    outage = dark(street.db)
    number = street.reported()
    with street.db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON)
    timers.run_due(street.db, HANDLERS, now=NOON)
    assert street.report(number).status is FINISHED
    assert street.notices() == []


def test_without_words_for_it_people_tell(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of a house that has not changed it."""
    files = operator()
    old = replace(files, notices=files.notices.model_copy(update={"report_finished": None}))
    monkeypatch.setattr(notices, "operator", lambda: old)
    street.finished(street.reported())
    street.post.wait(minutes=31)
    assert street.notices() == []
    assert street.asked() == [AlertKind.NOT_TOLD]


# What he says to it


def test_a_fault_that_is_not_mended_is_open_again_with_its_star(street: Street) -> None:
    number = street.reported()
    street.finished(number)
    street.post.wait(minutes=6)
    assert "laporan Anda belum beres" in street.writes("2")
    report = street.report(number)
    assert (report.status, report.starred, report.repeats, report.told_at) == (OPEN, True, 1, None)
    with street.db.reading() as session:
        assert workorders.open_order(session, report.id) is not None
        assert session.scalar(select(func.count()).select_from(Report)) == 1


def test_by_pln_mobile_it_is_a_new_number(street: Street) -> None:
    number = street.reported(reporting_kind=ReportingKind.APP)
    street.finished(number)
    street.post.wait(minutes=6)
    street.writes("2")
    assert (street.report(number).status, street.after(number).status) == (FINISHED, OPEN)


def test_a_complaint_goes_on_under_a_new_number(street: Street) -> None:
    number = street.reported(K)
    street.finished(number)
    street.post.wait(minutes=6)
    street.writes("belum beres")
    new = street.after(number)
    assert (street.report(number).status, new.status, new.kind) == (FINISHED, OPEN, K)


def test_a_yes_closes_it_and_a_no_after_it_is_believed_too(street: Street) -> None:
    number = street.reported()
    street.finished(number)
    street.post.wait(minutes=6)
    assert street.writes("1") == "Terima kasih."
    assert street.report(number).closed_at is not None
    assert "belum beres" in street.writes("2")
    assert street.report(number).status is OPEN


def test_a_no_to_what_is_open_again_already_adds_to_it(street: Street) -> None:
    number = street.reported()
    street.finished(number)
    street.post.wait(minutes=6)
    again(street.db, number, PLN, now=street.post.clock.now())
    assert "belum beres" in street.writes("2")
    assert street.report(number).status is OPEN
    assert "Belum beres sesudah kabar bahwa laporan selesai." in [one.note for one in entries(street.db, number)]


def test_a_no_from_two_telephones_is_one_new_complaint(street: Street) -> None:
    other = "+628120000002"
    number = street.reported(K, mobile=other)
    street.finished(number)
    street.post.wait(minutes=6)
    assert street.sms.sent == Counter([MOBILE, other])
    street.writes("2")
    street.writes("1", phone=other)
    street.writes("2", phone=other)
    assert street.after(number).status is OPEN
    assert told(street.db, street.notices()[0].id) == dict.fromkeys([MOBILE, other], RecipientStatus.SENT)
