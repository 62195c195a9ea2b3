"""The people of the demo utility. Running it again changes nothing and answers the same."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from agent_desk.accounts import digest, hash_password, verify_password
from agent_desk.models import Account
from agent_desk.permissions import Role
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
KEY_HOLDER = "spv1"  # a program with the demo's key may do what a supervisor may
WORDS = ("awan", "batu", "daun", "emas", "gula", "hari", "ikan", "jati", "lada", "nasi", "obor", "padi", "roti", "teh")


def seed_accounts(session: Session) -> dict[str, Any]:
    """Demo accounts with their passwords and an API key: {"logins": {login: password}, "api_key": key}.

    Passwords are random per installation and kept in clear in `<data>/demo-logins.json` (mode 0600), since a demo must
    be able to print them again; an installation that is not a demo never calls this.
    """
    secret = _kept()
    key = digest(secret["api_key"])
    session.execute(update(Account).where(Account.api_key_hash == key).values(api_key_hash=None))  # one holder
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
        if login == KEY_HOLDER:
            account.api_key_hash = key
    session.flush()
    return secret


def _kept() -> dict[str, Any]:
    path = settings().data / "demo-logins.json"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    logins = {login: kept.get("logins", {}).get(login) or _password() for login in PEOPLE}
    secret = {"logins": logins, "api_key": kept.get("api_key") or secrets.token_urlsafe(32)}
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
