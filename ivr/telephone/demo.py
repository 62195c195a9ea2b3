"""The exchange of the demo: real time, our rendered voice, partners that pick up by themselves."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from urllib.parse import urlsplit

from config.settings import Settings
from ivr.speech.cache import recordings_dir, sound_of
from ivr.telephone.exchange import Exchange, Sound, reading_time
from ivr.telephone.machine import Leg

PARTNER_PICKS_UP = 3.0  # seconds
PARTNER_TALKS = 45.0


def demo_exchange(settings: Settings) -> Exchange:
    """Twilio's stand-in for the page /telepon."""
    base = settings.base_url
    return Exchange(
        account=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
        base_url=base,
        fallback=settings.twilio_fallback_url or f"{base}/telepon/cadangan/fallback.xml",
        voice=rendered,
        on_ring=_pick_up_by_itself,
    )


def rendered(text: str, language: str = "id") -> Sound:
    """The sentence from the cache of rendered speech; its reading time when it is not there."""
    path = sound_of(text, language)
    seconds = length(path)
    folder = "studio/" if path.parent == recordings_dir() else ""
    return Sound(seconds, f"/telepon/suara/{folder}{path.name}") if seconds else reading_time(text)


def length(path: Path) -> float:
    """Seconds of a WAV; 0 when there is none."""
    try:
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0.0


def sound_address(url: str) -> str:
    """A <Play>'s address as the page fetches it: ours, without the host."""
    parts = urlsplit(url)
    return f"{parts.path}{'?' + parts.query if parts.query else ''}"


def _pick_up_by_itself(leg: Leg) -> None:
    if leg.direction == "outbound-dial":
        leg.exchange.spawn(_partner(leg))


async def _partner(leg: Leg) -> None:
    await asyncio.sleep(PARTNER_PICKS_UP)
    leg.pick_up()
    await asyncio.sleep(PARTNER_TALKS)
    leg.hang_up()
