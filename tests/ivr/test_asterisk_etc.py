"""What is rendered for trunks, telephones and other nodes, and what is not there unless it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.operator import operator
from config.schema.asterisk import Asterisk
from config.settings import settings
from config.yaml_file import ConfigError
from ivr.carriers import asterisk_dialplan
from ivr.carriers.asterisk_dialplan import render

pytestmark = pytest.mark.unit
HOSTS = (("a", "10.0.0.1"), ("b", "10.0.0.2"))
NODES = json.dumps([{"name": name, "ami_host": host, "sip_host": host} for name, host in HOSTS])
TELKOM = {"host": "sbc.carrier.example", "identify": ["203.0.113.0/28"], "numbers": ["021123", "62717123"]}
Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Renders with an asterisk.yaml and settings of its own; answers the folder etc."""

    def at(name: str = "asterisk", shape: dict[str, Any] | None = None, accounts: Any = (), **variables: str) -> Path:
        monkeypatch.setenv("SUAR_DATA", str(tmp_path))
        for variable, value in variables.items():
            monkeypatch.setenv(f"SUAR_{variable.upper()}", value)
        settings.cache_clear()
        changed = replace(operator(), asterisk=Asterisk.model_validate(shape or {}))
        monkeypatch.setattr(asterisk_dialplan, "operator", lambda: changed)
        render(tmp_path / name, accounts)
        return tmp_path / name / "etc"

    yield at
    monkeypatch.undo()
    settings.cache_clear()


def section(folder: Path, name: str, kind: str) -> dict[str, str]:
    """One object of pjsip.conf, by its name and type."""
    text = (folder / "pjsip.conf").read_text()
    for head, body in re.findall(r"^\[([^\]]+)\][^\n]*\n((?:(?!\[).*\n?)*)", text, re.M):
        found = dict(line.split("=", 1) for line in body.splitlines() if "=" in line and not line.startswith(";"))
        if head == name and found.get("type", "endpoint") == kind:
            return found
    return {}


def test_nodes_reach_each_other_by_a_header_and_a_secret(made: Made) -> None:
    shared = {"asterisk_nodes": NODES, "sip_secret": "s"}
    a, b = made("one", **shared, asterisk_node="a"), made("two", **shared, asterisk_node="b")
    assert section(a, "node-b", "aor")["contact"] == "sip:10.0.0.2:5060"
    assert section(b, "node-a", "identify")["match_header"] == "X-Suar-Node: a"
    said, asked = section(a, "node-b-out", "auth"), section(b, "node-a", "auth")
    assert (said["username"], said["password"]) == (asked["username"], asked["password"]) != ("", "")
    assert section(b, "node-a", "endpoint")["auth"] == "node-a"  # a header alone opens nothing
    assert "Set(PJSIP_HEADER(add,X-Suar-Node)=a)" in (a / "extensions.conf").read_text()
    assert re.search(r"SUAR_CALL=c\$\{STRREPLACE\(UNIQUEID,.,x\)\}xa,", (a / "extensions.conf").read_text())


def test_the_telephone_for_emergencies_is_rung_wherever_it_is_registered(made: Made) -> None:
    text = (made(asterisk_nodes=NODES, sip_secret="s", asterisk_node="a") / "extensions.conf").read_text()
    assert "Dial(PJSIP/darurat&PJSIP/darurat@node-b,45,gm(default)b(tonode^s^1)" in text


def test_telephones_have_the_same_password_at_every_node(made: Made) -> None:
    shared = {"asterisk_nodes": NODES, "sip_secret": "s", "accounts": ["wulan", "cso1"]}
    a, b = made("one", **shared, asterisk_node="a"), made("two", **shared, asterisk_node="b")
    for name in ("cso1", "wulan"):
        assert section(a, name, "auth")["password"] == section(b, name, "auth")["password"]
    assert section(a, "cso1", "auth")["password"] != section(a, "wulan", "auth")["password"]


def test_one_that_stands_alone_has_nothing_of_nodes(made: Made) -> None:
    folder = made()
    for file in ("pjsip.conf", "extensions.conf"):
        assert "node" not in (folder / file).read_text().replace("X-Suar-Node", "").lower()


def test_which_of_several_is_rendered_must_be_said(made: Made) -> None:
    with pytest.raises(ConfigError, match="SUAR_ASTERISK_NODE"):
        made(asterisk_nodes=NODES, sip_secret="s")


def test_a_trunk_is_known_by_its_addresses_and_speaks_a_law_first(made: Made) -> None:
    folder = made(shape={"trunks": {"telkom": {**TELKOM, "counts_as": "0717123"}}})
    assert section(folder, "trunk-telkom", "identify") == {
        "type": "identify",
        "endpoint": "trunk-telkom",
        "match": "203.0.113.0/28",
    }
    assert section(folder, "trunk-telkom", "endpoint")["allow"] == "alaw,ulaw"
    assert section(folder, "trunk-telkom", "aor")["contact"] == "sip:sbc.carrier.example"
    text = (folder / "extensions.conf").read_text()
    context = text.partition("[from-telkom]")[2].partition("\n[")[0]
    for spelt in ("021123", "+6221123", "6221123"):
        assert f"exten => {spelt},1,Goto(from-trunk,021123,1)" in context
    assert "exten => 62717123,1,Goto(from-trunk,0717123,1)" in context
    assert "_[0-9+]" not in context  # nothing else may be dialled on it


def test_a_trunk_without_numbers_takes_all_and_counts_the_unknown_as_one(made: Made) -> None:
    open_to_all = {"host": "h", "identify": ["203.0.113.5"], "counts_as": "0717123"}
    text = (made(shape={"trunks": {"lain": open_to_all}}) / "extensions.conf").read_text()
    context = text.partition("[from-lain]")[2].partition("\n[")[0]
    assert "exten => 021123,1,Goto(from-trunk,021123,1)" in context
    assert "exten => +6221123,1,Goto(from-trunk,021123,1)" in context
    assert "exten => _[0-9+]!,1,Goto(from-trunk,0717123,1)" in context


def test_a_trunk_that_registers_needs_its_password(made: Made) -> None:
    shape = {"trunks": {"telkom": {"host": "h:5070", "register_as": "62211230000", "transport": "tcp"}}}
    with pytest.raises(ConfigError, match="SUAR_SIP_TRUNK_PASSWORDS"):
        made(shape=shape)
    folder = made(shape=shape, sip_trunk_passwords='{"telkom":"a;b"}')
    assert section(folder, "trunk-telkom", "auth")["password"] == r"a\;b"  # else it ends at the comment
    registration = section(folder, "trunk-telkom", "registration")
    assert registration["server_uri"] == r"sip:h:5070\;transport=tcp"
    assert registration["client_uri"] == "sip:62211230000@h:5070"
    assert section(folder, "transport-tcp", "transport")


def test_tls_needs_a_certificate_and_opens_wss_too(made: Made, tmp_path: Path) -> None:
    shape = {"trunks": {"telkom": {**TELKOM, "counts_as": "0717123", "transport": "tls", "encryption": "sdes"}}}
    with pytest.raises(ConfigError, match="SUAR_SIP_TLS_CERT"):
        made(shape=shape)
    with pytest.raises(ConfigError, match="SUAR_SIP_TLS_CERT"):
        made(shape={"telephones": {"encryption": "sdes"}})
    folder = made(shape=shape, sip_tls_cert=str(tmp_path / "c.pem"), sip_tls_key=str(tmp_path / "k.pem"))
    assert section(folder, "trunk-telkom", "endpoint")["media_encryption"] == "sdes"
    assert section(folder, "transport-tls", "transport")["cert_file"] == str(tmp_path / "c.pem")
    assert "tlsenable=yes" in (folder / "http.conf").read_text()


def test_pages_have_telephones_only_where_an_operator_wants_them(made: Made) -> None:
    assert not section(made(accounts=["cso1"]), "cso1-web", "auth")
    folder = made(accounts=["cso1"], shape={"telephones": {"webrtc": True, "webrtc_codecs": ["alaw", "opus"]}})
    assert section(folder, "cso1-web", "auth")["password"] == section(folder, "cso1", "auth")["password"]
    assert "webrtc=yes" in (folder / "pjsip.conf").read_text()
    assert "codec_opus" in (folder / "modules.conf").read_text()
    assert "codec_opus" not in (made("plain") / "modules.conf").read_text()


def test_only_what_has_changed_is_written(made: Made, tmp_path: Path) -> None:
    made()
    assert render(tmp_path / "asterisk") == []
    assert render(tmp_path / "asterisk", ["wulan"]) == ["pjsip.conf"]
    assert render(tmp_path / "asterisk") == ["pjsip.conf"]  # who may no longer log in has no telephone


def test_a_wildcard_is_no_address_for_sound(made: Made) -> None:
    text = (made(sip_host="0.0.0.0", sip_external_host="198.51.100.7") / "pjsip.conf").read_text()
    assert "media_address=0.0.0.0" not in text
    assert "external_media_address=198.51.100.7" in text
