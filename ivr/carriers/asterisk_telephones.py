"""Which telephones and which partners Asterisk can reach, told to the store: whom it cannot reach is given no call.

Asterisk asks each registered telephone and each partner again and again (qualify). What it finds arrives as
ContactStatus events, and as a whole list at every connection.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from config.errors import Problem
from config.operator import operator
from ivr.carriers.asterisk_ami import AmiLink
from ivr.carriers.asterisk_pyst2 import Message
from ivr.carriers.base import Lanes
from router.agents import CsoState
from router.store.acd import Acd, StoreUnavailable
from router.store.types import Cso

log = logging.getLogger(__name__)

GONE = frozenset({"Unreachable", "Removed"})
READ_SECONDS = 60.0
PARTNER = "partner-"  # endpoints of pjsip.conf


class Telephones:
    """The contacts of every endpoint as Asterisk knows them. Nothing is told before the first whole list."""

    def __init__(self, acd: Acd, link: AmiLink, lanes: Lanes) -> None:
        self._acd, self._link, self._lanes = acd, link, lanes
        self._contacts: dict[str, dict[str, str]] = {}  # endpoint → contact → status
        self._csos: dict[str, set[str]] = {}  # endpoint → who works there
        self._known = False
        self._read = float("-inf")

    async def read_now_and_then(self) -> None:
        """An event may have been missed, or have come while the list was on its way; raises AmiDown."""
        if time.monotonic() - self._read >= READ_SECONDS:
            await self.read()

    async def read(self) -> None:
        """The whole list; raises AmiDown."""
        rows = await self._link.listing(
            "PJSIPShowContacts", "ContactList", "ContactListComplete", none="No Contacts found"
        )
        self._contacts = {}
        for row in rows:
            self._note(row.get_header("Endpoint", ""), row.get_header("Uri", ""), row.get_header("Status", ""))
        self._known, self._read = True, time.monotonic()

    def changed(self, message: Message) -> None:
        """A ContactStatus event: kept, and told in the lane of its endpoint."""
        endpoint = message.get_header("EndpointName", "") or message.get_header("AOR", "")
        self._note(endpoint, message.get_header("URI", ""), message.get_header("ContactStatus", ""))
        if endpoint.startswith(PARTNER):
            self._lanes.put(f"endpoint {endpoint}", self._tell_partners)
        for cso in self._csos.get(endpoint, ()):
            self._lanes.put(f"cso {cso}", partial(self.logged_in, cso))

    def _note(self, endpoint: str, contact: str, status: str) -> None:
        contacts = self._contacts.setdefault(endpoint, {})
        if status == "Removed":
            contacts.pop(contact, None)
        else:
            contacts[contact] = status

    def _reachable(self, endpoint: str) -> bool:
        return any(status not in GONE for status in self._contacts.get(endpoint, {}).values())

    async def tell(self) -> None:
        """What differs from what the store has; said again at every comparison."""
        if not self._known or not self._link.up.is_set():
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
        if found is not None and self._known and self._link.up.is_set():
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
        if not self._known or not self._link.up.is_set():
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
        told = set(self._contacts.get(PARTNER + name, {}).values()) & {"Reachable", "Unreachable"}
        return "Reachable" in told if told else None
