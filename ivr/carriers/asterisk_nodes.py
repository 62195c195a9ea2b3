"""Every Asterisk of the house behind one face: an action goes to the node of the channel that it names.

One process with one connection for each node (ADR 0071). A node that is away keeps its calls until it is known to be
dead; the others are not touched by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from config.asterisk_nodes import AsteriskNode
from ivr.carriers.asterisk_ami import AmiDown, AmiLink, Channel
from ivr.carriers.asterisk_names import bare, node_of, trunk_to
from ivr.carriers.asterisk_pyst2 import Message

GONE = frozenset({"Unreachable", "Removed"})


class Contacts:
    """Where each endpoint can be reached, as every node tells of those that are registered there."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, dict[str, str]]] = {}  # node → endpoint → contact → status

    def forget(self, node: str) -> None:
        """Before a whole list of this node."""
        self._told[node] = {}

    def note(self, node: str, endpoint: str, contact: str, status: str) -> None:
        """One contact as it is now."""
        contacts = self._told.setdefault(node, {}).setdefault(endpoint, {})
        if status == "Removed":
            contacts.pop(contact, None)
        else:
            contacts[contact] = status

    def statuses(self, endpoint: str, nodes: Iterable[str]) -> set[str]:
        """What these nodes say of its contacts."""
        return {status for node in nodes for status in self._told.get(node, {}).get(endpoint, {}).values()}

    def where(self, endpoint: str, nodes: Iterable[str]) -> list[str]:
        """The nodes among these that can ring it."""
        return [node for node in nodes if self.statuses(endpoint, [node]) - GONE]


class Nodes:
    """The connections to all of them. `on_event` and `on_up(node)` are called on the event loop."""

    def __init__(self, links: Mapping[str, AmiLink]) -> None:
        self.links = dict(links)
        self.contacts = Contacts()

    @classmethod
    def connect(
        cls,
        nodes: Sequence[AsteriskNode],
        on_event: Callable[[Message], None],
        on_up: Callable[[str], Awaitable[None]],
    ) -> Nodes:
        """One link for each."""
        return cls({node.name: AmiLink(on_event, partial(on_up, node.name), node) for node in nodes})

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected to all until `stop`."""
        async with asyncio.TaskGroup() as group:
            for link in self.links.values():
                group.create_task(link.run(stop))

    @property
    def alive(self) -> float:
        """The oldest last sign of any of the links (monotonic)."""
        return min(link.alive for link in self.links.values())

    def of(self, channel: str) -> AmiLink:
        """The link of a channel's node; a name without a known node is from when there was only the first."""
        return self.links.get(node_of(channel)) or next(iter(self.links.values()))

    def heard(self) -> list[str]:
        """The nodes that are connected now."""
        return [name for name, link in self.links.items() if link.up.is_set()]

    def whole(self, heard: Iterable[str]) -> bool:
        """Whether whatever is at none of these nodes is nowhere."""
        return all(link.dead for name, link in self.links.items() if name not in heard)

    # --- telephones, wherever they are registered
    def home(self, endpoint: str) -> AmiLink:
        """The link of a node where a telephone is registered; of any, when nobody knows one."""
        heard = self.heard()
        names = [*self.contacts.where(endpoint, heard), *heard, *self.links]
        return self.links[names[0]]

    def way(self, channel: str, endpoint: str) -> str:
        """What follows the name of a telephone when it is dialled from the node of a channel: nothing if it is
        registered there, or nowhere; else the trunk to a node where it is.
        """
        here = self.of(channel).node.name
        places = self.contacts.where(endpoint, self.heard())
        return "" if not places or here in places else f"@{trunk_to(places[0])}"

    def leads_to(self, leg: str, node: str) -> bool:
        """Whether a CSO's leg goes over the trunk to a node."""
        return bool(node) and bare(leg).startswith(f"PJSIP/{trunk_to(node)}-")

    # --- what is asked of them
    async def action(self, **headers: str) -> Message:
        """One action to the node of its channel; raises AmiDown."""
        return (await self.actions(headers))[0]

    async def actions(self, *many: Mapping[str, str]) -> list[Message]:
        """Several actions on channels of one node, in order; raises AmiDown."""
        return await self.of(many[0].get("Channel", "")).actions(*many)

    async def everywhere(self, **headers: str) -> None:
        """One action to all that are connected; a node that comes later is told when it comes. Raises AmiDown."""
        heard = self.heard()
        if not heard:
            raise AmiDown
        await asyncio.gather(*(self.links[name].action(**headers) for name in heard))

    async def contact_lists(self) -> dict[str, list[Message]]:
        """Node → its contacts, of all that are connected; raises AmiDown."""
        asked = {"row": "ContactList", "complete": "ContactListComplete", "none": "No Contacts found"}
        return {name: await self.links[name].listing("PJSIPShowContacts", **asked) for name in self.heard()}

    async def channels(self, heard: Iterable[str] | None = None) -> list[Channel]:
        """Every channel of these nodes, or of all that are connected; raises AmiDown unless each of them answers."""
        names = self.heard() if heard is None else list(heard)
        if not names:
            raise AmiDown
        lists = await asyncio.gather(*(self.links[name].channels() for name in names))
        return [channel for one in lists for channel in one]
