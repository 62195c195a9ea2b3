"""What a caller meets, step by step: a pure function of the menu, the state and what happened (docs/decisions/0009).

`step` answers with a generator of wishes that ends in the new state and exactly one instruction (ivr/turn.py); the
shell (ivr/service.py) fulfils the wishes. Nothing here reads a clock, a store or a database, nor changes its arguments.
"""

from __future__ import annotations

from copy import copy
from dataclasses import MISSING, fields, replace

from ivr.callback import FULL, answered_full, ask_full, called_back, full
from ivr.menu import Menu
from ivr.nodes import FRONT, TRIAGE, go, keyed, once_more, recorded, triage
from ivr.turn import Caller, Dialogue, Enqueue, Flow, Note, Signal, State, Turn, Where

_VALUES = [one.name for one in fields(State) if one.default_factory is not MISSING]  # lists and the like


def step(menu: Menu, state: State, caller: Caller, signal: Signal) -> Dialogue:
    """One turn. `state` stays as it was: the same question twice gets the same answer."""
    turn = Turn(menu, _own(state), caller)
    instruction = yield from _answer(turn, signal)
    return turn.state, instruction


def join(menu: Menu, state: State, caller: Caller, queue: str) -> Dialogue:
    """Into a line by a decision that is not a key: the fallback, or a call whose menu nobody knows."""
    turn = Turn(menu, _own(state), caller)
    standing = yield Enqueue(queue, turn.state.priority)
    if standing is None:
        return turn.state, (yield from full(turn, queue))
    turn.join(queue)
    instruction = yield from turn.wait(standing)
    return turn.state, instruction


def _own(state: State) -> State:
    """A turn's own, whose lists it may extend; what stands in them is never changed."""
    return replace(state, **{name: copy(getattr(state, name)) for name in _VALUES})


def _answer(turn: Turn, signal: Signal) -> Flow:
    state = turn.state
    if is_emergency(turn.menu, signal.digits):
        return emergency(turn)
    if language := _chosen_language(turn, signal):
        return _in_language(turn, language)
    if state.queue:
        return called_back(turn) if _wants_callback(turn, signal) else _in_line(turn, signal)
    if signal.name == "arrive" or not state.node:
        return _arrive(turn, signal)
    if state.node in (TRIAGE, FULL):
        return _after_triage(turn) if state.node == TRIAGE else answered_full(turn, signal.digits)
    return recorded(turn, signal.seconds) if signal.name == "recorded" else keyed(turn, signal.digits)


def is_emergency(menu: Menu, digits: str) -> bool:
    """The emergency key, once or several times in a row: a frightened caller presses it more than once."""
    key = menu.shape.emergency.key
    return bool(digits) and not digits.strip(key)


def emergency(turn: Turn) -> Flow:
    """From anywhere, at any time: before everyone, and never diverted."""
    state, rules = turn.state, turn.menu.shape.emergency
    if not state.emergency:
        yield Note({"what": "emergency", "node": state.node})
    standing = yield Enqueue(rules.queue, state.priority, emergency=True)
    turn.join(rules.queue)
    state.emergency, state.closing = True, False
    state.greeted = True  # no time for politeness
    turn.say(rules.say)
    return (yield from turn.wait(standing))


def _chosen_language(turn: Turn, signal: Signal) -> str:
    """ "" also for the language the call began with, while it is spoken: there its key means nothing."""
    choice, state = turn.menu.shape.language, turn.state
    if choice is None or signal.name != "next" or state.emergency:
        return ""
    language = choice.chosen(signal.digits)
    return language if {language, state.language} != {turn.menu.shape.languages[0]} else ""


def _in_language(turn: Turn, language: str) -> Flow:
    """The same once more, from now on in the language that was chosen; a place in line is told anew."""
    state = turn.state
    if language != state.language:
        state.language, state.offered_language = language, False
        yield Note({"what": "language", "language": language})
    if not state.node and not state.queue:
        return (yield from _begin(turn))
    if state.queue:
        turn.join(state.queue)
        return (yield from turn.wait((yield Where())))
    if state.node == TRIAGE:
        return (yield from triage(turn, again=True))
    if state.node == FULL:
        return ask_full(turn)
    return (yield from once_more(turn))


def _wants_callback(turn: Turn, signal: Signal) -> bool:
    rules = turn.menu.shape.waiting.callback
    return rules is not None and signal.digits == rules.key and not turn.state.emergency


def _in_line(turn: Turn, signal: Signal) -> Flow:
    standing = yield Where()
    if signal.name == "back":
        turn.say(turn.menu.shape.waiting.again)
    return (yield from turn.wait(standing))


def _arrive(turn: Turn, signal: Signal) -> Flow:
    turn.state.language = turn.menu.shape.languages[0]
    own = turn.menu.shape.own_numbers.get(turn.caller.dialled)
    if own:
        turn.state.floor = turn.state.priority = own.priority
        yield Note({"what": "own-number", "priority": own.priority})
    if (turn.caller.triage or turn.caller.level >= FRONT) and signal.name == "arrive":
        return (yield from triage(turn))
    return (yield from _begin(turn))


def _begin(turn: Turn) -> Flow:
    """The first node, or that of the number which was dialled."""
    shape = turn.menu.shape
    own = shape.own_numbers.get(turn.caller.dialled)
    return (yield from go(turn, own.start if own and own.start else shape.start))


def _after_triage(turn: Turn) -> Flow:
    yield from ()
    rules = turn.menu.shape.triage
    return turn.bye(rules.bye if turn.caller.ani or not rules.no_number else rules.no_number)
