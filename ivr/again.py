"""A call that was ended by mistake while its caller's channel lives goes on as a new call (docs/decisions/0022).

An end is final in the store, and a living channel is never said goodbye to for it: it stands in the line where it was,
begins with the first menu when it was in none, and as an emergency goes before everyone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from config.operator import operator
from ivr.endings import ANSWERED
from router.calls import CallState
from router.store.acd import Acd
from router.store.types import Call

log = logging.getLogger(__name__)

# Who may say that a call is over without having seen the end of its channel.
GUESSED = frozenset({"reconciliation", "lease", "level", "unseen-answer", "emergency-telephone", "carrier"})
SUFFIX = "b"  # of the new call's name: the same however often it is asked for


def lives_on(call: Call, step: str, extra: Mapping[str, str]) -> bool:
    """Whether the channel of an ended call asks for more, and not because a conversation is over.

    On Asterisk only: there a channel can take another name. A Twilio call is named by its CallSid for good.
    """
    over = step.startswith("after-") and extra.get("dialstatus", "").upper() == ANSWERED
    return call.state is CallState.ENDED and call.carrier == "asterisk" and call.by in GUESSED and not over


async def begin_again(acd: Acd, call: Call, *, emergency: bool) -> str:
    """The name of the new call, which is in line or in the IVR. Refused when no line is left: its number is kept."""
    name = call.id + SUFFIX
    if await acd.call(name) is not None:
        return name
    log.warning("call %s was ended by mistake (%s) and goes on as %s", call.id, call.by, name)
    if not emergency and not call.queue:
        await acd.admit(
            name,
            carrier=call.carrier,
            channel=call.channel,
            ani=call.ani,
            trunk=call.trunk,
            region=call.region,
            dialled=call.dialled,
            menu=call.menu,
            cmd=f"{name}:arrive",
        )
        return name
    queues = operator().queues
    queue = call.queue if call.queue in queues.queues else queues.last_resort
    await acd.adopt(
        name,
        carrier=call.carrier,
        channel=call.channel,
        ani=call.ani,
        trunk=call.trunk,
        region=call.region,
        queue=queues.emergency if emergency else queue,
        arrived=call.arrived,
        priority=call.priority,
        emergency=emergency,
    )
    return name
