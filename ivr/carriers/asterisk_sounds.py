"""Which files Asterisk plays: those that are rendered, and never dead air.

`fallback.wav` is what is heard when no process of ours answers, `front.wav` and `front-withheld.wav` at level 4, where
nobody is asked: they are kept up to date with the last published announcement, by whom ever runs (`renew`), and lie
beside the others, so Asterisk needs nobody to find them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import Counter

from config.operator import Operator, operator
from config.settings import settings
from ivr.instructions import Fragment
from ivr.menu import Menu
from ivr.speech.cache import available, sound_of

log = logging.getLogger(__name__)

MISSING = Counter("suar_prompts_missing_total", "Sentences that were not rendered when a caller should hear them.")
HOLDING = "suar/holding"
LOOK_SECONDS = 2.0


def playable(say: Sequence[Fragment]) -> list[str]:
    """Names as Playback takes them. Nothing rendered at all: the holding sentence, so that there is no dead air."""
    files = available(say)
    if len(files) < len(say):
        MISSING.inc(len(say) - len(files))
    if say and not files:
        return [HOLDING]
    return [f"suar/{path.relative_to(settings().sounds_dir).with_suffix('')}" for path in files]


def join(target: Path, parts: Sequence[Path]) -> None:
    """Write `parts` (8 kHz, 16 bit, mono) one after the other into `target`, atomically."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with wave.open(str(draft), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        for part in parts:
            with wave.open(str(part), "rb") as sound:
                out.writeframes(sound.readframes(sound.getnframes()))
    draft.replace(target)


def renew(parts: Sequence[Path], name: str = "fallback") -> bool:
    """Make `<name>.wav` of `parts` if all are there and it is not made of them yet; answers whether it was written."""
    folder = settings().sounds_dir
    made_of = folder / f".{name}.parts"
    wanted = "\n".join(f"{path.parent.name}/{path.name}" for path in parts)
    target = folder / f"{name}.wav"
    if target.exists() and made_of.exists() and made_of.read_text() == wanted:
        return False
    if not parts or not all(path.exists() for path in parts):
        return False
    join(target, parts)
    made_of.write_text(wanted)
    log.info("%s.wav renewed", name)
    return True


def fallback_parts(op: Operator, announcement: str) -> list[Path]:
    """Greeting, the key of an emergency (in the other languages too), what was published last, that a person comes."""
    return _around(op, announcement, [op.menu.waiting.far])


def front_parts(op: Operator, announcement: str) -> dict[str, list[Path]]:
    """The same at level 4, by the name of the file: nobody comes; that the number was noted, if there is one."""
    triage = op.menu.triage
    ends = {"front": triage.bye, "front-withheld": triage.no_number or op.menu.waiting.full_bye}
    return {name: _around(op, announcement, end) for name, end in ends.items()}


def _around(op: Operator, announcement: str, end: Sequence[str]) -> list[Path]:
    menu, sentences, first = Menu(op.menu, op.prompts), op.menu.emergency.sentences, op.menu.languages[0]
    said = [(key, first) for key in (*op.menu.greeting, sentences[0])]
    said += [(sentences[-1], language) for language in op.menu.languages[1:]]
    before, after = (
        [sound_of(piece.text, piece.language) for key, language in part for piece in menu.say(key, language)]
        for part in (said, [(key, first) for key in end])
    )
    return [*before, *([sound_of(announcement)] if announcement else []), *after]


def renew_all(op: Operator, announcement: str) -> None:
    """All that Asterisk plays without us; blocking."""
    parts = fallback_parts(op, announcement)
    renew(parts)
    renew(parts[-1:], "holding")
    for name, front in front_parts(op, announcement).items():
        renew(front, name)


async def keep_fallback(announcement: Callable[[], str]) -> None:
    """Renew what Asterisk plays without us whenever something new was published; ends by being cancelled."""
    while True:
        try:
            await asyncio.to_thread(renew_all, operator(), announcement())
        except (OSError, EOFError, wave.Error) as fault:
            log.warning("the fallback is not renewed: %s", type(fault).__name__)
        await asyncio.sleep(LOOK_SECONDS)
