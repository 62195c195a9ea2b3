"""What is asked for with a callback: skills, one number, of any length there is."""

from __future__ import annotations

import pytest

from config.errors import Problem
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

FIRST = "c0000000001"


async def hangs_up(pool: Pool, number: str = "+628110000099") -> None:
    """A caller who waits asks to be called back and puts the receiver down."""
    await pool.acd.call_back(FIRST, number=number, cmd="back")
    await pool.acd.ended(FIRST, by="caller")


async def test_who_waits_with_a_skill_is_called_back_by_one_who_has_it(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(FIRST, skills={"en": 2})
    await hangs_up(pool)
    assert (await pool.call(FIRST)).skills == {"en": 2}
    assert await pool.acd.offer_next() is None
    await pool.ready("cso2", skills={"en": 2})
    assert (await pool.offered()).cso == "cso2"


async def test_a_callback_is_not_asked_for_twice_with_another_number(pool: Pool) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool)
    with pytest.raises(Problem) as told:
        await pool.acd.call_back(FIRST, number="+628110000098", cmd="again")
    assert told.value.slug == "callback-exists"


@pytest.mark.parametrize("number", ["+1234567", "+123456789012345"])
async def test_the_shortest_and_the_longest_number_there_is(pool: Pool, number: str) -> None:
    await pool.waits(FIRST)
    await hangs_up(pool, number=number)
    assert [call.id for call in (await pool.acd.snapshot()).callbacks] == [FIRST]


async def test_a_skill_can_be_dropped_with_the_callback(pool: Pool) -> None:
    await pool.ready("cso1")
    await pool.waits(FIRST, skills={"en": 2})
    await pool.acd.call_back(FIRST, number="+628110000099", skills={}, cmd="back")
    assert (await pool.offered()).cso == "cso1"
