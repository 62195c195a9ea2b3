"""A state machine as a table: one file per machine holds its table, this module only looks it up."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from config.errors import IllegalMove

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Table(Generic[S, E]):
    """`moves[state][event]` is the next state. What is not listed is illegal and changes nothing."""

    def __init__(self, name: str, moves: Mapping[S, Mapping[E, S]]) -> None:
        self.name = name
        self.moves = moves

    def next(self, state: S, event: E) -> S:
        """The state after `event`; raises IllegalMove when the table has no such move."""
        try:
            return self.moves[state][event]
        except KeyError:
            raise IllegalMove(self.name, state.value, event.value) from None

    def allows(self, state: S, event: E) -> bool:
        """Whether the move exists."""
        return event in self.moves.get(state, {})
