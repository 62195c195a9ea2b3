"""Which telephones and which partners Asterisk can reach, told to the store: whom it cannot reach is given no call.

Each Asterisk asks the telephones that are registered with it and each partner again and again (qualify). What it finds
arrives as ContactStatus events, and as a whole list at every connection. One that is away can ring nobody.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from config.errors import Problem
from config.operator import operator
from ivr.carriers.asterisk_ami import NODE
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.base import Lanes
from router.agents import CsoState
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Cso

log = logging.getLogger(__name__)

READ_SECONDS = 60.0
PARTNER = "partner-"  # endpoints of pjsip.conf


class Telephones:
    """The contacts of every endpoint as Asterisk knows them. Nothing is told before the first whole list."""

    def __init__(self, acd: Acd, link: Nodes, lanes: Lanes) -> None:
        self._acd, self._link, self._lanes = acd, link, lanes
        self._csos: dict[str, set[str]] = {}  # endpoint → who works there
        self._known = False
        self._read = float("-inf")

    async def read_now_and_then(self) -> None:
        """An event may have been missed, or have come while the list was on its way; raises AmiDown."""
        if time.monotonic() - self._read >= READ_SECONDS:
            await self.read()

    async def read(self) -> None:
        """The whole list of each node that is connected; raises AmiDown."""
        for node, rows in (await self._link.contact_lists()).items():
            self._link.contacts.forget(node)
            for row in rows:
                contact = row.get_header("Endpoint", ""), row.get_header("Uri", ""), row.get_header("Status", "")
                self._link.contacts.note(node, *contact)
            self._known = True
        self._read = time.monotonic()

    def changed(self, message: Message) -> None:
        """A ContactStatus event: kept, and told in the lane of its endpoint."""
        endpoint = message.get_header("EndpointName", "") or message.get_header("AOR", "")
        contact = message.get_header("URI", ""), message.get_header("ContactStatus", "")
        self._link.contacts.note(message.get_header(NODE, ""), endpoint, *contact)
        if endpoint.startswith(PARTNER):
            self._lanes.put(f"endpoint {endpoint}", self._tell_partners)
        for cso in self._csos.get(endpoint, ()):
            self._lanes.put(f"cso {cso}", partial(self.logged_in, cso))

    def _reachable(self, endpoint: str) -> bool:
        return bool(self._link.contacts.where(endpoint, self._link.heard()))

    async def tell(self) -> None:
        """What differs from what the store has; said again at every comparison."""
        if not self._known or not self._link.heard():
            return
        try:
            self._csos = {}
            for cso in (await self._acd.snapshot()).csos:
                await self._tell_cso(cso)
            await self._tell_partners()
        except StoreUnavailable:
            log.debug("told at the next comparison")

    async def logged_in(self, cso: str) -> None:
        """A CSO at another telephone than before, perhaps."""
        found = await self._acd.cso(cso)
        if found is not None and self._known and self._link.heard():
            await self._tell_cso(found)

    async def _tell_cso(self, cso: Cso) -> None:
        if cso.carrier != "asterisk" or cso.state is CsoState.LOGGED_OUT:
            return
        self._csos.setdefault(cso.endpoint, set()).add(cso.id)
        reachable = self._reachable(cso.endpoint)
        if reachable is not cso.telephone:
            log.info("the telephone of %s is %s", cso.id, "there" if reachable else "away")
            await self._acd.telephone(cso.id, reachable=reachable)

    async def _tell_partners(self) -> None:
        if not self._known or not self._link.heard():
            return
        rules = operator().partners.partners
        for partner in await self._acd.partners():
            known = rules.get(partner.name)
            reachable = self._partner(partner.name) if known and known.asterisk else None
            if known and not known.probe and partner.reachable is False:
                reachable = True  # nobody asks any more
            if reachable is None or reachable is partner.reachable:
                continue
            try:
                await self._acd.partner_state(partner.name, reachable=reachable, by="probe", reason="qualify")
            except StoreUnavailable:
                raise
            except Problem as problem:
                log.warning("partner %s: %s", partner.name, problem.slug)

    def _partner(self, name: str) -> bool | None:
        """None while Asterisk has not asked it yet."""
        told = self._link.contacts.statuses(PARTNER + name, self._link.heard()) & {"Reachable", "Unreachable"}
        return "Reachable" in told if told else None
