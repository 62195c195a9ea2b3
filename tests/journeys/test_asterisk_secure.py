"""Callers and CSOs over TLS and SRTP; trunks and telephones that come while Asterisk runs."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from router.calls import CallState
from simulation.bench.exchange import free_ports
from tests.fixtures.asterisk_secure import SecureLine
from tests.fixtures.certificates import Authority
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


def test_a_conversation_over_tls_and_srtp(secure_line: SecureLine) -> None:
    line = secure_line
    telephone = line.secure("cso1", 700)
    caller = line.secure(str(line.product.seeded["no_outage"]).replace("+62", "0"), 1000)
    line.beside("cso1")
    caller.dial("021123")
    caller.wait("CALL_ESTABLISHED", 20)
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press("0")
    telephone.wait("CALL_INCOMING", 30)
    telephone.answer()
    assert line.wait_call(caller, CallState.TALKING).trunk == "jakarta"
    until(lambda: caller.hears(700) and telephone.hears(1000), 15, "both hear each other", every=0.2)
    for phone in (caller, telephone):
        assert "SRTP" in (phone.folder / "log").read_text(errors="replace")


def test_a_number_that_areas_do_not_know_counts_as_the_trunk_says_and_others_are_refused(
    secure_line: SecureLine,
) -> None:
    caller = secure_line.secure(str(secure_line.product.seeded["no_outage"]).replace("+62", "0"), 1000)
    caller.dial("62717123")
    caller.wait("CALL_ESTABLISHED", 20)
    assert secure_line.wait_call(caller, CallState.IVR).trunk == "bangka"
    caller.hang_up()
    caller.wait("CALL_CLOSED")
    caller.dial("0717123")
    caller.wait("CALL_CLOSED", times=2)
    assert caller.count("CALL_ESTABLISHED") == 1


def test_a_caller_who_does_not_encrypt_is_refused(secure_line: SecureLine) -> None:
    number = str(secure_line.product.seeded["no_outage"]).replace("+62", "0")
    plain = secure_line.secure(number, 1000, encrypts=False)
    plain.dial("021123")
    plain.wait("CALL_CLOSED", 20)
    assert plain.count("CALL_ESTABLISHED") == 0


def test_doctor_tells_a_certificate_that_telephones_accept_from_one_they_refuse(
    secure_line: SecureLine, tmp_path: Path
) -> None:
    product = secure_line.product
    assert re.search(r"^ok +sip tls +telephones accept", product.suar("doctor").stdout, re.M)
    stranger = Authority.made(tmp_path / "stranger")
    other = replace(product, environ={**product.environ, "SUAR_SIP_TLS_CA": str(stranger.certificate)})
    assert re.search(
        r"^BAD +sip tls +telephones refuse the certificate .*self-signed", other.suar("doctor").stdout, re.M
    )


def test_an_account_has_a_telephone_without_a_restart(secure_line: SecureLine) -> None:
    line = secure_line
    caller = line.secure(str(line.product.seeded["no_outage"]).replace("+62", "0"), 1000)
    caller.dial("021123")
    caller.wait("CALL_ESTABLISHED", 20)
    made = line.product.suar("account", "put", "wulan", "--role", "cso", "--password", "lampu-jalan-terang")
    assert made.returncode == 0, made.stderr
    until(lambda: "wulan" in line.console("pjsip show endpoints"), 30, "Asterisk knows it", every=0.5)
    line.secure("wulan", 700)  # registered, or it fails
    assert caller.in_call


@contextmanager
def registrar() -> Iterator[tuple[int, list[str]]]:
    """A carrier's exchange that asks for a password once and then says yes to whoever registers."""
    heard: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as served:
        served.bind(("127.0.0.1", *free_ports(1, socket.SOCK_DGRAM)))

        def serve() -> None:
            while True:
                try:
                    data, sender = served.recvfrom(65536)
                except OSError:
                    return
                text = data.decode()
                if not text.startswith("REGISTER "):
                    continue
                heard.append(text)
                kept = [line for line in text.split("\r\n") if re.match(r"(Via|From|To|Call-ID|CSeq|Contact):", line)]
                ask = "Authorization:" not in text
                status = "SIP/2.0 401 Unauthorized" if ask else "SIP/2.0 200 OK"
                kept += (
                    ['WWW-Authenticate: Digest realm="carrier",nonce="abc",algorithm=MD5'] if ask else ["Expires: 300"]
                )
                kept = [line for line in kept if not (ask and line.startswith("Contact:"))]
                served.sendto("\r\n".join([status, *kept, "Content-Length: 0", "", ""]).encode(), sender)

        threading.Thread(target=serve, daemon=True).start()
        yield served.getsockname()[1], heard


def test_a_trunk_that_is_written_down_registers_without_a_restart(secure_line: SecureLine) -> None:
    before = secure_line.product.pid("asterisk")
    secure_line.ask(lambda acd: acd.set_level(3, reason="uji", by="spv1"))
    until(lambda: "SUAR_LEVEL_main=3" in secure_line.console("dialplan show globals"), 10, "level 3", every=0.1)
    with registrar() as (port, heard):
        secure_line.change(daftar={"host": f"127.0.0.1:{port}", "register_as": "6221123"})
        until(lambda: any("Authorization: Digest" in text for text in heard), 40, "it registers", every=0.5)
        assert 'username="6221123"' in next(text for text in heard if "Authorization" in text)
        until(
            lambda: "Registered" in secure_line.console("pjsip show registrations"), 20, "it is registered", every=0.5
        )
        known = secure_line.console("dialplan show globals")
        assert "from-daftar" in secure_line.console("dialplan show from-daftar")
        assert "SUAR_LEVEL_main=3" in known, "reading the dialplan forgot the surge level"
        secure_line.ask(lambda acd: acd.set_level(0, reason="uji", by="spv1"))
        secure_line.change()
        until(lambda: "daftar" not in secure_line.console("pjsip show endpoints"), 30, "it is gone", every=0.5)
    assert secure_line.product.pid("asterisk") == before
