"""What the store keeps for the IVR: the flow's state, the last answer, wishes that must not be lost."""

from __future__ import annotations

import pytest

from config.errors import NotFound, Refused
from router.events import Event
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]


async def test_a_step_keeps_state_and_answer_and_tells_the_wishes(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    await pool.told()
    wish = {"kind": "report", "key": "c0000000001:report", "list": [], "text": "padam — “gelap”"}
    answer = await pool.acd.step(
        "c0000000001", token="t1", flow='{"at":"menu"}', answer="A1", intents=[wish], notes=[{"what": "heard"}]
    )
    assert answer == "A1"
    call = await pool.call("c0000000001")
    assert (call.step, call.flow, call.answer) == ("t1", '{"at":"menu"}', "A1")
    intent, note = await pool.told()
    assert (intent.event, intent.data, intent.carrier) == (Event.CALL_INTENT, wish, "asterisk")
    assert (note.event, note.data) == (Event.CALL_NOTED, {"what": "heard"})


async def test_a_repeated_step_gets_the_answer_it_had(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    await pool.acd.step("c0000000001", token="t1", flow="F1", answer="A1")
    await pool.told()
    again = await pool.acd.step("c0000000001", token="t1", flow="F2", answer="A2", intents=[{"kind": "x"}])
    assert again == "A1"
    assert (await pool.call("c0000000001")).flow == "F1"
    assert await pool.told() == []


@pytest.mark.parametrize("late", ["t1", "t2"])
async def test_a_step_that_was_overtaken_does_not_turn_the_flow_back(pool: Pool, late: str) -> None:
    await pool.arrives("c0000000001")
    for n in (1, 2, 3):
        await pool.acd.step("c0000000001", token=f"t{n}", flow=f"F{n}", answer=f"A{n}")
    with pytest.raises(Refused) as told:
        await pool.acd.step("c0000000001", token=late, flow="F", answer="A")
    assert told.value.slug == "stale-token"
    assert (await pool.call("c0000000001")).flow == "F3"


async def test_a_wish_keyed_just_before_hanging_up_is_kept(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    await pool.acd.ended("c0000000001", by="caller")
    await pool.told()
    await pool.acd.step("c0000000001", token="t1", flow="F", answer="A", intents=[{"kind": "report"}])
    assert await pool.events() == [Event.CALL_INTENT]


async def test_a_step_of_a_call_nobody_knows(pool: Pool) -> None:
    with pytest.raises(NotFound) as told:
        await pool.acd.step("c0000000001", token="t1", flow="F", answer="A")
    assert told.value.slug == "unknown-call"


async def test_who_keys_is_alive_the_line_is_not_taken_away(pool: Pool) -> None:
    await pool.arrives("c0000000001")
    await pool.arrives("c0000000002")
    pool.later(800)
    await pool.acd.step("c0000000001", token="t1", flow="{}", answer="{}")
    pool.later(800)
    await pool.acd.sweep()
    assert [call.id for call in (await pool.acd.snapshot()).calls] == ["c0000000001"]


async def test_a_step_that_comes_late_is_refused_up_to_eight_steps_back(pool: Pool) -> None:
    """A webhook that is repeated after the call has gone on must not lead it back."""
    await pool.arrives("c0000000001")
    for number in range(9):
        await pool.acd.step("c0000000001", token=f"s{number}", flow=f'{{"at":{number}}}', answer="{}")
    for number in range(8):
        with pytest.raises(Refused) as told:
            await pool.acd.step("c0000000001", token=f"s{number}", flow="{}", answer="{}")
        assert told.value.slug == "stale-token"
    assert (await pool.call("c0000000001")).flow == '{"at":8}'
