"""A list of channels is whole or it is none: whoever is missing from it would be taken for gone."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from config.clock import SystemClock
from ivr.carriers.asterisk_ami import AmiDown, AmiLink
from ivr.carriers.asterisk_connector import AsteriskConnector
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_pyst2 import Message
from router.calls import CallState
from tests.fixtures.router import Pool

pytestmark = pytest.mark.anyio
CHANNEL = "CoreShowChannel", "CoreShowChannelsComplete"
REFUSED = ("Response: Error", "Message: Permission denied")


def message(*lines: str) -> Message:
    return Message([f"{line}\r\n" for line in lines])


class Manager:
    """Answers every action alike; a list then has so many rows and claims so many."""

    def __init__(self, *response: str, rows: int = 0, claims: int = 0) -> None:
        self.response, self.rows, self.claims = response, rows, claims
        self.link = AmiLink(lambda _: None, self.up)
        self.link._ami = self  # type: ignore[assignment]
        self.link.up.set()

    async def up(self) -> None: ...

    def submit(self, action: Mapping[str, str]) -> Future[Message]:
        row, complete = CHANNEL
        events = [message(f"Event: {row}", f"ActionID: {action['ActionID']}", "Channel: PJSIP/a")] * self.rows
        end = message(f"Event: {complete}", f"ActionID: {action['ActionID']}", f"ListItems: {self.claims}")
        for event in [*events, end]:
            self.link._event(event)
        answered: Future[Message] = Future()
        answered.set_result(message(*self.response))
        return answered


@pytest.mark.unit
async def test_a_refused_list_is_no_empty_one() -> None:
    with pytest.raises(AmiDown):
        await Manager(*REFUSED).link.channels()


@pytest.mark.unit
async def test_a_list_with_rows_missing_is_none() -> None:
    with pytest.raises(AmiDown):
        await Manager("Response: Success", rows=1, claims=2).link.channels()
    assert len(await Manager("Response: Success", rows=2, claims=2).link.channels()) == 2


@pytest.mark.unit
async def test_nothing_to_list_is_an_empty_list_where_asterisk_says_it_by_an_error() -> None:
    asked = {"action": "PJSIPShowContacts", "row": "ContactList", "complete": "ContactListComplete"}
    nothing = "No Contacts found"
    assert await Manager("Response: Error", f"Message: {nothing}").link.listing(**asked, none=nothing) == []
    with pytest.raises(AmiDown):
        await Manager(*REFUSED).link.listing(**asked, none=nothing)


@pytest.mark.store
async def test_nobody_is_lost_by_a_list_that_was_refused(pool: Pool) -> None:
    await pool.waits("c0000000001")
    connector = AsteriskConnector(pool.acd, pool.acd.ended)  # type: ignore[arg-type]
    connector._reconciler._link = Nodes({"": Manager(*REFUSED).link})
    connector.telephones._link = Nodes({"": Manager("Response: Error", "Message: No Contacts found").link})
    await connector._compare(full=True)
    await connector._compare(full=True)
    assert (await pool.call("c0000000001")).state is CallState.WAITING


@pytest.mark.unit
async def test_since_when_asterisk_runs() -> None:
    link = Manager().link
    before = SystemClock().ms()
    link._event(message("Event: FullyBooted", "Uptime: 90"))
    assert before - 90_000 <= link.born <= SystemClock().ms() - 90_000
    assert link._booted.is_set()
