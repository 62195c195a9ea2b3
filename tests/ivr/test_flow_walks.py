"""Callers who key anything, everything or nothing, through the whole menu as it is shipped: from each place of it the
emergency key reaches a person, whoever falls silent comes to an end, and whatever is said can be said.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from config.clock import VirtualClock
from config.operator import operator
from config.schema import menu as shapes
from config.schema.hours import Hours
from ivr.callback import FULL
from ivr.flow import step
from ivr.instructions import Ask, Bye, Instruction, Play, Record, Wait
from ivr.instructions_json import dumps, loads
from ivr.menu import Menu
from ivr.nodes import TRIAGE, going
from ivr.nodes.going import Enter
from ivr.speech import prompts
from ivr.turn import CallBack, Enqueue, Flow, Lookup, Signal, State, Turn, Where, run
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import (
    DARK,
    IDPEL,
    IN_OUTAGE,
    LIFE_SUPPORT,
    LIT,
    METER,
    NO_OUTAGE,
    SEVERAL,
    UNKNOWN,
    outage,
    premises,
    report,
)
from tickets import scripts
from tickets.kinds import Intent, ReportKind
from tickets.rules import Elapsed, decide
from tickets.scripts import Said
from tickets.states import ReportStatus
from tickets.views import CompensationView, ReportView

pytestmark = pytest.mark.unit
SEEDS = range(400)
KEYED = 25  # at most; whoever goes on for longer is silent from then on
PATIENCE = 30  # steps of silence until a menu must have come to an end
EMERGENCY = "9"
KEYS = [*"0123456789*#", "0", "1", "1", "2", "5", IDPEL, METER, "540000000001", "000000000000", "540000000099"]
LIVE = {"outage.announcement", "locate.item:name"}  # streets: rendered when they become known


class Fuzzed(ScriptedCaller):
    """Some of what is asked cannot be had: a slow database, a full line."""

    dice: random.Random
    fails: float = 0.0
    full: bool = False

    def _perform(self, effect: Any) -> Any:
        if isinstance(effect, Lookup) and self.dice.random() < self.fails:
            return [] if effect.kind in ("phone", "region", "asked") else None
        answer = super()._perform(effect)
        if isinstance(effect, Enqueue) and self.full and not effect.emergency:
            self.queues.pop()
            return None
        return answer


@dataclass
class Seen:
    """What all walks together came by."""

    nodes: set[str] = field(default_factory=set)  # where a caller listened, and may hang up
    entered: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)


def a_caller(menu: Menu, seed: int) -> Fuzzed:
    """A world and a caller in it; the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - the same for the same seed, no secret
    one, two, three = premises(1, DARK), premises(2, LIT), premises(3, LIT, street="Jalan Melati")
    reports = [_a_report(dice, n) for n in range(dice.choice((0, 1, 1, 2)))]
    world = World(
        phones={
            IN_OUTAGE: [one],
            NO_OUTAGE: [two],
            SEVERAL: [one, two, three],
            LIFE_SUPPORT: [premises(4, LIT, life_support=True)],
        },
        numbers={IDPEL: two, METER: two, one.idpel: one},
        outages=dice.choice([[], [outage()], [outage(), outage(LIT, id=8)], [outage(status="planned")]]),
        reports=reports,
        compensation=dice.choice([None, CompensationView("Juli", operator().compensation.regulations[0].spoken, 20)]),
        several={LIT} if dice.random() < 0.3 else set(),
        place=dice.randint(0, 80),
        max_wait=dice.choice([0.0, 30.0]),
        level=dice.choice([0, 0, 1, 2, 3, 4]),
        callback=dice.random() < 0.6,
        callback_answer=dice.choice(["agreed", "agreed", "later", "callback-exists", "number-invalid"]),
    )
    if dice.random() < 0.1:
        world.reserved.clear()
    shape = menu.shape
    if dice.random() < 0.3:
        shape = shape.model_copy(update={"hours": {name: _closed(hours) for name, hours in shape.hours.items()}})
    caller = Fuzzed(
        replace(menu, shape=shape),
        world,
        ani=dice.choice([IN_OUTAGE, NO_OUTAGE, SEVERAL, LIFE_SUPPORT, UNKNOWN, UNKNOWN, ""]),
        triage=dice.random() < 0.1,
        dialled=dice.choice(["021123", "021123", *shape.own_numbers]),
    )
    caller.clock = VirtualClock(datetime(2019, 8, 4, dice.randrange(24), 0, tzinfo=UTC))
    caller.caller = replace(
        caller.caller,
        kept=dice.random() < 0.1,
        gapped=dice.random() < 0.1,
        recording=frozenset(dice.choice([(), ("gangguan", "permintaan", "darurat")])),
    )
    caller.dice, caller.full = dice, dice.random() < 0.15
    caller.fails = dice.choice([0.0, 0.0, 0.3, 1.0])
    if seed % 3 == 0:  # a calm day: who is known gets further into the menu
        caller.caller = replace(caller.caller, ani=NO_OUTAGE, dialled="021123", triage=False, gapped=False)
        world.level, world.outages, caller.full, caller.fails = 0, [], False, 0.0
    return caller


def _a_report(dice: random.Random, n: int) -> ReportView:
    kind, status = dice.choice("GGGK"), dice.choice(("BELUM_SELESAI", "SELESAI"))
    late = kind == "G" and status == "BELUM_SELESAI" and dice.random() < 0.5
    return report(dice.choice((1, 2)), f"5410000077{n}", kind=kind, status=status, said=late_words() if late else {})


@cache
def late_words() -> dict[str, tuple[Said, ...]]:
    """What is told of a fault that waits for longer than three hours."""
    row = decide(ReportKind.GANGGUAN, ReportStatus.BELUM_SELESAI, Intent.ENQUIRY, Elapsed.GE3H, False)
    facts = scripts.Facts(scripts.ALOUD)
    return {one: scripts.told(row, facts, operator().scripts.of(one)) for one in operator().menu.languages}


def _closed(hours: Hours) -> Hours:
    return hours.model_copy(update={"every": []})


def next_of(caller: Fuzzed, entered: Counter[str]) -> None:
    """One move of a caller; who keys what is offered goes where the fewest have been."""
    if isinstance(caller.instruction, Record):
        caller.speaks(caller.dice.choice([0.0, 0.3, 12.0]))
    elif isinstance(caller.instruction, Wait) and caller.dice.random() < 0.2:
        caller.is_not_answered()
    elif isinstance(caller.instruction, Play) or caller.dice.random() < 0.2:
        caller.keeps_silent()
    else:
        offered = dict(getattr(caller.menu.shape.nodes.get(caller.state.node), "keys", {}))
        offered |= {str(number): "padam" for number, _ in enumerate(caller.state.choices, 1)}
        sensible = bool(offered) and not caller.state.queue and caller.dice.random() < 0.85
        rare = min(offered, key=lambda key: (entered[offered[key]], caller.dice.random()), default="")
        caller.presses(rare if sensible else caller.dice.choice(KEYS))


def in_danger(caller: Fuzzed) -> list[Enqueue]:
    """The queues that the emergency key leads to from here; the call itself does not notice."""
    name = "recorded" if isinstance(caller.instruction, Record) else "next"
    here = replace(caller.caller, level=caller.world.level, now=caller.clock.now())
    queues: list[Enqueue] = []

    def perform(effect: Any) -> Any:
        if isinstance(effect, Enqueue):
            queues.append(effect)
        if isinstance(effect, Enqueue | Where):
            return caller._standing()
        if isinstance(effect, CallBack):
            return "agreed"
        return None

    run(step(caller.menu, caller.state, here, Signal(name, EMERGENCY)), perform)
    return queues


def walk(menu: Menu, seed: int, seen: Seen, listed: set[tuple[str, str]]) -> Fuzzed:
    caller = a_caller(menu, seed)
    caller.dials()
    silent = 0
    for turn in range(KEYED + PATIENCE):
        look(caller.instruction, caller.state, seen, listed)
        queues = in_danger(caller)
        assert caller.state.emergency or [q.emergency for q in queues] == [True], f"seed {seed}, {caller.state.node}"
        if caller.over or (isinstance(caller.instruction, Wait) and turn >= KEYED):
            return caller
        if turn < KEYED:
            next_of(caller, seen.entered)
        else:
            silent += 1
            caller.speaks(0) if isinstance(caller.instruction, Record) else caller.keeps_silent()
    pytest.fail(f"seed {seed}: {silent} silences, and still {caller.state.node}: {caller.heard[:80]}")


def look(instruction: Instruction, state: State, seen: Seen, listed: set[tuple[str, str]]) -> None:
    assert isinstance(instruction, Ask | Play | Wait | Record | Bye)
    assert loads(dumps(instruction)) == instruction
    assert instruction.say or isinstance(instruction, Wait)
    assert State.loads(state.dumps()) == state
    seen.nodes.add(state.node)
    seen.kinds.add(type(instruction).__name__)
    for fragment in instruction.say:
        seen.languages.add(fragment.language)
        if (fragment.text, fragment.language) not in listed and fragment.key not in LIVE:
            seen.unlisted.add(f"{fragment.key} {fragment.language}: {fragment.text}")


@pytest.fixture(scope="module")
def walked(menu: Menu) -> Seen:
    """All seeds once."""
    seen, listed = Seen(), {(piece.text, piece.language) for piece in prompts.fixed()}

    def noting(enter: Enter) -> Enter:
        def entered(turn: Turn, node: Any) -> Flow:
            seen.entered[turn.state.node] += 1
            return (yield from enter(turn, node))

        return entered

    with pytest.MonkeyPatch.context() as watched:
        for kind, enter in going._ENTER.items():
            watched.setitem(going._ENTER, kind, noting(enter))
        for seed in SEEDS:
            walk(menu, seed, seen, listed)
    return seen


def test_every_walk_ends_and_the_emergency_key_works_at_each_step_of_it(walked: Seen) -> None:
    """`walk` says so of each; here: that they were walks through everything there is."""
    assert walked.kinds == {"Ask", "Play", "Wait", "Record", "Bye"}
    assert walked.languages == {"id", "en"}


def test_every_node_was_entered_and_at_each_that_asks_somebody_listened(walked: Seen, menu: Menu) -> None:
    asks = {name for name, node in menu.shape.nodes.items() if isinstance(node, shapes.Asking)}
    assert set(menu.shape.nodes) - set(walked.entered) - walked.nodes == set()
    assert asks - walked.nodes == set()
    assert {TRIAGE, FULL} <= walked.nodes


def test_whatever_is_said_was_made_before_or_is_known_to_be_live(walked: Seen) -> None:
    assert walked.unlisted == set()


@pytest.mark.parametrize("seed", range(0, len(SEEDS), 50))
def test_the_same_seed_is_the_same_call(menu: Menu, seed: int) -> None:
    first, second = (walk(menu, seed, Seen(), set()) for _ in range(2))
    assert first.lines == second.lines
