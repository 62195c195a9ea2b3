"""The demo's secrets: made once per data folder, kept there, handed to the processes by environment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from config.settings import Settings

NUMBER = "+62123"  # what the demo telephone dials, written as a carrier writes it

_MADE: dict[str, Callable[[], str]] = {
    "SUAR_TWILIO_ACCOUNT_SID": lambda: "AC" + secrets.token_hex(16),
    "SUAR_TWILIO_AUTH_TOKEN": lambda: secrets.token_hex(16),
}


def environment(settings: Settings, data: Path) -> dict[str, str]:
    """What the demo sets that nobody has set: secrets, and our own stand-in as the carrier's REST API.

    A real Twilio account (an account SID in the settings) is left alone.
    """
    path = data / "run" / "demo.json"
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    values = {name: kept.get(name) or make() for name, make in _MADE.items()}
    if values != kept:
        path.touch(mode=0o600)
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    if settings.twilio_account_sid:
        return {}
    values["SUAR_TWILIO_API_URL"] = settings.twilio_api_url or f"{settings.base_url}/telepon/rest"
    values["SUAR_TWILIO_NUMBER"] = settings.twilio_number or NUMBER
    return values


def apply(values: dict[str, str]) -> None:
    """Make them the settings of every process started from here."""
    os.environ.update(values)
