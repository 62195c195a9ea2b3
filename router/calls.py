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
    WAITING = "waiting"  # in a queue; a callback (`virtual`) waits there without a line
    SCHEDULED = "scheduled"  # a callback whose hour, or whose next attempt, has not come; keeps its score
    OFFERED = "offered"  # reserved for one CSO, whose telephone is being rung
    CALLING = "calling"  # a callback: the CSO is on the line, the caller's telephone is being rung
    TALKING = "talking"  # connected to a CSO
    PARTNER = "partner"  # handed to a partner centre (ringing or talking there)
    MOVING = "moving"  # on its way to another pool; still this one's until the other has it
    ENDED = "ended"


class CallEvent(StrEnum):
    """What moves a call."""

    ENQUEUE = "enqueue"
    LEAVE_QUEUE = "leave_queue"  # back to the IVR by the caller's own key
    CALL_BACK = "call_back"  # the caller hangs up and keeps the place
    SCHEDULE = "schedule"  # a callback steps out of the line until an instant
    DUE = "due"  # and back in, with the score it had
    OFFER = "offer"
    RETURN = "return"  # no answer, declined, failed, expired: back in line with the same score
    DIAL = "dial"  # a callback: the CSO answered, now the caller is rung
    REACHED = "reached"  # the caller answered
    UNREACHED = "unreached"  # the caller did not: another attempt later
    ANSWER = "answer"
    TRANSFER = "transfer"  # from one CSO to another one, who is rung
    HAND_OVER = "hand_over"
    HAND_BACK = "hand_back"
    DEPART = "depart"  # first step to another pool
    STAY = "stay"  # the other pool did not take it
    END = "end"


class Outcome(StrEnum):
    """How a call ended; every ended call has exactly one."""

    REFUSED = "refused"  # not admitted; the number is kept for calling back
    ANNOUNCED = "announced"  # told what is known (and served by keys), then ended politely
    LEFT_IVR = "left_ivr"  # the caller hung up while listening or keying
    ABANDONED = "abandoned"  # the caller hung up in the queue or while being offered
    ANSWERED = "answered"  # talked with a CSO, or at the emergency telephone
    PARTNER_ANSWERED = "partner_answered"
    PARTNER_LOST = "partner_lost"  # the partner dropped it and the caller was gone
    UNREACHED = "unreached"  # a callback that nobody answered, however often it was tried
    CANCELLED = "cancelled"  # a callback that the caller no longer wants, or took over by calling again
    MOVED = "moved"  # another pool has it
    LOST = "lost"  # ended without a witness: found gone by reconciliation, or its exchange died (called back)


C, E = CallState, CallEvent

CALLS: Table[CallState, CallEvent] = Table(
    "call",
    {
        C.IVR: {E.ENQUEUE: C.WAITING, E.CALL_BACK: C.WAITING, E.END: C.ENDED},
        C.WAITING: {
            E.OFFER: C.OFFERED,
            E.LEAVE_QUEUE: C.IVR,
            E.CALL_BACK: C.WAITING,
            E.SCHEDULE: C.SCHEDULED,
            E.HAND_OVER: C.PARTNER,
            E.DEPART: C.MOVING,
            E.END: C.ENDED,
        },
        C.SCHEDULED: {E.DUE: C.WAITING, E.SCHEDULE: C.SCHEDULED, E.END: C.ENDED},
        C.OFFERED: {E.ANSWER: C.TALKING, E.DIAL: C.CALLING, E.RETURN: C.WAITING, E.END: C.ENDED},
        C.CALLING: {E.REACHED: C.TALKING, E.UNREACHED: C.SCHEDULED, E.END: C.ENDED},
        C.TALKING: {E.END: C.ENDED, E.ENQUEUE: C.WAITING, E.TRANSFER: C.OFFERED, E.HAND_OVER: C.PARTNER},
        C.PARTNER: {E.HAND_BACK: C.WAITING, E.END: C.ENDED},
        C.MOVING: {E.STAY: C.WAITING, E.END: C.ENDED},
        C.ENDED: {},
    },
)

# What a witness may say beyond "it ended", and in which states it is believed.
GIVEN: dict[Outcome, frozenset[CallState]] = {
    Outcome.LOST: frozenset(CallState),
    Outcome.ANNOUNCED: frozenset({C.IVR}),
    Outcome.CANCELLED: frozenset({C.WAITING, C.SCHEDULED, C.OFFERED, C.CALLING}),
    Outcome.UNREACHED: frozenset({C.SCHEDULED, C.CALLING}),
    Outcome.MOVED: frozenset({C.MOVING}),
    # A conversation that the store knows nothing of, for instance because the answer came after the deadline.
    Outcome.ANSWERED: frozenset({C.IVR, C.WAITING, C.OFFERED, C.PARTNER, C.MOVING}),
    Outcome.PARTNER_ANSWERED: frozenset({C.IVR, C.WAITING, C.OFFERED, C.PARTNER, C.MOVING}),
}


def outcome_of(state: CallState, *, partner_answered: bool, given: Outcome | None) -> Outcome:
    """How a call ends that is in `state`. `given` is what a witness says beyond "it ended"; it is believed only
    where the state leaves it open.
    """
    if given is not None and state in GIVEN.get(given, ()):
        return given
    if state is C.TALKING:
        return Outcome.ANSWERED
    if state is C.PARTNER:
        if partner_answered:
            return Outcome.PARTNER_ANSWERED
        return given if given is Outcome.PARTNER_LOST else Outcome.ABANDONED
    return Outcome.LEFT_IVR if state is C.IVR else Outcome.ABANDONED
