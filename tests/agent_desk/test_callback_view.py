"""What the desk and the demo telephone show of a callback."""

from __future__ import annotations

import pytest

from agent_desk.desk_view import desk_view
from agent_desk.pool import Pool
from ivr.telephone import stream
from router.agents import CsoState
from router.calls import CallState
from router.events import Entry, Event
from router.store.types import Call, Cso

pytestmark = pytest.mark.unit

NUMBER = "+6281200000001"


def at_the_desk(state: CallState, cso: CsoState, *, virtual: bool, answered: int = 0) -> Pool:
    call = Call(
        id="c1", state=state, carrier="twilio", channel="", ani=NUMBER, trunk="", region="31", queue="gangguan",
        virtual=virtual, cso="cso1", queued=1000, offered=5000, answered=answered,
    )  # fmt: skip
    at_desk = Cso(id="cso1", state=cso, since=5000, queues=("gangguan",), endpoint="", carrier="twilio", call="c1")
    return Pool(at=6000, level=0, journal="1-0", calls={"c1": call}, csos={"cso1": at_desk})


def test_while_the_telephone_of_the_caller_rings_nobody_talks() -> None:
    view = desk_view(at_the_desk(CallState.CALLING, CsoState.TALKING, virtual=True), "cso1", 6000)
    assert (view["word"], view["state"], view["line"]["callback"]) == ("Menelepon", "talking", True)


def test_a_callback_that_is_offered_says_so() -> None:
    view = desk_view(at_the_desk(CallState.OFFERED, CsoState.OFFERED, virtual=True), "cso1", 6000)
    assert (view["word"], view["line"]["callback"]) == ("Berdering", True)


def test_a_caller_who_was_reached_is_talked_to_like_any_other() -> None:
    view = desk_view(at_the_desk(CallState.TALKING, CsoState.TALKING, virtual=False, answered=6000), "cso1", 7000)
    assert (view["word"], view["line"]["callback"], view["line"]["answered"]) == ("Bicara", False, 6000)


def test_the_demo_telephone_shows_no_number() -> None:
    data = {"number": NUMBER, "place": 1}
    entry = Entry(id="1-0", event=Event.CALL_CALLBACK, at=1, epoch="1", call="c1", queue="gangguan", data=data)
    assert stream._journal_item(entry)["data"] == {"place": 1}
