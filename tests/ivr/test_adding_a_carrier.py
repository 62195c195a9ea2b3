"""The guide for the next carrier names every verb, instruction and journal entry that the present carriers know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ivr.carriers.base import Connector
from ivr.instructions import Instruction
from ivr.port import IvrPort
from router.events import Event
from tests.fixtures.carriers import Caller, Carrier, Telephone

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "adding-a-carrier.md").read_text(encoding="utf-8")


def verbs(port: type) -> set[str]:
    """What a class asks for or offers, without what is its own affair."""
    own = {name for name, value in vars(port).items() if callable(value)} | set(port.__annotations__)
    return {name for name in own if not name.startswith("_")}


@pytest.mark.parametrize("port", [IvrPort, Carrier, Caller, Telephone])
def test_every_verb_of_the_ports_is_named(port: type) -> None:
    assert verbs(port)
    assert {name for name in verbs(port) if f"`{name}`" not in GUIDE} == set()


def test_every_hook_of_the_connector_is_named() -> None:
    hooks = verbs(Connector) - {"follow", "carrier"}
    assert {name for name in hooks if f"`{name}`" not in GUIDE} == set()


def test_every_instruction_is_named() -> None:
    assert {one.__name__ for one in get_args(Instruction) if f"`{one.__name__}`" not in GUIDE} == set()


@pytest.mark.parametrize("carrier", ["twilio"])
def test_every_journal_entry_that_the_example_follows_is_named(carrier: str) -> None:
    source = (ROOT / "ivr" / "carriers" / f"{carrier}_connector.py").read_text(encoding="utf-8")
    followed = {Event[name].value for name in re.findall(r"Event\.(CALL_\w+)", source)}
    assert followed
    assert {name for name in followed if f"`{name}`" not in GUIDE} == set()
