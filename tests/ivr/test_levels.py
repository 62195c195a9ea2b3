"""What each level of the surge ladder does to callers: each test is one telephone call, or some beside each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from config.operator import operator
from config.schema.menu import AtLevel
from ivr import standing as standings
from ivr.instructions import Ask, Bye, Instruction, Wait
from ivr.menu import Menu
from ivr.turn import CallBack, Enqueue
from router.calls import CallState, Outcome
from router.dispatcher import configure, queue_rules
from router.estimate import Told
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import ANNOUNCEMENT, DARK, IN_OUTAGE, LIFE_SUPPORT, LIT, NO_OUTAGE, UNKNOWN, outage
from tests.fixtures.ivr_service import AT_MENTENG, AT_TEBET, Ivr

Dial = Callable[..., ScriptedCaller]
IDPEL_IN_THE_DARK = "540000000001"
Sentence = Callable[[Instruction], str]
unit = pytest.mark.unit


@pytest.fixture
def at(world: World, call: Dial) -> Callable[..., ScriptedCaller]:
    """A caller at a level."""

    def dial(level: int, ani: str = "", **extra: object) -> ScriptedCaller:
        world.level = level
        return call(ani, **extra)

    return dial


# --- 1: announcement first; a callback offered with the wait


@unit
@pytest.mark.parametrize(("level", "first"), [(0, "locate.affected"), (1, "outage.announcement")])
def test_1_a_caller_nobody_can_locate_hears_first_what_is_known(at: Dial, level: int, first: str) -> None:
    caller = at(level, UNKNOWN)
    assert caller.keys[2] == first
    assert (ANNOUNCEMENT in caller.heard) == (level > 0)
    assert "Menteng" in caller.heard, "and is then asked where"
    caller.presses("1")
    assert caller.state.area == DARK


@unit
def test_1_of_several_the_widest_area_is_told_first_and_not_more_than_two(at: Dial, world: World) -> None:
    world.outages = [
        outage(DARK, id=3, spoken="Menteng."), outage(LIT, id=2, spoken="Tebet."),
        replace(outage(id=1, spoken="Jakarta."), area="31", area_name="Jakarta"),
    ]  # fmt: skip
    caller = at(1, UNKNOWN)
    told = [fragment.text for fragment in caller.said if fragment.key == "outage.announcement"]
    assert told == ["Jakarta.", "Menteng."]
    assert [note["outage"] for note in caller.notes] == [1, 3], "on the desk's card too"


@pytest.mark.parametrize(
    ("level", "wait_s", "offered"), [(0, 179, False), (0, 180, True), (0, None, True), (1, 10, True), (4, 10, True)]
)
@unit
def test_1_a_callback_is_offered_to_all_and_before_that_only_for_a_long_wait(
    level: int, wait_s: float | None, offered: bool
) -> None:
    assert standings.offers_callback(level, wait_s) is offered


@unit
def test_1_who_waits_when_the_level_rises_is_offered_it_then_and_once(at: Dial, world: World) -> None:
    world.callback = False
    caller = at(0, NO_OUTAGE)
    caller.presses("0")
    assert "callback.offer" not in caller.keys
    world.callback = True
    caller.keeps_silent()
    assert caller.keys == ["emergency.short", "callback.offer"]
    assert "callback.offer" not in (caller.keeps_silent() and caller.keys)


@unit
def test_at_every_level_who_is_told_that_it_takes_longer_is_offered_one_each_time(at: Dial, world: World) -> None:
    world.callback, world.max_wait = False, 150
    caller = at(0, NO_OUTAGE)
    caller.presses("0")
    heard = []
    for broken in (True, False, True, *6 * (False,)):
        world.told = Told(3, 5, new=broken, broken=broken)
        caller.keeps_silent()
        heard.append("callback.offer" in caller.keys)
    assert heard[:4] == [True, False, True, False]
    assert heard.count(True) == 3, "and once when the queue's own limit is over"
    assert caller.state.over_limit


# --- 2: a shorter menu; a dark area serves itself, its officer calls back; partners


@unit
def test_2_the_menu_is_short(at: Dial) -> None:
    assert "menu.main" in at(1, NO_OUTAGE).keys
    caller = at(2, NO_OUTAGE)
    assert "menu.short" in caller.keys
    assert isinstance(caller.presses("0"), Wait), "an officer for who is not concerned"


@unit
def test_2_a_dark_area_gets_the_officer_only_by_callback(at: Dial) -> None:
    caller = at(2, IN_OUTAGE)
    assert caller.keys[-3:-1] == ["outage.announcement", "outage.options_callback"]
    assert isinstance(caller.presses("0"), Bye)
    assert caller.keys == ["callback.agreed"]
    assert caller.callbacks == [CallBack("gangguan")]
    assert not caller.queues


@unit
def test_2_also_by_the_way_round_through_a_report_of_the_own_building(at: Dial) -> None:
    caller = at(2, IN_OUTAGE)
    caller.presses("2")
    assert caller.keys[1] == "report.filed", "`only my building` is heard at every level"
    assert isinstance(caller.presses("0"), Ask)
    assert caller.keys == ["emergency.short", "queue.callback_only"]
    assert isinstance(caller.presses("1"), Bye)
    assert caller.callbacks
    assert not caller.queues


@unit
def test_2_who_says_nothing_is_not_called_back_unasked(at: Dial) -> None:
    caller = at(2, IN_OUTAGE)
    for _ in range(2):
        caller.presses("7")
    assert caller.keys == ["emergency.short", "queue.callback_only"]
    for _ in range(2):
        caller.keeps_silent()
    assert caller.over
    assert not caller.callbacks


@unit
@pytest.mark.parametrize(("answer", "said"), [("callback-exists", "callback.exists_bye"), ("later", "callback.later")])
def test_2_what_the_store_says_to_the_callback_is_said(at: Dial, world: World, answer: str, said: str) -> None:
    world.callback_answer = answer
    caller = at(2, IN_OUTAGE)
    assert isinstance(caller.presses("0"), Bye)
    assert caller.keys == [said]


@unit
def test_2_who_cannot_be_called_back_is_put_in_line(at: Dial, world: World) -> None:
    withheld = at(2, "")
    withheld.presses("1")  # the one dark area of the list
    assert "outage.options" in withheld.keys
    assert "outage.options_callback" not in withheld.keys, "a call back is no use"
    assert isinstance(withheld.presses("0"), Wait)
    assert withheld.queues == [Enqueue("gangguan")]
    world.callback_answer = "stale-token"
    refused = at(2, IN_OUTAGE)
    assert isinstance(refused.presses("0"), Wait)


@unit
@pytest.mark.parametrize("level", [2, 3])
def test_life_support_keeps_the_officer(at: Dial, world: World, level: int) -> None:
    world.outages = [outage(LIT)]
    caller = at(level, LIFE_SUPPORT)
    assert "outage.options" in caller.keys
    caller.presses("0")
    if level == 3:
        caller.presses("0")
    assert [wish.priority for wish in caller.queues] == [5]


# --- 3: announcement and release; the others to a partner or a callback


@unit
def test_3_a_dark_area_hears_the_announcement_and_is_released(at: Dial) -> None:
    caller = at(3, IN_OUTAGE)
    assert caller.keys == ["greeting", "emergency.short", "locate.here", "outage.announcement", "outage.options_short"]
    assert isinstance(caller.keeps_silent(), Bye)
    assert caller.seconds < 45
    assert isinstance(at(3, IN_OUTAGE).presses("0"), Bye), "no way to an officer"


@unit
def test_3_still_dark_is_heard(at: Dial) -> None:
    caller = at(3, IN_OUTAGE)
    caller.presses("2")
    assert [wish["only_me"] for wish in caller.intents] == [True]


@unit
@pytest.mark.parametrize(("key", "waits"), [("1", False), ("0", True), ("", True)])
def test_3_the_others_choose_a_callback_or_a_partner(at: Dial, key: str, waits: bool) -> None:
    caller = at(3, NO_OUTAGE)
    caller.presses("0")
    assert caller.keys == ["emergency.short", "queue.callback_or_partner"]
    caller.presses(key) if key else caller.keeps_silent()
    assert (bool(caller.queues), bool(caller.callbacks)) == (waits, not waits)


# --- 4: the announcement at the front


@unit
def test_4_the_announcement_the_emergency_key_goodbye(at: Dial) -> None:
    caller = at(4, UNKNOWN)
    assert caller.keys == ["greeting", "emergency", "outage.announcement", "triage.others"]
    assert isinstance(caller.presses("0"), Bye)
    assert caller.keys == ["triage.bye"]
    urgent = at(4, UNKNOWN)
    assert isinstance(urgent.presses("9"), Wait)
    assert urgent.queues == [Enqueue("darurat", emergency=True)]


@unit
def test_4_who_is_in_the_menu_already_goes_on(at: Dial, world: World) -> None:
    caller = at(3, NO_OUTAGE)
    world.level = 4
    assert isinstance(caller.presses("1"), Ask)
    assert not caller.over


# --- all


@unit
def test_a_level_that_changes_in_a_call_changes_the_next_step_of_that_call(at: Dial, world: World) -> None:
    caller = at(0, IN_OUTAGE)
    assert "outage.options" in caller.keys
    world.level = 2
    caller.presses("0")
    assert caller.keys == ["emergency.short", "queue.callback_only"]
    world.level = 0
    caller.presses("7")
    assert caller.state.node == "petugas_balik", "what was asked is answered"


@unit
@pytest.mark.parametrize("level", range(5))
def test_nine_is_an_emergency_at_every_level(at: Dial, level: int) -> None:
    for ani in (IN_OUTAGE, NO_OUTAGE, UNKNOWN, ""):
        caller = at(level, ani)
        assert any(fragment.key.startswith("emergency") for fragment in caller.said[:2])
        caller.presses("9")
        assert caller.queues == [Enqueue("darurat", emergency=True)]


@unit
def test_what_a_level_changes_travels_with_the_menu_of_the_call(menu: Menu) -> None:
    assert Menu.loads(menu.dumps()) == menu
    without = Menu(menu.shape.model_copy(update={"levels": {}}), menu.prompts)
    assert without.version != menu.version
    caller = ScriptedCaller(without, World(level=3), ani=UNKNOWN)
    caller.dials()
    assert caller.keys[-1] == "menu.main", "a menu from before knows no levels"


@unit
def test_a_higher_level_keeps_what_the_lower_ones_say(menu: Menu) -> None:
    shape = menu.shape.model_copy(
        update={"levels": {1: AtLevel(everybody={"a": "b", "c": "d"}), 3: AtLevel(everybody={"a": "x"})}}
    )
    entered = [shape.entered("a", level, affected=False) for level in range(5)]
    assert entered == ["a", "b", "b", "x", "x"]
    assert shape.entered("c", 4, affected=True) == "d"


# --- partners


@unit
def test_the_level_that_opens_partners_stands_in_surge_yaml_unless_a_queue_says_its_own() -> None:
    rules, levels = operator(), operator().surge.levels
    assert {rule.name: rule.over_level for rule in queue_rules(rules)} == {
        "gangguan": 2, "darurat": 0, "keluhan": 0, "permintaan": 0,
    }  # fmt: skip
    later = {n: level.model_copy(update={"partners": n >= 3}) for n, level in levels.items()}
    changed = replace(rules, surge=rules.surge.model_copy(update={"levels": later}))
    assert {rule.over_level for rule in queue_rules(changed) if rule.partners} == {3}
    queue = rules.queues.queues["gangguan"]
    assert queue.overflow
    own = queue.model_copy(update={"overflow": queue.overflow.model_copy(update={"level": 1})})
    queues = rules.queues.model_copy(update={"queues": rules.queues.queues | {"gangguan": own}})
    assert {rule.over_level for rule in queue_rules(replace(changed, queues=queues)) if rule.partners} == {1}


# --- over the store


@pytest.mark.store
@pytest.mark.anyio
async def test_a_step_knows_the_level_of_its_instant(ivr: Ivr, sentence: Sentence) -> None:
    await configure(ivr.pool.acd, operator())
    ivr.menteng_is_dark(text=ANNOUNCEMENT)
    acd = ivr.pool.acd
    await acd.set_level(2, reason="uji", by="ladder")
    assert "agar petugas menelepon Anda kembali" in sentence(await ivr.arrives(ani=AT_MENTENG))
    assert isinstance(await ivr.keys("0"), Bye)
    call = await ivr.pool.call("ccall0001")
    assert (call.state, call.virtual, call.queue, call.level) == (CallState.WAITING, True, "gangguan", 2)
    await acd.set_level(0, reason="uji", by="ladder")
    assert "nol ke petugas" in sentence(await ivr.arrives("ccall0002", AT_MENTENG)).lower()
    await acd.override_level(3, reason="uji", by="spv1")
    assert isinstance(await ivr.keys("0", "ccall0002"), Ask), "by hand counts the same, and in mid-call"
    assert (await ivr.pool.call("ccall0002")).level == 3


@pytest.mark.store
@pytest.mark.anyio
async def test_a_short_wait_is_offered_a_callback_from_the_level_on(ivr: Ivr, sentence: Sentence) -> None:
    pool = ivr.pool
    for cso in ("cso1", "cso2", "cso3", "cso4", "cso5", "cso6"):
        await pool.ready(cso)
        await pool.waits(f"c00000000{cso}")
        offer = await pool.offered()
        await pool.acd.answered(offer.call, offer.token)
    await ivr.arrives(ani=AT_TEBET)
    waiting = sentence(await ivr.keys("0"))
    assert "menit" in waiting
    assert "tekan satu" not in waiting
    await pool.acd.set_level(1, reason="uji", by="ladder")
    assert "tekan satu" in sentence(await ivr.step("waiting"))


@pytest.mark.store
@pytest.mark.anyio
@pytest.mark.parametrize("carrier", ["twilio", "asterisk"])
async def test_at_level_4_the_flow_itself_is_the_front(ivr: Ivr, sentence: Sentence, carrier: str) -> None:
    ivr.menteng_is_dark(text=ANNOUNCEMENT)
    await ivr.pool.acd.set_level(4, reason="uji", by="ladder")
    front = await ivr.arrives(ani=AT_TEBET, carrier=carrier)
    assert isinstance(front, Ask)
    assert "Menteng" in sentence(front)
    assert "Tekan sembilan" in sentence(front)
    assert isinstance(await ivr.keys("0"), Bye)
    await ivr.service.hung_up("ccall0001")
    assert (await ivr.pool.call("ccall0001")).outcome == Outcome.ANNOUNCED
    assert [one.number for one in await ivr.pool.acd.refused()] == [AT_TEBET], "kept for calling back"


# --- whoever shows no number


@unit
@pytest.mark.parametrize("level", [2, 3])
def test_a_withheld_number_is_never_asked_whether_to_be_called_back(at: Dial, level: int) -> None:
    caller = at(level, "")
    caller.presses("1")
    caller.presses("2")
    caller.presses(IDPEL_IN_THE_DARK)
    assert caller.keys[1] == "report.filed"
    assert isinstance(caller.presses("0"), Wait), "the others are called back"
    assert "queue.officer" in caller.keys
    assert caller.queues == [Enqueue("gangguan")]


@unit
@pytest.mark.parametrize(("ani", "said"), [(NO_OUTAGE, "triage.bye"), ("", "triage.no_number")])
def test_4_nobody_is_told_that_a_withheld_number_was_noted(at: Dial, ani: str, said: str) -> None:
    caller = at(4, ani)
    caller.keeps_silent()
    assert caller.keys == [said]
