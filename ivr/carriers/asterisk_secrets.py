"""The passwords of an Asterisk that works for us: of the manager, of telephones, and between nodes.

Without SUAR_SIP_SECRET they are made once and kept beside the configuration. With it telephones' passwords are made of
it, so that every node has the same without telling the others.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.settings import Settings, settings

EMERGENCY = "darurat"  # where queues.yaml names no `emergency_number`: a telephone that the operator registers


@dataclass(frozen=True)
class Secrets:
    """Of one Asterisk. The file is readable by its owner alone."""

    ami: str
    telephones: dict[str, str]  # endpoint → password


def read_secrets(folder: Path, accounts: Iterable[str] = ()) -> Secrets:
    """The secrets of the Asterisk in `folder`; made now if there are none.

    Its telephones are those written in the file, and one for each of `accounts`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "secrets.json"
    with _locked(folder):
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else _new()
        kept: dict[str, str] = found.setdefault("accounts", {})
        missing = [name for name in accounts if name not in kept and name not in found["telephones"]]
        kept |= {name: secrets.token_hex(8) for name in missing}
        if missing or not file.exists():
            draft = file.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(found, indent=1))
            draft.replace(file)
    telephones = found["telephones"] | {name: kept[name] for name in sorted(accounts) if name in kept}
    shared = settings().sip_secret
    if shared:
        telephones = {name: made_of(shared, f"telephone {name}") for name in telephones}
    return Secrets(ami=found["ami"], telephones=telephones)


def _new() -> dict[str, Any]:
    return {"ami": secrets.token_hex(16), "telephones": {EMERGENCY: secrets.token_hex(8)}}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Several processes may be the first."""
    with (folder / ".secrets.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made_of(secret: str, purpose: str) -> str:
    """A password that every node makes alike."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()[:24]


def ami_secret() -> str:
    """What the connector logs in with."""
    return settings().ami_secret or read_secrets(folder_of(settings())).ami


def folder_of(s: Settings) -> Path:
    """Where the Asterisk of `suar up` lives."""
    return s.data.resolve() / "asterisk"
