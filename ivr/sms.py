"""Short messages leave through this port. The embedded sender writes files; a provider is one more class here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class SmsSender(Protocol):
    """Sends once per key, however often it is asked."""

    def send(self, key: str, to: Sequence[str], text: str) -> None:
        """`to` are numbers in E.164."""
        ...


class FileSender:
    """One file per message, readable by its owner only: <folder>/<hash of the key>.jsonl, one line per number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, key: str, to: Sequence[str], text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.jsonl"
        part = path.with_suffix(f".{os.getpid()}")
        lines = [json.dumps({"key": key, "to": number, "text": text}, ensure_ascii=False) for number in to]
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        part.replace(path)
