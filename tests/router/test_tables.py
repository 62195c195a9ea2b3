"""The tables of moves: every legal pair, everything else raises, and the store's copy is the same."""

from __future__ import annotations

import itertools

import pytest

from config.errors import IllegalMove
from router.agents import CSOS, CsoEvent, CsoState
from router.calls import CALLS, CallEvent, CallState, Outcome, outcome_of
from router.store import library

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("state", "event"), list(itertools.product(CallState, CallEvent)))
def test_a_call_moves_by_the_table_or_not_at_all(state: CallState, event: CallEvent) -> None:
    if event in CALLS.moves[state]:
        assert CALLS.next(state, event) is CALLS.moves[state][event]
    else:
        with pytest.raises(IllegalMove) as told:
            CALLS.next(state, event)
        assert (told.value.slug, told.value.state, told.value.event) == ("illegal-move", state, event)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(CsoState, CsoEvent)))
def test_a_cso_moves_by_the_table_or_not_at_all(state: CsoState, event: CsoEvent) -> None:
    assert CSOS.allows(state, event) == (event in CSOS.moves[state])
    if not CSOS.allows(state, event):
        with pytest.raises(IllegalMove):
            CSOS.next(state, event)


def test_every_state_can_be_reached_and_only_the_end_is_final() -> None:
    reached = {to for row in CALLS.moves.values() for to in row.values()} | {CallState.IVR}
    assert reached == set(CallState)
    assert [state for state, row in CALLS.moves.items() if not row] == [CallState.ENDED]
    assert {to for row in CSOS.moves.values() for to in row.values()} == set(CsoState)
    assert all(CSOS.moves[state] for state in CsoState)


def test_every_call_that_lives_can_end() -> None:
    assert all(CALLS.next(s, CallEvent.END) is CallState.ENDED for s in CallState if s is not CallState.ENDED)


@pytest.mark.parametrize(
    ("state", "talked", "given", "outcome"),
    [
        (CallState.IVR, False, None, Outcome.LEFT_IVR),
        (CallState.IVR, False, Outcome.ANNOUNCED, Outcome.ANNOUNCED),
        (CallState.WAITING, False, None, Outcome.ABANDONED),
        (CallState.WAITING, False, Outcome.ANNOUNCED, Outcome.ABANDONED),
        (CallState.OFFERED, False, None, Outcome.ABANDONED),
        (CallState.TALKING, False, None, Outcome.ANSWERED),
        (CallState.TALKING, False, Outcome.ABANDONED, Outcome.ANSWERED),
        (CallState.PARTNER, False, None, Outcome.ABANDONED),
        (CallState.PARTNER, False, Outcome.PARTNER_LOST, Outcome.PARTNER_LOST),
        (CallState.PARTNER, True, None, Outcome.PARTNER_ANSWERED),
        (CallState.PARTNER, True, Outcome.PARTNER_LOST, Outcome.PARTNER_ANSWERED),
        *[(state, False, Outcome.LOST, Outcome.LOST) for state in CallState],
    ],
)
def test_how_a_call_ends(state: CallState, talked: bool, given: Outcome | None, outcome: Outcome) -> None:
    assert outcome_of(state, partner_answered=talked, given=given) is outcome


def test_no_witness_can_say_that_an_admitted_call_was_refused() -> None:
    for state, talked, given in itertools.product(CallState, (False, True), [None, *Outcome]):
        assert outcome_of(state, partner_answered=talked, given=given) is not Outcome.REFUSED


def test_the_library_text_holds_both_tables() -> None:
    text = library.source()
    for state, row in CALLS.moves.items():
        for event, to in row.items():
            assert f"['{event}'] = '{to}'" in text.split(f"['{state}'] = ")[1]
    assert library.version() in text


def test_a_quote_in_a_table_cannot_leave_its_string() -> None:
    assert library.lua({"it's": "a\\b"}) == "{ ['it\\'s'] = 'a\\\\b' }"
