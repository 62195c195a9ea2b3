"""TwiML read strictly: a verb, attribute or value that Twilio does not know is a fault, not a guess.

Written from Twilio's documentation, independently of the package that writes our documents: each checks the other.
Only what this telephone can execute is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree

from ivr.telephone.webhooks import Overrides

Value = str | int | bool


class TwimlFault(ValueError):
    """A document that Twilio would refuse (error 12100, 12200 and their like)."""


@dataclass(frozen=True)
class Verb:
    """An element: a verb, or the noun inside a <Dial>."""

    name: str
    text: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    children: tuple[Verb, ...] = ()

    def flag(self, name: str, default: bool = False) -> bool:
        """A true/false attribute."""
        return bool(self.attributes.get(name, default))

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self.attributes.get(name, default))

    def word(self, name: str, default: str = "") -> str:
        """Text."""
        return str(self.attributes.get(name, default))


def _whole(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value):
        raise ValueError("a whole number is wanted")
    return int(value)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("true or false is wanted")
    return value == "true"


def _text(value: str) -> str:
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise ValueError("an absolute address is wanted")
    Overrides.of(parts.fragment)
    return value


def _one_of(*words: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)} is wanted")
        return value

    return check


def _events(*known: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value or any(word not in known for word in value.split(" ")):
            raise ValueError(f"some of {', '.join(known)} are wanted")
        return value

    return check


def _keys(value: str) -> str:
    if not re.fullmatch(r"[0-9*#]{0,12}", value):
        raise ValueError("keys are wanted")
    return value


def _label(value: str) -> str:
    if not re.fullmatch(r"[^\s/]{1,128}", value):
        raise ValueError("a name is wanted")
    return value


_METHOD = _one_of("GET", "POST")
_LANGUAGE = _one_of("id-ID", "en-US", "en-GB")
Checks = dict[str, Callable[[str], Value]]
_LEG: Checks = {
    "statusCallback": _url,
    "statusCallbackMethod": _METHOD,
    "statusCallbackEvent": _events("initiated", "ringing", "answered", "completed"),
}

ATTRIBUTES: dict[str, Checks] = {
    "Say": {"language": _LANGUAGE, "voice": _text, "loop": _whole},
    "Play": {"loop": _whole},
    "Pause": {"length": _whole},
    "Gather": {
        "input": _one_of("dtmf"),
        "action": _url,
        "method": _METHOD,
        "timeout": _whole,
        "numDigits": _whole,
        "finishOnKey": _keys,
        "actionOnEmptyResult": _truth,
        "language": _LANGUAGE,
    },
    "Record": {
        "action": _url,
        "method": _METHOD,
        "timeout": _whole,
        "maxLength": _whole,
        "playBeep": _truth,
        "trim": _one_of("trim-silence", "do-not-trim"),
        "finishOnKey": _keys,
        "recordingStatusCallback": _url,
        "recordingStatusCallbackMethod": _METHOD,
        "recordingStatusCallbackEvent": _events("in-progress", "completed", "absent"),
    },
    "Redirect": {"method": _METHOD},
    "Hangup": {},
    "Reject": {"reason": _one_of("busy", "rejected")},
    "Dial": {"action": _url, "method": _METHOD, "timeout": _whole},
    "Conference": {
        "beep": _one_of("true", "false", "onEnter", "onExit"),
        "startConferenceOnEnter": _truth,
        "endConferenceOnExit": _truth,
        "participantLabel": _label,
    },
    "Number": _LEG,
    "Sip": _LEG,
    "Client": _LEG,
}
VERBS = {"Say", "Play", "Pause", "Gather", "Record", "Redirect", "Hangup", "Reject", "Dial"}
CHILDREN = {"Gather": {"Say", "Play", "Pause"}, "Dial": {"Conference", "Number", "Sip", "Client"}}
_WITH_TEXT = {"Say", "Play", "Redirect", "Conference", "Number", "Sip", "Client"}
_ROOM = re.compile(r"[0-9A-Za-z._:-]{1,128}")


def parse(document: str) -> tuple[Verb, ...]:
    """The verbs of a document; raises TwimlFault with the first thing that is wrong."""
    if len(document.encode()) > 64 * 1024 or "<!" in document.replace("<!--", ""):
        raise TwimlFault("too long, or with a document type")
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - no document type, so no entities to expand
    except ElementTree.ParseError as fault:
        raise TwimlFault(f"not XML: line {fault.position[0]}") from None
    if root.tag != "Response" or root.attrib:
        raise TwimlFault("the root is <Response> without attributes")
    verbs = tuple(_element(child, VERBS) for child in root)
    if any(verb.name == "Reject" for verb in verbs[1:]):
        raise TwimlFault("<Reject> must be the first verb")
    return verbs


def _element(node: ElementTree.Element, allowed: set[str]) -> Verb:
    if node.tag not in allowed:
        raise TwimlFault(f"<{node.tag}> is not known here")
    text = (node.text or "").strip()
    if node.tag not in _WITH_TEXT and text:
        raise TwimlFault(f"<{node.tag}> has no text")
    children = tuple(_element(child, CHILDREN.get(node.tag, set())) for child in node)
    if any((child.tail or "").strip() for child in node):
        raise TwimlFault(f"text between the elements of <{node.tag}>")
    verb = Verb(node.tag, text, {name: _attribute(node.tag, name, node.attrib[name]) for name in node.attrib}, children)
    _check_content(verb)
    return verb


def _attribute(tag: str, name: str, value: str) -> Value:
    check = ATTRIBUTES[tag].get(name)
    if check is None:
        raise TwimlFault(f"<{tag}> has no attribute {name}")
    try:
        return check(value)
    except ValueError as fault:
        raise TwimlFault(f"<{tag} {name}>: {fault}") from None


def _check_content(verb: Verb) -> None:
    if verb.name in _WITH_TEXT and not verb.text:
        raise TwimlFault(f"<{verb.name}> is empty")
    if verb.name in ("Play", "Redirect"):
        try:
            _url(verb.text)
        except ValueError as fault:
            raise TwimlFault(f"<{verb.name}>: {fault}") from None
    if verb.name == "Conference" and not _ROOM.fullmatch(verb.text):
        raise TwimlFault("<Conference>: a name without spaces is wanted")
    if verb.name == "Dial" and len(verb.children) != 1:
        raise TwimlFault("<Dial>: one noun is wanted")
    if verb.name == "Gather" and not verb.word("action"):
        raise TwimlFault("<Gather> without action would ask the same document again")
