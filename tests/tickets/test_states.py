"""Every table: what is listed moves, everything else raises and nothing happens."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from config.errors import IllegalMove
from config.table import Table
from tickets.states import CREW_STATUS, OUTAGE, REPORT, STATEMENT, WITH_CREW, WORK_ORDER, WorkOrderStatus

pytestmark = pytest.mark.unit

# The oracle, written a second time as sentences: state, event, next state.
LEGAL = {
    "report": """
        BELUM_SELESAI resolve SELESAI
        SELESAI reopen BELUM_SELESAI
    """,
    "work order": """
        waiting assign assigned
        waiting cancel cancelled
        assigned accept accepted
        assigned decline waiting
        assigned cancel cancelled
        assigned lapse waiting
        accepted depart enroute
        accepted return waiting
        accepted cancel cancelled
        accepted lapse waiting
        enroute arrive arrived
        enroute return waiting
        enroute cancel cancelled
        enroute lapse waiting
        arrived start working
        arrived return waiting
        arrived cancel cancelled
        working power_on power_on
        working return waiting
        working cancel cancelled
        working temporary temporary
        temporary power_on power_on
        temporary return waiting
        temporary cancel cancelled
        power_on complete done
    """,
    "outage": """
        scheduled begin confirmed
        scheduled dismiss closed
        predicted confirm confirmed
        predicted dismiss closed
        confirmed restore_partially partiallyRestored
        confirmed restore restored
        partiallyRestored restore restored
        partiallyRestored reopen confirmed
        restored reopen confirmed
        restored close closed
    """,
    "statement": """
        draft approve approved
        draft withdraw withdrawn
        approved withdraw withdrawn
        published withdraw withdrawn
        approved publish published
        approved replace replaced
        published replace replaced
    """,
}
TABLES: list[Table[Any, Any]] = [REPORT, WORK_ORDER, OUTAGE, STATEMENT]


def _pairs() -> list[Any]:
    cases = []
    for table in TABLES:
        legal = {tuple(line.split()[:2]): line.split()[2] for line in LEGAL[table.name].strip().splitlines()}
        states: type[StrEnum] = type(next(iter(table.moves)))
        events: type[StrEnum] = type(next(event for moves in table.moves.values() for event in moves))
        for state, event in product(states, events):
            name = f"{table.name}: {state.value} {event.value}"
            cases.append(pytest.param(table, state, event, legal.get((state.value, event.value)), id=name))
    return cases


@pytest.mark.parametrize(("table", "state", "event", "target"), _pairs())
def test_legal_moves_are_made_and_all_others_refused(
    table: Table[Any, Any], state: StrEnum, event: StrEnum, target: str | None
) -> None:
    if target is not None:
        assert table.next(state, event) == target
        assert table.allows(state, event)
        return
    with pytest.raises(IllegalMove) as fault:
        table.next(state, event)
    assert fault.value.slug == "illegal-move"
    assert not table.allows(state, event)


def test_every_state_has_its_line_in_the_table() -> None:
    for table in TABLES:
        states: type[StrEnum] = type(next(iter(table.moves)))
        assert set(table.moves) == set(states)


def test_cim_has_a_word_for_every_state_of_a_work_order() -> None:
    assert set(CREW_STATUS) == set(WorkOrderStatus)
    assert {WorkOrderStatus.WAITING, WorkOrderStatus.DONE, WorkOrderStatus.CANCELLED}.isdisjoint(WITH_CREW)
