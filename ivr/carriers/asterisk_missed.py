"""Callers of whom nobody told us, out of Asterisk's own records (T3): refused by the dialplan alone, come and gone
while our processes were dead, on the line when Asterisk died. Each gets an outcome, once, and the number is kept for
calling back. docs/decisions/0078-cel.md says why so.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
from collections.abc import Sequence
from pathlib import Path

from config.clock import Clock, SystemClock
from config.database import Database
from config.errors import Problem
from config.logging import told
from ivr.carriers.asterisk_cel import FILE, FRONT, MOST, Book, Gone, Journal
from ivr.carriers.asterisk_dialplan import contexts
from ivr.carriers.asterisk_moves import HungUp
from ivr.carriers.asterisk_names import named
from ivr.carriers.base import e164, repaired
from ivr.trunks import as_dialled, region_of, trunk_dialled
from router.calls import CallState, Outcome
from router.history import service as history
from router.store.acd import Acd, StoreUnavailable
from router.store.types import MissedCall

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.5
STEP_MS = 5000  # a step that was asked when the caller hung up has been answered, or never will be
OLD_MS = 60_000  # the store may not know any more what ended so long ago
AT_ONCE = 100  # calls: a function of the store keeps everybody else waiting
UNKNOWN_NUMBER = 1  # a hang-up cause: not a number that is served here


class Importer:
    """Reads the file of one Asterisk. Nothing is held but what stands in the file beside it."""

    def __init__(
        self, acd: Acd, db: Database, hung_up: HungUp, folder: Path, node: str = "", *, clock: Clock | None = None
    ) -> None:
        self._acd, self._db, self._hung_up, self._node = acd, db, hung_up, node
        self._clock = clock or SystemClock()
        self._file = folder / FILE
        self._journal = Journal(self._file)
        self._book: Book | None = None
        self._behind = False  # there is more to read at once
        self._until = ""  # the history must have come so far before it is asked for what is old

    async def run(self) -> None:
        """Until it is cancelled. Of two beside each other one reads."""
        before = ""
        with contextlib.ExitStack() as held:
            alone = False
            while True:
                try:
                    alone = alone or self._alone(held)
                    if alone:
                        await self.turn()
                    before = ""
                except Exception as fault:  # the store, the database, the disk: what was not kept is read again
                    if before != told(fault):
                        log.warning("Asterisk's event log waits: %s", told(fault))
                    before = told(fault)
                await asyncio.sleep(0 if self._behind and not before else EVERY_SECONDS)

    def _alone(self, held: contextlib.ExitStack) -> bool:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lock = self._file.with_suffix(".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        held.enter_context(lock)
        return True

    async def turn(self) -> int:
        """Read what is new and tell of it; answers how many calls nobody had told of."""
        book, self._book = self._book, None  # after any fault it is read again as it was kept
        if book is None:
            book = await asyncio.to_thread(self._journal.book)
            self._until = (await self._acd.snapshot()).journal
        new, lines = 0, await asyncio.to_thread(self._journal.read, book)
        self._behind = lines == MOST
        if lines or book.gone:
            new = await self._tell(book)
            await asyncio.to_thread(self._journal.keep, book)
            await asyncio.to_thread(self._journal.put_aside, book)
        self._book = book
        return new

    async def _tell(self, book: Book) -> int:
        now = self._clock.ms()
        missed: list[Gone] = []
        wait: list[Gone] = []
        for gone in book.gone:
            if gone.refused:
                missed.append(gone)
            elif not await self._known(gone):
                (missed if now - gone.at >= STEP_MS else wait).append(gone)
        unknown, undecided = await asyncio.to_thread(self._not_in_history, missed, now)
        calls = [self._as_call(gone) for gone in unknown if _is_caller(gone)]
        new = 0
        for i in range(0, len(calls), AT_ONCE):
            new += await self._acd.missed(calls[i : i + AT_ONCE])
        book.gone = [*wait, *undecided]
        for call in calls if new else ():
            if call.outcome is not Outcome.REFUSED:
                repaired("missed", call.id)
        return new

    async def _known(self, gone: Gone) -> bool:
        """Whether the store knows the call; then it is over there too. Asterisk's death is others' affair."""
        call = await self._acd.call(self._name(gone))
        if call is None:
            return False
        # Whoever was called back talks on another leg than the one that ended.
        its_leg = call.channel in ("", named(self._node, gone.start.channel))
        if gone.end is not None and its_leg and call.state is not CallState.ENDED:
            try:
                await self._hung_up(call.id, by="cel")
            except StoreUnavailable:
                raise
            except Problem as problem:
                log.debug("call %s: %s", call.id, problem.slug)
        return True

    def _not_in_history(self, missed: Sequence[Gone], now: int) -> tuple[list[Gone], list[Gone]]:
        """Who is not written down yet, and of whom that cannot be said while the history is behind."""
        if not missed:
            return [], []
        with self._db.reading() as session:
            known = history.ended(session, self._acd.pool, [self._name(gone) for gone in missed])
            behind = history.is_behind(session, self._acd.pool, self._until)
        unknown = [gone for gone in missed if self._name(gone) not in known]
        old = [gone for gone in unknown if behind and now - gone.at > OLD_MS]
        return [gone for gone in unknown if gone not in old], old

    def _name(self, gone: Gone) -> str:
        """As the dialplan's [arrival] makes it."""
        return "c" + gone.start.channel_id.replace(".", "x") + (f"x{self._node}" if self._node else "")

    def _as_call(self, gone: Gone) -> MissedCall:
        # The number of a trunk may stand for another one (`counts_as`): the last row has the one that counts.
        dialled = as_dialled(gone.end.dialled if gone.end and gone.end.context == FRONT else gone.start.dialled)
        trunk = trunk_dialled(dialled)
        return MissedCall(
            id=self._name(gone),
            carrier="asterisk",
            channel=named(self._node, gone.start.channel),
            ani=e164(gone.start.number),
            trunk=trunk,
            region=region_of(trunk),
            dialled=dialled,
            arrived=gone.start.began[0] * 1000 if gone.start is gone.end else gone.start.at,
            outcome=_outcome(gone),
            reason="front-full" if gone.refused else "",
        )


def _outcome(gone: Gone) -> Outcome:
    if gone.refused:
        return Outcome.REFUSED
    if gone.end is not None and gone.end.context == "emergency" and gone.end.answered:
        return Outcome.ANSWERED  # at the telephone that Asterisk rings alone
    heard = gone.end is not None and gone.end.context == "full"
    return Outcome.ANNOUNCED if heard else Outcome.LOST


def _is_caller(gone: Gone) -> bool:
    """A caller of ours: not of a number that is not served here, nor of a dialplan that the operator has added."""
    if gone.end is None:
        return True
    if gone.end.context == FRONT:
        return gone.end.cause != UNKNOWN_NUMBER
    return gone.end.context.startswith("from-") or gone.end.context in contexts()
