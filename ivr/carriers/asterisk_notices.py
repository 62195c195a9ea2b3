"""Notices by Asterisk: one Originate for each number. What is said stands in the dialplan's [notice], which asks the
AGI server when somebody picks up; of a telephone that is not answered the connector hears (`OriginateResponse`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from config.asterisk_nodes import AsteriskNode
from config.clock import SystemClock
from config.database import database
from config.operator import operator
from config.settings import settings
from ivr.called import Called
from ivr.carriers.asterisk_pyst2 import Ami, ManagerException, Message
from ivr.carriers.asterisk_secrets import ami_secret
from ivr.speech.cache import path_for
from tickets.kinds import RecipientStatus
from tickets.notices import batches
from tickets.notices.batches import RINGING, Outcome

NOTICE = "notice/"  # begins the ActionID; the reference follows
REASONS = {"3": "no-answer", "5": "busy", "8": "unreachable", "0": "unreachable"}  # OriginateResponse's
TIMEOUT = 3.0  # seconds
RENDERED_S = 10.0  # a sound that was asked for when the notice was announced is there by then
SILENT = Outcome(RecipientStatus.FAILED, "not-rendered", again=True)
AWAY = Outcome(RecipientStatus.FAILED, "no-connection", again=True)


class AsteriskCaller:
    """The first Asterisk of the settings that answers; one connection for each turn."""

    carrier = "asterisk"
    repeatable = False

    def __init__(self) -> None:
        self.per_second = operator().notices.calls.per_second
        self.at_once: int | None = max(1, round(self.per_second))

    def send(self, key: str, messages: Sequence[batches.Message], text: str) -> Mapping[str, Outcome]:
        """Asterisk takes an order at once and tells later what became of it. Without a sound nobody is called."""
        deadline = time.monotonic() + RENDERED_S
        while not all(path_for(one).exists() for one in (text, operator().notices.calls.answer)):
            if time.monotonic() > deadline:
                return {one.to: SILENT for one in messages}
            time.sleep(0.2)
        ami = next(filter(None, map(_connected, settings().nodes)), None)
        if ami is None:
            return {one.to: AWAY for one in messages}
        try:
            return {one.to: _ordered(ami, one) for one in messages}
        finally:
            ami.close()


def not_reached(message: Message) -> None:
    """`OriginateResponse`: a telephone that was not answered may be rung once more."""
    if message.get_header("Response") == "Failure":
        reference = message.get_header("ActionID", "").removeprefix(NOTICE)
        reason = REASONS.get(message.get_header("Reason", ""), "unreachable")
        Called(database(), SystemClock()).unreached(reference, reason)


def _connected(node: AsteriskNode) -> Ami | None:
    ami = Ami(timeout=TIMEOUT)
    try:
        ami.connect(node.ami_host, node.ami_port)
        ami.login(settings().ami_user, node.ami_secret or ami_secret())
    except ManagerException:
        ami.close()
        return None
    return ami


def _ordered(ami: Ami, message: batches.Message) -> Outcome:
    if not ami.connected():
        return AWAY
    areas, calls = operator().areas, operator().notices.calls
    order = {
        "Action": "Originate",
        "ActionID": f"{NOTICE}{message.reference}",
        "Channel": areas.outgoing.format(number=message.to),
        "Context": "notice",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(calls.ring_seconds * 1000),
        "CallerID": f"<{areas.trunks[areas.default_trunk].dialled[0]}>",
        "Async": "true",
        "Variable": f"SUAR_NOTICE=n{message.reference}",
    }
    try:
        answer = ami.send_action(order)
    except ManagerException:  # it may have got there; the next ones do not wait for the same silence
        ami.close()
        return Outcome(RecipientStatus.UNCERTAIN, "no-answer")
    return RINGING if answer.get_header("Response") == "Success" else Outcome(RecipientStatus.FAILED, "refused-by-pbx")
