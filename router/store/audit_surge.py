"""What must be true of admission's structures: lines of trunks, refused numbers, the level in force."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from router.store.audit_state import Live


def _by_trunk(live: Live) -> dict[str, set[str]]:
    """The calls on a line by the trunk they came by; one that we dialled ourselves came by none."""
    found: dict[str, set[str]] = {}
    lines = live.members(":lines")
    for name, call in live.live().items():
        if name in lines and call.get("trunk") and not call.get("dial"):
            found.setdefault(call["trunk"], set()).add(name)
    return found


def trunks(live: Live) -> Iterator[str]:
    """Each trunk knows the calls that hold its lines, and never has more than it has lines."""
    expected, real = _by_trunk(live), {trunk: set(calls) for trunk, calls in live.each(":trunk:")}
    for trunk in sorted(expected.keys() | real.keys()):
        if expected.get(trunk, set()) != real.get(trunk, set()):
            yield f"trunk {trunk} has {sorted(real.get(trunk, ()))}, should have {sorted(expected.get(trunk, ()))}"
    rules = {trunk: json.loads(text) for trunk, text in live.hash(":trunks").items()}
    calls = live.calls()
    for trunk, names in real.items():
        # What was adopted, or came from another pool, was on the line before it was counted.
        admitted = [n for n in names if _admitted(calls.get(n, {}))]
        lines = rules.get(trunk, {}).get("lines", 0)
        if lines and len(admitted) > lines:
            yield f"trunk {trunk} has {len(admitted)} calls on {lines} lines"


def _admitted(call: Mapping[str, str]) -> bool:
    return bool(call.get("admission")) and not call.get("received_from")


def refused(live: Live) -> Iterator[str]:
    """A number is listed exactly when it is known of which call it is."""
    listed, known = live.members(":refused"), set(live.hash(":refusals"))
    if listed != known:
        yield f"{len(listed - known)} refused numbers without their call, {len(known - listed)} the other way round"


def level(live: Live) -> Iterator[str]:
    """The level in force is the one set by hand, else the ladder's."""
    pool = live.hash(":pool")
    override = json.loads(pool["override"]) if "override" in pool else None
    expected = override["level"] if override else pool.get("automatic", 0)
    if int(pool.get("level", 0)) != int(expected):
        yield f"level {pool.get('level')} is in force, {expected} was decided"
