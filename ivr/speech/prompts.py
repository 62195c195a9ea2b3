"""Everything that may be said, and the two verbs `suar prompts render` and `suar prompts list`."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

from config.clock import SystemClock
from config.database import database
from config.operator import Operator, operator
from config.schema.scripts import Scripts
from ivr.instructions import Fragment
from ivr.menu import Menu
from ivr.speech import music, render
from ivr.speech.cache import name_of, recording_faults
from ivr.speech.readers import READERS
from router.estimate import LAST
from tickets import scripts
from tickets.outages import lookup, phrases

log = logging.getLogger(__name__)


def fixed() -> Iterator[Fragment]:
    """What the operator's files alone decide, in every language in use."""
    files = operator()
    menu = Menu(files.menu, files.prompts)
    yield from menu.texts()
    for language in files.menu.languages:
        yield from _values(files, language)
    for rule in files.compensation.regulations:
        yield Fragment("regulation", rule.spoken)
    yield from told(files.scripts, files.menu.languages)
    for code, area in files.areas.areas.items():
        yield Fragment("area", area.name)
        for language in files.menu.languages:
            pieces = phrases.holding_pieces(code, language=language).said()
            yield from (Fragment("outage.holding", text, language) for text in pieces)
    for language in files.menu.languages:
        yield from (Fragment("outage.fixed", text, language) for text in phrases.fixed(language))


def told(words: Scripts, languages: Sequence[str]) -> Iterator[Fragment]:
    """What is told of a report (scripts.yaml) and when it was finished, in each language of the menu."""
    for language in languages:
        yield from (Fragment("time", piece, language) for piece in phrases.every_time_piece(language))
        for said in scripts.every_sentence(words.of(language)):
            yield from (Fragment(f"script.{said.name}", piece, language) for piece in said.pieces)


def _values(files: Operator, language: str) -> Iterator[Fragment]:
    """What is filled into the sentences of one language."""
    caption = READERS[language].caption
    percents = [str(percent) for rule in files.compensation.regulations for percent in rule.percents]
    filled: dict[str, Iterable[str]] = {
        "digit": map(str, range(10)),
        "place": map(str, range(1, files.menu.waiting.spoken_places + 1)),
        "minutes": map(str, range(1, LAST + 1)),
        "percent": percents,
        "month": phrases.MONTHS,
    }
    for name, values in filled.items():
        yield from (Fragment(name, caption(name, value), language) for value in values)


def live() -> Iterator[Fragment]:
    """What the database adds: streets that callers choose from, and what is announced now."""
    with database().reading() as session:
        streets = [*lookup.streets_spoken(session), *lookup.streets_of_crews(session)]
        said = lookup.live_spoken(session, now=SystemClock().now())
    yield from (Fragment("street", street) for street in streets)
    for language, texts in said.items():
        yield from (Fragment("outage.announcement", text, language) for text in texts)


def render_all(stop: threading.Event | None = None) -> int:
    """Render what is missing; answers how many sounds were made. Called before the first call is taken.
    Once `stop` is set it ends early.
    """
    began, again = time.monotonic(), render.voice_changed()
    wanted = [*fixed()]
    try:
        wanted += live()
    except SQLAlchemyError as fault:  # `suar prompts render` before `suar migrate`
        log.warning("streets and statements are not rendered: the database cannot be read (%s)", type(fault).__name__)
    music.ensure()
    texts: dict[str, dict[str, None]] = {}
    for piece in wanted:
        texts.setdefault(piece.language, {})[piece.text] = None
    made = sum(render.render(said, language=language, again=again, stop=stop) for language, said in texts.items())
    if stop is None or not stop.is_set():
        render.remember_voice()
    for wrong in recording_faults():
        log.warning("%s", wrong)
    log.info("%d sounds made, %d in all (%.1f s)", made, sum(map(len, texts.values())), time.monotonic() - began)
    return made


def recording_list() -> list[tuple[str, str, str, str]]:
    """For a studio: file name, language, key, text. A recorded file of that name is played instead of the rendered
    one (ivr/speech/cache.py).
    """
    return [
        (f"{name_of(piece.text, piece.language)}.wav", piece.language, piece.key, piece.text)
        for piece in dict.fromkeys(fixed())
    ]


def list_all() -> None:
    """Print the recording list, tab-separated."""
    for row in recording_list():
        sys.stdout.write("\t".join(row) + "\n")
