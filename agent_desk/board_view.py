"""The figures of /papan: one value made from the pool, for the first paint and for every event."""

from __future__ import annotations

from collections import Counter
from typing import Any

from agent_desk import words
from agent_desk.pool import WITHOUT_LINE, Pool
from config.operator import operator
from router.agents import CsoState
from router.calls import CallState

LONG = {CsoState.TALKING: 480_000, CsoState.WRAP_UP: 120_000, CsoState.PAUSED: 1_800_000}  # ms; then the cell warns


def board_view(pool: Pool | None, now_ms: int) -> dict[str, Any]:
    """Everything live on the board. Instants in ms; ages are counted by the page."""
    if pool is None:
        return {"known": False, "now": now_ms}
    calls = Counter(call.state for call in pool.calls.values() if not (call.virtual and call.state in WITHOUT_LINE))
    states = Counter(cso.state for cso in pool.csos.values())
    waiting = [call for call in pool.calls.values() if call.state is CallState.WAITING and not call.virtual]
    areas = operator().areas
    return {
        "known": True,
        "now": now_ms,
        "level": pool.level,
        "level_word": words.LEVELS[pool.level],
        "lines": {"used": pool.lines, "all": areas.lines, "emergency": areas.emergency_lines},
        "calls": {state.value: calls[state] for state in CallState if state is not CallState.ENDED},
        "callbacks": sum(call.virtual and call.state in WITHOUT_LINE for call in pool.calls.values()),
        "waiting_since": min((call.queued for call in waiting if not call.emergency), default=0),
        "emergency": sum(call.emergency for call in waiting),
        "csos": {state.value: states[state] for state in CsoState},
        "staff": len(pool.csos),
        "queues": [_queue(pool, name) for name in operator().queues.queues],
        "grid": _grid(pool),
        "partners": _partners(pool),
    }


def _queue(pool: Pool, name: str) -> dict[str, Any]:
    shape = operator().queues.queues[name]
    here = [call for call in pool.calls.values() if call.queue == name]
    calls = [call for call in here if call.state is CallState.WAITING and not call.virtual]
    serving = [cso for cso in pool.csos.values() if name in cso.queues]
    since = min((call.queued for call in calls), default=0)
    limit = shape.overflow.max_wait if shape.overflow else 0
    return {
        "name": name,
        "title": shape.title,
        "waiting": len(calls),
        "callbacks": sum(call.virtual and call.state in WITHOUT_LINE for call in here),
        "since": since,
        "limit_ms": int(limit * 1000),
        "ready": sum(cso.state is CsoState.READY for cso in serving),
        "talking": sum(call.state is CallState.TALKING for call in here),
        "serving": len(serving),
    }


def _grid(pool: Pool) -> list[dict[str, Any]]:
    """The longest in their state first; a page re-sorts only while nobody points at the grid."""
    cells, shown = [], words.REASONS | words.RETURNED
    for cso in sorted(pool.csos.values(), key=lambda cso: cso.since):
        look = words.STATES[cso.state]
        cells.append(
            {
                "id": cso.id,
                "word": look.word + (f", {shown[cso.reason]}" if cso.reason in shown else ""),
                "glyph": look.glyph,
                "cell": look.cell,
                "since": cso.since,
                "long_ms": LONG.get(cso.state, 0),
                "telephone": cso.telephone,
            }
        )
    return cells


def _partners(pool: Pool) -> list[dict[str, Any]]:
    at = Counter(call.partner for call in pool.calls.values() if call.state is CallState.PARTNER)
    cells = []
    for name, partner in operator().partners.partners.items():
        state = pool.partners.get(name)
        word, css = words.partner_look(state) if state else ("", "")
        cell = {"name": name, "title": partner.title, "now": at[name], "cap": partner.cap, "word": word, "css": css}
        cells.append(cell)
    return cells
