"""What `suar up` needs of the machine before it starts anything: a writable folder of its own, and free ports."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from config.errors import Problem
from config.settings import Settings

LEFTOVER_SECONDS = 10.0


class NotReady(Problem):
    """The machine is not as `suar up` needs it; the text says what to change."""

    slug = "not-ready"


def folders(settings: Settings) -> Path:
    """The data folder with its parts, made and writable."""
    data = settings.data.resolve()
    try:
        for part in ("run", "log", "store", "sounds"):
            (data / part).mkdir(parents=True, exist_ok=True)
        (data / "run" / "writable").touch()
        (data / "run" / "writable").unlink()
    except OSError as fault:
        raise NotReady(
            f"The data folder {data} cannot be written ({fault.strerror}); set SUAR_DATA to another one."
        ) from None
    return data


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Hold the data folder; a second `suar up` on it is refused. The kernel lets go when the process dies."""
    with (data / "run" / "up.lock").open("a+", encoding="utf-8") as file:
        if not _lock(file.fileno()):
            file.seek(0)
            raise NotReady(
                f"`suar up` is already running on {data} (process {file.read().strip() or 'unknown'}); "
                "stop it, or set SUAR_DATA and SUAR_PORT for a second one."
            )
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def store_lock(data: Path) -> Iterator[int]:
    """A lock that the embedded store inherits and so holds exactly as long as it lives.

    Two servers on one append-only directory destroy it, and a killed supervisor's store may still be writing its last
    second: it is given time to go, then killed.
    """
    with (data / "store" / "lock").open("a", encoding="utf-8") as file:
        deadline, killed = time.monotonic() + LEFTOVER_SECONDS, False
        while not _lock(file.fileno()):
            if time.monotonic() > deadline and killed:
                raise NotReady(f"Another store still holds {data / 'store'}; end it first.")
            if time.monotonic() > deadline:
                killed = _kill_leftover(data)
                deadline = time.monotonic() + 2
            time.sleep(0.05)
        yield file.fileno()


def _kill_leftover(data: Path) -> bool:
    with suppress(OSError, ValueError):
        pid = int((data / "run" / "store.pid").read_text(encoding="utf-8"))
        # The number may long belong to somebody else: it is ours only if it runs our configuration.
        if str(data / "store" / "store.conf").encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    return True


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def ports_free(settings: Settings) -> None:
    """Raises NotReady naming the first port that another program has, and the setting that moves ours."""
    wanted = [("SUAR_PORT", settings.host, settings.port, socket.SOCK_STREAM)]
    if settings.asterisk:
        wanted.append(("SUAR_AGI_PORT", settings.agi_host, settings.agi_port, socket.SOCK_STREAM))
    if settings.asterisk_root:
        wanted += [
            ("SUAR_AMI_PORT", settings.ami_host, settings.ami_port, socket.SOCK_STREAM),
            ("SUAR_ASTERISK_HTTP_PORT", settings.sip_host, settings.asterisk_http_port, socket.SOCK_STREAM),
            ("SUAR_SIP_PORT", settings.sip_host, settings.sip_port, socket.SOCK_DGRAM),
        ]
    if settings.asterisk_root and settings.sip_tls_cert:
        wanted += [
            ("SUAR_SIP_TLS_PORT", settings.sip_host, settings.sip_tls_port, socket.SOCK_STREAM),
            ("SUAR_ASTERISK_HTTPS_PORT", settings.sip_host, settings.asterisk_https_port, socket.SOCK_STREAM),
        ]
    for setting, host, port, kind in wanted:
        _free(setting, host, port, kind)


def _free(setting: str, host: str, port: int, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, kind)) as probe:
        if kind == socket.SOCK_STREAM:  # as the servers do; a connection just closed is no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                raise NotReady(
                    f"Port {port} on {host} is in use by another program; stop it or set {setting} to a free port."
                ) from None
            raise NotReady(f"Cannot listen on {host}:{port} ({fault.strerror}); see {setting}.") from None
