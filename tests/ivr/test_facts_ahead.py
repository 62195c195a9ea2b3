"""How often a step visits the database: each visit is a change of thread while somebody listens to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ivr.facts import Facts
from ivr.flow import _own
from ivr.instructions import Instruction
from ivr.turn import Choice, Lookup, State
from tests.fixtures.ivr_service import AT_MENTENG, Ivr

pytestmark = [pytest.mark.store, pytest.mark.anyio]


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[Lookup]:
    made: list[Lookup] = []
    ahead = Facts.ahead

    def counted(self: Facts, wanted: Lookup, **given: Any) -> dict[Lookup, Any]:
        made.append(wanted)
        return ahead(self, wanted, **given)

    monkeypatch.setattr(Facts, "ahead", counted)
    return made


async def test_a_known_caller_is_one_visit_in_light_and_in_the_dark(
    ivr: Ivr, visits: list[Lookup], sentence: Callable[[Instruction], str]
) -> None:
    await ivr.arrives("ccall0001", AT_MENTENG)
    assert [one.kind for one in visits] == ["phone"]
    ivr.menteng_is_dark(text="Menteng padam.")
    visits.clear()
    said = sentence(await ivr.arrives("ccall0002", AT_MENTENG))
    assert [one.kind for one in visits] == ["phone"]
    assert "Menteng padam." in said, "what was published a moment ago is heard"


def test_an_area_that_is_no_longer_known_costs_the_announcement_alone(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Facts._read

    def missing(self: Facts, session: Any, wanted: Lookup, *given: Any) -> Any:
        if wanted.kind == "outage":
            raise LookupError
        return read(self, session, wanted, *given)

    monkeypatch.setattr(Facts, "_read", missing)
    wanted = Lookup("phone", AT_MENTENG)
    found = ivr.service._facts.ahead(wanted, need_audio=True)
    assert list(found) == [wanted]
    assert len(found[wanted]) == 1


def test_a_turn_has_lists_of_its_own() -> None:
    state = State(beside=["ulp:a"], choices=[Choice(["x"], "31")], told=[1], skills={"en": 1})
    own = _own(state)
    assert own == state
    shared = [name for name in vars(state) if isinstance(getattr(state, name), list | dict)]
    assert shared
    assert all(getattr(own, name) is not getattr(state, name) for name in shared)
