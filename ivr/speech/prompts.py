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
from config.operator import Operator, load, operator
from config.schema.scripts import Scripts
from config.settings import settings
from ivr.instructions import Fragment
from ivr.menu import Menu
from ivr.speech import music, render
from ivr.speech.cache import name_of, recording_faults
from ivr.speech.readers import READERS
from router.estimate import LAST
from tickets import scripts
from tickets.outages import lookup, phrases

log = logging.getLogger(__name__)


def of_the_menu(files: Operator) -> Iterator[Fragment]:
    """What menu.yaml and prompts.yaml decide, in every language in use."""
    yield from Menu(files.menu, files.prompts).texts()
    for language in files.menu.languages:
        yield from _values(files, language)


def fixed() -> Iterator[Fragment]:
    """What the operator's files alone decide, in every language in use."""
    files = operator()
    yield from of_the_menu(files)
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
    made = _render(wanted, again, stop)
    if stop is None or not stop.is_set():
        render.remember_voice()
    for wrong in recording_faults():
        log.warning("%s", wrong)
    told = len({(piece.text, piece.language) for piece in wanted})
    log.info("%d sounds made, %d in all (%.1f s)", made, told, time.monotonic() - began)
    return made


def render_changed(stop: threading.Event) -> int:
    """What the operator's files say now and this process does not know yet: a changed menu waits for it. Raises
    ConfigError.
    """
    return _render([*of_the_menu(load(settings().config_dir))], False, stop)


def _render(wanted: Iterable[Fragment], again: bool, stop: threading.Event | None) -> int:
    texts: dict[str, dict[str, None]] = {}
    for piece in wanted:
        texts.setdefault(piece.language, {})[piece.text] = None
    return sum(render.render(said, language=language, again=again, stop=stop) for language, said in texts.items())


def recording_list() -> list[tuple[str, str, str, str]]:
    """For a studio: file name, language, key, text. A recorded file of that name is played instead of the rendered
    one (ivr/speech/cache.py). A text that several sentences need is recorded once.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for piece in fixed():
        found.setdefault(f"{name_of(piece.text, piece.language)}.wav", (piece.language, piece.key, piece.text))
    return [(name, *row) for name, row in found.items()]


def list_all() -> None:
    """Print the recording list, tab-separated."""
    for row in recording_list():
        sys.stdout.write("\t".join(row) + "\n")
