"""The connection of one pool's caller, and how a verb is asked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

import hiredis

from config.clock import Clock
from config.errors import Invalid, NotFound
from config.settings import settings
from router.store import answers, library
from router.store.durable import HELD, Disk
from router.store.library import Library
from router.store.types import Call
from router.store.wire import Link, Wire

_QUEUE = re.compile(r"[\w.-]{1,64}")
_SKILL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def skills_text(skills: Mapping[str, int]) -> str:
    """`en:3 prabayar:1`, in the order of the names; raises Invalid (unknown-skill)."""
    for name, level in skills.items():
        if not _SKILL.fullmatch(name) or not 1 <= level <= 5:
            raise Invalid("Keahlian: huruf kecil, angka, garis; tingkat 1 sampai 5.", slug="unknown-skill", field=name)
    return " ".join(f"{name}:{skills[name]}" for name in sorted(skills))


def queues_text(queues: Mapping[str, int]) -> str:
    """`gangguan:5 keluhan:3`; raises Invalid (unknown-level), NotFound (unknown-queue)."""
    for name, level in queues.items():
        if not _QUEUE.fullmatch(name):
            raise NotFound("Antrean itu tidak dikenal.", slug="unknown-queue", field="queues")
        if not 1 <= level <= 5:
            raise Invalid("Tingkat kemahiran 1 sampai 5.", slug="unknown-level", field=name)
    return " ".join(f"{name}:{level}" for name, level in queues.items())


class Verbs:
    """One pool's connection to its store. Belongs to one event loop; connects at the first verb; `close()` at the end.

    `clock`: a virtual one, whose time every verb then carries; without it the store's own clock rules. `durable`: an
    arrival or an end is acknowledged only when it is on the store's disk (router/store/durable.py).
    """

    library: Library = library.current()

    def __init__(
        self, url: str, pool: str, *, clock: Clock | None = None, timeout: float = 1.0, durable: bool = False
    ) -> None:
        self.pool = pool
        self.epoch = ""  # of the connection made last
        self._url, self._timeout, self._clock = url, timeout, clock
        self._root = f"suar:{{{pool}}}"
        self._loaded = False
        self._disk = Disk(url, self._root, timeout=timeout) if durable else None
        self._wire = Wire(url, timeout=timeout, greet=self._greet)
        self._readers: list[Wire] = []  # connections for blocking reads that nobody uses now

    @classmethod
    def from_settings(cls, *, clock: Clock | None = None) -> Self:
        """The pool and store of this process's settings."""
        now = settings()
        return cls(now.store_url, now.pool, clock=clock, durable=now.store_durability == "waitaof")

    def sibling(self, pool: str) -> Self:
        """Another pool on the same store."""
        durable = self._disk is not None
        return type(self)(self._url, pool, clock=self._clock, timeout=self._timeout, durable=durable)

    @classmethod
    async def open(
        cls,
        url: str,
        pool: str,
        *,
        clock: Clock | None = None,
        timeout: float = 1.0,  # noqa: ASYNC109 - of every verb from then on, not of this call alone
        durable: bool = False,
    ) -> Self:
        """One that has already spoken to its store; raises StoreUnavailable. `timeout` in seconds."""
        acd = cls(url, pool, clock=clock, timeout=timeout, durable=durable)
        await acd.boot()
        return acd

    async def close(self) -> None:
        """Close every connection."""
        self._wire.close()
        if self._disk is not None:
            self._disk.close()
        while self._readers:
            self._readers.pop().close()

    async def _greet(self, link: Link) -> None:
        """The library is there, in this process's build or a newer one, and the pool knows of the store's start."""
        await self._load(link.send)
        info: str = await link.send(("INFO", "server"))
        run = re.search(r"run_id:(\w+)", info)
        self.epoch = await link.send(self._command("boot", (run[1] if run else "",)))

    async def _load(self, send: Callable[[tuple[str | int | float, ...]], Awaitable[Any]]) -> None:
        ours = self.library
        try:
            build, version = await send(("FCALL", ours.prefix + "build", 0))
        except hiredis.ReplyError:  # no library, or one from before there were builds
            build, version = 0, ""
        if ours.replaces(int(build), version, loaded=self._loaded):
            await send(("FUNCTION", "LOAD", "REPLACE", ours.source))
        self._loaded = True

    def _command(self, verb: str, args: Sequence[str | int | float]) -> tuple[str | int | float, ...]:
        now = self._clock.ms() if self._clock else ""
        return ("FCALL", self.library.prefix + verb, 1, self._root, now, *args)

    async def _do(self, verb: str, *args: str | int | float) -> Any:
        try:
            reply = await self._wire.call(*self._command(verb, args))
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None
        if self._disk is not None and verb in HELD:
            await self._disk.has_it()
        return reply

    async def boot(self) -> str:
        """Tell the pool of a new start of the store (each new connection does so by itself); answers the epoch.

        Looks after the library too: an older process that loaded its own at the same instant is corrected.
        """
        try:
            await self._load(lambda command: self._wire.call(*command))
            info: str = await self._wire.call("INFO", "server")
        except hiredis.ReplyError as error:
            raise answers.problem(str(error)) from None
        run = re.search(r"run_id:(\w+)", info)
        self.epoch = await self._do("boot", run[1] if run else "")
        return self.epoch

    def _call(self, call: str, reply: Sequence[Any]) -> Call | None:
        fields, flow = reply
        return answers.call(call, answers.pairs(fields), answers.pairs(flow)) if fields else None
