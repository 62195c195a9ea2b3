"""Notices leave through this port: short messages and calls. The embedded sender writes files; a provider is one more
class (ivr/carriers/).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tickets.notices.batches import SENT, Message, Outcome


class Sender(Protocol):
    """A way to tell people something. Of calls it tells later how they went (tickets/notices/batches.py: RINGING)."""

    carrier: str  # whose pace it keeps
    per_second: float  # numbers, of all processes together; 0 = as fast as it can
    at_once: int | None  # how many are handed over together; None = a whole batch
    repeatable: bool  # the same key may be sent again: nobody gets it twice

    def send(self, key: str, messages: Sequence[Message], text: str) -> Mapping[str, Outcome]:
        """What became of each, by its number. Raises nothing for one that failed."""
        ...


class FileSender:
    """One file per batch, readable by its owner only: <folder>/<hash of the key>.jsonl, one line per number."""

    carrier = "file"
    per_second = 0.0
    at_once: int | None = None
    repeatable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, key: str, messages: Sequence[Message], text: str) -> Mapping[str, Outcome]:
        """Written beside and put in place: a reader sees all of it or nothing."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.jsonl"
        part = path.with_suffix(f".{os.getpid()}")
        lines = [json.dumps({"key": key, "to": one.to, "text": text}, ensure_ascii=False) for one in messages]
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        part.replace(path)
        return {one.to: SENT for one in messages}
