"""The states of a CSO, as one table without I/O. The Lua library gets the same table (router/store/library.py)."""

from __future__ import annotations

from enum import StrEnum

from config.table import Table


class CsoState(StrEnum):
    """What a CSO is doing. Screen words in agent_desk/words.py (Siap, Berdering, Bicara, …)."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    NOT_ANSWERING = "not_answering"
    PAUSED = "paused"


class CsoEvent(StrEnum):
    """What moves a CSO."""

    LOG_IN = "log_in"  # to PAUSED: nobody is offered a call before asking for it
    READY = "ready"
    PAUSE = "pause"
    OFFER = "offer"
    RELEASE = "release"  # an offer, or the ringing of a callback, ended without fault of the CSO
    NO_ANSWER = "no_answer"
    ANSWER = "answer"
    END = "end"  # the conversation ended
    WRAPPED = "wrapped"  # wrap-up done or timed out
    LOG_OUT = "log_out"


S, E = CsoState, CsoEvent

CSOS: Table[CsoState, CsoEvent] = Table(
    "cso",
    {
        S.LOGGED_OUT: {E.LOG_IN: S.PAUSED},
        S.READY: {E.OFFER: S.OFFERED, E.PAUSE: S.PAUSED, E.LOG_OUT: S.LOGGED_OUT},
        S.OFFERED: {E.ANSWER: S.TALKING, E.NO_ANSWER: S.NOT_ANSWERING, E.RELEASE: S.READY},
        S.TALKING: {E.END: S.WRAP_UP, E.RELEASE: S.READY},
        S.WRAP_UP: {E.WRAPPED: S.READY, E.READY: S.READY, E.PAUSE: S.PAUSED, E.LOG_OUT: S.LOGGED_OUT},
        S.NOT_ANSWERING: {E.READY: S.READY, E.PAUSE: S.PAUSED, E.LOG_OUT: S.LOGGED_OUT},
        S.PAUSED: {E.READY: S.READY, E.PAUSE: S.PAUSED, E.LOG_OUT: S.LOGGED_OUT},
    },
)
