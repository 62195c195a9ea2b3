"""Is your power back? Those who are called, and who answer a short message: 1 it is, 2 still dark."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from config.database import Database
from ivr.called import Called
from ivr.instructions import Ask, Bye
from tests.fixtures.notices import GERUNGGANG, Bell, Memory, Post, announced, dark, lit, told
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tickets import reports, workorders
from tickets.dialogue import conversations
from tickets.dialogue.conversations import Written
from tickets.kinds import NoticeEvent, RecipientStatus, ReportingKind
from tickets.models import Notice, NoticeRefusal, Report, Timer
from tickets.notices import batches
from tickets.notices.batches import Outcome
from tickets.outages import supply
from tickets.states import ReportStatus

pytestmark = pytest.mark.database

FIXED, MOBILE = "+62717400001", "+628120000001"
_ids = count(1)


class Town:
    """An outage of Gerunggang that is over, and those who lived through it."""

    def __init__(self, db: Database) -> None:
        self.db, self.bell = db, Bell()
        self.post = Post(db, Memory(), self.bell)
        self.called = Called(db, self.post.clock)
        with db.transaction() as session:
            a_crew(session, ulp="pangkalpinang", unit="bangka")
            self.home = a_premises(session, area=GERUNGGANG, phone=FIXED)
        self.outage = dark(db)

    def reported(self, phone: str = FIXED, by: ReportingKind = ReportingKind.CALL) -> Report:
        """The home has reported it."""
        with self.db.transaction() as session:
            new = a_report(premises_id=self.home.id, phone=phone, reporting_kind=by)
            return reports.file_report(session, new, now=NOON)

    def lit(self) -> Notice:
        """Power is back, and all are told."""
        notice = lit(self.db, self.outage)
        self.post.run()
        return notice

    def rings(self, phone: str = FIXED) -> str:
        return self.bell.rung[phone]

    def writes(self, text: str, phone: str = MOBILE) -> str:
        message = Written(channel=ReportingKind.SMS, sender=phone, id=f"SM{next(_ids)}", text=text, phone=phone)
        with self.db.transaction() as session:
            return conversations.receive(session, message, now=self.post.clock.now()).text

    def reports(self) -> list[Report]:
        with self.db.reading() as session:
            return list(session.scalars(select(Report).order_by(Report.id)))


@pytest.fixture
def town(db: Database) -> Town:
    return Town(db)


def test_who_is_called_hears_the_notice_and_is_asked(town: Town) -> None:
    notice = town.lit()
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.SENDING}
    said = town.called.picked_up(town.rings())
    assert isinstance(said, Ask)
    assert [one.text for one in said.say] == [
        "Kabar dari PLN 123. Listrik di Gerunggang sudah menyala.",
        "Tekan 1 bila listrik Anda sudah menyala, tekan 2 bila masih padam.",
    ]
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.SENT}
    assert "masih padam" in town.called.keyed(town.rings(), "2").say[0].text


def test_who_is_called_about_planned_work_is_asked_nothing(town: Town) -> None:
    announced(town.db, town.outage, NoticeEvent.PLANNED)
    town.post.run()
    said = town.called.picked_up(town.rings())
    assert isinstance(said, Bye)
    assert [one.text.partition(".")[0] for one in said.say] == ["Pemberitahuan dari PLN 123"]


def test_still_dark_opens_the_report_again_with_its_star(town: Town) -> None:
    first = town.reported()
    town.lit()
    for _ in range(2):
        town.called.keyed(town.rings(), "2")
    (report,) = town.reports()
    assert (report.number, report.status, report.starred) == (first.number, ReportStatus.BELUM_SELESAI, True)
    assert report.repeats == 1
    assert report.outage_id is None, "it is an outage of his own"
    with town.db.reading() as session:
        assert workorders.open_order(session, report.id) is not None


def test_who_had_reported_by_pln_mobile_gets_a_new_number(town: Town) -> None:
    first = town.reported(by=ReportingKind.APP)
    town.lit()
    town.called.keyed(town.rings(), "2")
    old, new = town.reports()
    assert (old.number, old.status, old.starred) == (first.number, ReportStatus.SELESAI, False)
    assert (new.related_id, new.status) == (old.id, ReportStatus.BELUM_SELESAI)


def test_still_dark_of_a_home_whose_other_report_is_open_is_known_already(town: Town) -> None:
    town.reported()
    town.lit()
    town.reported(phone=MOBILE)
    town.called.keyed(town.rings(), "2")
    assert [(one.status, one.repeats) for one in town.reports()] == [
        (ReportStatus.SELESAI, 0),
        (ReportStatus.BELUM_SELESAI, 0),
    ]


def test_still_dark_of_who_had_not_reported_is_a_report(town: Town) -> None:
    town.lit()
    town.called.keyed(town.rings(), "2")
    (report,) = town.reports()
    assert (report.premises_id, report.phone, report.reporting_kind) == (town.home.id, FIXED, ReportingKind.IVR)
    assert report.multiple_premises is False


def test_it_is_lit_is_kept_and_no_is_another_matter_after_it(town: Town) -> None:
    town.reported()
    town.lit()
    town.called.keyed(town.rings(), "1")
    assert town.reports()[0].status is ReportStatus.SELESAI
    town.called.keyed(town.rings(), "2")
    old, new = town.reports()
    assert (old.status, new.status) == (ReportStatus.SELESAI, ReportStatus.BELUM_SELESAI)


@pytest.mark.parametrize("key", ["", "3", "#", "12"])
def test_another_key_says_nothing(town: Town, key: str) -> None:
    town.reported()
    town.lit()
    town.called.keyed(town.rings(), key)
    assert town.reports()[0].status is ReportStatus.SELESAI


def test_who_picks_up_when_it_is_dark_again_is_not_told_that_it_is_lit(town: Town) -> None:
    town.lit()
    with town.db.transaction() as session:
        supply.reopen(session, town.outage, by="spv1", now=NOON + timedelta(minutes=1))
    assert not isinstance(town.called.picked_up(town.rings()), Ask)
    assert town.called.picked_up("nobody").say == ()


def test_who_does_not_answer_is_rung_once_more_and_no_more(town: Town) -> None:
    notice = town.lit()
    town.called.unreached(town.rings(), "no-answer")
    town.post.wait(minutes=14)
    assert town.bell.sent[FIXED] == 1
    town.post.wait(minutes=1)
    assert town.bell.sent[FIXED] == 2
    town.called.unreached(town.rings(), "busy")
    town.post.wait(hours=5)
    assert town.bell.sent[FIXED] == 2
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.FAILED}


def test_a_number_that_does_not_exist_is_not_rung_again_at_once(town: Town) -> None:
    town.bell.after = lambda reference: town.called.unreached(reference, "unreachable")
    notice = town.lit()
    assert town.bell.sent[FIXED] == 1
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.WAITING}
    town.post.wait(minutes=15)
    assert town.bell.sent[FIXED] == 2


def test_a_carrier_without_time_is_no_telephone_that_was_rung(town: Town) -> None:
    busy = Outcome(RecipientStatus.FAILED, "429", again=True)
    town.bell.busy = [busy, busy]
    town.lit()
    town.post.wait(seconds=30)
    town.post.wait(minutes=1)
    town.called.unreached(town.rings(), "no-answer")
    town.post.wait(minutes=15)
    assert town.bell.sent[FIXED] == 2


def test_a_call_of_which_nothing_is_heard_any_more_is_not_made_again(town: Town) -> None:
    notice = town.lit()
    town.post.wait(minutes=15)
    town.post.wait(hours=1)
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.UNCERTAIN}
    assert town.bell.sent[FIXED] == 1


def test_without_a_carrier_for_calls_nobody_waits_for_one(db: Database) -> None:
    town = Town(db)
    town.post = Post(db, Memory())
    notice = town.lit()
    assert told(db, notice.id) == {FIXED: RecipientStatus.FAILED}


def test_nobody_is_called_at_night(town: Town) -> None:
    town.post.clock.advance(seconds=timedelta(hours=10).total_seconds())  # 22:00
    notice = town.lit()
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.WAITING}
    with town.db.reading() as session:
        due = session.scalars(select(Timer.due_at).where(Timer.kind == batches.AGAIN)).all()
    assert due == [NOON + timedelta(hours=18)], "the next morning, not this one"
    town.post.wait(hours=8)
    assert told(town.db, notice.id) == {FIXED: RecipientStatus.SENDING}


@pytest.mark.parametrize("text", ["2", " Padam.", "MASIH PADAM"])
def test_still_dark_by_short_message(town: Town, text: str) -> None:
    first = town.reported(phone=MOBILE)
    town.lit()
    assert "masih padam" in town.writes(text)
    report = town.reports()[0]
    assert (report.number, report.starred) == (first.number, True)


def test_a_short_message_about_nothing_that_was_told_begins_a_conversation(town: Town) -> None:
    assert "masih padam" not in town.writes("2")
    town.reported(phone=MOBILE)
    town.lit()
    assert "masih padam" not in town.writes("2"), "he answers our question, not the notice"


def test_an_answer_that_comes_days_later_is_a_new_matter(town: Town) -> None:
    town.reported(phone=MOBILE)
    town.lit()
    town.post.clock.advance(seconds=timedelta(hours=25).total_seconds())
    assert "masih padam" not in town.writes("2")


def test_stop_is_kept(town: Town) -> None:
    assert "tidak kami kirimi" in town.writes("STOP")
    with town.db.reading() as session:
        assert session.scalars(select(NoticeRefusal.phone)).all() == [MOBILE]
