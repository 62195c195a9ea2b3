"""Everything that may be said, and the two verbs `suar prompts render` and `suar prompts list`."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from config.clock import SystemClock
from config.database import database
from config.operator import operator
from ivr.menu import Menu
from ivr.speech import music, render
from ivr.speech.cache import name_of
from router.estimate import LAST
from tickets.outages import lookup, phrases

log = logging.getLogger(__name__)


def fixed() -> Iterator[tuple[str, str]]:
    """What the operator's files alone decide: (key, text)."""
    files = operator()
    menu = Menu(files.menu, files.prompts)
    yield from menu.texts()
    yield from (("digit", str(digit)) for digit in range(10))
    places = range(1, files.menu.waiting.spoken_places + 1)
    yield from (("place", f"ke-{place}") for place in places)
    yield from (("minutes", str(minutes)) for minutes in range(1, LAST + 1))
    for rule in files.compensation.regulations:
        yield "regulation", rule.spoken
        yield from (("percent", str(percent)) for percent in rule.percents)
    yield from (("month", month) for month in phrases.MONTHS)
    for code, area in files.areas.areas.items():
        yield "area", area.name
        yield "outage.holding", phrases.holding(code)
        for language in files.menu.languages:
            yield from (("outage.holding", text) for text in phrases.holding_pieces(code, language=language).said())
    for language in files.menu.languages:
        yield from (("outage.fixed", text) for text in phrases.fixed(language))


def live() -> Iterator[tuple[str, str]]:
    """What the database adds: streets that callers choose from, and what is announced now."""
    with database().reading() as session:
        streets = lookup.streets_spoken(session)
        said = lookup.live_spoken(session, now=SystemClock().now())
    yield from (("street", street) for street in streets)
    yield from (("outage.announcement", text) for texts in said.values() for text in texts)


def render_all(stop: threading.Event | None = None) -> int:
    """Render what is missing; answers how many sounds were made. Called before the first call is taken.
    Once `stop` is set it ends early.
    """
    began, again = time.monotonic(), render.voice_changed()
    texts = [text for _, text in fixed()]
    try:
        texts += [text for _, text in live()]
    except SQLAlchemyError as fault:  # `suar prompts render` before `suar migrate`
        log.warning("streets and statements are not rendered: the database cannot be read (%s)", type(fault).__name__)
    music.ensure()
    made = render.render(texts, again=again, stop=stop)
    if stop is None or not stop.is_set():
        render.remember_voice()
    log.info("%d sounds made, %d in all (%.1f s)", made, len(set(texts)), time.monotonic() - began)
    return made


def recording_list() -> list[tuple[str, str, str]]:
    """For a studio: file name, key, text. A recorded file of that name is played instead of the rendered one."""
    return [(f"{name_of(text)}.wav", key, text) for key, text in dict.fromkeys(fixed())]


def list_all() -> None:
    """Print the recording list, tab-separated."""
    for row in recording_list():
        sys.stdout.write("\t".join(row) + "\n")
