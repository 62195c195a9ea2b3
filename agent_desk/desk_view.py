"""What the call bar of one CSO shows: a small value made from the pool, the same on first paint and in every event."""

from __future__ import annotations

from typing import Any

from agent_desk import words
from agent_desk.pool import Pool
from config.operator import operator
from config.settings import settings
from router.agents import CsoState
from router.calls import CallState
from router.store.types import Call, Cso

NOT_HERE = "Belum tersedia di instalasi ini"


def desk_view(pool: Pool | None, login: str, now_ms: int) -> dict[str, Any]:
    """The CSO's state, call and token, and the line. Numbers are covered; nothing here is read from SQL."""
    cso = pool.csos.get(login) if pool else None
    if pool is None or cso is None:
        look = words.STATES[CsoState.LOGGED_OUT]
        return {
            "known": False, "state": "logged_out", "word": look.word, "css": look.css, "since": 0, "reason": "",
            "next": "", "call": "", "token": "", "wrap_until": 0, "ringing": False, "line": None, "telephone": True,
            "now": now_ms,
        }  # fmt: skip
    look = words.STATES[cso.state]
    call = pool.calls.get(cso.call) if cso.call else None
    calling = call is not None and call.state is CallState.CALLING and cso.state is CsoState.TALKING
    return {
        "known": True,
        "state": cso.state.value,
        "word": words.CALLING if calling else look.word,
        "css": look.css,
        "since": cso.since,
        "reason": words.REASONS.get(cso.reason, ""),
        "next": words.STATES[CsoState(cso.next)].word if cso.next else "",
        "call": cso.call,
        "token": cso.token,
        "wrap_until": cso.wrap_until,
        "ringing": cso.call in pool.ringing,
        "line": line(call) if call else None,
        "telephone": cso.telephone,
        "now": now_ms,
    }


def line(call: Call) -> dict[str, Any]:
    """The second block of the bar. `answered` counts the conversation, `queued` the wait, `held` the hold; `callback`
    until we reached the caller: nobody is heard yet."""
    queue = operator().queues.queues.get(call.queue)
    return {
        "number": words.masked_phone(call.ani),
        "queue": queue.title if queue else call.queue,
        "emergency": call.emergency,
        "queued": call.queued,
        "offered": call.offered,
        "answered": call.answered,
        "callback": call.virtual,
        "held": call.held,
    }


def waiting(pool: Pool | None, cso: Cso | None) -> dict[str, int]:
    """How many wait in this CSO's queues, and since when the first one does (ms; 0 = nobody)."""
    if pool is None or cso is None:
        return {"count": 0, "since": 0}
    since = [
        call.queued
        for call in pool.calls.values()
        if call.state is CallState.WAITING and not call.virtual and call.queue in cso.queues
    ]
    return {"count": len(since), "since": min(since, default=0)}


def keys() -> list[dict[str, str]]:
    """The keys of the call bar between answering and hanging up; those without a shortcut are not here yet."""
    return [
        {"id": "bisukan", "icon": "mute", "label": "<u>B</u>isukan", "name": "Bisukan"},
        {"id": "tahan", "icon": "hold", "label": "Ta<u>h</u>an", "name": "Tahan", "shortcut": "H"},
        {"id": "konsultasi", "icon": "consult", "label": "<u>K</u>onsultasi", "name": "Konsultasi"},
        {"id": "alihkan", "icon": "transfer", "label": "A<u>l</u>ihkan", "name": "Alihkan"},
        {"id": "konferensi", "icon": "conference", "label": "Kon<u>f</u>erensi", "name": "Konferensi"},
        {"id": "angka", "icon": "digits", "label": "An<u>g</u>ka", "name": "Angka"},
        {"id": "panggil", "icon": "call_out", "label": "<u>P</u>anggil", "name": "Panggil"},
    ]


def softphone() -> bool:
    """Whether the page itself is the telephone (demo); else a SIP telephone rings beside it."""
    return settings().demo and not settings().asterisk
