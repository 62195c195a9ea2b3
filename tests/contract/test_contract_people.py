"""Conversations, callbacks, partners: the same sentences of a scenario on every carrier."""

from __future__ import annotations

import pytest

from config.operator import operator
from router.agents import CsoState
from router.calls import CallState
from tests.fixtures.carriers import Caller, Carriers, Scenario, Stage, Telephone, play

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]  # the first one starts both products


def talking(stage: Stage, cso: str = "cso1") -> tuple[Caller, Telephone]:
    """A caller in conversation with a CSO."""
    caller = stage.waits()
    telephone = stage.ready(cso)
    stage.talk(caller, telephone)
    stage.state(caller, CallState.TALKING)
    return caller, telephone


def answered_and_the_cso_hangs_up(stage: Stage) -> None:
    caller, telephone = talking(stage)
    telephone.hang_up()
    record = stage.leaves(caller, "answered")
    assert record["cso"] == "cso1"
    stage.line.wait_cso("cso1", CsoState.READY)  # its wrap-up has ended


def answered_and_the_caller_hangs_up(stage: Stage) -> None:
    caller, telephone = talking(stage)
    stage.leaves(caller)
    stage.silent(telephone)
    assert stage.facts["outcomes"] == [("answered", "gangguan")]


def refused_and_the_next_one_answers(stage: Stage) -> None:
    caller = stage.waits()
    first = stage.ready("cso1")
    stage.rung(first)
    score = stage.call(caller).score
    first.hang_up()
    stage.line.wait_cso("cso1", CsoState.NOT_ANSWERING, 15)
    assert stage.call(caller).score == score
    second = stage.ready("cso2")
    stage.talk(caller, second)
    stage.note("cso", stage.state(caller, CallState.TALKING).cso)
    stage.leaves(caller)


def given_up_while_it_rings(stage: Stage) -> None:
    caller = stage.waits()
    telephone = stage.ready("cso1")
    stage.rung(telephone)
    stage.leaves(caller)
    stage.silent(telephone)
    stage.line.wait_cso("cso1", CsoState.READY, 15)


def an_emergency_is_answered_before_everybody(stage: Stage) -> None:
    early = stage.waits()
    late = stage.waits()
    stage.presses(late, operator().menu.emergency.key)
    stage.queued(late, "darurat")
    stage.talk(late, stage.ready("cso1"))
    assert stage.call(early).state is CallState.WAITING
    stage.leaves(late)
    stage.leaves(early)


def on_hold_and_back(stage: Stage) -> None:
    caller, telephone = talking(stage)
    known = stage.call(caller)
    stage.line.ask(lambda acd: acd.hold(known.id, known.token))
    stage.alone(caller)
    stage.line.ask(lambda acd: acd.resume(known.id, known.token))
    stage.together(caller, telephone)
    stage.leaves(caller)


def passed_on_to_a_colleague(stage: Stage) -> None:
    caller, first = talking(stage)
    second = stage.ready("cso2")
    known = stage.call(caller)
    stage.line.ask(lambda acd: acd.transfer(known.id, known.token, cso="cso2", cmd="pass-on"))
    stage.silent(first)
    stage.talk(caller, second)
    stage.note("cso", stage.state(caller, CallState.TALKING).cso)
    stage.leaves(caller)


def passed_on_to_another_queue(stage: Stage) -> None:
    caller, first = talking(stage)
    known = stage.call(caller)
    stage.line.ask(lambda acd: acd.enqueue(known.id, queue="permintaan", cmd="pass-on"))
    stage.silent(first)
    now = stage.queued(caller, "permintaan")
    assert now.score == known.score
    stage.talk(caller, stage.ready("cso2"))
    stage.leaves(caller)


def called_back_instead_of_waiting(stage: Stage) -> None:
    caller = stage.dials("no_outage", called_back=True)
    stage.answers(caller, "menu.main", "0")
    stage.queued(caller, "gangguan")
    call = stage.call(caller).id
    stage.answers(caller, "callback.offer", operator().menu.waiting.callback.key)
    stage.hears(caller, "callback.agreed")
    stage.ended(caller)
    cso = stage.ready("cso1")
    own = stage.carrier.own(caller)
    stage.rung(cso)
    cso.pick_up()
    stage.rung(own)
    own.pick_up()
    stage.together(own, cso)
    own.hang_up()
    stage.silent(cso)
    record = stage.line.record(call)
    stage.note("record", (record["outcome"], record["cso"]))
    assert record["outcome"] == "answered"


def overflow_to_a_partner(stage: Stage) -> None:
    centre = stage.carrier.telephone("mitra")
    caller = stage.dials()
    stage.answers(caller, "menu.main", "3")  # only this queue overflows here
    stage.queued(caller, "keluhan")
    stage.rung(centre)
    centre.pick_up()
    stage.together(caller, centre)
    stage.note("partner", stage.state(caller, CallState.PARTNER).partner)
    stage.leaves(caller)


def a_partner_who_refuses_gives_the_caller_back(stage: Stage) -> None:
    centre = stage.carrier.telephone("mitra")
    caller = stage.dials()
    stage.answers(caller, "menu.main", "3")
    score = stage.queued(caller, "keluhan").score
    stage.rung(centre)
    centre.hang_up()
    now = stage.queued(caller, "keluhan")
    assert now.score == score
    stage.leaves(caller)


SCENARIOS = [
    answered_and_the_cso_hangs_up, answered_and_the_caller_hangs_up, refused_and_the_next_one_answers,
    given_up_while_it_rings, an_emergency_is_answered_before_everybody, on_hold_and_back, passed_on_to_a_colleague,
    passed_on_to_another_queue, called_back_instead_of_waiting, overflow_to_a_partner,
    a_partner_who_refuses_gives_the_caller_back,
]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_on_every_carrier_the_same(scenario: Scenario, carriers: Carriers) -> None:
    play(scenario, carriers, words=False)
