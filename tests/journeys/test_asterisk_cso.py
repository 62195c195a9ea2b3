"""Real calls to real CSO telephones: answered, not answered, given up, urgent."""

from __future__ import annotations

import re

import pytest

from router.agents import CsoState
from router.calls import CallState
from tests.fixtures.asterisk import OFFER_SECONDS, Line
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey


def test_answered_by_the_one_free_longest_who_files_a_report(line: Line) -> None:
    first, second = line.telephone("cso1", tone=700), line.telephone("cso2", tone=800)
    desk = line.desk("cso1")
    desk.ready()
    line.has_telephone("cso1")  # whose telephone is not known yet is passed over
    line.ready("cso2")
    caller = line.caller("no_outage", tone=1000)
    with desk.stream() as stream:
        call = line.to_an_officer(caller)
        shown = stream.until("entry", call=call)  # the screen pop
        assert shown.data["desk"]["state"] == "offered"
    first.wait("CALL_INCOMING")
    assert second.count("CALL_INCOMING") == 0
    assert desk.page(f"/meja/panggilan/{call}").status_code == 200
    first.answer()
    line.wait_call(caller, CallState.TALKING)
    until(lambda: caller.hears(700) and first.hears(1000), 10, "both hear each other", every=0.2)

    premises = line.rows(
        "SELECT l.premises_id AS id FROM premises_phone l JOIN phone p ON p.id = l.phone_id WHERE p.e164 = :e164",
        e164=line.product.seeded["no_outage"],
    )[0]["id"]
    saved = desk.report(key=f"kunci-{call}", persil=premises, gangguan="padam", panggilan=call)
    assert re.fullmatch(r"54[0-9]{9}", saved["number"])  # Menteng is Jakarta's
    assert saved["workOrder"]["crew"]

    first.hang_up()
    line.wait_cso("cso1", CsoState.WRAP_UP, 5)
    caller.wait("CALL_CLOSED", 20)
    desk.wrap_up()
    line.wait_cso("cso1", CsoState.READY, 10)
    record = line.record(call)
    assert (record["outcome"], record["cso"], record["ani"]) == ("answered", "cso1", line.product.seeded["no_outage"])
    instants = [record[f"{name}_at"] for name in ("arrived", "queued", "offered", "answered", "ended")]
    assert all(instants)
    assert instants == sorted(instants)
    order = ["call.arrived", "call.queued", "call.offered", "call.ringing", "call.answered", "call.ended"]
    assert [event for event in line.events(call) if event in order] == order
    assert line.rows("SELECT call FROM report WHERE number = :number", number=saved["number"]) == [{"call": call}]


def test_no_answer_the_next_one_gets_the_caller_before_who_came_later(line: Line) -> None:
    first = line.telephone("cso1")
    line.ready("cso1")
    early, late = line.caller("no_outage", tone=1000), line.caller("has_open_report", tone=1200)
    call = line.to_an_officer(early)
    first.wait("CALL_INCOMING")
    line.to_an_officer(late)
    line.wait_cso("cso1", CsoState.NOT_ANSWERING, OFFER_SECONDS + 6)
    line.wait_call(early, CallState.WAITING)

    second = line.telephone("cso2", tone=800)
    line.ready("cso2")
    second.wait("CALL_INCOMING")
    second.answer()
    line.wait_call(early, CallState.TALKING)
    until(lambda: second.hears(1000), 10, "the one who came first", every=0.2)
    waiting = line.live(late)
    assert waiting is not None
    assert waiting.state is CallState.WAITING
    early.hang_up()
    assert line.record(call)["offers"] == 2


def test_given_up_while_waiting_and_while_ringing_leaves_nothing_behind(line: Line) -> None:
    caller = line.caller("no_outage")
    waiting = line.to_an_officer(caller)
    caller.hang_up()
    assert line.record(waiting)["outcome"] == "abandoned"

    telephone = line.telephone("cso1")
    line.ready("cso1")
    ringing = line.to_an_officer(caller)
    telephone.wait("CALL_INCOMING")
    caller.hang_up()
    telephone.wait("CALL_CLOSED")
    assert line.record(ringing)["outcome"] == "abandoned"
    line.wait_cso("cso1", CsoState.READY)
    until(lambda: line.channels() == 0, 10, "no ghost channel", every=0.1)


def test_a_cso_whose_telephone_is_away_is_offered_nothing_until_it_is_back(line: Line) -> None:
    telephone, caller = line.telephone("cso1"), line.caller("no_outage")
    line.ready("cso1")
    telephone.close()  # it says goodbye to Asterisk
    until(lambda: (now := line.cso("cso1")) and not now.telephone, 15, "its telephone is known to be away", every=0.1)
    call = line.to_an_officer(caller)
    with pytest.raises(AssertionError):
        until(lambda: "call.offered" in line.events(call), 3, "offered", every=0.2)
    assert line.live(caller).state is CallState.WAITING  # type: ignore[union-attr]
    agents = line.desk("spv1").page("/api/v1/agents").json()
    assert [(one["id"], one["state"], one["telephone"]) for one in agents] == [("cso1", "ready", False)]
    back = line.telephone("cso1", tone=700)
    back.wait("CALL_INCOMING", 20)
    back.answer()
    until(lambda: caller.hears(700) and back.hears(1000), 10, "both hear each other", every=0.2)
