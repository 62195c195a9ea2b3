"""Who is told of an outage: everybody concerned, each number once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.operator import operator
from tests.fixtures.notices import GERUNGGANG, Memory, Post, a_street, announced, dark, lit, told
from tests.fixtures.tickets import NOON, a_premises, a_report, link_phone
from tickets import reports
from tickets.kinds import NoticeChannel, NoticeEvent, RecipientStatus
from tickets.models import Notice, NoticeRecipient, NoticeRefusal, Subscription
from tickets.notices import recipients, subscriptions
from tickets.outages import outages, supply

pytestmark = pytest.mark.database

INSIDE, REPORTER, MOBILE, ASKED, ELSEWHERE = (f"+62812000001{n:02}" for n in range(5))
FIXED = "+62717400001"  # a fixed line in Pangkalpinang: it reads no short message


def collected(db: Database, notice: Notice) -> set[str]:
    """Everybody who is told, by whatever channel."""
    Post(db, Memory()).run()
    return set(told(db, notice.id))


def all_notices(db: Database) -> list[Notice]:
    with db.reading() as session:
        return list(session.scalars(select(Notice).order_by(Notice.id)))


def everybody(db: Database) -> int:
    """An outage of Gerunggang, with one of each kind."""
    with db.transaction() as session:
        a_premises(session, area=GERUNGGANG, phone=INSIDE)
        a_premises(session, area="19.71.04", phone=ELSEWHERE)
        premises = a_premises(session, area=GERUNGGANG)
        link_phone(session, FIXED, premises)
    outage = dark(db)
    with db.transaction() as session:
        new = a_report(premises_id=premises.id, area=GERUNGGANG, phone=REPORTER, mobile=MOBILE)
        assert reports.file_report(session, new, now=NOON).outage_id == outage
        subscriptions.subscribe(session, outage_id=outage, phone=ASKED, call="c1", key="s1", now=NOON)
        subscriptions.subscribe(session, outage_id=outage, phone=REPORTER, call="c2", key="s2", now=NOON)
    return outage


def test_those_inside_who_reported_and_who_asked_are_told_once_each(db: Database) -> None:
    outage = everybody(db)
    assert collected(db, announced(db, outage, NoticeEvent.START)) == {INSIDE, REPORTER, MOBILE, ASKED}


def test_a_fixed_line_is_called_where_the_event_has_words_for_a_call(db: Database) -> None:
    outage = everybody(db)
    notice = lit(db, outage)
    assert FIXED in collected(db, notice)
    with db.reading() as session:
        ways = {row.phone: row.channel for row in session.scalars(select(NoticeRecipient))}
    assert ways.pop(FIXED) is NoticeChannel.CALL
    assert set(ways.values()) == {NoticeChannel.SMS}


def test_who_wants_to_be_called_is_called(db: Database) -> None:
    outage = everybody(db)
    with db.transaction() as session:
        session.scalars(select(Subscription).where(Subscription.phone == ASKED)).one().by_call = True
    collected(db, announced(db, outage, NoticeEvent.START))  # no words for a call: a message after all
    collected(db, lit(db, outage))
    with db.reading() as session:
        rows = select(NoticeRecipient.channel).where(NoticeRecipient.phone == ASKED).order_by(NoticeRecipient.notice_id)
        assert session.scalars(rows).all() == [NoticeChannel.SMS, NoticeChannel.CALL]


def test_who_wants_no_notices_is_told_only_what_he_asks_for(db: Database) -> None:
    outage = everybody(db)
    with db.transaction() as session:
        session.add_all(NoticeRefusal(phone=one, at=NOON, by="cso1") for one in (INSIDE, ASKED))
    assert collected(db, announced(db, outage, NoticeEvent.START)) == {REPORTER, MOBILE, ASKED}


@pytest.mark.parametrize(
    ("code", "premises"),
    [
        ("19.71", {"area": GERUNGGANG}),
        ("ulp:menteng", {"area": "31.71.06"}),
        ("feeder:GRG-01", {"area": GERUNGGANG, "feeder": "GRG-01"}),
    ],
)
def test_what_an_outage_covers_may_be_an_area_a_ulp_or_a_feeder(
    db: Database, code: str, premises: dict[str, str]
) -> None:
    with db.transaction() as session:
        a_premises(session, phone=INSIDE, **premises)
        a_premises(session, area="19.01.01", phone=ELSEWHERE)
    outage = dark(db, code)
    assert collected(db, announced(db, outage, NoticeEvent.START)) == {INSIDE}


def test_many_are_found_in_small_steps_and_after_a_stop_from_where_it_was(db: Database) -> None:
    size = operator().notices.batch
    count = 2 * size + 7
    with db.transaction() as session:
        a_street(session, count)
    notice = announced(db, dark(db), NoticeEvent.START)
    post = Post(db, Memory())
    with db.transaction() as session:
        for _ in range(4):  # nobody asked, nobody reported, then two pages
            assert recipients.collect(session, notice.id, now=NOON)
    assert len(told(db, notice.id)) == 2 * size - 1  # a house without a telephone
    post.run()
    assert len(told(db, notice.id)) == count
    with db.reading() as session:
        batches = select(NoticeRecipient.batch, func.count()).group_by(NoticeRecipient.batch)
        assert [count for _, count in session.execute(batches.order_by(NoticeRecipient.batch))] == [size - 1, size, 8]


def test_power_back_in_a_part_is_told_there_and_later_to_the_others(db: Database) -> None:
    with db.transaction() as session:
        a_premises(session, area=GERUNGGANG, phone=INSIDE)
        a_premises(session, area="19.71.04", phone=ELSEWHERE)
    outage = dark(db, "19.71")
    later: dict[str, Any] = {"by": "spv1", "now": NOON + timedelta(hours=1)}
    with db.transaction() as session:
        supply.restore_partially(session, outage, [GERUNGGANG], **later)
    start, part = all_notices(db)
    assert collected(db, part) == {INSIDE}
    assert set(told(db, start.id)) == {ELSEWHERE}, "who has power again is not told that it is gone"
    with db.transaction() as session:
        outages.restore_outage(session, outage, **later)
    assert collected(db, all_notices(db)[-1]) == {ELSEWHERE}

    again: dict[str, Any] = {"by": "spv1", "now": NOON + timedelta(hours=2)}
    with db.transaction() as session:
        supply.reopen(session, outage, [GERUNGGANG], **again)
        outages.restore_outage(session, outage, **again)
    assert collected(db, all_notices(db)[-1]) == {INSIDE, ELSEWHERE}


@pytest.mark.parametrize("part", [GERUNGGANG, "feeder:GRG-01"])
def test_of_power_back_in_a_part_those_are_told_who_reported_there(db: Database, part: str) -> None:
    with db.transaction() as session:
        home = a_premises(session, area=GERUNGGANG, feeder="GRG-01")
    outage = dark(db, "19.71")
    with db.transaction() as session:
        reports.file_report(session, a_report(premises_id=home.id, phone=REPORTER), now=NOON)
        reports.file_report(session, a_report(area="19.71.04", phone=ELSEWHERE), now=NOON)
    assert collected(db, announced(db, outage, NoticeEvent.RESTORED, parts=[part])) == {REPORTER}


def test_where_power_goes_again_nobody_is_told_any_more_that_it_is_back(db: Database) -> None:
    with db.transaction() as session:
        a_premises(session, area=GERUNGGANG, phone=INSIDE)
        a_premises(session, area="19.71.04", phone=ELSEWHERE)
    outage = dark(db, "19.71")
    now: dict[str, Any] = {"by": "spv1", "now": NOON + timedelta(hours=1)}
    with db.transaction() as session:
        outages.restore_outage(session, outage, **now)
    with db.transaction() as session:
        for notice in session.scalars(select(Notice.id)).all():
            while recipients.collect(session, notice, now=NOON):
                pass
        supply.reopen(session, outage, [GERUNGGANG], **now)
    _, back, dark_again = all_notices(db)
    carrier = Memory()
    post = Post(db, carrier)
    post.run()
    post.wait(seconds=2)
    assert told(db, back.id) == {INSIDE: RecipientStatus.FAILED, ELSEWHERE: RecipientStatus.SENT}
    assert told(db, dark_again.id) == {INSIDE: RecipientStatus.SENT}


def test_only_who_was_told_of_planned_work_is_told_that_it_is_called_off(db: Database) -> None:
    outage = everybody(db)
    with db.transaction() as session:
        row = outages.locked(session, outage)
        row.reported_start = NOON + timedelta(hours=30)
    planned = announced(db, outage, NoticeEvent.PLANNED)
    assert INSIDE in collected(db, planned)
    with db.transaction() as session:
        session.get_one(NoticeRecipient, (planned.id, INSIDE)).status = RecipientStatus.FAILED
        a_premises(session, area=GERUNGGANG, phone="+6281299900001")
    off = collected(db, announced(db, outage, NoticeEvent.CALLED_OFF))
    assert off == set(told(db, planned.id)) - {INSIDE, FIXED}
