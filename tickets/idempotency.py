"""Writing requests that may be sent again (draft-ietf-httpapi-idempotency-key-header, ADR 41).

The answer is kept in the transaction that has the effect: either both are there or neither. A refused request has
changed nothing and keeps nothing; sent again, it is judged again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar, cast
from uuid import uuid4

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session
from starlette.responses import Response

from config.database import Database
from config.errors import Invalid, Refused
from tickets.models import KeptAnswer
from tickets.once import insert_once

KEPT = timedelta(hours=48)  # the draft leaves it to the server; a telephone without a network for a day is served
HEADER = r'^("[\x20\x21\x23-\x7e]{1,64}"|[\x21\x23-\x7e]{1,64})?$'  # a string of RFC 9651, or bare as most write it
REPLAYED = "Idempotency-Replayed"

Answer = TypeVar("Answer")


class KeyReused(Invalid):
    """The key belongs to a request with another body or another address."""

    slug = "key-reused"

    def __init__(self) -> None:
        super().__init__("Kunci permintaan itu sudah dipakai untuk permintaan lain.", field="Idempotency-Key")


class StillRunning(Refused):
    """The first request with this key has no answer yet."""

    slug = "request-running"

    def __init__(self) -> None:
        super().__init__("Permintaan yang sama masih dikerjakan. Coba lagi sebentar.")


@dataclass(frozen=True)
class Named:
    """Whose key it is, for which route, and what was asked (a hash of address and body)."""

    principal: str
    route: str
    key: str
    fingerprint: str

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.principal, self.route, self.key


class Writer:
    """One writing request. Called with its effect it opens the transaction; without a key it does no more than that."""

    def __init__(self, db: Database, named: Named | None, *, status: int, now: datetime) -> None:
        self.key = f"api:{uuid4().hex}"  # new for every effect: what services want as their own key
        self._db, self._named, self._status, self._now = db, named, status, now

    def __call__(self, effect: Callable[[Session], Answer]) -> Answer:
        """The answer of the effect; of a request sent again the response that the first one had (which FastAPI sends
        as it is). Raises KeyReused, StillRunning and whatever the effect raises.
        """
        if self._named is None:
            with self._db.transaction() as session:
                return effect(session)
        with _alone(self._named), self._db.transaction() as session:
            kept, is_new = self._claim(session, self._named)
            if not is_new:
                return cast(Answer, _again(kept, self._named))
            answer = effect(session)
            kept.answer = json.dumps(jsonable_encoder(answer), ensure_ascii=False)
            session.flush()
            return answer

    def _claim(self, session: Session, named: Named) -> tuple[KeptAnswer, bool]:
        """The row first: on PostgreSQL a request of another process waits here until the first one has its answer."""
        row = KeptAnswer(
            principal=named.principal,
            route=named.route,
            key=named.key,
            fingerprint=named.fingerprint,
            status=self._status,
            answer="",
            at=self._now,
        )
        return insert_once(session, row, lambda: session.get(KeptAnswer, named.identity))


_running: dict[tuple[str, str, str], object] = {}


@contextmanager
def _alone(named: Named) -> Iterator[None]:
    """The second of two at the same time need not hold a thread and a connection until the first has ended."""
    mine = object()
    if _running.setdefault(named.identity, mine) is not mine:
        raise StillRunning()
    try:
        yield
    finally:
        del _running[named.identity]


def _again(kept: KeptAnswer, named: Named) -> Response:
    if kept.fingerprint != named.fingerprint:
        raise KeyReused()
    return Response(kept.answer, kept.status, {REPLAYED: "true"}, media_type="application/json")


def forget(session: Session, *, now: datetime, most: int = 1000) -> int:
    """Removes what was kept long enough, at most so many; answers how many."""
    identity = (KeptAnswer.principal, KeptAnswer.route, KeptAnswer.key)
    old = select(*identity).where(KeptAnswer.at < now - KEPT).limit(most)
    gone = session.execute(delete(KeptAnswer).where(tuple_(*identity).in_(old)))
    return cast(int, cast(Any, gone).rowcount)


async def _writer(
    request: Request,
    idempotency_key: Annotated[
        str,
        Header(
            pattern=HEADER,
            description="Up to 64 visible characters, best a UUID. The same key and body within 48 hours give the "
            "first answer again.",
            examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        ),
    ] = "",
) -> Writer:
    state, route = request.app.state, request.scope["route"]
    named = None
    if idempotency_key:
        named = Named(
            principal=request.state.principal.login,
            route=f"{request.method} {route.path}",
            key=idempotency_key.strip('"'),
            fingerprint=fingerprint(request.scope["path"], await request.body()),
        )
    return Writer(state.db, named, status=route.status_code or 200, now=state.clock.now())


def fingerprint(path: str, body: bytes) -> str:
    """The same for the same request, however its JSON is spaced and in whatever order its fields are."""
    try:
        told = json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):  # a route without a body never looked at what was sent
        told = body
    return hashlib.sha256(path.encode() + b"\n" + told).hexdigest()


Write = Annotated[Writer, Depends(_writer)]
