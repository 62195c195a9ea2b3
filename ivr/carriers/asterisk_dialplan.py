"""Renders the whole configuration of an Asterisk that works for us, from settings and the operator's files.

The templates stand in ivr/carriers/asterisk_etc. Everything a run needs lives below one folder; the program itself
(an unpacked root, or a package) is only read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.asterisk_nodes import AsteriskNode
from config.operator import Operator, operator
from config.schema.asterisk import Asterisk, SipTrunk
from config.settings import Settings, settings
from config.yaml_file import ConfigError
from ivr.carriers.asterisk_names import trunk_to
from ivr.carriers.asterisk_secrets import EMERGENCY, Secrets, made_of, read_secrets
from ivr.carriers.asterisk_sounds import fallback_parts, front_parts, renew
from ivr.speech import music
from ivr.trunks import spellings

TEMPLATES = Path(__file__).with_name("asterisk_etc")
NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
OUTGOING = re.compile(r"PJSIP/[A-Za-z0-9{}@:._/+-]+")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - told from an address, nothing is bound
ADDRESS = re.compile(r"sips?:[A-Za-z0-9._+-]+@[A-Za-z0-9.:\[\]-]+")


@lru_cache(maxsize=1)
def contexts() -> frozenset[str]:
    """Of our dialplan, but for those of trunks (`from-…`)."""
    text = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^\[([a-z-]+)\]$", text, re.M)) - {"general", "globals"}


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


def render(folder: Path, accounts: Iterable[str] = ()) -> list[str]:
    """Write every configuration file that has changed into `folder/etc`, and answer their names; safe to repeat, also
    while Asterisk runs. `accounts`: the CSOs, each of whom has a telephone of that name.
    """
    # Without its folder each row of CDR and CEL is an error line and lost.
    for name in ("etc", "keys/keys", "log/cdr-custom", "log/cel-custom"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("notes", "calls"):
        (settings().recordings_dir / "incoming" / name).mkdir(parents=True, exist_ok=True)
    music.ensure()
    for name, parts in {"fallback": fallback_parts(operator(), ""), **front_parts(operator(), "")}.items():
        if not (settings().sounds_dir / f"{name}.wav").exists():
            renew(parts, name)
    values = _values(settings(), operator(), read_secrets(folder, [name for name in accounts if _name(name)]))
    texts = {file.name: _templates().get_template(file.name).render(values) for file in TEMPLATES.glob("*.conf")}
    return [name for name, text in sorted(texts.items()) if _write(folder / "etc" / name, text)]


def here(s: Settings) -> AsteriskNode:
    """The node that is rendered and run on this machine; raises ConfigError when that cannot be told."""
    if not s.asterisk_node and len(s.nodes) > 1:
        raise ConfigError(["environment: SUAR_ASTERISK_NODE: which of the nodes is this machine's?"])
    return next(node for node in s.nodes if not s.asterisk_node or node.name == s.asterisk_node)


def _values(s: Settings, op: Operator, kept: Secrets) -> dict[str, Any]:
    partners = {name: p for name, p in op.partners.partners.items() if p.asterisk}
    faults = [f"partners.yaml:1: partners.{n}: not a SIP address" for n, p in partners.items() if not _sip(p.asterisk)]
    faults += [f"{name}: not a name Asterisk can use" for name in (*partners, *kept.telephones) if not _name(name)]
    faults += _tls_faults(s, op.asterisk)
    if faults:
        raise ConfigError(faults)
    node, sip = here(s), op.asterisk
    others = [other for other in s.nodes if other.name != node.name]
    spoken = [
        *sip.telephones.codecs,
        *sip.telephones.webrtc_codecs,
        *(c for t in sip.trunks.values() for c in t.codecs),
    ]
    return {
        "sip_trunks": sip.trunks,
        "trunk_uris": {name: _uri(trunk) for name, trunk in sip.trunks.items()},
        "trunk_passwords": {name: password.replace(";", "\\;") for name, password in s.sip_trunk_passwords.items()},
        "dialled": {name: _dialled(trunk, op) for name, trunk in sip.trunks.items()},
        "speak": sip.telephones,
        "codecs": spoken,
        "transports": _transports(s, sip),
        "tls_cert": s.sip_tls_cert.resolve() if s.sip_tls_cert else "",
        "tls_key": s.sip_tls_key.resolve() if s.sip_tls_key else "",
        "tls_ca": s.sip_tls_ca.resolve() if s.sip_tls_ca else "",
        "sip_tls_port": s.sip_tls_port,
        "https_port": s.asterisk_https_port,
        "external": s.sip_external_host,
        # A wildcard is no address to send sound to.
        "media_address": "" if s.sip_host in EVERYWHERE else s.sip_host,
        "node": node.name,
        "others": others,
        "node_password": made_of(s.sip_secret, "node"),
        "agi_host": s.agi_host,
        "agi_port": s.agi_port,
        "ami_host": s.ami_bind or s.ami_host,
        "ami_port": s.ami_port,
        "ami_user": s.ami_user,
        "ami_secret": node.ami_secret or s.ami_secret or kept.ami,
        "sip_host": s.sip_host,
        "sip_port": s.sip_port,
        "http_port": s.asterisk_http_port,
        "rtp_start": s.rtp_start,
        "rtp_end": s.rtp_end,
        "rtp_timeout": s.rtp_timeout,
        "trunks": [host.strip() for host in s.sip_trunks.split(",") if host.strip()],
        "telephones": kept.telephones,
        "partners": partners,
        "notes": s.recordings_dir / "incoming" / "notes",
        "conversations": s.recordings_dir / "incoming" / "calls",
        "music": s.sounds_dir / "moh",
        "music_classes": music.classes(op),
        "emergency_key": emergency_key(op),
        "front": op.surge.front,
        "last_resort": op.queues.last_resort,
        "pool": settings().pool,
        "emergency_queue": op.queues.emergency,
        "outgoing": _outgoing(op.areas.outgoing),
        "emergency_dial": _emergency_dial(op.queues.emergency_number or EMERGENCY, op.areas.outgoing, others),
    }


def _dialled(trunk: SipTrunk, op: Operator) -> dict[str, str]:
    """What may be dialled on a trunk, however it spells it, to the number of areas.yaml that it counts as."""
    known = sorted(number for region in op.areas.trunks.values() for number in region.dialled)
    wanted = trunk.numbers or (known if trunk.counts_as else ())
    counts = {number: number if number in known else trunk.counts_as or "" for number in wanted}
    return {spelt: counts[number] for number in wanted for spelt in spellings(number)} | counts


def emergency_key(op: Operator) -> str:
    """The key of an emergency, the same in every menu."""
    return op.menu.emergency.key


def _transports(s: Settings, sip: Asterisk) -> list[str]:
    tcp = ["tcp"] if any(trunk.transport == "tcp" for trunk in sip.trunks.values()) else []
    return ["udp", *tcp, *(["tls"] if s.sip_tls_cert else [])]


def _uri(trunk: SipTrunk) -> str:
    return f"sip:{trunk.host}" + (f"\\;transport={trunk.transport}" if trunk.transport != "udp" else "")


def _tls_faults(s: Settings, sip: Asterisk) -> list[str]:
    faults = [
        f"environment: SUAR_SIP_TRUNK_PASSWORDS: none for {name}, which registers"
        for name, trunk in sip.trunks.items()
        if trunk.register_as and not s.sip_trunk_passwords.get(name)
    ]
    if not s.sip_tls_cert and any(trunk.transport == "tls" for trunk in sip.trunks.values()):
        faults.append("environment: SUAR_SIP_TLS_CERT: a trunk of asterisk.yaml has transport: tls")
    if not s.sip_tls_cert and sip.telephones.encryption == "sdes":
        faults.append("environment: SUAR_SIP_TLS_CERT: telephones of asterisk.yaml have encryption: sdes")
    return faults


def _emergency_dial(number: str, outgoing: str, others: Iterable[AsteriskNode]) -> str:
    if re.fullmatch(r"\+?[0-9]{2,15}", number):
        return outgoing.replace("{number}", number)
    if not _name(number):
        raise ConfigError(["queues.yaml:1: emergency_number: neither a telephone number nor the name of an endpoint"])
    # Nobody can be asked where it is registered: whoever has it, rings it.
    return "&".join([f"PJSIP/{number}", *(f"PJSIP/{number}@{trunk_to(other.name)}" for other in others)])


def _outgoing(dial: str) -> str:
    if not OUTGOING.fullmatch(dial) or dial.count("{number}") != 1:
        raise ConfigError(["areas.yaml:1: outgoing: not a dial string of PJSIP with one {number}"])
    return dial.replace("{number}", "${SUAR_TO}")


def _name(text: str) -> bool:
    return bool(NAME.fullmatch(text))


def _sip(text: str) -> bool:
    return bool(ADDRESS.fullmatch(text))


def _write(path: Path, text: str) -> bool:
    """Whether it was another one, or none."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return True
