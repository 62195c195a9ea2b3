"""What `suar doctor` looks at on every Asterisk: whether its manager answers, the ports for sound, and the
certificate of SIP over TLS.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from config.asterisk_nodes import AsteriskNode
from config.settings import Settings

Finding = tuple[bool, str]
SECONDS = 2.0


def nodes(s: Settings) -> Finding:
    """One sentence for all of them; each that does not answer is named."""
    if not s.asterisk:
        return True, "not configured"
    said = [(node, asyncio.run(_greeting(node))) for node in s.nodes]
    silent = [f"no AMI{_at(node)} at {node.ami_host}:{node.ami_port}" for node, text in said if "Asterisk" not in text]
    return not silent, "; ".join(silent) or "; ".join(f"{text}{_at(node)}" for node, text in said)


def _at(node: AsteriskNode) -> str:
    return f" of {node.name}" if node.name else ""


async def _greeting(node: AsteriskNode) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(node.ami_host, node.ami_port)
            try:
                return (await reader.readline()).decode(errors="replace").strip()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""


def sound(s: Settings, *, lines: int, front: int, csos: int) -> Finding:
    """Whether every line, CSO and caller in the front can have the two ports that a leg's sound takes: with none left
    Asterisk refuses before there is a channel, and nobody learns of that caller.
    """
    if not s.asterisk:
        return True, "not configured"
    legs, wanted = (s.rtp_end - s.rtp_start + 1) // 2 * len(s.nodes), lines + front + csos
    sentence = f"{legs} legs for {lines} lines, {csos} CSOs and {front} in front"
    if legs >= wanted:
        return True, sentence
    return False, f"{sentence}: widen SUAR_RTP_START to SUAR_RTP_END by {2 * -(-(wanted - legs) // len(s.nodes))} ports"


def outgoing(s: Settings, dial: str) -> Finding:
    """Whether callers can be called back: the trunk of those who need none of their own only takes calls."""
    if not s.asterisk or not dial.endswith("@trunk"):
        return True, dial if s.asterisk else "not configured"
    return False, f"areas.yaml: outgoing: {dial} has no address to dial: nobody is called back (docs/asterisk.md)"


def certificate(s: Settings) -> Finding:
    """Whether the files belong together, and whether a telephone would accept what Asterisk shows."""
    if not s.asterisk or not s.sip_tls_cert or not s.sip_tls_key:
        return True, "not configured"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(s.sip_tls_cert, s.sip_tls_key)
    except ssl.SSLError as fault:
        if fault.reason == "KEY_VALUES_MISMATCH":
            return False, "the key of SUAR_SIP_TLS_KEY is not that of the certificate in SUAR_SIP_TLS_CERT"
        return False, f"SUAR_SIP_TLS_CERT or SUAR_SIP_TLS_KEY is no PEM file that can be used ({fault.reason})"
    except OSError as fault:
        return False, f"SUAR_SIP_TLS_CERT or SUAR_SIP_TLS_KEY cannot be read ({fault.strerror})"
    return _shown(s)


def _shown(s: Settings) -> Finding:
    here = next((node for node in s.nodes if node.name == s.asterisk_node), s.nodes[0])
    name = here.public_name or here.sip_host
    at = "127.0.0.1" if s.sip_host in ("0.0.0.0", "::") else s.sip_host  # noqa: S104
    place = f"{at}:{s.sip_tls_port}"
    trusting = ssl.create_default_context(cafile=str(s.sip_tls_ca) if s.sip_tls_ca else None)
    try:
        with (
            socket.create_connection((at, s.sip_tls_port), SECONDS) as plain,
            trusting.wrap_socket(plain, server_hostname=name) as secured,
        ):
            return True, f"telephones accept the certificate of {name} ({secured.version()})"
    except ssl.SSLCertVerificationError as fault:
        return False, f"telephones refuse the certificate at {place}: {fault.verify_message} (asked for {name})"
    except ssl.SSLError as fault:
        return False, f"{place} does not speak TLS as it should ({fault.reason})"
    except (OSError, TimeoutError):
        return False, f"nobody takes SIP over TLS at {place}; was Asterisk started with this certificate?"
