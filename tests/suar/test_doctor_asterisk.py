"""`suar doctor` says in one sentence why telephones would not speak TLS with us, and which node is silent."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from simulation.bench.exchange import free_ports
from suar.doctor_asterisk import certificate, nodes, outgoing, sound
from tests.fixtures.certificates import Authority

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("tls") / "authority")


@contextlib.contextmanager
def shown(pair: tuple[Path, Path]) -> Iterator[int]:
    """An exchange that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                plain, _ = server.accept()
                with context.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def of(authority: Authority, pair: tuple[Path, Path], port: int = 1, **more: Any) -> Settings:
    cert, key = pair
    files = {"sip_tls_cert": cert, "sip_tls_key": key, "sip_tls_ca": authority.certificate}
    return Settings(asterisk=True, sip_tls_port=port, **{**files, **more})


def test_a_certificate_that_telephones_accept(authority: Authority) -> None:
    pair = authority.sign("good")
    with shown(pair) as port:
        fine, sentence = certificate(of(authority, pair, port))
    assert fine, sentence


@pytest.mark.parametrize(
    ("alternative", "days", "why"),
    [("DNS:elsewhere.example", 1, "mismatch"), ("IP:127.0.0.1", -1, "expired")],
)
def test_a_certificate_of_somebody_else_or_of_yesterday(
    authority: Authority, alternative: str, days: int, why: str
) -> None:
    pair = authority.sign(f"bad{days}", alternative, days)
    with shown(pair) as port:
        fine, sentence = certificate(of(authority, pair, port))
    assert not fine
    assert "telephones refuse" in sentence
    assert why in sentence.lower()


def test_a_certificate_that_nobody_vouches_for(authority: Authority, tmp_path: Path) -> None:
    pair = Authority.made(tmp_path / "stranger").sign("own")
    with shown(pair) as port:
        fine, sentence = certificate(of(authority, pair, port))
    assert not fine
    assert "unable to get local issuer certificate" in sentence


def test_files_that_do_not_belong_together_or_are_not_there(authority: Authority, tmp_path: Path) -> None:
    (cert, _), (_, key) = authority.sign("one"), authority.sign("two")
    assert certificate(of(authority, (cert, key))) == (
        False,
        "the key of SUAR_SIP_TLS_KEY is not that of the certificate in SUAR_SIP_TLS_CERT",
    )
    assert "cannot be read" in certificate(of(authority, (tmp_path / "none.pem", key)))[1]


def test_nobody_listens(authority: Authority) -> None:
    fine, sentence = certificate(of(authority, authority.sign("alone"), free_ports(1)[0]))
    assert not fine
    assert "was Asterisk started" in sentence


def test_the_silent_one_of_two_nodes_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            peer, _ = server.accept()
            peer.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            peer.close()

        threading.Thread(target=greet, daemon=True).start()
        (silent,) = free_ports(1)
        both = [
            {"name": "a", "ami_host": "127.0.0.1", "ami_port": server.getsockname()[1], "sip_host": "10.0.0.1"},
            {"name": "b", "ami_host": "127.0.0.1", "ami_port": silent, "sip_host": "10.0.0.2"},
        ]
        found = nodes(Settings(asterisk=True, asterisk_nodes=both, sip_secret="s"))  # type: ignore[arg-type]
    assert found == (False, f"no AMI of b at 127.0.0.1:{silent}")


@pytest.mark.parametrize(
    ("nodes", "ports", "fine", "said"),
    [
        (1, 2000, True, "1000 legs for 720 lines, 105 CSOs and 40 in front"),
        (1, 400, False, "200 legs for 720 lines, 105 CSOs and 40 in front: widen .* by 1330 ports"),
        (2, 800, False, "800 legs for .*: widen .* by 66 ports"),
        (2, 1000, True, "1000 legs"),
    ],
)
def test_ports_that_are_fewer_than_legs_are_told_before_a_caller_is_refused(
    nodes: int, ports: int, fine: bool, said: str
) -> None:
    several = (
        json.dumps([{"name": name, "ami_host": f"{name}.example", "sip_host": f"{name}.example"} for name in "ab"])
        if nodes == 2
        else ()
    )
    here = Settings(asterisk=True, rtp_start=10000, rtp_end=9999 + ports, sip_secret="s", asterisk_nodes=several)  # type: ignore[arg-type]
    found, sentence = sound(here, lines=720, front=40, csos=105)
    assert (found, bool(re.match(said, sentence))) == (fine, True), sentence


def test_a_trunk_that_only_takes_calls_calls_nobody_back() -> None:
    fine, sentence = outgoing(Settings(asterisk=True), "PJSIP/{number}@trunk")
    assert not fine, sentence
    assert outgoing(Settings(asterisk=True), "PJSIP/{number}@trunk-telkom")[0]
    assert outgoing(Settings(), "PJSIP/{number}@trunk") == (True, "not configured")
