"""asterisk.yaml: the SIP trunks callers come by, and how telephones of CSOs speak (docs/asterisk.md)."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.schema.base import Shape

Codec = Literal["alaw", "ulaw", "g722", "opus"]
Encryption = Literal["none", "sdes"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,24}$")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{2,15}$")]


def _codecs(codecs: list[Codec]) -> list[Codec]:
    if len(set(codecs)) < len(codecs):
        raise ValueError("a codec stands there twice")
    if len(codecs) > 1 and codecs[0] == "opus":
        raise ValueError("opus before others is silent after a transfer: put it last, or alone")
    return codecs


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("an address or a network, like 203.0.113.5 or 203.0.113.0/28") from None
    return text


Codecs = Annotated[list[Codec], Field(min_length=1), AfterValidator(_codecs)]
Network = Annotated[str, AfterValidator(_network)]


class SipTrunk(Shape):
    """A carrier's exchange. It is known by its addresses, or because we register with it; best by both."""

    host: str = Field(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{2,5})?$", description="Name or address, perhaps with :port.")
    identify: list[Network] = Field(default=[], description="Addresses or networks its calls come from.")
    register_as: str = Field(
        default="", pattern=r"^[A-Za-z0-9+._-]*$", description="User name; the password: SUAR_SIP_TRUNK_PASSWORDS."
    )
    transport: Literal["udp", "tcp", "tls"] = "udp"
    encryption: Encryption = Field(default="none", description="sdes: SRTP, whose keys stand in the signalling.")
    codecs: Codecs = Field(default=["alaw", "ulaw"])
    numbers: list[Number] = Field(default=[], description="All that may be dialled on it; none = any.")
    counts_as: Number | None = Field(
        default=None, description="The number of areas.yaml that any other one counts as, and so its region."
    )

    @model_validator(mode="after")
    def _known_somehow(self) -> SipTrunk:
        if not self.identify and not self.register_as:
            raise ValueError("needs identify (addresses its calls come from), register_as, or both")
        if self.encryption == "sdes" and self.transport != "tls":
            raise ValueError("encryption: sdes needs transport: tls, else everybody on the way reads the key")
        return self


class Telephones(Shape):
    """What CSOs speak by. Each account of a CSO has a telephone of its login's name."""

    codecs: Codecs = Field(default=["alaw", "ulaw"])
    encryption: Encryption = Field(default="none", description="sdes: they register over TLS and speak SRTP.")
    webrtc: bool = Field(default=False, description="A second telephone for each CSO, `LOGIN-web`, for a page.")
    webrtc_codecs: Codecs = Field(default=["alaw", "ulaw"])


class Asterisk(Shape):
    trunks: dict[Name, SipTrunk] = Field(default={})
    telephones: Telephones = Field(default=Telephones())
