"""The Functions library: the files of router/store/acd joined in order of their names, behind the state tables.

`python -m router.store.library` prints the whole text; with `--keys` the page docs/redis-keys.md.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from router.agents import CSOS
from router.calls import CALLS, CallState, Outcome, outcome_of

FOLDER = Path(__file__).parent / "acd"
NAME = "suar_acd_v1"
PREFIX = "acd_v1_"
# Raised by every release that changes the Lua: during a rolling upgrade the highest build in the house serves
# everybody, so arguments and answers of a verb may only grow at their end. What cannot be said so gets names of a new
# version (acd_v2_…), which stand beside the old ones (docs/decisions/0019-pools.md).
BUILD = 2


@dataclass(frozen=True)
class Library:
    """A text for FUNCTION LOAD, the prefix of its verbs, and which of two texts with the same verbs is the newer."""

    prefix: str
    build: int
    version: str  # a hash of the text
    source: str

    def replaces(self, build: int, version: str, *, loaded: bool) -> bool:
        """Whether the store should have this one instead. `loaded`: this process has given it already.

        Of two texts with one number (only while somebody is writing them) the process that starts last decides, once.
        """
        return build < self.build or (build == self.build and version != self.version and not loaded)


def lua(value: str | Mapping[str, object]) -> str:
    """A Lua expression of nested mappings of strings."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    inner = ", ".join(f"[{lua(str(key))}] = {lua(item)}" for key, item in value.items())  # type: ignore[arg-type]
    return "{ " + inner + " }"


def _moves(moves: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]) -> dict[str, dict[str, str]]:
    return {state.value: {event.value: to.value for event, to in row.items()} for state, row in moves.items()}


def _outcomes() -> dict[str, dict[str, dict[str, str]]]:
    given: list[Outcome | None] = [None, *Outcome]
    return {
        state.value: {
            word: {
                (one.value if one else ""): outcome_of(state, partner_answered=talked, given=one).value for one in given
            }
            for word, talked in (("yes", True), ("no", False))
        }
        for state in CallState
        if state is not CallState.ENDED
    }


def tables() -> str:
    """The tables of router/calls.py and router/agents.py, in Lua: there is one truth."""
    return (
        f"local CALLS = {lua(_moves(CALLS.moves))}\n"  # type: ignore[arg-type]
        f"local CSOS = {lua(_moves(CSOS.moves))}\n"  # type: ignore[arg-type]
        f"local OUTCOMES = {lua(_outcomes())}\n"
    )


@lru_cache(maxsize=1)
def current() -> Library:
    """The library of this process."""
    return Library(PREFIX, BUILD, version(), source())


@lru_cache(maxsize=1)
def version() -> str:
    """A hash of everything in the library."""
    return hashlib.sha256((tables() + _files()).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def source() -> str:
    """The text for FUNCTION LOAD."""
    return f"#!lua name={NAME}\nlocal BUILD, VERSION = {BUILD}, '{version()}'\n{tables()}{_files()}"


def _files() -> str:
    return "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.lua")))


def dictionary() -> list[tuple[str, str, str]]:
    """The data dictionary at the head of the library: (suffix, type, meaning) of every key."""
    head = (FOLDER / "00_dictionary.lua").read_text()
    table = head[head.index("KEYS\n") + 5 : head.index("END KEYS")]
    rows = [re.split(r"\s{1,}", line, maxsplit=2) for line in table.strip().splitlines()]
    return [(suffix, kind, meaning) for suffix, kind, meaning in rows]


def keys_page() -> str:
    """docs/redis-keys.md."""
    rows = "\n".join(f"| `{suffix}` | {kind} | {meaning} |" for suffix, kind, meaning in dictionary())
    return (
        "# The keys of the live state\n\n"
        "Made by `python -m router.store.library --keys > docs/redis-keys.md` from the head of\n"
        "`router/store/acd/00_dictionary.lua`; a test compares the two.\n\n"
        "A key is `suar:{<pool>}` and a suffix. A *lane* is `<queue>@<carrier>`.\n"
        "Instants are milliseconds since the epoch.\n\n"
        f"| Suffix | Type | Meaning |\n|---|---|---|\n{rows}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(keys_page() if "--keys" in sys.argv else source())
