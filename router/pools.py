"""The other pools on this process's store, and where a call that was moved is now."""

from __future__ import annotations

from collections.abc import Iterable

from config.errors import NotFound
from config.schema.queues import Queues
from router.calls import CallState, Outcome
from router.store.acd import Acd
from router.store.types import Call

HOPS = 8  # a call is not moved oftener than that while somebody looks for it


def named(queues: Queues, home: str) -> list[str]:
    """The other pools that queues.yaml names, in the order of the file."""
    rules = (queue.overflow for queue in queues.queues.values() if queue.overflow)
    return list(dict.fromkeys(pool for rule in rules for pool in rule.pools if pool != home))


class Pools:
    """One caller of the store per pool, made when it is first asked for. `home` stays its owner's to close."""

    def __init__(self, home: Acd, names: Iterable[str]) -> None:
        self.home = home
        self._names = frozenset(names) | {home.pool}
        self._open = {home.pool: home}

    def __getitem__(self, name: str) -> Acd:
        """The pool of that name; raises NotFound (unknown-pool)."""
        if name not in self._names:
            raise NotFound("Pool itu tidak dikenal.", slug="unknown-pool")
        if name not in self._open:
            self._open[name] = self.home.sibling(name)
        return self._open[name]

    async def of(self, call: str) -> Acd:
        """The pool that has a call; without other pools nobody is asked."""
        return (await self.find(call))[0] if len(self._names) > 1 else self.home

    async def find(self, call: str) -> tuple[Acd, Call | None]:
        """The pool that has a call, from this process's own on; its own when nobody knows it."""
        acd, known = self.home, await self.home.call(call)
        for _ in range(HOPS):
            if known is None or known.outcome != Outcome.MOVED or known.moved_to not in self._names:
                break
            acd = self[known.moved_to]
            known = await acd.call(call)
        if known is not None:
            return acd, known
        for name in sorted(self._names - {acd.pool}):  # moved longer ago than an ended call is kept
            known = await self[name].call(call)
            if known is not None and known.state is not CallState.ENDED:
                return self[name], known
        return self.home, None

    async def close(self) -> None:
        """Close those that were opened here."""
        for acd in self._open.values():
            if acd is not self.home:
                await acd.close()
