"""Hours in the menu: outside of them a caller enters another node; emergencies and faults never close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.clock import VirtualClock
from config.schema.hours import Hours
from ivr import menu_check
from ivr.instructions import Ask, Bye, Wait
from ivr.menu import Menu, Menus
from ivr.numbers import from_database
from ivr.service import IvrService
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import IN_OUTAGE, NO_OUTAGE
from tests.fixtures.ivr_service import AT_TEBET, Ivr
from tests.fixtures.wait import PATIENT_MS
from tests.ivr.test_menu_file import folder, refused, spoil

__all__ = ["folder"]

unit = pytest.mark.unit
NIGHT = datetime(2027, 3, 10, 16, 0, tzinfo=UTC)  # a Wednesday, 23.00 WIB
DAY = datetime(2027, 3, 10, 5, 0, tzinfo=UTC)
SHIPPED = {"instead": {"keluhan": "keluhan_tutup", "permintaan": "permintaan_tutup"}}


@pytest.fixture
def by_day(menu: Menu) -> Menu:
    """The shipped menu, with hours from seven to nine in the evening."""
    hours = {"pelayanan": Hours.model_validate({"every": ["07:00-21:00"], **SHIPPED})}
    return replace(menu, shape=menu.shape.model_copy(update={"hours": hours}))


def dialled(menu: Menu, world: World, at: datetime, ani: str = NO_OUTAGE) -> ScriptedCaller:
    caller = ScriptedCaller(menu, world, ani=ani)
    caller.clock = VirtualClock(at)
    caller.dials()
    return caller


@unit
@pytest.mark.parametrize(("key", "queue"), [("3", "keluhan"), ("4", "permintaan")])
def test_by_day_there_is_a_person_at_night_a_callback(by_day: Menu, world: World, key: str, queue: str) -> None:
    assert isinstance(dialled(by_day, world, DAY).presses(key), Wait)
    caller = dialled(by_day, world, NIGHT)
    assert isinstance(caller.presses(key), Ask)
    assert caller.keys == ["emergency.short", "hours.closed"]
    assert isinstance(caller.presses("1"), Bye)
    assert [wish.queue for wish in caller.callbacks] == [queue]


@unit
def test_who_shows_no_number_is_told_to_call_by_day(by_day: Menu, world: World) -> None:
    world.outages.clear()
    caller = dialled(by_day, world, NIGHT, ani="")
    caller.presses("3")
    assert isinstance(caller.presses("1"), Bye)
    assert caller.keys == ["hours.no_number"]


@unit
def test_faults_and_emergencies_never_close(by_day: Menu, world: World) -> None:
    assert isinstance(dialled(by_day, world, NIGHT).presses("0"), Wait)
    caller = dialled(by_day, world, NIGHT)
    caller.presses("3")
    caller.presses("9")
    assert caller.queues[-1].emergency
    assert dialled(by_day, world, NIGHT, IN_OUTAGE).presses("1")


@unit
def test_a_caller_in_line_when_it_closes_is_still_served(by_day: Menu, world: World) -> None:
    caller = dialled(by_day, world, datetime(2027, 3, 10, 13, 59, tzinfo=UTC))  # 20.59 WIB
    caller.presses("3")
    for _ in range(8):
        assert isinstance(caller.keeps_silent(), Wait)
    assert caller.clock.now() > datetime(2027, 3, 10, 14, 1, tzinfo=UTC)


RULE = Hours.model_validate(
    {
        "every": ["07:00-12:00", "13:00-21:00"],
        "days": {"saturday": ["08:00-24:00"], "sunday": [], "holiday": ["09:00-10:00"]},
        "instead": {"a": "b"},
    }
)
WHEN = {
    "2027-03-10 06:59": False, "2027-03-10 07:00": True, "2027-03-10 12:00": False, "2027-03-10 12:59": False,
    "2027-03-10 20:59": True, "2027-03-10 21:00": False,
    "2027-03-13 07:59": False, "2027-03-13 23:59": True,  # a Saturday
    "2027-03-14 12:00": False,  # a Sunday
    "2027-08-17 08:00": False, "2027-08-17 09:30": True,  # every year
    "2027-03-22 12:30": False, "2027-03-22 09:30": True, "2028-03-22 11:30": True,  # that year alone
}  # fmt: skip


@unit
@pytest.mark.parametrize(("clock", "open_"), WHEN.items())
def test_the_rule_by_day_and_on_holidays(clock: str, open_: bool) -> None:
    there = datetime.fromisoformat(f"{clock}+07:00")
    assert RULE.open(there.astimezone(UTC), ["08-17", "2027-03-22"], "WIT") is open_


@unit
def test_the_clock_is_of_those_who_serve_or_of_the_callers_region() -> None:
    six = datetime(2027, 3, 9, 23, 0, tzinfo=UTC)  # 06.00 WIB, 08.00 WIT
    hours = {zone: Hours.model_validate({**SHIPPED, "zone": zone, "every": ["07:00-21:00"]}) for zone in ("WIB", "WIT")}
    callers = Hours.model_validate({**SHIPPED, "zone": "caller", "every": ["07:00-21:00"]})
    assert [hours[zone].open(six, (), "WIB") for zone in ("WIB", "WIT")] == [False, True]
    assert [callers.open(six, (), zone) for zone in ("WIB", "WITA", "WIT")] == [False, True, True]


@unit
def test_the_surge_level_comes_first_and_then_the_hours(menu: Menu) -> None:
    hours = {"x": Hours.model_validate({"every": ["07:00-21:00"], "instead": {"petugas_penuh": "pamit"}})}
    shape = menu.shape.model_copy(update={"hours": hours})
    closed = shape.closed(NIGHT, "WIB")
    assert closed == {"x"}
    assert shape.entered("petugas", 3, affected=False, closed=closed) == "pamit"
    assert shape.entered("petugas", 0, affected=False, closed=closed) == "petugas"
    assert shape.closed(None, "WIB") == frozenset()


# --- refused at load

FAULTS = {
    "overlapping": ('["00:00-24:00"]', '["07:00-12:00", "11:00-21:00"]', "two of the times overlap at 11:00"),
    "backwards": ('["00:00-24:00"]', '["21:00-07:00"]', "21:00-07:00 ends before it begins"),
    "no time": ('["00:00-24:00"]', '["7-21"]', "hours.pelayanan.every.0"),
    "never open": ('every: ["00:00-24:00"]\n', "every: []\n", "it is never open"),
    "no such day": ("days: {}", "days: {minggu: []}", "hours.pelayanan.days.minggu"),
    "no such zone": ("zone: WIB", "zone: GMT", "hours.pelayanan.zone"),
    "no such node": ("{keluhan: keluhan_tutup,", "{keluha: keluhan_tutup,", "no node 'keluha'"),
    "target missing": ("{keluhan: keluhan_tutup,", "{keluhan: tutup,", "instead.keluhan: no node 'tutup'"),
    "twice": (
        "holidays: [",
        '  lagi: {every: ["08:00-09:00"], instead: {keluhan: pamit}}\nholidays: [',
        "hours.lagi.instead.keluhan: the hours 'pelayanan' are for this node too",
    ),
    "what a surge level begins with cannot be told an emergency": (
        "{keluhan: keluhan_tutup,",
        "{lokasi_ramai: pamit, keluhan: keluhan_tutup,",
        "instead.lokasi_ramai: callers could not tell an emergency there",
    ),
    "start that cannot be told an emergency": (
        "{keluhan: keluhan_tutup,",
        "{lokasi: pamit, keluhan: keluhan_tutup,",
        "callers could not tell an emergency there",
    ),
    "no such holiday": ('"08-17"', '"02-30"', "holidays.3"),
}


@unit
@pytest.mark.parametrize(("before", "after", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_wrong_hours_are_refused(folder: Path, before: str, after: str, reason: str) -> None:
    spoil(folder / "menu.yaml", before, after)
    assert any(reason in fault for fault in refused(folder)), refused(folder)


@unit
def test_the_emergency_queue_is_never_closed(folder: Path) -> None:
    spoil(folder / "menu.yaml", "  keluhan_tutup:", "  bahaya: {kind: queue, queue: darurat}\n  keluhan_tutup:")
    spoil(folder / "menu.yaml", '"2": utama}', '"2": bahaya}')
    spoil(folder / "menu.yaml", "{keluhan: keluhan_tutup,", "{bahaya: pamit, keluhan: keluhan_tutup,")
    assert "hours.pelayanan.instead.bahaya: the emergency is never closed" in refused(folder)[0]


@unit
def test_a_node_that_is_entered_at_night_alone_is_reached_and_must_lead_on(folder: Path) -> None:
    spoil(
        folder / "menu.yaml",
        '{"1": keluhan_balik, "2": utama}\n    silent: pamit',
        '{"1": jebakan}\n    silent: jebakan',
    )
    spoil(folder / "menu.yaml", "    invalid: pamit\n  permintaan_tutup", "    invalid: jebakan\n  permintaan_tutup")
    spoil(folder / "menu.yaml", "    withheld: tutup_tanpa_nomor\n", "")
    jebakan = (
        '{kind: menu, say: [emergency], keys: {"1": keluhan_tutup}, silent: keluhan_tutup, invalid: keluhan_tutup}'
    )
    spoil(folder / "menu.yaml", "  keluhan_tutup:", f"  jebakan: {jebakan}\n  keluhan_tutup:")
    assert any("nodes.keluhan_tutup: a dead end" in fault for fault in refused(folder)), refused(folder)


@unit
def test_the_picture_shows_them() -> None:
    assert 'n_keluhan -. "≠ pelayanan" .-> n_keluhan_5ftutup' in menu_check.draw()


# --- through the service


@pytest.mark.anyio
@pytest.mark.store
async def test_the_clock_of_the_service_decides_and_a_change_disturbs_no_call(ivr: Ivr, folder: Path) -> None:
    """It is noon in Jakarta."""
    menus = Menus(folder, ivr.folder)
    ivr.service = IvrService(ivr.pool.acd, ivr.db, menus, from_database(ivr.db), ivr.clock, deadline_ms=PATIENT_MS)
    await ivr.arrives("ccall0001", AT_TEBET)
    spoil(folder / "menu.yaml", 'every: ["00:00-24:00"]', 'every: ["13:00-21:00"]')
    assert menus.refresh()
    await ivr.arrives("ccall0002", AT_TEBET)
    assert isinstance(await ivr.keys("3", "ccall0001"), Wait), "this call began with the menu before"
    assert isinstance(await ivr.keys("3", "ccall0002"), Ask)
