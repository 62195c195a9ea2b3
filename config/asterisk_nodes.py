"""An Asterisk among several: how everybody else sees it (docs/asterisk.md, ADR 0071)."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class AsteriskNode(BaseModel):
    """Its name is in every channel name that the store keeps, so it does not change while calls are up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", pattern=r"^[a-z][a-z0-9]{0,11}$|^$")
    ami_host: str
    ami_port: int = Field(default=5038, ge=1, le=65535)
    ami_secret: str = Field(default="", description="Empty: SUAR_AMI_SECRET.")
    sip_host: str = Field(description="Where the other nodes send calls for telephones that are registered here.")
    sip_port: int = Field(default=5060, ge=1, le=65535)
    public_name: str = Field(
        default="", pattern=r"^[A-Za-z0-9.-]*$", description="Where telephones register; empty: sip_host."
    )


def read_nodes(text: str) -> list[dict[str, Any]]:
    """The JSON list of a setting; raises ValueError, which never repeats it: there are secrets in it."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("name") for one in found):
        raise ValueError('needs a JSON list of nodes with names, like [{"name":"a","ami_host":"…","sip_host":"…"}]')
    return found


def read_passwords(text: str) -> dict[str, str]:
    """The JSON object of a setting; raises ValueError, which never repeats it."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) and one.isprintable() for one in found.values()):
        raise ValueError('needs a JSON object, like {"telkom":"…"}')
    return found
