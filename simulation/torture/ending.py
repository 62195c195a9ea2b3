"""The end of a run: what the journal told, beside what the store says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from router.store.audit_state import Live
from simulation.torture.told import HELD, Desk, Told


def differences(
    calls: Mapping[str, Told], csos: Mapping[str, Desk], refused: Mapping[str, str], live: Live
) -> Iterator[str]:
    """Every call, CSO and refused number (number → call) of which the two do not say the same."""
    from_store = live.live()
    for name in from_store.keys() - calls.keys():
        yield f"{name} lives, but the journal does not tell of it"
    for name, call in calls.items():
        told = (call.state.value, call.cso if call.state in HELD else "", call.token)
        found = from_store.get(name)
        real = (found["state"], found["cso"] if call.state in HELD else "", found["token"]) if found else None
        if real != told:
            yield f"{name} should be {told[:2]} and is {real[:2] if real else 'gone'}"
        elif found and call.score is not None and float(found["score"]) != call.score:
            yield f"the score of {name} changed without being told"
    for ani, name in refused.items():
        if ani not in live.scores(":refused"):
            yield f"{name} was refused and its number cannot be called back"
    for name, desk in csos.items():
        state = live.csos().get(name, {}).get("state", "logged_out")
        if state != desk.state:
            yield f"{name} should be {desk.state} and is {state}"
