"""What those hear who are called about an outage, whatever the carrier: the notice, a question, thanks."""

from __future__ import annotations

from config.clock import Clock
from config.database import Database
from config.operator import operator
from ivr.instructions import Ask, Bye, Fragment
from tickets.kinds import NoticeAnswer
from tickets.notices import answers, batches

FIRST_TIMEOUT = 8  # seconds until the first key: telephones are taken from the ear for it


class Called:
    """Short transactions, for threads."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def picked_up(self, reference: str) -> Ask | Bye:
        """Somebody is there. What is no longer true is not said."""
        with self._db.transaction() as session:
            found = batches.picked_up(session, reference, now=self._clock.now())
        if found is None:
            return Bye()
        said = Fragment("notice", found.spoken)
        if not found.asks:
            return Bye((said,))
        return Ask((said, Fragment("notice.answer", operator().notices.calls.answer)), 1, FIRST_TIMEOUT)

    def keyed(self, reference: str, key: str) -> Bye:
        """1 or 2; after any other key, or none, it is over."""
        answer, calls = answers.KEYS.get(key), operator().notices.calls
        if answer is None:
            return Bye()
        with self._db.transaction() as session:
            known = answers.by_reference(session, reference, answer, now=self._clock.now())
        said = calls.lit if answer is NoticeAnswer.LIT else calls.dark
        return Bye((Fragment(f"notice.{answer.name.lower()}", said),)) if known else Bye()

    def unreached(self, reference: str, reason: str) -> None:
        """Nobody has answered."""
        with self._db.transaction() as session:
            batches.unreached(session, reference, reason, now=self._clock.now())
