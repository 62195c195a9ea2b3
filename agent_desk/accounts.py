"""Logging in and staying logged in. Services take a session first and never commit."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from agent_desk.models import Account, Throttle, WebSession
from agent_desk.permissions import Role
from config.errors import Invalid, NotFound, Problem, Refused
from config.operator import operator
from tickets.kinds import ReportingKind
from tickets.once import insert_once

SHIFT = timedelta(hours=12)  # a login lasts one shift at most
ATTEMPTS = 5
PAUSE = timedelta(minutes=5)
SHORTEST_PASSWORD = 12
LOGIN = re.compile(r"[a-z][a-z0-9-]{1,31}")  # also the name of the CSO's SIP telephone
# Sections of pjsip.conf that are no CSO's telephone, and the telephone that is rung for emergencies.
TAKEN = re.compile(r"(global|system|sound|bound|trunk|telephone|page|darurat)|(transport|trunk|partner|node)-.*|.*-web")
PAGE = "-web"  # how the endpoint of a telephone in the page ends (ivr/carriers/asterisk_etc/pjsip.conf)

_hasher = PasswordHasher()
# Verified against when the login is unknown, so that a wrong name takes as long as a wrong password.
_NOBODY = _hasher.hash(secrets.token_hex(16))


class WrongLogin(Problem):
    """Name or password do not match; which of the two is never said."""

    slug = "wrong-login"
    status = 401

    def __init__(self, left: int) -> None:
        super().__init__("Nama atau kata sandi tidak cocok.")
        self.left = left


class TooManyAttempts(Refused):
    """A pause after too many failures."""

    slug = "too-many-attempts"
    status = 429

    def __init__(self, until: datetime) -> None:
        super().__init__("Terlalu banyak percobaan. Coba lagi sesudah jeda.")
        self.until = until


@dataclass(frozen=True)
class Principal:
    """Who asks: an account seen through a session or an API key; or an application, which has no account."""

    account: int  # 0: an application
    login: str  # `app:<name of the key>` of an application
    name: str
    role: str  # "" of an application
    queues: tuple[str, ...] = ()  # `gangguan`, or `gangguan:5` with a proficiency
    skills: str = ""  # `en:4 region-31:3`
    endpoint: str = ""
    partner: str = ""
    csrf: str = ""  # "" with an API key
    session: int = 0
    # Of an API key: its name, what it opens, how often; and of an application, by which channel its reports come.
    key: str = ""
    scopes: frozenset[str] = frozenset()
    per_minute: int = 0
    key_used_at: datetime | None = None
    channel: ReportingKind | None = None


SKILL = re.compile(r"[a-z0-9][a-z0-9-]{0,31}:[1-5]")
LEVELS = ("", "1", "2", "3", "4", "5")


def digest(secret: str) -> str:
    """What is stored of a random token. A plain hash suffices: there is nothing to guess from."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_password(password: str) -> str:
    """argon2id with the library's recommended cost."""
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def check_throttle(session: Session, key: str, *, now: datetime, most: int = ATTEMPTS) -> None:
    """Raises TooManyAttempts while `key` is in its pause, after `most` of whatever is counted."""
    row = session.get(Throttle, digest(key))
    if row is not None and row.failures >= most and row.until > now:
        raise TooManyAttempts(row.until)


def count_failure(session: Session, key: str, *, now: datetime) -> int:
    """Adds one failure; answers how many attempts are left before the pause."""
    first = Throttle(key=digest(key), failures=0, until=now)
    row, _ = insert_once(session, first, lambda: session.get(Throttle, digest(key), with_for_update=True))
    row.failures = row.failures + 1 if row.until > now else 1
    row.until = now + PAUSE
    return max(0, ATTEMPTS - row.failures)


def forgive(session: Session, key: str) -> None:
    """A success clears the count."""
    row = session.get(Throttle, digest(key))
    if row is not None:
        session.delete(row)


def check_password(session: Session, login: str, password: str) -> Account | None:
    """The account, or None: wrong name, wrong password or closed account look the same, and take the same time."""
    account = session.scalar(select(Account).where(Account.login == login))
    fits = verify_password(account.password_hash if account else _NOBODY, password)
    return account if account is not None and fits and account.active else None


def open_session(session: Session, account: Account, *, now: datetime) -> tuple[str, WebSession]:
    """The token for the cookie and the row that knows its hash."""
    token = secrets.token_urlsafe(32)
    row = WebSession(
        token_hash=digest(token),
        account=account,
        csrf=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + SHIFT,
    )
    session.add(row)
    session.flush()
    return token, row


def principal_by_token(session: Session, token: str, *, now: datetime) -> Principal | None:
    """Who holds this cookie; None when unknown, expired, revoked or the account was closed."""
    row = session.scalar(select(WebSession).where(WebSession.token_hash == digest(token)))
    if row is None or row.revoked or row.expires_at <= now or not row.account.active:
        return None
    return principal_of(row.account, row)


def session_lives(session: Session, session_id: int, *, now: datetime) -> bool:
    """Whether a stream opened under this session may go on."""
    row = session.get(WebSession, session_id)
    return row is not None and not row.revoked and row.expires_at > now and row.account.active


def revoke(session: Session, session_id: int) -> None:
    """Ends one login at once, wherever its cookie is."""
    session.execute(update(WebSession).where(WebSession.id == session_id).values(revoked=True))


def revoke_all(session: Session, login: str) -> None:
    """Ends every login of an account."""
    owner = select(Account.id).where(Account.login == login).scalar_subquery()
    session.execute(update(WebSession).where(WebSession.account_id == owner).values(revoked=True))


def principal_of(account: Account, row: WebSession | None = None) -> Principal:
    """The account as it is seen through a login (`row`) or an API key."""
    return Principal(
        account=account.id,
        login=account.login,
        name=account.name,
        role=account.role,
        queues=tuple(account.queues),
        skills=account.skills,
        endpoint=account.endpoint,
        partner=account.partner,
        csrf=row.csrf if row else "",
        session=row.id if row else 0,
    )


@dataclass(frozen=True)
class Wanted:
    """An account as an operator asks for it. No queues: a CSO serves all of them. A queue may carry a proficiency
    (`gangguan:5`); skills are `name:level`, languages (`en`) and regions (`region-31`) among them; levels are 1 to 5.
    """

    login: str
    name: str
    role: str
    password: str
    queues: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    partner: str = ""
    endpoint: str = ""  # the CSO's telephone where it has another name than the login


def telephones(session: Session) -> list[str]:
    """What the telephones of all CSOs are called who may log in, on Asterisk; that in the page goes with its name."""
    rows = session.scalars(select(Account).where(Account.role == Role.CSO, Account.active).order_by(Account.login))
    return sorted({(account.endpoint or account.login).removesuffix(PAGE) for account in rows})


def put_account(session: Session, wanted: Wanted) -> Account:
    """A new account, or the same login with other data and a new password (which ends its sessions).

    Raises Invalid (slugs bad-login, unknown-role, weak-password, unknown-queue, unknown-skill, unknown-partner).
    """
    _check(wanted)
    account = session.scalar(select(Account).where(Account.login == wanted.login))
    if account is None:
        account = Account(login=wanted.login)
        session.add(account)
    else:
        session.execute(update(WebSession).where(WebSession.account_id == account.id).values(revoked=True))
    serves = list(wanted.queues) or list(operator().queues.queues)
    account.name, account.role, account.partner, account.active = wanted.name, wanted.role, wanted.partner, True
    account.queues = serves if wanted.role == Role.CSO else []
    account.skills, account.endpoint = " ".join(wanted.skills), wanted.endpoint
    account.password_hash = hash_password(wanted.password)
    session.flush()
    return account


def close_account(session: Session, login: str) -> None:
    """Nobody logs in with it any more, its sessions and keys end, its telephone is no longer known; what it did stays
    told under its name. `put_account` opens it again. Raises NotFound (unknown-account).
    """
    account = session.scalar(select(Account).where(Account.login == login))
    if account is None:
        raise NotFound(f"there is no account {login!r}", slug="unknown-account")
    account.active = False
    revoke_all(session, login)


def _check(wanted: Wanted) -> None:
    if not LOGIN.fullmatch(wanted.login):
        raise Invalid("a login is a letter and then 1 to 31 of a-z 0-9 -", slug="bad-login", field="login")
    if wanted.role not in set(Role):
        raise Invalid(f"a role is one of {', '.join(Role)}", slug="unknown-role", field="role")
    if len(wanted.password) < SHORTEST_PASSWORD:
        raise Invalid(f"a password has at least {SHORTEST_PASSWORD} characters", slug="weak-password", field="password")
    if wanted.role == Role.CSO:
        _check_telephone(wanted.endpoint or wanted.login)
    _check_serves(wanted)
    if wanted.role == Role.PARTNER and wanted.partner not in operator().partners.partners:
        raise Invalid("a partner's account names the partner in partners.yaml", slug="unknown-partner", field="partner")


def _check_telephone(name: str) -> None:
    if TAKEN.fullmatch(name) or not LOGIN.fullmatch(name):
        raise Invalid(f"{name!r} cannot be the name of a telephone", slug="bad-endpoint", field="endpoint")


def _check_serves(wanted: Wanted) -> None:
    for word in wanted.queues:
        queue, _, level = word.partition(":")
        if queue not in operator().queues.queues or level not in LEVELS:
            raise Invalid(f"{word!r} is no queue of queues.yaml, or no level", slug="unknown-queue", field="queues")
    if not all(SKILL.fullmatch(word) for word in wanted.skills):
        raise Invalid("a skill is name:level, level 1 to 5", slug="unknown-skill", field="skills")
    for word in wanted.skills:
        if word.partition(":")[0] not in operator().queues.skills:
            raise Invalid(f"{word!r} is no skill of queues.yaml", slug="unknown-skill", field="skills")
