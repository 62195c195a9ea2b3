"""The people of the demo utility. Running it again changes nothing and answers the same."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from agent_desk import keys
from agent_desk.accounts import digest, hash_password, verify_password
from agent_desk.keys import WantedKey
from agent_desk.models import Account, ApiKey
from agent_desk.permissions import EVERY_SCOPE, Role, Scope
from config.clock import SystemClock
from config.operator import operator
from config.settings import settings

# login → (name as it is spoken or shown, role)
PEOPLE: dict[str, tuple[str, Role]] = {
    "cso1": ("Hana", Role.CSO),
    "cso2": ("Rizal", Role.CSO),
    "cso3": ("Melati", Role.CSO),
    "cso4": ("Yusuf", Role.CSO),
    "spv1": ("Supervisor giliran", Role.SUPERVISOR),
    "dir1": ("Direktur distribusi", Role.DIRECTOR),
    "op1": ("Operator pusat komando", Role.OPERATOR),
    "regu1": ("Regu satu", Role.CREW),
    "mitra1": ("Petugas mitra", Role.PARTNER),
    "eng1": ("Teknisi sistem", Role.ENGINEER),
}
# What is printed as `api_key` may do what a supervisor may; `mobile_key` is what PLN Mobile would have.
OFTEN = 60_000  # tools that try the demo are not to wait
KEYS: dict[str, WantedKey] = {
    "api_key": WantedKey("demo", (EVERY_SCOPE,), account="spv1", per_minute=OFTEN),
    "mobile_key": WantedKey(
        "pln-mobile",
        (Scope.REPORTS_CREATE, Scope.REPORTS_RATE, Scope.TRACKING_READ, Scope.OUTAGES_READ),
        owner="Aplikasi PLN Mobile (demo)",
        per_minute=OFTEN,
    ),
}
WORDS = ("awan", "batu", "daun", "emas", "gula", "hari", "ikan", "jati", "lada", "nasi", "obor", "padi", "roti", "teh")


def seed_accounts(session: Session) -> dict[str, Any]:
    """Demo accounts with their passwords and API keys: {"logins": {login: password}, "api_key": …, "mobile_key": …}.

    Passwords are random per installation and kept in clear in `<data>/demo-logins.json` (mode 0600), since a demo must
    be able to print them again; an installation that is not a demo never calls this.
    """
    secret = _kept()
    queues = list(operator().queues.queues)
    partner = next(iter(operator().partners.partners), "")
    for login, (name, role) in PEOPLE.items():
        account = session.scalar(select(Account).where(Account.login == login))
        if account is None:
            account = Account(login=login, name=name, role=role.value, password_hash="", queues=[], partner="")
            session.add(account)
        account.queues = queues if role is Role.CSO else []
        account.partner = partner if role is Role.PARTNER else ""
        if not verify_password(account.password_hash, secret["logins"][login]):
            account.password_hash = hash_password(secret["logins"][login])
    session.flush()
    for printed, wanted in KEYS.items():
        _seed_key(session, wanted, secret[printed])
    return secret


def _seed_key(session: Session, wanted: WantedKey, key: str) -> None:
    known = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))
    if known is not None and known.revoked_at is None:
        return
    session.execute(delete(ApiKey).where((ApiKey.name == wanted.name) | (ApiKey.key_hash == digest(key))))
    keys.create(session, wanted, now=SystemClock().now(), key=key)


def _kept() -> dict[str, Any]:
    path = settings().data / "demo-logins.json"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    logins = {login: kept.get("logins", {}).get(login) or _password() for login in PEOPLE}
    secret = {"logins": logins} | {printed: kept.get(printed) or keys.new_key() for printed in KEYS}
    if secret != kept:
        _write(path, json.dumps(secret, indent=1) + "\n")
    return secret


def _password() -> str:
    """Short enough to type for a newcomer: two words and four figures."""
    return f"{secrets.choice(WORDS)}-{secrets.choice(WORDS)}-{secrets.randbelow(9000) + 1000}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
