"""Instructions as text: the store keeps the last answer of a call, so that a repeated question gets the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ivr.instructions import Ask, Bye, Fragment, Instruction, Play, Record, Reject, Wait

_KINDS: dict[str, type[Instruction]] = {
    "play": Play,
    "ask": Ask,
    "record": Record,
    "wait": Wait,
    "bye": Bye,
    "reject": Reject,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def dumps(instruction: Instruction) -> str:
    """One line of JSON."""
    raw: dict[str, Any] = {"do": _NAMES[type(instruction)], **asdict(instruction)}
    if "say" in raw:
        raw["say"] = [_short([*piece.values()]) for piece in raw["say"]]
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Instruction:
    """The instruction that `dumps` wrote."""
    raw = json.loads(text)
    kind = _KINDS[raw.pop("do")]
    if "say" in raw:
        raw["say"] = tuple(Fragment(*piece) for piece in raw["say"])
    return kind(**raw)


_USUAL = [*asdict(Fragment("", "")).values()]


def _short(piece: list[Any]) -> list[Any]:
    """Without what is as usual: the version before this one understands an Indonesian call."""
    while len(piece) > 2 and piece[-1] == _USUAL[len(piece) - 1]:
        piece = piece[:-1]
    return piece
