"""What is written back, message by message: a pure function of the operator's words, the state and the message
(docs/decisions/0042).

`step` answers with a generator of wishes (turn.py) that ends in the new state and one reply; the
shell (conversations.py) fulfils the wishes. Nothing here reads a clock or a database. A reply always ends in
the open question, or in what was done: no message is met with silence.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from copy import deepcopy
from typing import Any

from config.operator import Operator
from config.schema.messages import HAZARD
from config.schema.reports import UNSAID_FAULT
from tickets.dialogue import hearing
from tickets.dialogue import reports as on_reports
from tickets.dialogue.fields import describe, fields, told_field, told_fields
from tickets.dialogue.questions import question
from tickets.dialogue.turn import (
    Comment,
    Flow,
    Found,
    OwnReports,
    PremisesNumber,
    Sender,
    SendersPremises,
    State,
    Turn,
    Wish,
)
from tickets.kinds import ReportKind

UNREAD = "Pelapor mengirim lampiran; lampiran tidak dibaca."
_G, _K, _P = (kind.value for kind in ReportKind)
_PLACE = ("street", "number", "area")  # questions about the place


def step(book: Operator, state: State, sender: Sender) -> Generator[Wish, Any, tuple[State, str]]:
    """One turn. `state` stays as it was: the same message twice gets the same answer."""
    turn = Turn(book, deepcopy(state), sender)
    yield from _answer(turn)
    asked = question(turn)
    return turn.state, "\n".join([*turn.said, asked] if asked else turn.said)


def _answer(turn: Turn) -> Flow:
    state, sender = turn.state, turn.sender
    if turn.ordered("english", "indonesian"):
        state.language = "en" if turn.hears("english") else "id"
    if sender.attachments:
        turn.say("text_only")
    if turn.hazard() and not (state.urgent and state.ask in _PLACE):
        yield from _hazard(turn)
    elif turn.ordered("cancel") and state.ask not in ("", "done"):
        turn.begin()
        turn.say("cancelled")
        turn.open("menu")
    elif turn.ordered("menu"):
        turn.begin()
        turn.open("menu")
    elif turn.ordered("officer"):
        turn.say("officer")
        if not state.ask:
            turn.open("menu")
    else:
        yield from _ASKED[state.ask](turn)
    if sender.attachments and turn.state.ask == "done":
        yield Comment(turn.state.report, UNREAD)


def _hazard(turn: Turn) -> Flow:
    """Danger goes before everything that was being talked about; a known place stays known."""
    turn.say("hazard")
    state, about = turn.state, turn.state.ask in ("done", "about", "data", "same")
    if about and state.report_kind == _G:
        state.text = turn.sender.text
        return (yield from on_reports.again(turn, "PLN_SIDE"))
    place = (state.premises, state.area, state.place)
    turn.begin()
    turn.state.premises, turn.state.area, turn.state.place = place
    turn.state.urgent = True
    return (yield from _kind(turn, _G, HAZARD))


# --- what it is about


def _opening(turn: Turn) -> Flow:
    """The first message, or one that answers no question."""
    for number in hearing.numbers(turn.sender.text, 11):
        other = next((one for one in hearing.numbers(turn.sender.text, 12, 11) if one != number), "")
        about = yield from on_reports.named(turn, number, other)
        if about is not None:
            return (yield from on_reports.chosen(turn, about, on_reports.intent(turn)))
    if wanted := on_reports.intent(turn):
        own = yield OwnReports()
        if own or wanted == "ENQUIRY":
            return (yield from on_reports.own(turn, own, wanted))
    kind, category = turn.topic()
    if kind:
        return (yield from _kind(turn, kind, category))
    if turn.state.ask == "menu":
        return turn.unclear()
    if turn.sender.letter:
        turn.state.text = turn.sender.text
    turn.say("greeting")
    return turn.open("menu")


def _menu(turn: Turn) -> Flow:
    picked = turn.pick(4)
    if picked is None:
        return (yield from _opening(turn))
    if picked == 4:
        return (yield from on_reports.own(turn, (yield OwnReports()), ""))
    return (yield from _kind(turn, (_G, _K, _P)[picked - 1], ""))


def _kind(turn: Turn, kind: str, category: str) -> Flow:
    state = turn.state
    state.kind, state.category = kind, category
    if len(turn.heard.split()) > 2:
        state.text = turn.sender.text
    if kind == _G:
        state.category = category or UNSAID_FAULT
        state.only_me, state.scoped = turn.hears("only_me"), turn.hears("only_me", "many")
    elif not category:
        return turn.open("category")
    return (yield from _locate(turn))


def _category(turn: Turn) -> Flow:
    known = list(turn.book.reports.of(turn.state.kind))
    picked = turn.pick(len(known))
    kind, category = turn.topic()
    if picked is not None:
        turn.state.category = known[picked - 1]
    elif kind == turn.state.kind and category:
        turn.state.category = category
    else:
        return turn.unclear()
    return (yield from _locate(turn))


# --- where it is


def _locate(turn: Turn) -> Flow:
    """The number that was written, else the sender's own premises, else a question."""
    state = turn.state
    if state.area:
        return (yield from _located(turn))
    if state.kind == _P and not turn.category().premises:  # it may be wanted anywhere
        turn.open("area")
        return (yield from _named_area(turn)) if turn.sender.letter else None
    return (yield from _premises(turn))


def _premises(turn: Turn) -> Flow:
    state = turn.state
    if (yield from _at_number(turn)):
        return (yield from _located(turn))
    own = yield SendersPremises()
    if len(own) == 1:
        turn.at(own[0], own=not turn.sender.letter)
        return (yield from _located(turn))
    if own and not turn.sender.letter:
        state.choices = [[one.id, one.area, one.street] for one in own]
        return turn.open("street")
    turn.open("number")
    at_once = turn.sender.letter or state.urgent
    if at_once and not turn.category().premises and hearing.areas(turn.sender.text, turn.book):
        return (yield from _named_area(turn))
    return None


def _at_number(turn: Turn) -> Found:
    """Whether the message names premises. Few wrong numbers are allowed: nothing can be found out by trying."""
    for digits in hearing.numbers(turn.sender.text, 12, 11):
        if turn.state.misses >= turn.MOST_MISSES:
            return False
        found = yield PremisesNumber(digits)
        if found is not None:
            turn.at(found, own=False)
            return True
        turn.state.misses += 1
    return False


def _street(turn: Turn) -> Flow:
    state = turn.state
    picked = turn.pick(len(state.choices), least=0)
    if picked is None:
        named = [one for one in state.choices if hearing.plain(one[2]) in turn.heard]
        if len(named) != 1:
            return turn.unclear()
        picked = state.choices.index(named[0]) + 1
    if picked == 0:
        return turn.open("number")
    state.premises, state.area, state.place = state.choices[picked - 1]
    return (yield from _located(turn))


def _number(turn: Turn) -> Flow:
    state = turn.state
    if (yield from _at_number(turn)):
        return (yield from _located(turn))
    if any(char.isdigit() for char in turn.sender.text):
        tries = state.tries + 1
        turn.say("number.unknown")
        if tries >= 3 and not turn.needs_premises():
            turn.open("area")
        state.tries = tries
        return None
    if not turn.needs_premises():
        if turn.hears("unknown"):
            state.choices = []
            return turn.open("area")
        if hearing.areas(turn.sender.text, turn.book):
            return (yield from _named_area(turn))
    return turn.unclear()


def _area(turn: Turn) -> Flow:
    picked = turn.pick(len(turn.state.choices))
    if picked is not None:
        return (yield from _in_area(turn, turn.state.choices[picked - 1][0]))
    if (yield from _at_number(turn)):  # it was found after all
        return (yield from _located(turn))
    return (yield from _named_area(turn))


def _named_area(turn: Turn) -> Flow:
    codes = hearing.areas(turn.sender.text, turn.book)
    if len(codes) == 1:
        return (yield from _in_area(turn, codes[0]))
    if 1 < len(codes) <= 9:
        turn.state.choices = [[code, turn.book.area_name(code)] for code in codes]
        return turn.open("area")
    tries = turn.state.tries + 1
    turn.open("area")
    turn.state.tries, turn.state.choices = tries, []
    if not turn.sender.letter or tries > 1:
        turn.say("area.unknown")
    if tries >= 3:
        turn.say("help")
    return None


def _in_area(turn: Turn, code: str) -> Flow:
    turn.state.area, turn.state.place = code, turn.book.area_name(code)
    return (yield from _located(turn))


def _located(turn: Turn) -> Flow:
    if turn.needs_premises() and turn.state.premises is None:
        turn.state.area = ""
        return turn.open("number")
    turn.say("located", place=turn.state.place)
    turn.state.choices = []
    if turn.state.kind == _G:
        return (yield from on_reports.fault(turn))
    return (yield from fields(turn))


def _elsewhere(turn: Turn) -> Flow:
    """Asked how far it reaches; 0 = it is about another address."""
    state = turn.state
    picked = turn.pick(2, least=0)
    if picked == 0:
        state.premises, state.area, state.place = None, "", ""
        return turn.open("number")
    if picked == 1 or turn.hears("only_me") or (picked is None and turn.ordered("yes")):
        state.only_me = True
    elif picked is None and not turn.hears("many", "no"):
        return turn.unclear()
    return (yield from on_reports.file(turn))


def _done(turn: Turn) -> Flow:
    """More about what was just filed or asked for, or something new."""
    if turn.hears("thanks") and len(turn.heard.split()) <= 2 * hearing.BRIEF:
        return turn.say("thanks")
    if wanted := on_reports.intent(turn):
        return (yield from on_reports.again(turn, wanted))
    kind, _ = turn.topic()
    if (kind and kind != turn.state.report_kind) or hearing.numbers(turn.sender.text, 11, 12):
        turn.begin()
        return (yield from _opening(turn))
    turn.state.text = turn.sender.text
    return (yield from on_reports.more(turn))


_ASKED: dict[str, Callable[[Turn], Flow]] = {
    "": _opening,
    "menu": _menu,
    "category": _category,
    "street": _street,
    "number": _number,
    "area": _area,
    "scope": _elsewhere,
    "outage": on_reports.told_outage,
    "same": on_reports.told_same,
    "field": told_field,
    "fields": told_fields,
    "describe": describe,
    "about": on_reports.told_about,
    "data": on_reports.told_data,
    "report": on_reports.told_report,
    "report_number": on_reports.told_number,
    "pair": on_reports.told_pair,
    "done": _done,
}
