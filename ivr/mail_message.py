"""Letters as bytes and as values: what a customer wrote, and what we answer. Pure; nothing in a letter is trusted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses
from html.parser import HTMLParser

MOST_BYTES = 1 << 18  # of a letter are read; what is behind them is attachments
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=^`{|}~-]{1,64}@[a-z0-9.-]{1,189}\.[a-z0-9-]{1,63}", re.A | re.I)
_ID = re.compile(r"<[!-;=@-~]{1,250}>")  # of a letter; what has another shape is not repeated in ours
_TOKEN = re.compile(r"suar-([0-9a-f]{16})")
_ROBOT = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+=.-].*)?@", re.I)
_QUOTES = re.compile(r"^(On|Pada|Am|Le) .{5,200}(wrote|menulis|schrieb|écrit)\s*:\s*$", re.I)
_BEHIND = re.compile(
    r"^(-{2,}\s*(Original Message|Pesan Asli|Forwarded message).*|_{20,}|-- ?|(From|Dari): .+@.+)$", re.I
)


@dataclass(frozen=True)
class Letter:
    """One letter of a customer."""

    id: str  # its Message-ID, else a hash of all of it
    message_id: str  # "" when it has none
    references: str
    sender: str
    subject: str
    text: str
    thread: str  # the token of ours that it answers, "" for the first of a conversation
    attachments: int
    machine: bool  # written by a machine: read, never answered


def read_letter(raw: bytes, *, own: str = "") -> Letter:
    """Any bytes at all; `own` is our address: what comes from it is a machine's too."""
    # The newer policies read headers with a parser that falls over some; this one takes them as they are.
    message = message_from_bytes(raw[:MOST_BYTES], policy=policy.compat32)
    message_id = next(iter(_ID.findall(_header(message, "Message-ID"))), "")
    sender, subject = _sender(message), _line(_in_words(_header(message, "Subject")))
    references = " ".join(_ID.findall(_header(message, "References"))[-10:])
    chain = " ".join((_header(message, "In-Reply-To"), references, subject))
    token = _TOKEN.search(chain)
    return Letter(
        id=message_id or hashlib.sha256(raw).hexdigest(),
        message_id=message_id,
        references=references,
        sender=sender,
        subject=subject[:200],
        text=_text(message),
        thread=token[1] if token else "",
        attachments=_attachments(message),
        machine=_by_machine(message, sender, own.lower()),
    )


def answer_to(letter: Letter, text: str, *, thread: str, key: str, own: str) -> dict[str, str]:
    """The payload of the job `email`: the answer in the same conversation, named so that it is the same letter again
    when it is sent twice.
    """
    plain = letter.subject.replace("=?", "= ?")  # what could not be decoded must not be decoded again
    subject = re.sub(r"^((re|bls|balasan)\s*:\s*)+", "", plain, flags=re.I) or "Laporan Anda"
    mark = f"[suar-{thread}]"
    return {
        "to": letter.sender,
        "subject": f"Re: {subject}" if mark in subject else f"Re: {subject} {mark}",
        "text": text,
        "message_id": f"<suar-{thread}.{key[:24]}@{own.rpartition('@')[2]}>",
        "in_reply_to": letter.message_id,
        "references": f"{letter.references} {letter.message_id}".strip(),
    }


def compose(payload: dict[str, str], *, own: str) -> EmailMessage:
    """The letter that leaves. `Auto-Submitted` keeps other machines from answering it (RFC 3834)."""
    letter = EmailMessage(policy=policy.SMTP)
    letter["From"] = f"PLN 123 <{own}>"
    letter["To"] = payload["to"]
    letter["Subject"] = payload["subject"]
    letter["Message-ID"] = payload["message_id"]
    for name, key in (("In-Reply-To", "in_reply_to"), ("References", "references")):
        if payload[key]:
            letter[name] = payload[key]
    letter["Auto-Submitted"] = "auto-replied"
    letter["X-Auto-Response-Suppress"] = "All"
    letter.set_content(payload["text"] + "\n", cte="base64")
    return letter


def _header(message: Message, name: str) -> str:
    """As it came, in one line."""
    value = next((told for key, told in message.raw_items() if key.lower() == name.lower()), "")
    return _line(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _in_words(header: str) -> str:
    """`=?utf-8?q?Padam?=` as it is meant; what is encoded wrongly stays as it came."""
    try:
        return str(make_header(decode_header(header)))
    except (HeaderParseError, LookupError, ValueError):
        return header


def _sender(message: Message) -> str:
    for _, address in getaddresses([_header(message, "From")]):
        if _ADDRESS.fullmatch(address):
            return address.lower()
    return ""


def _by_machine(message: Message, sender: str, own: str) -> bool:
    """Answers of answering machines, bounces and lists: an answer to one of them would be the first turn of a loop."""
    told = _header(message, "Auto-Submitted").lower().partition(";")[0].strip()
    return bool(
        not sender
        or sender == own
        or _ROBOT.match(sender)
        or told not in ("", "no")
        or _header(message, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply")
        or _header(message, "Return-Path") == "<>"
        or any(message.get(name) for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond"))
        or message.get_content_type() in ("multipart/report", "message/delivery-status")
    )


def _attachments(message: Message) -> int:
    return sum(
        1 for part in message.walk() if not part.is_multipart() and part.get_content_disposition() == "attachment"
    )


def _text(message: Message) -> str:
    """What the customer wrote now: plain text, else what a browser would show, without what it answers."""
    html = ""
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if kind == "text/plain" and (text := _decoded(part)).strip():
            return _unquoted(text)
        if kind == "text/html" and not html:
            html = _decoded(part)
    return _unquoted(_shown(html))


def _decoded(part: Message) -> str:
    body = part.get_payload(decode=True)
    raw = body if isinstance(body, bytes) else b""
    try:
        return raw.decode(str(part.get_content_charset("utf-8")), "replace")
    except (LookupError, TypeError, ValueError):  # no such encoding, or no reading of its name
        return raw.decode("utf-8", "replace")


def _unquoted(text: str) -> str:
    return "\n".join(_own_lines(text.replace("\r\n", "\n").splitlines())).strip()


def _own_lines(lines: list[str]) -> Iterator[str]:
    """Without quotations; everything behind a line that begins the older letter, or a signature, is cut off."""
    at = 0
    while at < len(lines):
        line, two = lines[at].strip(), " ".join(one.strip() for one in lines[at : at + 2])
        introduces = 1 if _QUOTES.match(line) else 2 if _QUOTES.match(two) else 0
        if introduces:
            behind = next((one.strip() for one in lines[at + introduces :] if one.strip()), "")
            if not behind.startswith(">"):
                return
            at += introduces
            continue
        if _BEHIND.match(line):
            return
        if not line.startswith(">"):
            yield lines[at].rstrip()
        at += 1


class _Shown(HTMLParser):
    """The words of a page in lines; scripts, styles and quotations are none."""

    _SILENT = frozenset({"script", "style", "head", "title", "blockquote"})
    _LINES = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "table", "ul", "ol"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._SILENT:
            self._silent.append(tag)
        elif tag in self._LINES:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag in self._LINES:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(" ".join(data.split()) + " " if data.strip() else " ")


def _shown(html: str) -> str:
    page = _Shown()
    page.feed(re.sub(r"<!\[+", "<!", html))  # a comment to browsers; at some of them the parser raises AssertionError
    lines = ("".join(page.words)).splitlines()
    return "\n".join(line for line in (" ".join(one.split()) for one in lines) if line)
