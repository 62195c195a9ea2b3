"""Who calls again hears what is new since the version that this number heard last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.operator import operator
from tests.fixtures.life import HOUR, ROOT, Life
from tests.fixtures.tickets import NOON, a_crew
from tickets import workorders
from tickets.detection.arrivals import Call
from tickets.detection.arrivals import record as arrived
from tickets.models import Arrival, OutageHeard, WorkOrder
from tickets.outages import fault_locations, heard, phrases
from tickets.outages.changes import Facts
from tickets.outages.fault_locations import Where
from tickets.outages.heard import Told
from tickets.states import WorkOrderEvent
from tickets.views import KnownOutage

pytestmark = pytest.mark.database

PHONE, OTHER = "+6281200000001", "+6281200000002"
MINUTE = timedelta(minutes=1)
TO_WORK = (WorkOrderEvent.ACCEPT, WorkOrderEvent.DEPART, WorkOrderEvent.ARRIVE, WorkOrderEvent.START)


class Caller:
    """A number that calls now and then about one outage."""

    def __init__(self, life: Life, phone: str = PHONE) -> None:
        self.life, self.phone, self.calls = life, phone, 0

    def calls_again(self, language: str = "id", area: str = ROOT) -> str:
        """What he hears of it, which is kept for the next time."""
        known = self.asks(area)
        assert known is not None
        self.calls += 1
        call = f"c{self.phone[-9:]:0>9}{self.calls:03}"
        with self.life.db.transaction() as session:
            arrived(session, [Call(call, self.life.now, self.phone)])
            heard.record(session, [self.told(call, known)])
        texts = known.news.get(language) or known.pieces(language)
        if language in operator().menu.languages:
            assert {*texts, *known.pieces(language)} <= self.life.to_be_rendered() | set(phrases.fixed(language))
        return " ".join(texts)

    def asks(self, area: str = ROOT) -> KnownOutage | None:
        return self.life.known(area, phone=self.phone)

    def told(self, call: str, known: KnownOutage, *, at: datetime | None = None) -> Told:
        return Told(call, at or self.life.now, known.id, known.version, Facts.loads(dict(known.facts)))


@pytest.fixture
def caller(life: Life) -> Caller:
    return Caller(life)


def test_who_calls_again_hears_that_nothing_is_new_and_how_long_it_takes(life: Life, caller: Caller) -> None:
    outage = life.confirm(etr=NOON + 3 * HOUR)
    life.publish(outage)
    assert caller.calls_again().startswith("Area Gerunggang, padam sejak pukul 12 WIB karena pohon tumbang.")
    life.now += 30 * MINUTE
    assert caller.calls_again() == "Belum ada perubahan; perkiraan 2 setengah jam lagi."
    life.now += 100 * MINUTE
    assert caller.calls_again() == "Belum ada perubahan; perkiraan 50 menit lagi."
    assert caller.calls_again("en") == "No change; expected in about 50 minutes."


def test_who_was_told_no_time_hears_that_there_is_still_none(life: Life, caller: Caller) -> None:
    life.publish(life.confirm(etr=None))
    caller.calls_again()
    assert caller.calls_again() == "Belum ada perubahan; perkiraan waktu nyala menyusul."


def test_an_estimate_beyond_a_day_is_not_counted_in_hours(life: Life, caller: Caller) -> None:
    life.publish(life.confirm(etr=NOON + 30 * HOUR))
    caller.calls_again()
    assert caller.calls_again() == "Belum ada perubahan sejak Anda menelepon."


def test_a_moved_estimate_is_told_from_the_one_that_this_number_heard(life: Life, caller: Caller) -> None:
    """Two revisions later: not from the one before, of which he knows nothing."""
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    caller.calls_again()
    life.revise(outage, NOON + 4 * HOUR)
    life.heard(life.versions(outage)[0])
    in_between = Caller(life, OTHER)
    in_between.calls_again()
    life.revise(outage, NOON + 5 * HOUR)
    assert caller.calls_again() == "Perkiraan diperbarui: pukul 17 WIB, semula pukul 14 WIB."
    assert caller.calls_again("en") == "No change; expected in about 5 hours."
    assert in_between.calls_again() == "Perkiraan diperbarui: pukul 17 WIB, semula pukul 16 WIB."


def test_an_estimate_that_is_new_or_is_taken_back(life: Life, caller: Caller) -> None:
    outage = life.confirm(etr=None)
    life.publish(outage)
    caller.calls_again()
    life.revise(outage, NOON + 4 * HOUR)
    assert caller.calls_again() == "Perkiraan menyala pukul 16 WIB."
    life.revise(outage, None)
    assert caller.calls_again() == "Perkiraan semula pukul 16 WIB tidak berlaku lagi, perkiraan baru menyusul."


def test_a_time_that_came_without_power_is_said_so(life: Life, caller: Caller) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    caller.calls_again()
    life.at(NOON + 2 * HOUR)
    assert caller.calls_again() == "Perkiraan semula pukul 14 WIB tidak berlaku lagi, perkiraan baru menyusul."
    assert caller.calls_again() == "Belum ada perubahan; perkiraan waktu nyala menyusul."
    life.revise(outage, NOON + 5 * HOUR)
    assert caller.calls_again().startswith("Area Gerunggang"), "after the holding sentence all of it"


def test_a_cause_that_was_not_known(life: Life, caller: Caller) -> None:
    outage = life.confirm(cause="", etr=NOON + 3 * HOUR)
    life.publish(outage)
    assert "sebab yang masih diperiksa" in caller.calls_again()
    row = life.row(outage)
    with life.db.transaction() as session:
        session.merge(row).cause = "kabel tanah putus"
    life.publish(outage)
    assert caller.calls_again() == "Sebabnya kabel tanah putus."


def test_a_part_that_is_lit_and_power_that_is_gone_again(life: Life, caller: Caller) -> None:
    outage = life.confirm("19.71")
    life.publish(outage)
    caller.calls_again(area="19.71.01")
    life.lit(outage, "19.71.05")
    assert caller.calls_again(area="19.71.01") == "Sebagian wilayah sudah menyala."
    assert caller.calls_again(area="19.71.01").startswith("Belum ada perubahan")
    life.restore(outage)
    life.now += HOUR
    life.reopen(outage)
    assert caller.calls_again(area="19.71.01") == (
        "Listrik sempat menyala pukul 12 WIB dan padam lagi pukul 13 WIB."
        " Perkiraan semula pukul 14 WIB tidak berlaku lagi, perkiraan baru menyusul."
    )


def test_the_crew_is_told_as_its_order_says_and_only_when_it_has_moved(life: Life, caller: Caller) -> None:
    outage = life.confirm(etr=None)
    life.publish(outage)
    assert "egu" not in caller.calls_again(), "nobody knows of a crew"
    with life.db.transaction() as session:
        fault_locations.add(session, outage, Where("gardu G12", "pangkalpinang"), by="op1", now=life.now)
    assert caller.calls_again() == "Regu belum ditugaskan."
    with life.db.transaction() as session:
        a_crew(session, ulp="pangkalpinang", unit="bangka")
        assert workorders.give_waiting(session, "bangka", now=life.now) == 1
        order = session.scalars(select(WorkOrder.id)).one()
    heard_of_it = {None: caller.calls_again()}
    for event in (*TO_WORK, WorkOrderEvent.TEMPORARY, WorkOrderEvent.POWER_ON):
        with life.db.transaction() as session:
            workorders.advance(session, order, event, by="op1", now=life.now)
        heard_of_it[event] = caller.calls_again()
    nothing = "Belum ada perubahan; perkiraan waktu nyala menyusul."
    assert heard_of_it == {
        None: "Regu sudah ditugaskan.",
        WorkOrderEvent.ACCEPT: nothing,
        WorkOrderEvent.DEPART: "Regu dalam perjalanan ke lokasi gangguan.",
        WorkOrderEvent.ARRIVE: "Regu sudah tiba di lokasi gangguan.",
        WorkOrderEvent.START: "Regu sedang bekerja di lokasi gangguan.",
        WorkOrderEvent.TEMPORARY: nothing,
        WorkOrderEvent.POWER_ON: nothing,  # behind one place: not a word of power before the outage is over
    }


def test_own_words_are_told_as_a_whole_whenever_they_change(life: Life, caller: Caller) -> None:
    outage = life.confirm()
    life.publish(outage, "Gardu terbakar, regu bekerja.")
    assert caller.calls_again() == "Gardu terbakar, regu bekerja. Informasi pukul 12 WIB."
    assert caller.calls_again().startswith("Belum ada perubahan")
    life.publish(outage, "Gardu sudah padam apinya, regu bekerja.")
    assert caller.calls_again().startswith("Gardu sudah padam apinya")
    life.publish(outage)
    assert caller.calls_again().startswith("Area Gerunggang")


def test_the_first_statement_after_the_holding_sentence_is_told_as_a_whole(life: Life, caller: Caller) -> None:
    outage = life.confirm(etr=None)
    assert caller.calls_again().startswith("Kami menerima banyak laporan")
    assert caller.calls_again() == "Belum ada perubahan; perkiraan waktu nyala menyusul."
    life.publish(outage)
    assert caller.calls_again().startswith("Area Gerunggang")


def test_after_some_hours_all_of_it_is_told_again(life: Life, caller: Caller) -> None:
    hours = operator().statements.repeat_hours
    life.publish(life.confirm(etr=None))
    caller.calls_again()
    life.now += hours * HOUR - MINUTE
    assert caller.asks() is not None
    assert caller.asks().news  # type: ignore[union-attr]
    life.now += MINUTE
    assert not caller.asks().news  # type: ignore[union-attr]
    with life.db.transaction() as session:
        assert heard.forget(session, now=life.now) == 1
        assert session.scalars(select(OutageHeard)).all() == []


def test_another_number_and_a_withheld_one_hear_everything(life: Life, caller: Caller) -> None:
    life.publish(life.confirm())
    caller.calls_again()
    for other in (OTHER, "", ""):
        somebody = Caller(life, other)
        assert somebody.calls_again().startswith("Area Gerunggang")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "out of order"])
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_of_two_calls_the_newest_counts_in_whatever_order_they_are_kept(
    life: Life, caller: Caller, order: Sequence[int], at_once: bool
) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    first = caller.asks()
    life.revise(outage, NOON + 4 * HOUR)
    second = caller.asks()
    assert first is not None
    assert second is not None
    told = [caller.told("ccall00001", first), caller.told("ccall00002", second, at=NOON + timedelta(seconds=1))]
    with life.db.transaction() as session:
        arrived(session, [Call(one.call, NOON, PHONE) for one in told])
    wanted = [told[at] for at in order]
    for some in [wanted] if at_once else [[one] for one in wanted]:
        with life.db.transaction() as session:
            heard.record(session, some)
            heard.record(session, some)  # the follower died before it wrote its position
    assert caller.calls_again().startswith("Belum ada perubahan")
    with life.db.reading() as session:
        assert session.scalars(select(OutageHeard.version)).all() == [second.version]


def test_what_was_heard_of_a_call_nobody_knows_any_more_is_not_kept(life: Life, caller: Caller) -> None:
    life.publish(life.confirm())
    known = caller.asks()
    assert known is not None
    with life.db.transaction() as session:
        heard.record(session, [caller.told("cunknown001", known)])
        assert session.scalars(select(OutageHeard)).all() == []
        assert session.scalars(select(Arrival)).all() == []
