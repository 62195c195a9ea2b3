"""Many calls from a place: an outage is proposed, once, with its evidence; a supervisor decides."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.fixtures.detection import MENTENG, MINUTE, TEBET, Town, serial
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports
from tickets.detection import places
from tickets.detection.arrivals import Call, record
from tickets.detection.proposals import words
from tickets.models import Outage, OutageHistory, Premises, Report, Subscription, WorkOrder
from tickets.notices import subscriptions
from tickets.outages import outages, statements

pytestmark = pytest.mark.database


# --- proposed


def test_callers_of_one_feeder_propose_it_with_the_evidence_and_wake_a_supervisor(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]
    outage = town.only()
    assert outage.created_by == "detection"
    assert outage.evidence is not None
    assert outage.evidence["people"] == 8
    assert outage.evidence["reports"] == 4
    assert outage.evidence["p"] < outage.evidence["limit"]
    assert outage.reported_start == NOON  # when the first of them was heard: the utility was told then
    (alert,) = town.open_alerts()
    assert (alert.outage_id, alert.unit) == (outage.id, "jakarta")
    assert alert.text == words(outage.evidence)
    assert alert.text.startswith("Usulan padam penyulang MTG-1: 8 orang dalam 5 menit (4 melapor); biasanya 0,")


def test_a_chance_too_small_for_a_float_is_no_zero() -> None:
    evidence = {"name": "DKI Jakarta", "people": 9000, "reports": 5000, "expected": 1.2, "minutes": 5, "p": 0.0}
    assert words(evidence).endswith("Peluang kebetulan 1e-99.")


def test_it_is_proposed_once_however_many_go_on_ringing(town: Town) -> None:
    town.dark(["MTG-1"], people=6)
    town.until(NOON + 2 * MINUTE)
    town.ring("MTG-1", 3, at=NOON + 3 * MINUTE, first=6)
    town.until(NOON + 10 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]
    assert len(town.open_alerts()) == 1


def test_the_same_caller_ten_times_is_no_outage(town: Town) -> None:
    (one, *_) = town.at("MTG-1")
    with town.db.transaction() as session:
        reports.file_report(session, a_report(premises_id=one.id, phone="+62899000001"), now=NOON)
        for number in range(10):
            call = Call(f"same{number}", NOON + number * timedelta(seconds=9), "+62899000001", one.id, one.area)
            record(session, [call])
    town.until(NOON + 3 * MINUTE)
    assert town.proposals() == []


def test_who_says_that_only_his_building_is_dark_tells_of_no_outage(town: Town) -> None:
    for one in town.at("MTG-1")[:8]:
        with town.db.transaction() as session:
            reports.file_report(session, a_report(premises_id=one.id, only_me=True), now=NOON)
    town.until(NOON + 3 * MINUTE)
    assert town.proposals() == []


def test_reports_alone_without_any_call_are_enough(town: Town) -> None:
    for one in town.at("MTG-1")[:8]:
        with town.db.transaction() as session:
            reports.file_report(session, a_report(premises_id=one.id), now=NOON)
    town.until(NOON + 3 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]


def test_where_no_feeder_is_known_the_ulp_is_proposed(town: Town) -> None:
    with town.db.transaction() as session:
        session.execute(update(Premises).values(feeder=""))
        ids = list(session.scalars(select(Premises.id).where(Premises.area == TEBET)))
    for number, one in enumerate(ids[:16]):
        with town.db.transaction() as session:
            reports.file_report(session, a_report(premises_id=one), now=NOON + number * timedelta(seconds=5))
    town.until(NOON + 3 * MINUTE)
    assert town.proposals() == [("ulp:tebet",)]


def test_a_ulp_that_areas_yaml_no_longer_names_does_not_blind_the_look(town: Town) -> None:
    with town.db.transaction() as session:
        session.execute(update(Premises).where(Premises.area == TEBET).values(ulp="lama", feeder=""))
        places.count_customers(session, now=NOON)
        former = list(session.scalars(select(Premises).where(Premises.ulp == "lama")))
        for number, one in enumerate(former[:16]):
            record(session, [Call(f"lama{number}", NOON, f"+62899{one.id:06}", one.id, one.area)])
    for one in former[16:20]:
        with town.db.transaction() as session:
            report = reports.file_report(session, a_report(premises_id=one.id), now=NOON)
            report.ulp = "lama"
    town.dark(["MTG-1"])
    town.until(NOON + 3 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]


# --- one inside another


def test_a_proposal_grows_with_what_it_turns_out_to_be(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    first = town.only()
    with town.db.transaction() as session:
        subscriptions.subscribe(session, outage_id=first.id, phone="+628110000001", call="c1", key="k1", now=NOON)
    town.dark(["MTG-2", "MTG-3"], at=NOON + 3 * MINUTE)
    town.until(NOON + 6 * MINUTE)
    assert town.proposals() == [("ulp:menteng",)]
    grown = town.only()
    assert grown.id == first.id
    assert grown.reported_start == NOON
    (alert,) = town.open_alerts()
    assert "ULP Menteng" in alert.text
    with town.db.reading() as session:
        events = list(session.scalars(select(OutageHistory.event).order_by(OutageHistory.id)))
    assert events == ["propose", "widened"]


def test_what_grows_long_after_its_beginning_keeps_it(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    town.dark(["MTG-2", "MTG-3"], at=NOON + 65 * MINUTE)
    town.until(NOON + 68 * MINUTE)
    assert town.proposals() == [("ulp:menteng",)]
    assert town.only().reported_start == NOON


def test_two_proposals_inside_become_one_and_nobody_is_forgotten(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    first = town.only()
    town.dark(["TBT-1"], at=NOON + 3 * MINUTE)
    town.until(NOON + 5 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",), ("feeder:TBT-1",)]
    with town.db.transaction() as session:
        second = session.scalars(select(Outage.id).where(Outage.id != first.id)).one()
        for outage, phone in ((first.id, "1"), (second, "1"), (second, "2")):
            key = f"k{outage}{phone}"
            subscriptions.subscribe(
                session, outage_id=outage, phone=f"+62811000000{phone}", call="c", key=key, now=NOON
            )
        late = town.at("TBT-1")[8]
        attached = reports.file_report(session, a_report(premises_id=late.id), now=NOON + 6 * MINUTE)
        assert attached.outage_id == second
        report = attached.id
    town.dark(["MTG-2", "MTG-3", "CPK-1", "CPK-2", "TBT-2", "TBT-3"], at=NOON + 6 * MINUTE)
    town.until(NOON + 9 * MINUTE)
    assert town.proposals() == [("31",)]
    assert town.only().id == first.id
    assert len(town.open_alerts()) == 1
    with town.db.reading() as session:
        assert session.get_one(Report, report).outage_id == first.id
        assert not session.scalars(select(WorkOrder).where(WorkOrder.report_id == report)).all()
        told = session.scalars(select(Subscription.phone).where(Subscription.outage_id == first.id))
        assert sorted(told) == ["+628110000001", "+628110000002"]


def test_what_became_part_of_another_is_heard_again_when_that_turns_out_smaller(town: Town) -> None:
    town.dark(["MTG-1", "CPK-1"])
    town.until(NOON + 2 * MINUTE)
    assert len(town.proposals()) == 2
    town.dark(["MTG-2", "CPK-2"], at=NOON + 3 * MINUTE)
    town.until(NOON + 6 * MINUTE)
    assert town.proposals() == [("31.71",)]
    with town.db.transaction() as session:
        facts = outages.Facts(covers=("31.71.06",))
        outages.confirm_proposal(session, town.only().id, facts, by="spv1", now=NOON + 7 * MINUTE)
    town.until(NOON + 10 * MINUTE)
    assert town.proposals() == [("ulp:cempaka-putih",)]


def test_a_proposal_somebody_has_begun_to_write_about_is_left_alone(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    first = town.only().id
    with town.db.transaction() as session:
        statements.draft(session, first, text="Padam di sebagian Menteng.", by="spv1", now=NOON)
    town.dark(["MTG-2", "MTG-3"], at=NOON + 3 * MINUTE)
    town.until(NOON + 6 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",), ("ulp:menteng",)]


# --- what is known explains its callers


def test_callers_of_a_known_outage_propose_nothing(town: Town) -> None:
    with town.db.transaction() as session:
        outages.confirm_outage(session, area=MENTENG, cause="gardu", etr=None, by="spv1", now=NOON - 5 * MINUTE)
    town.dark(["MTG-1", "MTG-2", "MTG-3"])
    town.until(NOON + 5 * MINUTE)
    assert town.proposals() == []


def test_who_rang_before_the_outage_was_confirmed_does_not_propose_it_again(town: Town) -> None:
    town.dark(["MTG-1"])
    with town.db.transaction() as session:
        outages.confirm_outage(session, area=MENTENG, cause="", etr=None, by="spv1", now=NOON + MINUTE)
    town.until(NOON + 10 * MINUTE)
    assert town.proposals() == []


def test_who_chose_the_outage_of_a_feeder_from_a_list_does_not_make_its_ulp_dark(town: Town) -> None:
    with town.db.transaction() as session:
        values = {"cause": "", "etr": None, "by": "spv1", "now": NOON - 5 * MINUTE}
        outages.confirm_outage(session, covers=["feeder:MTG-1"], **values)
    for number in range(30):
        when, phone = NOON + 2 * number * timedelta(seconds=1), f"+62877{number:06}"
        with town.db.transaction() as session:
            record(session, [Call(f"c{number}", when, phone), Call(f"c{number}", when, "", None, MENTENG, "MTG-1")])
            if number % 2 == 0:
                chosen = ("feeder:MTG-1",)
                reports.file_report(session, a_report(area=MENTENG, beside=chosen, phone=phone), now=when)
    town.until(NOON + 5 * MINUTE)
    assert town.proposals() == []


def test_a_dismissed_place_is_quiet_for_a_while_and_then_heard_again(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    dismissed = NOON + 3 * MINUTE
    with town.db.transaction() as session:
        outages.dismiss_outage(session, town.only().id, note="pesta kebun", by="spv1", now=dismissed)
    assert town.open_alerts() == []
    again = dismissed + 30 * MINUTE
    ring_again(town, "MTG-1", at=again)
    town.until(dismissed + 44 * MINUTE)
    assert town.proposals() == []
    ring_again(town, "MTG-1", at=dismissed + 46 * MINUTE)
    town.until(dismissed + 50 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]


def test_after_power_came_back_people_still_ring_about_it(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    lit = NOON + 20 * MINUTE
    with town.db.transaction() as session:
        outage = town.only().id
        outages.confirm_proposal(session, outage, outages.Facts(), by="spv1", now=NOON + 3 * MINUTE)
        outages.restore_outage(session, outage, by="spv1", now=lit)
    ring_again(town, "MTG-1", at=lit + 20 * MINUTE)
    town.until(lit + 29 * MINUTE)
    assert town.proposals() == []
    ring_again(town, "MTG-1", at=lit + 32 * MINUTE)
    town.until(lit + 36 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]


def ring_again(town: Town, feeder: str, *, at: datetime) -> None:
    """Eight people call; three have a report of something else made by a CSO."""
    with town.db.transaction() as session:
        for number, one in enumerate(town.at(feeder)[:8]):
            when = at + timedelta(seconds=5 * number)
            record(session, [Call(f"c{next(serial):06}", when, f"+62899{one.id:06}", one.id, one.area)])
    for number in range(3):
        with town.db.transaction() as session:
            area, phone = town.at(feeder)[number].area, f"+62877{next(serial):06}"
            premises = a_premises(session, area=area, feeder=feeder)
            reports.file_report(session, a_report(premises_id=premises.id, phone=phone), now=at)


# --- when nobody decides


def test_a_proposal_nobody_decides_on_ends_when_nobody_rings_any_more(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    outage = town.only().id
    with town.db.transaction() as session:
        late = reports.file_report(session, a_report(premises_id=town.at("MTG-1")[8].id), now=NOON + 5 * MINUTE)
        assert late.outage_id == outage
    town.until(NOON + 175 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]
    town.until(NOON + 185 * MINUTE)
    assert town.proposals() == []
    assert town.open_alerts() == []
    with town.db.reading() as session:
        assert session.get_one(Report, late.id).outage_id is None
        assert session.scalars(select(WorkOrder).where(WorkOrder.report_id == late.id)).one()


def test_it_lasts_while_people_ring(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    first = town.only().id
    ring_again(town, "MTG-1", at=NOON + 170 * MINUTE)
    town.until(NOON + 200 * MINUTE)
    assert town.only().id == first  # and no new one in its place


def test_what_lapsed_may_be_proposed_again_at_once(town: Town) -> None:
    town.dark(["MTG-1"])
    town.until(NOON + 2 * MINUTE)
    town.until(NOON + 185 * MINUTE)
    assert town.proposals() == []
    ring_again(town, "MTG-1", at=NOON + 190 * MINUTE)
    town.until(NOON + 194 * MINUTE)
    assert town.proposals() == [("feeder:MTG-1",)]
