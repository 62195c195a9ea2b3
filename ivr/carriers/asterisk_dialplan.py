"""Renders the whole configuration of an Asterisk that works for us, from settings and the operator's files.

The templates stand in ivr/carriers/asterisk_etc. Everything a run needs lives below one folder; the program itself
(an unpacked root, or a package) is only read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.asterisk_nodes import AsteriskNode
from config.operator import Operator, operator
from config.settings import Settings, settings
from config.yaml_file import ConfigError
from ivr.carriers.asterisk_sounds import fallback_parts, renew
from ivr.speech import music

TEMPLATES = Path(__file__).with_name("asterisk_etc")
TELEPHONES = (*(f"cso{n}" for n in range(1, 8)), "darurat")  # of the demo; an operator adds to secrets.json
NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
OUTGOING = re.compile(r"PJSIP/[A-Za-z0-9{}@:._/+-]+")
ADDRESS = re.compile(r"sips?:[A-Za-z0-9._+-]+@[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True)
class Secrets:
    """Made once, kept beside the configuration, readable by its owner alone."""

    ami: str
    telephones: dict[str, str]  # endpoint → password


def read_secrets(folder: Path) -> Secrets:
    """The secrets of the Asterisk in `folder`; made now if there are none."""
    file = folder / "secrets.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {"ami": secrets.token_hex(16), "telephones": {name: secrets.token_hex(8) for name in TELEPHONES}}
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(made, indent=1))
        try:
            os.link(draft, file)  # the first process wins; the others read what it wrote
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = json.loads(file.read_text())
    shared = settings().sip_secret
    telephones = {
        name: _made_of(shared, f"telephone {name}") if shared else kept for name, kept in found["telephones"].items()
    }
    return Secrets(ami=found["ami"], telephones=telephones)


def _made_of(secret: str, purpose: str) -> str:
    """A password that every node makes alike."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()[:24]


def ami_secret() -> str:
    """What the connector logs in with."""
    return settings().ami_secret or read_secrets(folder_of(settings())).ami


def folder_of(s: Settings) -> Path:
    """Where the Asterisk of `suar up` lives."""
    return s.data.resolve() / "asterisk"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    # Nothing here becomes HTML: these are Asterisk's own files, filled from checked values.
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )


def render(folder: Path) -> None:
    """Write every configuration file into `folder/etc`; safe to repeat, also while Asterisk runs."""
    # Without its folder each row of CDR and CEL is an error line and lost.
    for name in ("etc", "keys/keys", "log/cdr-custom", "log/cel-custom"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    music.ensure()
    if not (settings().sounds_dir / "fallback.wav").exists():
        renew(fallback_parts(operator(), ""))
    values = _values(settings(), operator(), read_secrets(folder))
    for template in sorted(TEMPLATES.glob("*.conf")):
        _write(folder / "etc" / template.name, _templates().get_template(template.name).render(values))


def here(s: Settings) -> AsteriskNode:
    """The node that is rendered and run on this machine; raises ConfigError when that cannot be told."""
    if not s.asterisk_node and len(s.nodes) > 1:
        raise ConfigError(["environment: SUAR_ASTERISK_NODE: which of the nodes is this machine's?"])
    return next(node for node in s.nodes if not s.asterisk_node or node.name == s.asterisk_node)


def _values(s: Settings, op: Operator, kept: Secrets) -> dict[str, Any]:
    partners = {name: p for name, p in op.partners.partners.items() if p.asterisk}
    faults = [f"partners.yaml:1: partners.{n}: not a SIP address" for n, p in partners.items() if not _sip(p.asterisk)]
    faults += [f"{name}: not a name Asterisk can use" for name in (*partners, *kept.telephones) if not _name(name)]
    if faults:
        raise ConfigError(faults)
    node = here(s)
    return {
        "node": node.name,
        "others": [other for other in s.nodes if other.name != node.name],
        "node_password": _made_of(s.sip_secret, "node"),
        "agi_host": s.agi_host,
        "agi_port": s.agi_port,
        "ami_host": s.ami_host,
        "ami_port": s.ami_port,
        "ami_user": s.ami_user,
        "ami_secret": node.ami_secret or s.ami_secret or kept.ami,
        "sip_host": s.sip_host,
        "sip_port": s.sip_port,
        "http_port": s.asterisk_http_port,
        "rtp_start": s.rtp_start,
        "rtp_end": s.rtp_end,
        "trunks": [host.strip() for host in s.sip_trunks.split(",") if host.strip()],
        "telephones": kept.telephones,
        "partners": partners,
        "music": s.sounds_dir / "moh",
        "music_classes": music.classes(op),
        "emergency_key": emergency_key(op),
        "last_resort": op.queues.last_resort,
        "pool": settings().pool,
        "emergency_queue": op.queues.emergency,
        "outgoing": _outgoing(op.areas.outgoing),
        "emergency_dial": _emergency_dial(op.queues.emergency_number or "darurat"),
    }


def emergency_key(op: Operator) -> str:
    """The key of an emergency, the same in every menu."""
    return op.menu.emergency.key


def _emergency_dial(number: str) -> str:
    if re.fullmatch(r"\+?[0-9]{2,15}", number):
        return f"PJSIP/{number}@trunk"
    if not _name(number):
        raise ConfigError(["queues.yaml:1: emergency_number: neither a telephone number nor the name of an endpoint"])
    return f"PJSIP/{number}"


def _outgoing(dial: str) -> str:
    if not OUTGOING.fullmatch(dial) or dial.count("{number}") != 1:
        raise ConfigError(["areas.yaml:1: outgoing: not a dial string of PJSIP with one {number}"])
    return dial.replace("{number}", "${SUAR_TO}")


def _name(text: str) -> bool:
    return bool(NAME.fullmatch(text))


def _sip(text: str) -> bool:
    return bool(ADDRESS.fullmatch(text))


def _write(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
