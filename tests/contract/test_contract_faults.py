"""The server hangs: on every carrier nobody is left with silence, and an emergency reaches the telephone outside."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from config.operator import operator
from tests.fixtures.carriers import Caller, Carriers, Scenario, Stage
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]  # the first one starts both products


@contextmanager
def hung(stage: Stage) -> Iterator[None]:
    """The process that answers this carrier is alive and answers nothing."""
    pid = stage.line.product.pid(stage.carrier.server)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def in_danger(stage: Stage, caller: Caller) -> None:
    """The caller presses the key of an emergency until the telephone outside rings."""
    outside = stage.carrier.telephone("darurat")

    def rings() -> bool:
        if not outside.rings():
            caller.press(operator().menu.emergency.key)
        return outside.rings()

    until(rings, 40, f"{stage.carrier.name}: the telephone outside rings", every=1.0)
    outside.pick_up()
    stage.together(caller, outside)
    caller.hang_up()
    stage.ended(caller)


def hung_when_somebody_calls(stage: Stage) -> None:
    with hung(stage):
        caller = stage.dials()
        in_danger(stage, caller)


def hung_while_somebody_waits(stage: Stage) -> None:
    caller = stage.waits()
    with hung(stage):
        in_danger(stage, caller)


def back_again(stage: Stage) -> None:
    """Whoever met the hung server goes on without having dialled again, in the old place."""
    caller = stage.waits()
    before = stage.call(caller)
    with hung(stage):
        until(lambda: stage.carrier.met_a_hung_server(caller), 40, f"{stage.carrier.name}: it was asked", every=0.2)
        assert not caller.over()
    stage.talk(caller, stage.ready("cso1"))
    after = stage.call(caller)
    assert (after.id, after.score) == (before.id, before.score)
    stage.leaves(caller)


@pytest.mark.parametrize(
    "scenario", [hung_when_somebody_calls, hung_while_somebody_waits], ids=lambda scenario: scenario.__name__
)
def test_an_emergency_reaches_somebody_on_every_carrier(scenario: Scenario, carriers: Carriers) -> None:
    for carrier, numbers in carriers:
        stage = Stage(carrier, numbers)
        try:
            scenario(stage)
        finally:
            carrier.quiet()


def test_who_waits_keeps_the_place_on_every_carrier(carriers: Carriers) -> None:
    for carrier, numbers in carriers:
        stage = Stage(carrier, numbers)
        try:
            back_again(stage)
        finally:
            carrier.quiet()
