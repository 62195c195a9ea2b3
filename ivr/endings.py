"""What became of a call that was with a CSO or a partner, as the caller's own channel tells it afterwards.

The connector and the carrier's callbacks tell the same things, sooner or later: every move here looks at the store
first and none does harm when it was made before.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.errors import Problem
from router.calls import CallState
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Call

# Asterisk's DIALSTATUS → why an offer came back. RINGTIME empty means that the telephone gave no sign of life.
REASONS = {
    "NOANSWER": "no-answer",
    "BUSY": "busy",
    "DONTCALL": "declined",
    "TORTURE": "declined",
    "CHANUNAVAIL": "unreachable",
    "LOST": "dropped",  # a partner whose sound ceased
}
ANSWERED = "ANSWER"


def reason_of(extra: Mapping[str, str]) -> str:
    """The reason of a return, in the store's words."""
    status = extra.get("dialstatus", "").upper()
    if status == "NOANSWER" and "ringtime_ms" in extra and not extra["ringtime_ms"]:
        return "unreachable"
    return REASONS.get(status, "failed")


async def talk_ended(acd: Acd, call: Call, extra: Mapping[str, str]) -> bool:
    """After the offer's Dial: whether the conversation is over (else the caller is back in line)."""
    token = extra.get("token", "") or call.token
    if extra.get("dialstatus", "").upper() != ANSWERED:
        if call.state is CallState.OFFERED:
            await _unless_moved_on(acd.returned(call.id, token, reason=reason_of(extra)))
        return call.state is CallState.ENDED
    if token != call.token:  # passed on before the telephone was put down
        return call.state is CallState.ENDED
    if call.state is CallState.OFFERED:  # answered, but nobody came to tell
        await _unless_moved_on(acd.answered(call.id, token))
    if call.state in (CallState.OFFERED, CallState.TALKING):
        return await cso_left(acd, call, token)
    return call.state is CallState.ENDED  # else transferred: in line again


async def cso_left(acd: Acd, call: Call, token: str) -> bool:
    """A CSO's telephone was put down, or died: whether the conversation is over by it.

    It is only when there was one with the caller: whoever is on hold was not said goodbye to and is in line again.
    """
    if call.token != token:
        return False
    if call.held:
        await acd.enqueue(call.id, queue=call.queue, cmd=f"{call.id}:{token}:left")
        return False
    await acd.ended(call.id, by="cso")
    return True


async def partner_ended(acd: Acd, call: Call, extra: Mapping[str, str]) -> bool:
    """After the partner's Dial: whether the conversation is over (else the caller is back in line)."""
    token = extra.get("token", "") or call.token
    if call.state is CallState.PARTNER:
        if extra.get("dialstatus", "").upper() == ANSWERED:
            await _unless_moved_on(acd.partner_left(call.id, token, talked_ms=_ms(extra.get("answeredtime_ms", ""))))
            known = await acd.call(call.id)
            return known is None or known.state is CallState.ENDED  # dropped at once: back in line
        await _unless_moved_on(acd.hand_back(call.id, token, reason=reason_of(extra)))
    return call.state is CallState.ENDED


def _ms(text: str) -> int | None:
    return int(text) if text.isdigit() else None


async def _unless_moved_on(move: object) -> None:
    """The move, unless another witness was first and the call is elsewhere by now."""
    try:
        await move  # type: ignore[misc]
    except StoreUnavailable:
        raise
    except Problem as fault:
        if fault.slug not in ("stale-token", "illegal-move"):
            raise
