"""What the detection keeps: who called from where, and what is usual of a place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.fixtures.detection import MENTENG, MINUTE, TEBET, Town
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports, timers
from tickets.clockwork import HANDLERS, begin
from tickets.detection import arrivals, places, tick
from tickets.detection.arrivals import Call, record
from tickets.models import Arrival, Outage, PlaceBaseline, Timer
from tickets.outages import outages
from tickets.outages.scopes import Place

pytestmark = pytest.mark.database


# --- what is usual


def usual_of(town: Town, code: str) -> PlaceBaseline:
    with town.db.reading() as session:
        return session.get_one(PlaceBaseline, code)


def test_every_ulp_and_feeder_is_watched_and_knows_its_customers(town: Town) -> None:
    with town.db.reading() as session:
        known = dict(session.execute(select(PlaceBaseline.code, PlaceBaseline.customers)).all())
    assert known["ulp:menteng"] == 36
    assert known["feeder:TBT-3"] == 9
    assert known["ulp:toboali"] == 0  # no premises there, and watched all the same
    with town.db.transaction() as session:
        a_premises(session, area=TEBET, feeder="TBT-9")
        places.count_customers(session, now=NOON)
        places.count_customers(session, now=NOON)
    assert usual_of(town, "ulp:tebet").customers == 37
    assert usual_of(town, "feeder:TBT-9").ulp == "tebet"


def test_an_hour_that_is_over_is_learnt_once(town: Town) -> None:
    town.ring("MTG-1", 3, at=NOON + 5 * MINUTE)
    town.until(NOON + 119 * MINUTE)
    assert sum(usual_of(town, "ulp:menteng").people) == 0  # an outage may still become known
    town.until(NOON + 120 * MINUTE)
    assert sum(usual_of(town, "feeder:MTG-1").people) == 3
    assert sum(usual_of(town, "ulp:menteng").people) == 3
    assert usual_of(town, "ulp:menteng").until == NOON + 60 * MINUTE
    town.until(NOON + 190 * MINUTE)
    assert sum(usual_of(town, "ulp:menteng").people) == 3


def test_a_dark_hour_is_not_learnt_and_a_dismissed_one_is(town: Town) -> None:
    town.dark(["MTG-1", "TBT-1"], at=NOON + MINUTE)
    town.until(NOON + 3 * MINUTE)
    with town.db.transaction() as session:
        menteng, tebet = session.scalars(select(Outage.id).order_by(Outage.id))
        outages.confirm_proposal(session, menteng, outages.Facts(), by="spv1", now=NOON + 3 * MINUTE)
        outages.dismiss_outage(session, tebet, note="", by="spv1", now=NOON + 3 * MINUTE)
    town.until(NOON + 125 * MINUTE)
    assert sum(usual_of(town, "feeder:MTG-1").people) == 0
    assert sum(usual_of(town, "ulp:menteng").people) == 0
    assert sum(usual_of(town, "feeder:TBT-1").people) >= 2


def test_a_worker_that_was_away_learns_the_hours_it_missed(town: Town) -> None:
    town.ring("MTG-1", 2, at=NOON + 5 * MINUTE)
    timers.run_due(town.db, HANDLERS, now=NOON + 10 * 60 * MINUTE)
    assert sum(usual_of(town, "ulp:menteng").people) == 2
    with town.db.reading() as session:
        timer = session.scalars(select(Timer).where(Timer.kind == tick.LOOK)).one()
    assert timer.payload["hour"] == (NOON + 5 * 60 * MINUTE).isoformat()
    town.until(NOON + (10 * 60 + 1) * MINUTE)
    with town.db.reading() as session:
        timer = session.scalars(select(Timer).where(Timer.kind == tick.LOOK)).one()
    assert timer.payload["hour"] == (NOON + 9 * 60 * MINUTE).isoformat()


def test_a_worker_that_starts_again_does_not_move_the_look(town: Town) -> None:
    with town.db.transaction() as session:
        before = session.scalars(select(Timer).where(Timer.kind == tick.LOOK)).one()
        due, payload = before.due_at, before.payload
        begin(session, now=NOON)
    with town.db.reading() as session:
        after = session.scalars(select(Timer).where(Timer.kind == tick.LOOK)).one()
        assert (after.due_at, after.payload) == (due, payload)


# --- calls


def test_a_call_is_one_row_and_where_its_caller_says_he_is_counts(town: Town) -> None:
    one, other = town.at("MTG-1")[0], town.at("TBT-1")[0]
    with town.db.transaction() as session:
        phone = "+62877123456"
        a_premises(session, area=one.area, feeder="MTG-1", phone=phone)
        record(session, [Call("c1", NOON, phone)])
        (row,) = session.scalars(select(Arrival))
        assert row.premises_id is not None  # his number has one premises
        record(session, [Call("c1", NOON, phone), Call("c1", NOON + MINUTE, "", other.id, other.area)])
        record(session, [Call("c1", NOON + MINUTE, "", other.id, other.area)])
        (row,) = session.scalars(select(Arrival))
        assert (row.at, row.phone, row.premises_id, row.area) == (NOON, phone, other.id, TEBET)
        (found,) = arrivals.heard(session, NOON - MINUTE, NOON + MINUTE)
        assert (found.ulp, found.feeder) == ("tebet", "TBT-1")


def test_a_caller_located_by_his_town_alone_counts_for_no_ulp_among_several(town: Town) -> None:
    with town.db.transaction() as session:
        record(session, [Call("c1", NOON, "+628771", None, "31"), Call("c2", NOON, "+628772", None, TEBET)])
        assert [one.ulp for one in arrivals.heard(session, NOON - MINUTE, NOON)] == ["tebet"]


def test_calls_are_forgotten_after_a_day(town: Town) -> None:
    town.ring("MTG-1", 3, at=NOON)
    for hour in range(1, 29):
        timers.run_due(town.db, HANDLERS, now=NOON + hour * timedelta(hours=1))
    with town.db.reading() as session:
        assert list(session.scalars(select(Arrival))) == []


def test_several_others_of_the_ulp_have_reported(town: Town) -> None:
    with town.db.transaction() as session:
        place = Place(MENTENG)
        mine = town.at("MTG-0")[0].id
        for number, one in enumerate(town.at("MTG-0")[:3]):
            assert not arrivals.several_reported(session, place, but=None, now=NOON), number
            reports.file_report(session, a_report(premises_id=one.id), now=NOON)
        assert arrivals.several_reported(session, place, but=None, now=NOON)
        assert not arrivals.several_reported(session, place, but=mine, now=NOON)  # others, not himself
        assert not arrivals.several_reported(session, place, but=None, now=NOON + 31 * MINUTE)
        assert not arrivals.several_reported(session, Place(TEBET), but=None, now=NOON)
        assert not arrivals.several_reported(session, Place("31"), but=None, now=NOON)
    with town.db.transaction() as session:
        outages.confirm_outage(session, area=MENTENG, cause="", etr=None, by="spv1", now=NOON + MINUTE)
    town.until(NOON + 2 * MINUTE)
    with town.db.reading() as session:  # they belong to an outage now: what a caller hears is its statement
        assert not arrivals.several_reported(session, place, but=None, now=NOON + 2 * MINUTE)
