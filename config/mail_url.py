"""The address of a mail server in one setting: `imaps://user:password@host/Folder`, `smtp://user:password@host:587`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

_PORTS = {"imaps": 993, "imap": 143, "smtps": 465, "smtp": 587}
Tls = Literal["implicit", "starttls", "off"]


@dataclass(frozen=True)
class MailServer:
    """Where and as whom. `tls` off is for a server on the same machine only."""

    protocol: Literal["imap", "smtp"]
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: Tls
    folder: str


def mail_server(url: str, protocol: Literal["imap", "smtp"]) -> MailServer:
    """Raises ValueError without the password in its text. `imap:` and `smtp:` mean STARTTLS, and nothing without it,
    unless the address ends in `?tls=off`.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    query = parse_qs(parts.query)
    if parts.scheme not in (protocol, f"{protocol}s") or not parts.hostname or port == -1:
        raise ValueError(f"must look like {protocol}s://user:password@host")
    if set(query) - {"tls"} or query.get("tls", ["off"]) != ["off"] or (query and parts.scheme.endswith("s")):
        raise ValueError("only ?tls=off may follow, and not with an encrypted scheme")
    return MailServer(
        protocol=protocol,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls="implicit" if parts.scheme.endswith("s") else "off" if query else "starttls",
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )
