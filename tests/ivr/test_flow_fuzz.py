"""Whatever a caller keys: an instruction follows, 9 reaches a person, and the state survives being stored."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from config import operator as operator_files
from ivr.flow import step
from ivr.instructions import Ask, Bye, Fragment, Play, Wait
from ivr.instructions_json import dumps, loads
from ivr.menu import Menu
from ivr.turn import Caller, Enqueue, Signal, Standing, State, Where, run
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import IDPEL, IN_OUTAGE, NO_OUTAGE, SEVERAL, UNKNOWN, UTILITY, outage, premises, report

pytestmark = pytest.mark.unit
FILES = operator_files.load(UTILITY)
MENU = Menu(FILES.menu, FILES.prompts)
KEYS = some.sampled_from(["", "", *"0123456789*#", "99", "12345", IDPEL, "540000000001", "000000000000", "9" * 11])
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@some.composite
def calls(draw: some.DrawFn) -> ScriptedCaller:
    """A call in some world: dark or not, reported or not, with or without numbers left."""
    one, two = premises(1, "31.71.06"), premises(2, "31.74.01")
    world = World(
        phones={IN_OUTAGE: [one], NO_OUTAGE: [two], SEVERAL: [one, two]},
        numbers={IDPEL: two, one.idpel: one},
        outages=[outage()] if draw(some.booleans()) else [],
        reports=[report(1), report(2)] if draw(some.booleans()) else [],
        place=draw(some.integers(0, 80)),
        level=draw(some.integers(0, 4)),
        callback=draw(some.booleans()),
        callback_answer=draw(some.sampled_from(["agreed", "later", "callback-exists", "stale-token"])),
    )
    if draw(some.booleans()):
        world.reserved.clear()
    ani = draw(some.sampled_from([IN_OUTAGE, NO_OUTAGE, SEVERAL, UNKNOWN, ""]))
    return ScriptedCaller(MENU, world, ani=ani, triage=draw(some.booleans()))


@QUIET
@given(call=calls(), keys=some.lists(KEYS, max_size=14), menaces=some.booleans())
def test_any_keys_end_in_an_instruction_and_nine_always_reaches_a_person(
    call: ScriptedCaller, keys: list[str], menaces: bool
) -> None:
    call.dials()
    for digits in keys:
        if call.over:
            break
        assert isinstance(call.instruction, Ask | Wait)
        assert call.instruction.say or isinstance(call.instruction, Wait)
        assert loads(dumps(call.instruction)) == call.instruction
        if menaces and isinstance(call.instruction, Ask):
            assert any(fragment.key.startswith("emergency") for fragment in call.said[:2])
        if digits:
            call.presses(digits)
        else:
            call.keeps_silent()
    if not call.over:
        call.presses("9")
        assert call.queues[-1] == Enqueue("darurat", call.queues[-1].priority, emergency=True)
    assert sum(wish["kind"] == "report" for wish in call.intents) <= 1


@QUIET
@given(call=calls(), keys=some.lists(KEYS, max_size=8))
def test_no_name_and_no_number_of_a_caller_is_stored_or_noted(call: ScriptedCaller, keys: list[str]) -> None:
    call.dials()
    for digits in keys:
        if not call.over:
            call.presses(digits)
    kept = call.state.dumps() + str(call.notes)
    for secret in ("Rahasia", "Jalan Kenanga 12", IDPEL, "540000000001", IN_OUTAGE):
        assert secret not in kept


@pytest.mark.parametrize("node", [*FILES.menu.nodes, ""])
@pytest.mark.parametrize("digits", ["", "1", "9", "*", "77"])
def test_every_node_answers_even_when_a_call_was_left_there(node: str, digits: str) -> None:
    """A state may come from another process, at any node, with nothing known of the caller."""
    caller = Caller("c1", "", "31")
    _, instruction = run(
        step(MENU, State(node=node), caller, Signal("next", digits)), lambda effect: None or _nothing(effect)
    )
    assert isinstance(instruction, Ask | Wait | Bye)


@QUIET
@given(
    state=some.builds(
        State,
        node=some.sampled_from(list(FILES.menu.nodes)),
        queue=some.sampled_from(["", "gangguan"]),
        place=some.integers(0, 5),
        tries=some.integers(0, 3),
    ),
    signal=some.builds(Signal, some.sampled_from(["arrive", "next", "waiting", "back"]), KEYS),
)
def test_the_same_question_twice_gets_the_same_answer(state: State, signal: Signal) -> None:
    """The step is a pure function: what it was given is as it was, so it may be asked again, from anywhere."""
    before = state.dumps()
    first, second = (run(step(MENU, state, Caller("c1", "", "31"), signal), _nothing) for _ in range(2))
    assert first == second
    assert state.dumps() == before


def _nothing(effect: object) -> Standing | None:
    return Standing() if isinstance(effect, Enqueue | Where) else None


def test_a_state_from_another_version_is_read() -> None:
    """Two versions of the program serve side by side during an upgrade."""
    assert State.loads('{"node":"utama","unheard_of":1}') == State(node="utama")
    assert State.loads("") == State()


def test_instructions_survive_the_store() -> None:
    said = (Fragment("greeting", 'Kata "orang"\ndan é'),)
    for instruction in (Play(said), Ask(said, 12, 7, 2), Wait(said, "gangguan", "9", 30), Bye(said), Bye()):
        assert loads(dumps(instruction)) == instruction
