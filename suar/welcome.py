"""The last thing `suar up` prints: where to go and with which login."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from config.settings import Settings

ROLES = {"cso": "CSO", "spv": "supervisor", "dir": "director", "op": "operator", "regu": "crew", "mitra": "partner",
         "eng": "engineer"}  # fmt: skip


async def status(host: str, port: int, path: str) -> int:
    """The HTTP status of a page of our own web process; 0 when there is no answer within two seconds."""
    with suppress(OSError, TimeoutError, ValueError, IndexError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
                return int(line.split()[1])
            finally:
                writer.close()
    return 0


async def web_answers(settings: Settings, seconds: float) -> bool:
    """Whether the web process takes requests before the time is over."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await status(host, settings.port, "/readyz") == 200:
            return True
        await asyncio.sleep(0.1)
    return False


def welcome(settings: Settings, seeded: dict[str, Any]) -> str:
    """Addresses and, in demo mode, logins and numbers to try."""
    base = settings.base_url
    lines = ["", "Suar is running. Ctrl-C stops it.", ""]
    if settings.demo:
        lines.append(f"  Telephone   {base}/telepon   dial 123")
    lines += [
        f"  Desk        {base}/meja      CSO",
        f"  Wallboard   {base}/papan     supervisor, operator",
        f"  Crew        {base}/regu      crew",
        f"  Tracking    {base}/lacak     everybody",
    ]
    if settings.asterisk_root:
        lines += ["", f"  SIP         {settings.sip_host}:{settings.sip_port} (UDP), real telephones and trunks"]
        telephones: dict[str, str] = seeded.get("telephones", {})
        lines += [f"              {name:<8} {password}" for name, password in telephones.items()]
    lines += ["", *_logins(seeded.get("logins", {})), *_numbers(seeded)]
    return "\n".join(lines)


def _logins(logins: dict[str, str]) -> list[str]:
    if not logins:
        return []
    shown = [f"  {name:<8} {password:<16} {_role(name)}" for name, password in logins.items()]
    return ["Logins (name, password, role):", *shown, ""]


def _role(login: str) -> str:
    return ROLES.get(login.rstrip("0123456789"), "")


def _numbers(seeded: dict[str, Any]) -> list[str]:
    meanings = {
        "in_outage": "lives where an outage is known",
        "no_outage": "lives where there is none",
        "several_premises": "has several premises",
        "has_open_report": "has an open report",
        "life_support": "depends on a medical device",
        "unknown": "is not in the register",
    }
    shown = [f"  {seeded[key]:<16} {what}" for key, what in meanings.items() if key in seeded]
    return ["Numbers to call from:", *shown, ""] if shown else []
