"""The durable wishes of callers (`call.intent` in the journal) become tickets, who called from where is handed to the
detection of outages, and what each number heard is kept for its next call. Off the caller's path, once each.

Every service called here is idempotent by the intent's key, so a batch that was half done is simply done again.
The position is kept in SQL; the store drops nothing that this follower has not confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from config.database import Database
from config.errors import Problem
from ivr import arrivals
from router.events import Entry, Event
from router.store.acd import Acd
from tickets import recordings
from tickets.contacts import Contact
from tickets.detection.arrivals import record
from tickets.kinds import ReportingKind, ReportKind
from tickets.models import FollowerPosition
from tickets.notices.subscriptions import subscribe
from tickets.outages import heard
from tickets.outages.again import file_or_apply, still_dark
from tickets.schemas import NewReport

log = logging.getLogger(__name__)

NAME = "intents"
BATCH = 200
BLOCK_MS = 500
RETRY_S = 1.0
LINGER_S = 0.2  # between two commits, unless a whole batch waits: a call tells its dozen entries one by one
START = "0"


class Intents:
    """The follower. A second one beside it does no harm, only the same work twice."""

    def __init__(self, acd: Acd, db: Database) -> None:
        self._acd, self._db = acd, db
        self._position: str | None = None
        self._troubled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop; an outage of the store or of the database is said once, and nothing is lost."""
        while not stop.is_set():
            try:
                pause = 0.0
                done = await self.once(block_ms=BLOCK_MS)
            except (Problem, SQLAlchemyError) as fault:
                if not self._troubled:
                    log.warning("the wishes of callers are waiting: %s", type(fault).__name__)
                self._troubled, self._position, pause = True, None, RETRY_S
            else:
                self._troubled = False
                if 0 < done < BATCH:
                    pause = LINGER_S
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)

    async def once(self, *, block_ms: int = 0) -> int:
        """Do at most one batch of entries; answers how many there were."""
        if self._position is None:
            self._position = await asyncio.to_thread(self._read_position)
            await self._acd.committed(NAME, self._position)
        entries = await self._acd.journal(self._position, count=BATCH, block_ms=block_ms)
        if entries:
            await asyncio.to_thread(self._execute, entries)
            self._position = entries[-1].id
            await self._acd.committed(NAME, self._position)
        return len(entries)

    def _read_position(self) -> str:
        with self._db.reading() as session:
            row = session.get(FollowerPosition, (NAME, self._acd.pool))
            return row.position if row else START

    def _execute(self, entries: Sequence[Entry]) -> None:
        last = START
        for entry in entries:
            if entry.event is Event.CALL_INTENT:
                self._one(entry)
            last = entry.id
        with self._db.transaction() as session:
            record(session, arrivals.calls(entries))
            heard.record(session, arrivals.told(entries))
            session.merge(FollowerPosition(name=NAME, pool=self._acd.pool, position=last))

    def _one(self, entry: Entry) -> None:
        """One wish in a transaction of its own: one that cannot be done is set aside, the next ones are done."""
        kind = str(entry.data.get("kind", ""))
        # The legal clock counts from the instant of the wish, however late this process gets to it.
        at = datetime.fromtimestamp(entry.at / 1000, UTC)
        try:
            with self._db.transaction() as session:
                execute(session, entry.call, entry.data, at=at)
        except Problem as fault:
            log.error("the wish %s of call %s was set aside: %s", kind, entry.call, fault.slug)
        except (ValidationError, IntegrityError, DataError, LookupError, TypeError, ValueError) as fault:
            log.error("the wish %s of call %s was set aside: %s", kind, entry.call, type(fault).__name__)


def execute(session: Session, call: str, wish: dict[str, Any], *, at: datetime) -> None:
    """Do one wish; raises Problem, LookupError, ValueError (pydantic's too) when it cannot be done."""
    _KINDS[wish["kind"]](session, call, wish, at)


def _report(session: Session, call: str, wish: dict[str, Any], at: datetime) -> None:
    new = NewReport(
        kind=ReportKind.GANGGUAN,
        key=wish["key"],
        reporting_kind=ReportingKind.IVR,
        by="ivr",
        premises_id=wish.get("premises"),
        area=wish.get("area") or None,
        beside=wish.get("beside") or (),
        trouble=wish.get("trouble") or "padam",
        phone=arrivals.dialable(wish.get("phone") or ""),
        call=call,
        number=wish.get("number") or None,
        only_me=bool(wish.get("only_me")),
    )
    file_or_apply(session, new, now=at)


def _still_dark(session: Session, call: str, wish: dict[str, Any], at: datetime) -> None:
    contact = Contact(by="ivr", channel=ReportingKind.IVR, key=wish["key"], call=call)
    still_dark(session, wish["number"], only_me=bool(wish.get("only_me")), contact=contact, now=at)


def _subscribe(session: Session, call: str, wish: dict[str, Any], at: datetime) -> None:
    phone = wish.get("phone") or ""
    subscribe(session, outage_id=wish["outage"], phone=phone, call=call, key=wish["key"], now=at)


def _voice_note(session: Session, call: str, wish: dict[str, Any], at: datetime) -> None:
    told = {"number": wish.get("number") or "", "report_key": wish["report"], "seconds": int(wish["seconds"])}
    recordings.expect_note(session, call=call, **told, now=at)


def _voice_note_over(session: Session, call: str, _wish: dict[str, Any], at: datetime) -> None:
    recordings.note_spoken(session, call, now=at)


_KINDS: dict[str, Callable[[Session, str, dict[str, Any], datetime], None]] = {
    "report": _report,
    "still-dark": _still_dark,
    "subscribe": _subscribe,
    "voice-note": _voice_note,
    "voice-note-over": _voice_note_over,
}
