"""Batches of a notice: nobody is told twice, nobody is forgotten, and what is no longer true is not told."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError, Event

import pytest

from config.database import Database
from tests.fixtures.notices import Memory, Post, a_street, announced, dark, lit, told
from tests.fixtures.tickets import NOON
from tickets.kinds import NoticeChannel, NoticeEvent, RecipientStatus
from tickets.models import CarrierPace, Notice
from tickets.notices import batches, recipients
from tickets.notices.batches import Outcome, Turn

pytestmark = pytest.mark.database

BUSY = Outcome(RecipientStatus.FAILED, "429", again=True)
UNKNOWN = Outcome(RecipientStatus.FAILED, "21211")
SENT, FAILED, WAITING = RecipientStatus.SENT, RecipientStatus.FAILED, RecipientStatus.WAITING


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def carrier() -> Memory:
    return Memory()


@pytest.fixture
def post(db: Database, carrier: Memory) -> Post:
    return Post(db, carrier)


def street(db: Database, count: int = 7) -> tuple[int, list[str]]:
    with db.transaction() as session:
        numbers = a_street(session, count)
    return dark(db), numbers


def test_everybody_is_told_once_however_often_the_job_runs(db: Database, post: Post, carrier: Memory) -> None:
    outage, numbers = street(db)
    notice = announced(db, outage, NoticeEvent.START)
    post.run()
    with db.transaction() as session:
        turn = Turn(notice.id, 0, NoticeChannel.SMS)
        assert batches.claim(session, turn, most=None, repeatable=False, now=NOON).messages == []
    assert carrier.sent == Counter(numbers)
    assert carrier.texts == {notice.text}
    assert set(told(db, notice.id).values()) == {SENT}


def test_who_was_being_told_when_the_process_died_is_not_told_again(db: Database, post: Post, carrier: Memory) -> None:
    outage, numbers = street(db)
    notice = announced(db, outage, NoticeEvent.START)
    post.step()

    def dies() -> None:
        raise Killed

    carrier.before = dies
    with pytest.raises(Killed):
        post.run()
    carrier.before = lambda: None
    post.run()
    found = Counter(told(db, notice.id).values())
    assert found == {RecipientStatus.UNCERTAIN: 2, SENT: 5}
    assert carrier.sent == Counter(numbers[2:])


def test_who_could_not_be_told_now_is_tried_again_later_and_not_for_ever(
    db: Database, post: Post, carrier: Memory
) -> None:
    outage, numbers = street(db)
    carrier.answers = {numbers[0]: [BUSY] * 2, numbers[1]: [BUSY] * 9, numbers[2]: [UNKNOWN]}
    notice = announced(db, outage, NoticeEvent.START)
    post.run()
    assert sum(carrier.sent.values()) == 0, "a carrier without time is left alone at once"
    post.wait(seconds=29)
    assert sum(carrier.sent.values()) == 0
    post.wait(seconds=1)
    assert carrier.sent == Counter(numbers[3:])
    post.wait(seconds=59)
    assert carrier.sent == Counter(numbers[3:]), "each pause is twice the one before"
    post.wait(seconds=1)
    assert carrier.sent == Counter([numbers[0], *numbers[3:]])
    post.wait(minutes=2)
    post.wait(minutes=4)
    post.wait(minutes=8)
    assert {number: status for number, status in told(db, notice.id).items() if status is not SENT} == {
        numbers[1]: FAILED,
        numbers[2]: FAILED,
    }
    assert carrier.answers[numbers[1]] == [BUSY] * 4, "five times is enough"


def test_what_is_no_longer_true_is_told_to_nobody_who_has_not_heard_it(
    db: Database, post: Post, carrier: Memory
) -> None:
    outage, numbers = street(db)
    start = announced(db, outage, NoticeEvent.START)
    post.step()
    carrier.before = lambda: None if carrier.sent else superseded()
    back: list[Notice] = []

    def superseded() -> None:
        back.append(lit(db, outage))

    post.run()
    assert Counter(told(db, start.id).values()) == {SENT: 2, WAITING: 5}
    assert set(told(db, back[0].id).values()) == {SENT}
    assert carrier.sent == Counter([*numbers, *numbers[:2]])


def test_at_night_nobody_is_told_of_work_that_is_planned(db: Database, post: Post, carrier: Memory) -> None:
    outage, _ = street(db)
    post.clock.advance(seconds=timedelta(hours=14).total_seconds())  # 02:00
    announced(db, outage, NoticeEvent.START, now=post.clock.now())
    announced(db, outage, NoticeEvent.PLANNED, now=post.clock.now())
    post.run()
    assert len(carrier.texts) == 1, "power that is gone does not wait"
    post.wait(hours=3, minutes=59)
    assert len(carrier.texts) == 1
    post.wait(minutes=1)
    assert len(carrier.texts) == 2


def test_two_processes_together_keep_the_pace_of_the_carrier(db: Database) -> None:
    begins = []
    for count in (10, 5, 10):
        with db.transaction() as session:
            begins.append(batches.reserve(session, "twilio", count, per_second=10.0, now=NOON))
    assert begins == [NOON, NOON + timedelta(seconds=1), NOON + timedelta(seconds=1.5)]
    with db.transaction() as session:
        late = NOON + timedelta(minutes=1)
        assert batches.reserve(session, "twilio", 1, per_second=10.0, now=late) == late


def test_what_a_batch_sends_is_taken_from_the_carriers_pace(db: Database, post: Post, carrier: Memory) -> None:
    carrier.per_second = 50.0
    outage, numbers = street(db)
    announced(db, outage, NoticeEvent.START)
    post.run()
    with db.reading() as session:
        assert session.get_one(CarrierPace, carrier.carrier).free_at == NOON + timedelta(seconds=len(numbers) / 50)


def being_told(db: Database) -> Turn:
    """A batch of seven that is known and not begun."""
    outage, _ = street(db)
    notice = announced(db, outage, NoticeEvent.START)
    with db.transaction() as session:
        while recipients.collect(session, notice.id, now=NOON):
            pass
    return Turn(notice.id, 0, NoticeChannel.SMS)


def test_two_who_are_at_one_batch_ask_for_nobody_twice(db: Database) -> None:
    turn, both = being_told(db), Barrier(2)

    def claimed(_: int) -> list[str]:
        with db.transaction() as session:
            found = batches.claim(session, turn, most=4, repeatable=False, now=NOON).messages
            with suppress(BrokenBarrierError):  # one after the other, as it should be
                both.wait(0.5)
            return [one.to for one in found]

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(claimed, range(2))
    assert max(len(first), len(second)) == 4
    assert not set(first) & set(second)


def test_who_was_taken_for_dead_says_what_the_carrier_answered(db: Database) -> None:
    turn = being_told(db)
    with db.transaction() as session:
        mine = batches.claim(session, turn, most=2, repeatable=False, now=NOON).messages
    with db.transaction() as session:
        batches.claim(session, turn, most=2, repeatable=False, now=NOON)  # the same job, once more
    assert [told(db, turn.notice)[one.to] for one in mine] == [RecipientStatus.UNCERTAIN] * 2
    with db.transaction() as session:
        batches.settle(session, turn, {mine[0].to: batches.SENT, mine[1].to: BUSY}, now=NOON)
    assert [told(db, turn.notice)[one.to] for one in mine] == [SENT, WAITING]


def test_news_that_come_while_the_answer_is_written_down_are_kept(db: Database) -> None:
    turn, said, settled = being_told(db), Event(), Event()
    with db.transaction() as session:
        (one,) = batches.claim(session, turn, most=1, repeatable=False, now=NOON).messages

    def arrived() -> None:
        with db.transaction() as session:
            batches.news(session, one.reference, RecipientStatus.DELIVERED, now=NOON)
            session.flush()
            said.set()
            settled.wait(0.3)  # it waits for us, or has not looked

    with ThreadPoolExecutor(1) as threads:
        news = threads.submit(arrived)
        assert said.wait(10)
        with db.transaction() as session:
            batches.settle(session, turn, {one.to: batches.SENT}, now=NOON)
        settled.set()
        news.result()
    assert told(db, turn.notice)[one.to] is RecipientStatus.DELIVERED
