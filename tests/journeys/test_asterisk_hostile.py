"""What a caller can write freely (name, number, what was dialled) does no harm on the real Asterisk."""

from __future__ import annotations

import re
import socket
import uuid

import pytest

from tests.fixtures.asterisk import Line
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey

NAMES = {
    "a quote and a comma": (r'"x\" , \"y"', "081299990001"),
    "a folded line": ('"x\r\n EXEC System"', "081299990002"),
    "a backslash at the end": (r'"x\\"', "081299990003"),
    "dialplan in the name": ('"${SHELL(touch /tmp/x)})"', "081299990004"),
    "a line break in the number": ("", "0812%0Aagi_network_script:%20evil%0A%0ASET%20VARIABLE%20A%20B"),
    "dialplan in the number": ("", "%24%7BSHELL(id)%7D"),
}
DROPPED = "dropped by Asterisk as malformed"


def invite(line: Line, name: str, user: str) -> str:
    """Ring the hotline with a hand-made INVITE; answers what came back first that is final or ringing."""
    host, port = line.server.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 0))
        phone.settimeout(5)
        here = f"127.0.0.1:{phone.getsockname()[1]}"
        sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40001 RTP/AVP 8\r\n"
        lines = [
            f"INVITE sip:123@{line.server} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: {name} <sip:{user}@{line.server}>;tag=1",
            f"To: <sip:123@{line.server}>",
            f"Call-ID: {uuid.uuid4().hex}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:x@{here}>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(sdp)}",
        ]
        phone.sendto(("\r\n".join(lines) + "\r\n\r\n" + sdp).encode(), (host, int(port)))
        try:
            while (answer := phone.recv(65536).decode().split("\r\n")[0]).startswith("SIP/2.0 100"):
                pass
        except TimeoutError:
            return DROPPED
        return answer


@pytest.mark.parametrize("case", NAMES, ids=str)
def test_a_strange_name_or_number_does_no_harm(line: Line, case: str) -> None:
    name, user = NAMES[case]
    before = {row["id"] for row in line.rows("SELECT id FROM call_record")}
    answer = invite(line, name, user)
    if answer == DROPPED:
        assert line.channels() == 0
        return
    assert answer == "SIP/2.0 200 OK"
    found = until(
        lambda: [row for row in line.rows("SELECT id, ani, dialled FROM call_record") if row["id"] not in before],
        10,
        "the call is on record",
        every=0.2,
    )
    assert len(found) == 1
    assert re.fullmatch(r"(\+[0-9]{7,15})?", found[0]["ani"])
    assert found[0]["dialled"] == "123"
    assert line.console("core show channels concise").count("!do!") == 1  # it listens, like everybody


def test_the_configuration_loads_without_a_word(line: Line) -> None:
    said = (line.product.data / "asterisk" / "log" / "messages.log").read_text().splitlines()
    # A row with a call's number ([C-0000001d]) is about that caller (who hangs up while a sound plays makes one), not
    # about what was loaded. A sound that does not exist has a row of its own and is asked for everywhere.
    loading = [
        row
        for row in said
        if "[C-" not in row and ("loader.c" in row or "pbx" in row or "config" in row or ".conf" in row)
    ]
    assert loading
    assert [row for row in loading if "WARNING" in row or "ERROR" in row] == []
    assert [row for row in said if "does not exist" in row] == []
    written = (line.product.data / "asterisk" / "etc" / "extensions.conf").read_text()
    contexts = set(re.findall(r"^\[([\w-]+)\]", written, re.MULTILINE)) - {"general", "globals"}
    assert f"in {len(contexts)} contexts" in line.console("dialplan show")
