"""A conference as Twilio has it: who is in it, who is on hold, when it begins and when it ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.telephone.machine import Leg


@dataclass
class Member:
    """A leg in a conference. `ends`: its leaving ends the conference for all."""

    ends: bool
    label: str = ""
    hold: asyncio.Task[None] | None = None  # what it hears instead of the others

    def free(self) -> None:
        """Back among the others."""
        if self.hold is not None:
            self.hold.cancel()
            self.hold = None


class Room:
    """A conference. It is in progress from the second member on, and until the last one has left."""

    def __init__(self, name: str, made: float, forget: Callable[[], None]) -> None:
        self.name, self.made = name, made
        self.sid = "CF" + secrets.token_hex(16)
        self.members: dict[Leg, Member] = {}
        self.started = False
        self.ended = asyncio.Event()
        self._forget = forget

    def join(self, leg: Leg, *, ends: bool, label: str = "") -> None:
        """One more; everyone is told how many hear each other."""
        self.members[leg] = Member(ends, label)
        self.started = self.started or len(self.members) > 1
        self._tell()

    def leave(self, leg: Leg) -> None:
        """One less, perhaps the end for all."""
        if leg not in self.members:
            return
        member = self.members.pop(leg)
        member.free()
        if member.ends or not self.members:
            self.ended.set()
            self._forget()
        self._tell()

    def hold(self, leg: Leg, url: str) -> None:
        """The leg stays, and hears the document at `url` instead of the others."""
        member = self.members[leg]
        member.free()
        leg.diary.write("hold")
        member.hold = leg.exchange.spawn(leg.listen_to(url))
        self._tell()

    def resume(self, leg: Leg) -> None:
        """The leg hears the others again."""
        self.members[leg].free()
        self._tell()

    def _tell(self) -> None:
        together = [leg for leg, member in self.members.items() if member.hold is None]
        for leg in together:
            leg.diary.write("meet", members=len(together))
