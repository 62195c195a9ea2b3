"""The menu as a value with a version, and where a process finds the version that a call follows."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Formatter

from config import operator as operator_files
from config.errors import NotFound
from config.languages import FIRST
from config.menu_faults import queue_faults
from config.schema import menu as shapes
from config.schema.prompts import Prompts
from config.yaml_file import ConfigError
from ivr.instructions import Fragment
from ivr.speech.readers import READERS

log = logging.getLogger(__name__)
_EDGES = " ,.;:"
NAMES = frozenset({"name", "regulation"})  # of places and rules: Indonesian in every language


@dataclass(frozen=True)
class Menu:
    """Nodes and sentences together: what a call started with is what it goes on with."""

    shape: shapes.Menu
    prompts: Prompts

    @cached_property
    def version(self) -> str:
        """The hash of its content."""
        return hashlib.sha256(self.dumps().encode()).hexdigest()[:16]

    def dumps(self) -> str:
        """The same text for the same content."""
        whole = {"menu": self.shape.model_dump(mode="json"), "prompts": self.prompts.model_dump(mode="json")}
        return json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> Menu:
        """From `dumps`."""
        raw = json.loads(text)
        return cls(shapes.Menu.model_validate(raw["menu"]), Prompts.model_validate(raw["prompts"]))

    def say(self, key: str, language: str = FIRST, /, **values: str | list[str]) -> list[Fragment]:
        """A sentence as fragments, cut at its placeholders, so that each piece is in the cache of sounds. Indonesian
        where it is not translated.
        """
        pieces: list[Fragment] = []
        prompt = self.prompts.prompts[key]
        if not prompt.texts().get(language):
            language = FIRST
        for literal, name, _, _ in Formatter().parse(prompt.text(language)):
            text = literal.strip() if name is None and not pieces else literal.strip(_EDGES)
            if text.strip(_EDGES):
                pieces.append(Fragment(key, text, language, prompt.legal))
            if name is not None:
                value = values[name]
                parts = [READERS[language].caption(name, value)] if isinstance(value, str) else value
                voice = FIRST if name in NAMES else language
                pieces += [Fragment(f"{key}:{name}", part, voice, prompt.legal) for part in parts]
        return pieces

    def texts(self) -> Iterator[Fragment]:
        """Every fixed piece of every sentence in every language in use."""
        for key, prompt in self.prompts.prompts.items():
            for language in self.shape.languages:
                blank: dict[str, str | list[str]] = {
                    name: [] for _, name, _, _ in Formatter().parse(prompt.text(language)) if name
                }
                yield from self.say(key, language, **blank)


class Menus:
    """The current menu (read again when the files change) and, by version, those that calls still follow."""

    def __init__(self, config_dir: Path, folder: Path, *, audible: Callable[[Menu], bool] = lambda menu: True) -> None:
        """`audible`: whether each of its sentences can be said now; a changed menu waits for that."""
        self._config_dir = config_dir
        self._folder = folder
        self._audible = audible
        self._kept: dict[str, Menu] = {}
        self._stamp = operator_files.stamps(self._config_dir)
        files = operator_files.load(config_dir)
        self._queues = files.queues  # as the running processes know them
        self._current = self._keep(Menu(files.menu, files.prompts))
        self._next: Menu | None = None

    def current(self) -> Menu:
        """For a new call."""
        return self._current

    def refresh(self) -> bool:
        """Take up changed files; blocking. A file that became wrong is told in the log, the last good menu goes on."""
        stamp = operator_files.stamps(self._config_dir)  # of all: a menu is right or wrong together with the others
        if stamp != self._stamp:
            self._stamp, self._next = stamp, self._changed()
        if self._next is None or not self._audible(self._next):
            return False
        self._current, self._next = self._keep(self._next), None
        log.info("menu %s taken up", self._current.version)
        return True

    def version(self, version: str) -> Menu:
        """For a call in progress; raises NotFound when no process ever wrote that version down."""
        if version not in self._kept:
            try:
                self._kept[version] = Menu.loads(self._file(version).read_text(encoding="utf-8"))
            except (OSError, ValueError) as fault:
                raise NotFound("no menu of that version", slug="unknown-menu") from fault
        return self._kept[version]

    def _changed(self) -> Menu | None:
        try:
            files = operator_files.load(self._config_dir)
        except (ConfigError, OSError) as fault:
            log.error("the menu was not taken up: %s", fault)
            return None
        menu = Menu(files.menu, files.prompts)
        if menu.version == self._current.version:
            return None
        for place, wrong in queue_faults(files.menu, self._queues):
            log.error("the menu is taken up when Suar starts again: %s: %s as yet", ".".join(map(str, place)), wrong)
            return None
        if not self._audible(menu):
            log.info("menu %s waits until all its sentences have a sound", menu.version)
        return menu

    def _keep(self, menu: Menu) -> Menu:
        self._kept[menu.version] = menu
        self._write(menu)
        return menu

    def _write(self, menu: Menu) -> None:
        path = self._file(menu.version)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(menu.dumps(), encoding="utf-8")
        part.replace(path)

    def _file(self, version: str) -> Path:
        return self._folder / f"{version}.json"
