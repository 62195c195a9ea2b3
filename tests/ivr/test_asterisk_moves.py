"""A redirect is confirmed or tried again, and nobody who talks is taken away (T2, T6); differences are mended (R10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from config.settings import settings
from ivr.carriers.asterisk_ami import AmiDown, Channel
from ivr.carriers.asterisk_meeting import amiss
from ivr.carriers.asterisk_moves import Moves
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.base import Lanes
from router.agents import CsoState
from router.calls import CallState, Outcome
from router.store.types import Call, Cso, Snapshot
from tests.fixtures.manager import Link
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.unit, pytest.mark.anyio]
CALL = Call("c1", CallState.OFFERED, "asterisk", "PJSIP/trunk-1", "", "t", "31", queue="gangguan", token="tok")


class Store:
    """One call; every verb is written down."""

    pool = "main"

    def __init__(self, call: Call | None = CALL) -> None:
        self.now = call
        self.said: list[tuple[Any, ...]] = []

    async def call(self, call: str) -> Call | None:
        return self.now if self.now and self.now.id == call else None

    async def cso(self, cso: str) -> Cso:
        return Cso(cso, CsoState.OFFERED, 0, (), "cso1", "asterisk")

    async def renew(self, calls: object) -> None: ...

    async def adopt(self, call: str, **given: Any) -> bool:
        self.said.append(("adopt", call, given["queue"], given["arrived"], given["emergency"]))
        return True

    def __getattr__(self, verb: str) -> Any:
        async def say(call: str, *args: Any, **named: Any) -> None:
            self.said.append((verb, call, *args, *named.values()))

        return say


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SUAR_REDIRECT_CONFIRM_MS", "200")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


class House:
    """A store, a link, the moves between them and the reconciler."""

    def __init__(self, call: Call | None = CALL) -> None:
        self.store, self.link, self.lanes = Store(call), Link(), Lanes()
        self.ended: list[tuple[str, str]] = []

        async def hung_up(call: str, *, by: str = "caller") -> None:
            self.ended.append((call, by))

        self.moves = Moves(self.store, self.link, hung_up)  # type: ignore[arg-type]
        self.link.moves = self.moves
        self.reconciler = Reconciler(self.store, self.link, self.moves, self.lanes, hung_up)  # type: ignore[arg-type]

    async def compare(self, *channels: Channel, full: bool = True, since: Channel | None = None) -> None:
        """`since`: what the channel has become after the list was had."""
        self.link.rows = list(channels)
        for at in (since or one for one in channels):
            self.link.variables = {**at.variables, "CHANNEL(context)": at.context}
        calls = (self.store.now,) if self.store.now else ()
        await self.reconciler.compare(Snapshot(0, 0, 1, calls, (), {}, "0-0"), full=full)
        await until_async(lambda: not self.lanes._tail, 5)


def channel(context: str = "offer", app: str = "Dial", **variables: str) -> Channel:
    carried = {"SUAR_CALL": "c1", "SUAR_RT": "tok", "SUAR_ARR": "1763794347123", "SUAR_DIALLED": "123"}
    carried |= {"SUAR_POOL": "main", **variables}
    return Channel("PJSIP/trunk-1", context, "s", app, carried)


async def test_a_confirmed_redirect_is_sent_once(quick: None) -> None:
    house = House()
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == ["offer"]
    assert house.store.said == []


async def test_an_unconfirmed_redirect_is_tried_again(quick: None) -> None:
    house = House()
    house.link.arrives = [False, True]
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == ["offer", "offer"]


async def test_a_redirect_that_never_arrives_gives_the_offer_back(quick: None) -> None:
    house = House()
    house.link.arrives = []
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.store.said == [("returned", "c1", "tok", "failed")]


async def test_a_channel_that_does_not_exist_is_an_end(quick: None) -> None:
    house = House()
    house.link.gone = True
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.ended == [("c1", "channel-gone")]
    assert house.link.redirects() == []


@pytest.mark.parametrize("busy", ["talking", "emergency", "partner"])
async def test_nobody_who_talks_is_taken_away(quick: None, busy: str) -> None:
    house = House()
    house.link.variables["SUAR_BUSY"] = busy
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == []
    assert house.store.said[0][:2] == ("ended", "c1")


@pytest.mark.parametrize(("talked", "expected"), [("7-a", ["offer"]), ("6-b", ["offer"]), ("8-c", [])])
async def test_only_who_was_passed_on_is_taken_out_of_a_conversation(
    quick: None, talked: str, expected: list[str]
) -> None:
    """The last conversation, or one before it; not one that began after the caller was passed on."""
    house = House(replace(CALL, passed="7-a"))
    house.link.variables |= {"SUAR_BUSY": "talking", "SUAR_RT": talked}
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == expected


async def test_an_offer_that_is_over_moves_nobody(quick: None) -> None:
    house = House(replace(CALL, token="newer"))
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.sent == []


async def test_back_to_the_line_only_out_of_that_offer(quick: None) -> None:
    for context, token, expected in (("offer", "tok", ["wait"]), ("wait", "tok", []), ("offer", "other", [])):
        house = House()
        house.link.variables = {"SUAR_RT": token, "CHANNEL(context)": context}
        await house.moves.back_to_line("c1", "PJSIP/trunk-1", "tok")
        assert house.link.redirects() == expected


async def test_a_call_without_a_channel_is_doubted_then_ended(quick: None) -> None:
    house = House()
    await house.compare(full=False)
    assert house.store.said == []
    await house.compare(full=False)
    assert house.store.said[0][:3] == ("ended", "c1", "reconciliation")


async def test_an_offer_that_was_never_carried_out_is_done_again(quick: None) -> None:
    house = House()
    await house.compare(channel("wait", "WaitExten", SUAR_RT=""))
    assert house.link.redirects() == ["offer"]


async def test_a_ringing_telephone_is_not_interrupted_by_a_list_that_is_older(quick: None) -> None:
    house = House()
    await house.compare(channel("wait", "WaitExten", SUAR_RT=""), since=channel())
    assert house.link.redirects() == []


async def test_a_caller_who_is_there_already_is_not_brought_again(quick: None) -> None:
    house = House()
    await house.moves.bring("c1", "tok", "offer", "cso1")
    house.link.variables = {"SUAR_RT": "tok", "CHANNEL(context)": "offer"}
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == ["offer"]


async def test_two_people_who_talk_are_not_parted_by_a_list_that_is_older(quick: None) -> None:
    house = House(replace(CALL, state=CallState.TALKING))
    await house.compare(channel("wait", "WaitExten", SUAR_RT=""), since=channel(SUAR_BUSY="talking"))
    assert house.store.said == []


async def test_an_answer_that_nobody_told_is_told(quick: None) -> None:
    house = House()
    await house.compare(channel(SUAR_BUSY="talking"))
    assert house.store.said == [("answered", "c1", "tok", "")]


async def test_a_caller_ringing_for_an_offer_that_is_over_goes_back(quick: None) -> None:
    house = House(replace(CALL, state=CallState.WAITING, token=""))
    await house.compare(channel())
    assert house.link.redirects() == ["wait"]


TALK = replace(CALL, state=CallState.TALKING, token="7-a", leg="PJSIP/cso1-2")


def leg(of: str = "7-a", exten: str = "with", context: str = "join") -> Channel:
    return Channel("PJSIP/cso1-2", context, exten, "ConfBridge", {"SUAR_LEG": "c1", "SUAR_RT": of})


def caller(context: str = "meet") -> Channel:
    return channel(context, "ConfBridge", SUAR_BUSY="talking", SUAR_RT="7-a")


@pytest.mark.parametrize(
    ("call", "who", "legs", "expected"),
    [
        (TALK, caller("offer"), [leg(context="from-cso")], False),
        (TALK, caller(), [leg()], False),
        (TALK, caller(), [leg(exten="aside")], True),
        (TALK, caller(), [], True),
        (replace(TALK, held=1), caller("offer"), [leg(context="from-cso")], True),
        (replace(TALK, held=1), caller(), [leg(exten="aside")], False),
        (
            replace(TALK, held=1, guest="cso2", guest_token="8-b", guest_state="offered"),
            caller(),
            [leg("7-a", "aside")],
            True,
        ),
        (
            replace(TALK, guest="cso2", guest_token="8-b", guest_state="talking"),
            caller(),
            [leg(), leg("8-b")],
            False,
        ),
        (
            replace(TALK, guest="cso2", guest_token="8-b", guest_state="talking"),
            caller(),
            [leg(), leg("8-b", "aside")],
            True,
        ),
    ],
)
def test_which_legs_are_not_where_the_store_wants_them(
    call: Call, who: Channel, legs: list[Channel], expected: bool
) -> None:
    assert amiss(call, who, legs) is expected


@pytest.mark.parametrize(("legs", "rung"), [([], 1), ([leg("8-b", "s", "from-cso")], 0)], ids=["nobody", "rings"])
async def test_a_guest_whom_nobody_made_ring_is_rung(quick: None, legs: list[Channel], rung: int) -> None:
    house = House(replace(TALK, guest="cso2", guest_token="8-b", guest_state="offered"))
    await house.compare(caller("offer"), leg(context="from-cso"), *legs, since=caller("offer"))
    made = [one for one in house.link.sent if one["Action"] == "Originate"]
    assert [one["ChannelId"] for one in made] == ["guest-8-b"] * rung


async def test_a_leg_of_a_conversation_that_was_passed_on_is_ended_wherever_the_call_is_now(quick: None) -> None:
    house = House(replace(CALL, token="9-c", passed="7-a"))
    waiting = channel(SUAR_RT="9-c")
    house.link.variables = {"SUAR_RT": "9-c", "CHANNEL(context)": "join"}
    house.link.rows = [waiting, leg()]
    await house.reconciler.compare(Snapshot(0, 0, 1, (house.store.now,), (), {}, "0-0"), full=True)  # type: ignore[arg-type]
    await until_async(lambda: not house.lanes._tail, 5)
    assert [one["Channel"] for one in house.link.sent if one["Action"] == "Hangup"] == ["PJSIP/cso1-2"]


@pytest.mark.parametrize(("emergency", "queue"), [("0", "keluhan"), ("1", "darurat")])
async def test_an_unknown_caller_in_the_line_is_adopted_with_what_the_channel_carries(
    quick: None, emergency: str, queue: str
) -> None:
    house = House(None)
    await house.compare(channel("fallback", SUAR_Q="keluhan", SUAR_EMG=emergency))
    assert house.store.said == [("adopt", "c1", queue, 1763794347123, emergency == "1")]


async def test_a_leg_without_its_caller_is_hung_up_at_the_second_look(quick: None) -> None:
    house = House(None)
    leg = Channel("PJSIP/cso1-2", "wait", "s", "", {"SUAR_LEG": "c1", "SUAR_POOL": "main"})
    await house.compare(leg)
    await house.compare(leg)
    assert [one["Channel"] for one in house.link.sent if one["Action"] == "Hangup"] == ["PJSIP/cso1-2"]


async def test_a_manager_that_is_away_is_waited_for(quick: None) -> None:
    house = House()
    failed = [True]
    real = house.link.actions

    async def actions(*many: Mapping[str, str]) -> list[Message]:
        if failed:
            failed.pop()
            raise AmiDown
        return await real(*many)

    house.link.actions = actions  # type: ignore[method-assign]
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.link.redirects() == ["offer"]


# --- Asterisk died


async def test_a_call_from_before_asterisk_started_is_lost_and_no_hang_up(quick: None) -> None:
    house = House(replace(CALL, arrived=1000))
    house.link.born = 2000
    await house.compare()
    assert house.store.said == [("ended", "c1", "carrier", Outcome.LOST)]
    assert house.ended == []


async def test_a_redirect_that_finds_no_channel_after_the_start_says_the_same(quick: None) -> None:
    """It may come before the comparison."""
    house = House(replace(CALL, arrived=1000))
    house.link.born, house.link.gone = 2000, True
    await house.moves.bring("c1", "tok", "offer", "cso1")
    assert house.store.said == [("ended", "c1", "carrier", Outcome.LOST)]
    assert house.ended == []


@pytest.mark.parametrize("call", [replace(CALL, arrived=3000), replace(CALL, arrived=1000, answered=3000)])
async def test_a_call_of_the_asterisk_that_runs_has_hung_up(quick: None, call: Call) -> None:
    """Also one who arrived long ago and was called back since."""
    house = House(replace(call, state=CallState.TALKING))
    house.link.born = 2000
    await house.compare()
    assert house.store.said == [("ended", "c1", "reconciliation", Outcome.LOST)]
