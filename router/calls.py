"""The states of a call, as one table without I/O. The Lua library gets the same table (router/store/library.py).

A call is in exactly one state; ENDED is final. What the caller listens to in the IVR is the flow's business
(ivr/flow.py): here it is one state.
"""

from __future__ import annotations

from enum import StrEnum

from config.table import Table


class CallState(StrEnum):
    """Where a call is."""

    IVR = "ivr"  # admitted; listening, keying
    WAITING = "waiting"  # in a queue
    OFFERED = "offered"  # reserved for one CSO, whose telephone is being rung
    TALKING = "talking"  # connected to a CSO
    PARTNER = "partner"  # handed to a partner centre (ringing or talking there)
    ENDED = "ended"


class CallEvent(StrEnum):
    """What moves a call."""

    ENQUEUE = "enqueue"
    LEAVE_QUEUE = "leave_queue"  # back to the IVR by the caller's own key
    OFFER = "offer"
    RETURN = "return"  # no answer, declined, failed, expired: back in line with the same score
    ANSWER = "answer"
    HAND_OVER = "hand_over"
    HAND_BACK = "hand_back"
    END = "end"


class Outcome(StrEnum):
    """How a call ended; every ended call has exactly one."""

    REFUSED = "refused"  # not admitted; the number is kept for calling back
    ANNOUNCED = "announced"  # told what is known (and served by keys), then ended politely
    LEFT_IVR = "left_ivr"  # the caller hung up while listening or keying
    ABANDONED = "abandoned"  # the caller hung up in the queue or while being offered
    ANSWERED = "answered"  # talked with a CSO
    PARTNER_ANSWERED = "partner_answered"
    PARTNER_LOST = "partner_lost"  # the partner dropped it and the caller was gone
    LOST = "lost"  # ended without a witness: found gone by reconciliation


C, E = CallState, CallEvent

CALLS: Table[CallState, CallEvent] = Table(
    "call",
    {
        C.IVR: {E.ENQUEUE: C.WAITING, E.END: C.ENDED},
        C.WAITING: {E.OFFER: C.OFFERED, E.LEAVE_QUEUE: C.IVR, E.HAND_OVER: C.PARTNER, E.END: C.ENDED},
        C.OFFERED: {E.ANSWER: C.TALKING, E.RETURN: C.WAITING, E.END: C.ENDED},
        C.TALKING: {E.END: C.ENDED, E.ENQUEUE: C.WAITING},
        C.PARTNER: {E.HAND_BACK: C.WAITING, E.END: C.ENDED},
        C.ENDED: {},
    },
)


def outcome_of(state: CallState, *, partner_answered: bool, given: Outcome | None) -> Outcome:
    """How a call ends that is in `state`. `given` is what a witness says beyond "it ended"; it is believed only
    where the state leaves it open.
    """
    if given is Outcome.LOST:
        return given
    if state is C.TALKING:
        return Outcome.ANSWERED
    if state is C.PARTNER:
        if partner_answered:
            return Outcome.PARTNER_ANSWERED
        return given if given is Outcome.PARTNER_LOST else Outcome.ABANDONED
    if state is C.IVR:
        return given if given is Outcome.ANNOUNCED else Outcome.LEFT_IVR
    return Outcome.ABANDONED
