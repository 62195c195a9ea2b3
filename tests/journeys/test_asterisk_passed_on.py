"""A real call that CSOs pass on unasked: to a colleague, to a queue, to a partner centre."""

from __future__ import annotations

import pytest

from router.agents import CsoState
from router.calls import CallState
from router.store.types import Call
from tests.fixtures.asterisk import Line
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def test_from_cso_to_cso_to_a_queue_to_a_partner_who_drops_the_caller(line: Line) -> None:
    first, second = line.telephone("cso1", tone=700), line.telephone("cso2", tone=1300)
    centre = line.reachable_partner(tone=600)
    line.ready("cso1")
    caller = line.caller("no_outage", tone=1000)
    call = line.to_an_officer(caller)
    first.wait("CALL_INCOMING")
    first.answer()
    score = line.wait_call(caller, CallState.TALKING).score
    line.beside("cso2")

    def now() -> Call:
        found = line.ask(lambda acd: acd.call(call))
        assert found is not None
        return found

    token = now().token
    line.ask(lambda acd: acd.transfer(call, token, cso="cso2", cmd=f"transfer-{call}"))
    second.wait("CALL_INCOMING")
    first.wait("CALL_CLOSED", 10)
    second.answer()
    until(lambda: caller.hears(1300) and second.hears(1000), 15, "they hear each other", every=0.2)
    assert (now().cso, now().state) == ("cso2", CallState.TALKING)
    line.wait_cso("cso1", CsoState.READY, 10)  # after a wrap-up of its own

    line.ask(lambda acd: acd.enqueue(call, queue="permintaan", cmd=f"to-queue-{call}"))
    second.wait("CALL_CLOSED", 10)
    first.wait("CALL_INCOMING", times=2)
    first.command("accept")
    until(lambda: caller.hears(700) and first.hears(1000), 15, "they hear each other", every=0.2)

    token = now().token
    line.ask(lambda acd: acd.refer(call, token, partner="mitra", cmd=f"refer-{call}"))
    centre.wait("CALL_INCOMING")
    first.wait("CALL_CLOSED", times=2)
    centre.answer()
    until(lambda: caller.hears(600) and centre.hears(1000), 15, "they hear each other", every=0.2)
    centre.hang_up()  # within the five seconds that are no conversation
    second.wait("CALL_INCOMING", 20, times=2)
    assert now().score == score
    second.command("accept")
    until(lambda: caller.hears(1300) and second.hears(1000), 15, "they hear each other", every=0.2)
    second.hang_up()
    record = line.record(call)
    assert (record["outcome"], record["cso"], record["transfers"]) == ("answered", "cso2", 3)
    query = "SELECT partner, reason, result FROM partner_handover WHERE call = :call"
    assert [tuple(row.values()) for row in line.rows(query, call=call)] == [("mitra", "referred", "dropped")]
