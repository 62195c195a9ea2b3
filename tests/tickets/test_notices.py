"""What is told about an outage, and how often."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.database import Database
from config.operator import operator
from config.schema.notices import Told
from tests.fixtures.life import Life
from tests.fixtures.notices import GERUNGGANG, Memory, Post, a_street, announced, dark
from tests.fixtures.tickets import NOON
from tickets import timers
from tickets.clockwork import HANDLERS
from tickets.kinds import NoticeEvent
from tickets.models import Notice, Outage, OutageEstimate, Outbox
from tickets.notices import notices
from tickets.outages import estimates, outages, planned, progress, statements, supply

pytestmark = pytest.mark.database


def asked_for(db: Database) -> list[object]:
    """Notices whose collection the outbox asks for."""
    with db.reading() as session:
        rows = select(Outbox.payload).where(Outbox.kind == notices.COLLECT).order_by(Outbox.id)
        return [payload["notice"] for payload in session.scalars(rows)]


def said(db: Database, outage: int, now: datetime) -> int | None:
    """How many the board says have been told."""
    with db.reading() as session:
        found = progress.newest(session, [outage], now=now).get(outage)
        return found and found.told


def test_what_is_told_has_the_facts_of_the_moment(db: Database) -> None:
    start = announced(db, dark(db), NoticeEvent.START)
    assert "Gerunggang padam sejak pukul 11.50 WIB karena pohon tumbang" in start.text
    assert "Perkiraan menyala pukul 14.00 WIB." in start.text
    assert start.spoken == ""  # nobody is called out of bed to be told that it is dark
    assert asked_for(db) == [start.id]


def test_of_one_occasion_there_is_one_notice(db: Database) -> None:
    outage = dark(db)
    first, second = (announced(db, outage, NoticeEvent.START) for _ in range(2))
    assert first.id == second.id
    assert asked_for(db) == [first.id]


def test_each_revised_estimate_is_told_and_the_last_one_is_no_longer_true(db: Database) -> None:
    outage = dark(db)
    told = []
    for version in (2, 3):
        with db.transaction() as session:
            row = session.get_one(Outage, outage)
            row.etr = NOON + timedelta(hours=2 + version)
            session.add(OutageEstimate(outage_id=outage, version=version, etr=row.etr, reason="", by="spv1", at=NOON))
        told.append(announced(db, outage, NoticeEvent.ESTIMATE))
    with db.reading() as session:
        second, third = (session.get_one(Notice, one.id) for one in told)
    assert (second.superseded_at, third.superseded_at) == (NOON, None)
    assert "pukul 17.00 WIB" in third.text


def test_a_time_that_has_passed_is_promised_to_nobody_any_more(db: Database) -> None:
    """Whoever could not be told before: a carrier without time, a call that waits for the morning."""
    outage, unknown = dark(db), dark(db, "31.71.06")
    told = announced(db, outage, NoticeEvent.START)
    with db.transaction() as session:
        estimates.revise(session, unknown, None, reason="Belum jelas.", by="spv1", now=NOON)
    later = announced(db, unknown, NoticeEvent.ESTIMATE)
    for minutes, superseded_at in ((119, None), (120, NOON + timedelta(hours=2))):
        timers.run_due(db, HANDLERS, now=NOON + timedelta(minutes=minutes))
        with db.reading() as session:
            assert session.get_one(Notice, told.id).superseded_at == superseded_at
            assert session.get_one(Notice, later.id).superseded_at is None


@pytest.mark.usefixtures("two_people")
def test_where_two_answer_no_cause_and_no_time_is_told_before_the_second_has_approved(db: Database) -> None:
    outage, at = dark(db), NOON + timedelta(minutes=5)
    start = announced(db, outage, NoticeEvent.START)
    assert "sejak pukul 11.50 WIB karena sebab yang masih diperiksa. Perkiraan waktu nyala menyusul." in start.text

    def said(version: int) -> list[str]:
        with db.transaction() as session:
            statements.approve(session, outage, version, by="dir1", now=at)
            statements.release(session, outage, version, now=at)
        return estimates_told(db, outage)

    with db.transaction() as session:
        statements.draft(session, outage, text=None, by="spv1", now=at)
    assert [text.count("pukul 14.00 WIB") for text in said(1)] == [1]
    with db.transaction() as session:
        estimates.revise(session, outage, NOON + timedelta(hours=5), reason="Alat belum tiba.", by="spv1", now=at)
    assert len(estimates_told(db, outage)) == 1
    assert "pohon tumbang. Perkiraan menyala pukul 17.00 WIB." in said(2)[-1]


@pytest.mark.usefixtures("two_people")
def test_where_two_answer_a_time_that_is_taken_back_is_told_once_the_second_has_approved(db: Database) -> None:
    outage, at = dark(db), NOON + timedelta(minutes=5)
    assert "Perkiraan menyala pukul 14.00 WIB." in two_say(db, outage, at)[-1]
    with db.transaction() as session:
        estimates.revise(session, outage, None, reason="Belum jelas.", by="spv1", now=at)
    assert len(estimates_told(db, outage)) == 1
    taken_back = two_say(db, outage, at)
    assert len(taken_back) == 2
    assert "Perkiraan waktu nyala menyusul." in taken_back[-1]
    assert two_say(db, outage, at) == taken_back, "there is no time to take back any more"


@pytest.mark.usefixtures("two_people")
def test_where_two_answer_power_that_goes_again_has_no_time_to_take_back(db: Database) -> None:
    outage, again = dark(db), NOON + timedelta(minutes=5)
    first = two_say(db, outage, NOON)
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=again)
        supply.reopen(session, outage, by="spv1", now=again)
    assert two_say(db, outage, again) == first, "its start was told again, without a time"


def two_say(db: Database, outage: int, at: datetime) -> list[str]:
    """What is known now is written by one, approved by the other and published; the estimates told by then."""
    with db.transaction() as session:
        version = statements.draft(session, outage, text=None, by="spv1", now=at).version
        statements.approve(session, outage, version, by="dir1", now=at)
        statements.release(session, outage, version, now=at)
    return estimates_told(db, outage)


def estimates_told(db: Database, outage: int) -> list[str]:
    with db.reading() as session:
        mine = (Notice.outage_id == outage, Notice.event == NoticeEvent.ESTIMATE)
        return list(session.scalars(select(Notice.text).where(*mine).order_by(Notice.id)))


def test_power_that_goes_again_is_told_again(db: Database) -> None:
    outage = dark(db)
    lit = announced(db, outage, NoticeEvent.START), announced(db, outage, NoticeEvent.RESTORED)
    with db.transaction() as session:
        outages.restore_outage(session, outage, by="spv1", now=NOON)
        supply.reopen(session, outage, by="spv1", now=NOON + timedelta(minutes=5))
    again = announced(db, outage, NoticeEvent.START), announced(db, outage, NoticeEvent.RESTORED)
    assert len({one.id for one in (*lit, *again)}) == 4


def test_power_back_in_a_part_leaves_what_the_others_are_told(db: Database) -> None:
    outage = dark(db, "19.71")
    start = announced(db, outage, NoticeEvent.START)
    part = announced(db, outage, NoticeEvent.RESTORED, parts=[GERUNGGANG])
    assert "listrik di Gerunggang sudah menyala" in part.text
    with db.reading() as session:
        assert session.get_one(Notice, start.id).superseded_at is None
    whole = announced(db, outage, NoticeEvent.RESTORED)
    assert whole.id != part.id


def test_planned_work_is_told_two_days_before_and_not_at_all_when_it_is_called_off(db: Database) -> None:
    with db.transaction() as session:
        outage = planned.schedule(
            session,
            covers=[GERUNGGANG],
            cause="pemeliharaan",
            starts=NOON + timedelta(days=5),
            ends=NOON + timedelta(days=5, hours=3),
            by="spv1",
            now=NOON,
        ).id
    told = announced(db, outage, NoticeEvent.PLANNED)
    assert "mulai tanggal 27 November pukul 12.00 WIB" in told.text
    timers.run_due(db, HANDLERS, now=NOON + timedelta(days=3) - timedelta(seconds=1))
    assert asked_for(db) == []
    timers.run_due(db, HANDLERS, now=NOON + timedelta(days=3))
    assert asked_for(db) == [told.id]

    with db.transaction() as session:
        session.get_one(Outage, outage).reported_start = NOON + timedelta(days=6)
    announced(db, outage, NoticeEvent.PLANNED)
    with db.transaction() as session:
        outages.dismiss_outage(session, outage, note="hujan", by="spv1", now=NOON)
    called_off = announced(db, outage, NoticeEvent.CALLED_OFF)
    timers.run_due(db, HANDLERS, now=NOON + timedelta(days=9))
    assert asked_for(db) == [told.id, called_off.id]


def test_planned_work_that_will_last_longer_is_still_told_before_it_begins(db: Database) -> None:
    with db.transaction() as session:
        numbers = a_street(session, 2)
    life = Life(db)
    outage = life.schedule(GERUNGGANG, starts=NOON + timedelta(days=5), ends=NOON + timedelta(days=5, hours=3))
    carrier = Memory()
    post = Post(db, carrier)
    life.revise(outage, NOON + timedelta(days=5, hours=4))
    post.run()
    assert not carrier.sent
    assert said(db, outage, NOON) is None, "nothing is on its way yet"
    post.wait(days=3)
    assert carrier.sent == Counter(numbers)
    assert said(db, outage, post.clock.now()) == 2
    (text,) = carrier.texts
    assert "mulai tanggal 27 November pukul 12.00 WIB. Perkiraan menyala tanggal 27 November pukul 16.00 WIB." in text
    life.now = post.clock.now()
    life.revise(outage, NOON + timedelta(days=5, hours=3))  # as it was at first, and yet news to those who know of four
    post.run()
    assert carrier.sent == Counter(numbers * 2)


def test_the_longest_sentence_about_the_longest_names_is_kept(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses what is longer than its column, and with it the whole confirmation."""
    files, used = operator(), "{area} {since} {cause} {estimate}"
    event = Told(sms=used + "x" * (320 - len(used)), call=used)
    changed = files.notices.model_copy(update={"events": {**files.notices.events, "powerOut": event}})
    monkeypatch.setattr(notices, "operator", lambda: replace(files, notices=changed))
    life = Life(db)
    outage = life.confirm(community="y" * 160, cause="z" * 160, etr=NOON + timedelta(days=9))
    with db.reading() as session:
        notice = session.scalars(select(Notice).where(Notice.outage_id == outage)).one()
    assert notice.text.startswith("y" * 160)
    assert notice.text.endswith("x" * 250)


def test_what_is_no_longer_true_is_not_sent_even_where_the_news_has_no_words(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = operator()
    events = {name: told for name, told in files.notices.events.items() if name != "etrChange"}
    silent = replace(files, notices=files.notices.model_copy(update={"events": events}))
    monkeypatch.setattr(notices, "operator", lambda: silent)
    life = Life(db)
    outage = life.confirm()
    life.revise(outage, NOON + timedelta(hours=5))
    with db.reading() as session:
        assert session.scalars(select(Notice.superseded_at).where(Notice.outage_id == outage)).all() == [NOON]
