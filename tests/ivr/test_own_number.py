"""A number of its own for those who must not stay dark: the same on both carriers, down to the line and the card."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.carriers import asterisk_answer
from ivr.instructions import Wait
from ivr.trunks import as_dialled, trunk_dialled
from tests.fixtures.ivr_service import AT_TEBET, Ivr

OWN, EVERYBODY = "0211239", "021123"


@pytest.mark.unit
@pytest.mark.parametrize("sent", ["{}", "+62{}", "62{}"])
@pytest.mark.parametrize("dialled", [OWN, EVERYBODY])
def test_both_carriers_tell_the_number_that_was_dialled(dialled: str, sent: str) -> None:
    sent = sent.format(dialled) if sent == "{}" else sent.format(dialled.removeprefix("0"))
    asked = asterisk_answer.Request.read("arrived", "PJSIP/trunk-1", ["t", "c1763794347x12", "", "08120000002", sent])
    arrival = asterisk_answer.arrival(asked)
    assert (arrival.dialled, arrival.trunk) == (dialled, "jakarta"), "its region is known too"
    assert (as_dialled(sent), trunk_dialled(sent)) == (dialled, "jakarta")


@pytest.mark.anyio
@pytest.mark.store
@pytest.mark.parametrize("carrier", ["asterisk", "twilio"])
async def test_its_caller_stands_before_others_who_came_before(ivr: Ivr, carrier: str) -> None:
    for call in ("ccall0001", "ccall0002"):
        await ivr.arrives(call, AT_TEBET)
        await ivr.keys("0", call)
    said = await ivr.arrives("ccall0003", AT_TEBET, carrier=carrier, dialled=OWN)
    assert isinstance(said, Wait)
    found: Any = await ivr.pool.call("ccall0003")
    assert found.priority == 5
    assert found.score < (await ivr.pool.call("ccall0001")).score
    assert any(entry.data.get("what") == "own-number" for entry in await ivr.pool.told())
