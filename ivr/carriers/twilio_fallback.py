"""The static documents of a number's fallback URL: what callers hear while none of our processes answers (T1).

They stand on a host that is not ours and hold nothing secret: the apology, our public address, the emergency
telephone. Any key is an emergency; silence tries us again.
"""

from __future__ import annotations

import logging
from pathlib import Path

from config.errors import Refused
from config.operator import operator
from config.settings import settings
from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_trail import DOCUMENT
from ivr.menu import Menu

log = logging.getLogger(__name__)
FIRST, EMERGENCY = "fallback.xml", "emergency.xml"
RINGS = 30  # seconds


def documents(at: str) -> dict[str, str]:
    """The two files, as they are served below the address `at`; raises Refused (no-emergency-number)."""
    op, at = operator(), at.rstrip("/")
    if not op.queues.emergency_number:
        raise Refused("queues.yaml: emergency_number is empty: nobody to reach", slug="no-emergency-number")
    menu = Menu(op.menu, op.prompts)
    apology = [piece for key in op.menu.fallback.say for piece in menu.say(key)]
    connecting = [piece for key in op.menu.fallback.telephone for piece in menu.say(key)]
    again = f"{settings().base_url}/twilio/voice{DOCUMENT}"
    number = op.queues.emergency_number
    return {
        FIRST: twilio_twiml.static_fallback(f"{at}/{EMERGENCY}", again, apology),
        EMERGENCY: twilio_twiml.static_emergency(number, f"{at}/{FIRST}", timeout=RINGS, say=connecting),
    }


def write(folder: Path, at: str) -> list[Path]:
    """Write them into `folder`; answers the files."""
    if not settings().public_url:
        log.warning("SUAR_PUBLIC_URL is not set: from the fallback Twilio comes back to %s", settings().base_url)
    made = documents(at)
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in made.items():
        (folder / name).write_text(document + "\n", encoding="utf-8")
    return [folder / name for name in made]
