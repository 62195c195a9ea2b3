"""`suar doctor`: what an operations engineer would look at first, one line each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from agent_desk.accounts import telephones
from config.database import database
from config.errors import Problem
from config.operator import operator
from config.settings import settings
from router.history.recount import differences
from router.store.acd import Acd, StoreUnavailable
from router.store.audit import audit
from router.store.embedded import ready
from router.store.persistence import losses
from suar.doctor_asterisk import certificate, nodes, outgoing, sound
from suar.processes import VERBS, NotThere, load
from suar.welcome import status

Finding = tuple[bool, str]


def examine() -> list[tuple[str, bool, str]]:
    """(what, fine, sentence) for each check; a check that fails says what to do."""
    return [(name, *look()) for name, look in CHECKS.items()]


def _configuration() -> Finding:
    files = operator()
    return True, f"{len(files.areas.areas)} areas, {len(files.queues.queues)} queues"


def _store() -> Finding:
    fine = asyncio.run(ready(settings().store_url))
    return fine, "answers" if fine else "does not answer; is `suar up` running, or SUAR_REDIS_URL right?"


def _durability() -> Finding:
    """What the store's own settings can lose of what it has answered."""
    now = settings()
    asked = losses(now.store_url, embedded=not now.redis_url, durability=now.store_durability, within=PATIENCE)
    try:
        found = asyncio.run(asked)
    except StoreUnavailable:
        return False, "the store does not answer"
    if found is None:
        return True, "the store does not tell its settings; see that they are `appendonly yes`, `appendfsync always`"
    return not found, "; ".join(found) or "a killed store keeps everything that it has answered"


def _database() -> Finding:
    try:
        with database().reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as fault:
        return False, f"cannot be read ({type(fault).__name__}); see SUAR_DATABASE_URL"
    return True, f"answers ({database().engine.dialect.name})"


def _migrations() -> Finding:
    try:
        fine = bool(load(VERBS["at-head"])())
    except NotThere as fault:
        return False, str(fault)
    except SQLAlchemyError as fault:
        return False, f"cannot be read ({type(fault).__name__})"
    return fine, "at the newest version" if fine else "behind; run `suar migrate`"


def _web() -> Finding:
    code = asyncio.run(status(settings().host, settings().port, "/readyz"))
    sentences = {200: "ready to take calls", 0: "does not answer", 503: "is up but not ready to take calls"}
    return code == 200, sentences.get(code, f"answers {code}")


PATIENCE = 20.0  # seconds for reading a whole pool
SHOWN = 20  # differences; whoever has more needs another tool


def _structures() -> Finding:
    """Every index of the live state against the calls and CSOs themselves; nothing is repaired."""
    try:
        found = [str(one) for one in asyncio.run(audit(settings().store_url, settings().pool, timeout=PATIENCE))]
    except StoreUnavailable:
        return False, "the store does not answer"
    return not found, _shown(found) or "every index agrees with its calls and CSOs"


def _counters() -> Finding:
    """The counters against history and the journal's tail."""

    async def look() -> list[str]:
        acd = Acd.from_settings()
        try:
            await acd.boot()
            return await differences(acd, database())
        finally:
            await acd.close()

    try:
        found = asyncio.run(look())
    except (Problem, SQLAlchemyError) as fault:
        return False, f"cannot be counted ({type(fault).__name__})"
    return not found, _shown(found) or "agree with what was told"


def _shown(found: list[str]) -> str:
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "; ".join(found[:SHOWN] + more)


def _sound() -> Finding:
    files = operator()
    try:
        with database().reading() as session:
            csos = len(telephones(session))
    except SQLAlchemyError:
        csos = 0  # the line `database` says so
    return sound(settings(), lines=files.areas.lines, front=files.surge.front, csos=csos)


CHECKS: dict[str, Callable[[], Finding]] = {
    "configuration": _configuration,
    "store": _store,
    "durability": _durability,
    "database": _database,
    "migrations": _migrations,
    "structures": _structures,
    "counters": _counters,
    "web": _web,
    "asterisk": lambda: nodes(settings()),
    "sound": _sound,
    "outgoing": lambda: outgoing(settings(), operator().areas.outgoing),
    "sip tls": lambda: certificate(settings()),
}
