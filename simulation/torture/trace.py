"""What was asked of the store, in the order in which it was executed: one JSON array per line, compressed.

    ["run", {…}]                                    how the run was started
    ["do", number, client, command, reply, mark]    mark: "" | "lost" (the reply was thrown away) | "unknown"
    ["kill", "store" | "worker-3" | …]              a process was killed here
    ["audit"]                                       the raw state was looked at here
    ["violation", sentence]

"unknown": the store was killed before it replied; a marker in the store tells that it had been executed. What had not
been executed is not in the trace.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hiredis

BULKY = ("acd_v1_snapshot",)  # replies that are not kept


class Recorder:
    """Writes a trace."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path, "wt", compresslevel=1, encoding="utf-8")  # noqa: SIM115 - closed by close()

    def write(self, *row: Any) -> None:
        """One line."""
        self._file.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")

    def did(self, number: int, client: int, command: list[Any], reply: Any, mark: str) -> None:
        """One executed command."""
        kept = None if len(command) > 1 and command[1] in BULKY else plain(reply)
        self.write("do", number, client, command, kept, mark)

    def close(self) -> None:
        """The end of the run."""
        self._file.close()


def plain(reply: Any) -> Any:
    """A reply as JSON can keep it."""
    return {"error": str(reply)} if isinstance(reply, hiredis.ReplyError) else reply


def rows(path: Path) -> Iterator[list[Any]]:
    """A trace, line by line; one cut off by a killed recorder ends where it ends."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        try:
            for line in file:
                yield json.loads(line)
        except (EOFError, json.JSONDecodeError):
            return


def same(one: Any, other: Any) -> bool:
    """Whether two replies say the same; the order inside hashes and sets is the store's own business."""
    return one == other or _leaves(one) == _leaves(other)


def _leaves(reply: Any) -> list[str]:
    found: list[str] = []
    todo = [reply]
    while todo:
        item = todo.pop()
        if isinstance(item, str) and item[:1] in ("{", "["):
            try:
                item = json.loads(item)
            except ValueError:
                found.append(item)
                continue
        if isinstance(item, dict):
            todo += [f"{name}={json.dumps(value, sort_keys=True)}" for name, value in item.items()]
        elif isinstance(item, list):
            todo += item
        else:
            found.append(str(item))
    return sorted(found)
