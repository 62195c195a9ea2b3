"""What reports.yaml wants to know about a complaint or a request, asked one by one; in a letter all at once."""

from __future__ import annotations

import re

from config.errors import Invalid
from config.schema.reports import DetailField
from tickets import categories
from tickets.dialogue import hearing
from tickets.dialogue.reports import file
from tickets.dialogue.turn import Flow, Turn
from tickets.kinds import ReportKind

_SKIP = ("-", "lewati", "skip")


def fields(turn: Turn) -> Flow:
    """The next question, or the report when there is none left."""
    state = turn.state
    if turn.sender.letter:
        _from_lines(turn)
        if any(field.required for field in turn.missing_fields()):
            return turn.open("fields")
    elif missing := turn.missing_fields():
        state.field_name = missing[0].name
        return turn.open("field")
    if state.kind == ReportKind.KELUHAN and not (turn.sender.letter and state.text):
        return turn.open("describe")
    return (yield from file(turn))


def told_field(turn: Turn) -> Flow:
    """One answer."""
    field, text = turn.asked_field(), turn.sender.text.strip()
    if not field.required and text.lower() in _SKIP:
        turn.state.skipped.append(field.name)
    elif not text:
        return turn.unclear()
    elif not _keep(turn, field, text):
        return None
    return (yield from fields(turn))


def told_fields(turn: Turn) -> Flow:
    """A letter with some answers; the whole letter when only one was missing and no line names it."""
    missing = [field for field in turn.missing_fields() if field.required]
    if len(missing) == 1 and not any(_line_of(field, turn.sender.text) for field in missing):
        _keep(turn, missing[0], " ".join(turn.sender.text.split()))
    return (yield from fields(turn))


def describe(turn: Turn) -> Flow:
    """What is wrong, in the customer's own words."""
    if not turn.sender.text.strip():
        return turn.unclear()
    turn.state.text = "\n".join(filter(None, (turn.state.text, turn.sender.text.strip())))
    return (yield from file(turn))


def _from_lines(turn: Turn) -> None:
    for field in turn.missing_fields():
        if told := _line_of(field, turn.sender.text):
            _keep(turn, field, told)


def _line_of(field: DetailField, text: str) -> str:
    """What stands behind `Label:` in a line."""
    label = re.escape(re.sub(r"\s*\(.*?\)", "", field.label))
    found = re.search(rf"^[\s*-]*(?:{label}|{field.name})\s*(?:\(.*?\))?\s*:[ \t]*(\S.*)$", text, re.M | re.I)
    return found[1].strip() if found else ""


def _keep(turn: Turn, field: DetailField, text: str) -> bool:
    """Whether the answer fits; why not is said."""
    if field.kind == "choice":
        text = _choice(field, text, letter=turn.sender.letter)
    try:
        kept = categories.details(turn.category().model_copy(update={"fields": [field]}), {field.name: text})
    except Invalid as fault:
        turn.state.tries += 1
        turn.say("field.wrong", reason=fault.title)
        return False
    turn.state.answers |= kept
    return True


def _choice(field: DetailField, text: str, *, letter: bool) -> str:
    """The code of the number, the code or the label that was written; a letter has no numbers to choose from."""
    codes = list(field.choices)
    picked = None if letter else hearing.choice(text, len(codes))
    if picked is not None:
        return codes[picked - 1]
    named = [code for code, label in field.choices.items() if _bare(text) in (_bare(code), _bare(label))]
    return named[0] if named else text


def _bare(text: str) -> str:
    """`1300 VA` and `1.300 va` are the same answer."""
    return re.sub(r"\W", "", text.lower())
