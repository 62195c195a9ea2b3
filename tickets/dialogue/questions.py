"""The open question of a written dialogue in words, from the state alone."""

from __future__ import annotations

from collections.abc import Callable

from config.schema.reports import DetailField
from tickets.dialogue.turn import Turn, listed


def question(turn: Turn) -> str:
    """What is asked now; "" when nothing is."""
    asked = turn.state.ask
    return _SPECIAL[asked](turn) if asked in _SPECIAL else turn.sentence(f"ask.{asked}") if asked != "done" else ""


def label_of(turn: Turn, field: DetailField) -> str:
    """What is asked in one line."""
    return field.label if field.required else f"{field.label} {turn.sentence('optional')}"


def _street(turn: Turn) -> str:
    rows = listed([str(one[2]) for one in turn.state.choices])
    return "\n".join((turn.sentence("ask.street"), rows, turn.sentence("elsewhere")))


def _number(turn: Turn) -> str:
    if turn.needs_premises():
        return turn.sentence("ask.number_needed", category=turn.category().label)
    return turn.sentence("ask.number")


def _area(turn: Turn) -> str:
    if not turn.state.choices:
        return turn.sentence("ask.area")
    return "\n".join((turn.sentence("ask.which_area"), listed([str(name) for _, name in turn.state.choices])))


def _category(turn: Turn) -> str:
    rows = [one.label for one in turn.book.reports.of(turn.state.kind).values()]
    return "\n".join((turn.sentence(f"ask.category.{turn.state.kind}"), listed(rows)))


def _field(turn: Turn) -> str:
    field = turn.asked_field()
    asked = turn.sentence("ask.field", label=label_of(turn, field))
    return "\n".join((asked, listed(list(field.choices.values())))) if field.choices else asked


def _fields(turn: Turn) -> str:
    rows = []
    for field in turn.missing_fields():
        choices = f" ({' / '.join(field.choices.values())})" if field.choices else ""
        rows.append(f"{field.label}{choices}:")
    return "\n".join((turn.sentence("ask.fields"), *rows))


def _about(turn: Turn) -> str:
    return turn.sentence("ask.about", kind=turn.state.report_kind, number=turn.state.report)


def _same(turn: Turn) -> str:
    return turn.sentence("ask.same", number=turn.state.report, finished=turn.state.finished)


def _report(turn: Turn) -> str:
    rows = [f"{kind} {number}" for number, kind in turn.state.choices]
    return "\n".join((turn.sentence("ask.report"), listed(rows)))


_SPECIAL: dict[str, Callable[[Turn], str]] = {
    "street": _street,
    "number": _number,
    "area": _area,
    "category": _category,
    "field": _field,
    "fields": _fields,
    "about": _about,
    "same": _same,
    "report": _report,
}
