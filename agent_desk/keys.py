"""Keys of programs: what they open and how often they may ask (ADR 40). Services take a session and never commit.

A key of an application (PLN Mobile) stands for the application alone and has only its scopes. A key of an account acts
as the account, narrowed by its scopes.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from agent_desk.accounts import LOGIN, Principal, digest, principal_of
from agent_desk.models import Account, ApiKey
from agent_desk.permissions import EVERY_SCOPE, FOR_APPLICATIONS, Scope
from config.errors import Invalid, NotFound
from tickets.kinds import ReportingKind

PREFIX = "suar_"  # so that a key is recognised where it should not be, in a repository or a log
PER_MINUTE = 600
MOST_PER_MINUTE = 1_000_000
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class WantedKey:
    """A key as an operator asks for it. Without `account` it is an application's, and `owner` says who answers for it;
    `channel` is how the reports of an application are said to have come.
    """

    name: str
    scopes: tuple[str, ...]
    account: str = ""
    owner: str = ""
    channel: str = ReportingKind.APP.value
    per_minute: int = PER_MINUTE


def new_key() -> str:
    """Random; known to nobody yet."""
    return PREFIX + secrets.token_urlsafe(32)


def create(session: Session, wanted: WantedKey, *, now: datetime, key: str = "") -> str:
    """The new key, to be shown once: the table keeps its SHA-256 only. `key` is given by the demo alone.

    Raises Invalid (bad-name, name-taken, unknown-scope, owner-missing, unknown-channel, bad-limit) and NotFound
    (unknown-account).
    """
    account = _account(session, wanted.account)
    _check(session, wanted)
    key = key or new_key()
    session.add(
        ApiKey(
            name=wanted.name,
            owner=wanted.owner.strip() or (account.name if account else ""),
            account=account,
            key_hash=digest(key),
            scopes=sorted(set(wanted.scopes)),
            channel="" if account else wanted.channel,
            per_minute=wanted.per_minute,
            created_at=now,
        )
    )
    session.flush()
    return key


def every(session: Session) -> Sequence[ApiKey]:
    """All keys, revoked ones too."""
    return session.scalars(select(ApiKey).order_by(ApiKey.name)).all()


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """From now on the key opens nothing; a second time changes nothing. Raises NotFound (unknown-key)."""
    row = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if row is None:
        raise NotFound("There is no key of that name.", slug="unknown-key", field="name")
    row.revoked_at = row.revoked_at or now


def principal_by_key(session: Session, key: str) -> Principal | None:
    """Who holds this key; None when unknown, revoked or its account was closed."""
    row = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))
    if row is None or row.revoked_at is not None or (row.account is not None and not row.account.active):
        return None
    if row.account is not None:
        who = principal_of(row.account)
    else:
        who = Principal(account=0, login=f"app:{row.name}", name=row.name, role="", channel=ReportingKind(row.channel))
    return replace(
        who, key=row.name, scopes=frozenset(row.scopes), per_minute=row.per_minute, key_used_at=row.last_used_at
    )


def used(session: Session, name: str, *, now: datetime) -> None:
    """Notes the use, to the minute: a busy key writes one row a minute."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - USED_EVERY)
    session.execute(update(ApiKey).where(ApiKey.name == name, stale).values(last_used_at=now))


def use_is_news(who: Principal, *, now: datetime) -> bool:
    """Whether `used` would write."""
    return bool(who.key) and (who.key_used_at is None or who.key_used_at <= now - USED_EVERY)


def _account(session: Session, login: str) -> Account | None:
    if not login:
        return None
    found = session.scalar(select(Account).where(Account.login == login))
    if found is None:
        raise NotFound("There is no account of that login.", slug="unknown-account", field="account")
    return found


def _check(session: Session, wanted: WantedKey) -> None:
    if not LOGIN.fullmatch(wanted.name):
        raise Invalid("a name is a letter and then 1 to 31 of a-z 0-9 -", slug="bad-name", field="name")
    if session.scalar(select(ApiKey.id).where(ApiKey.name == wanted.name)):
        raise Invalid("that name is taken, if only by a revoked key", slug="name-taken", field="name")
    allowed = {EVERY_SCOPE, *Scope} if wanted.account else FOR_APPLICATIONS
    if not wanted.scopes or not set(wanted.scopes) <= allowed:
        raise Invalid(f"scopes are among {', '.join(sorted(allowed))}", slug="unknown-scope", field="scopes")
    if not wanted.account and not wanted.owner.strip():
        raise Invalid("say who answers for the application", slug="owner-missing", field="owner")
    if wanted.channel not in set(ReportingKind):
        raise Invalid(f"a channel is one of {', '.join(ReportingKind)}", slug="unknown-channel", field="channel")
    if not 1 <= wanted.per_minute <= MOST_PER_MINUTE:
        raise Invalid(f"requests per minute: 1 to {MOST_PER_MINUTE}", slug="bad-limit", field="per_minute")
