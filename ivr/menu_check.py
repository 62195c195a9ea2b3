"""`suar ivr check` and `suar ivr draw`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from config import operator as operator_files
from config.schema.menu import Asking, Menu, Node, targets
from config.settings import settings
from config.yaml_file import ConfigError
from ivr.speech.cache import recording_faults
from ivr.speech.readers import READERS


def check() -> int:
    """Tell every fault of the operator's files, one per line; the answer is the exit code."""
    try:
        files = operator_files.load(settings().config_dir)
    except ConfigError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    if faults := [*_unread(files.menu.languages), *recording_faults()]:
        sys.stderr.write("\n".join([*faults, ""]))
        return 1
    sys.stdout.write(f"menu: {len(files.menu.nodes)} nodes, {len(files.prompts.prompts)} sentences, no fault\n")
    return 0


def _unread(languages: Iterable[str]) -> list[str]:
    return [
        f"menu.yaml: {one!r} has voices, but no line in ivr/speech/readers.py"
        for one in languages
        if one not in READERS
    ]


def draw() -> str:
    """The menu as a Mermaid flowchart."""
    menu = operator_files.load(settings().config_dir).menu
    lines = ["flowchart TD", f"  {_id('123')}(({_text('123')})) --> {_id(menu.start)}"]
    for name, node in menu.nodes.items():
        lines.append(f"  {_id(name)}{_box(name, node)}")
        lines += [f"  {_id(name)} -- {_text(label)} --> {_id(target)}" for label, target in _arrows(node)]
    return "\n".join([*lines, *_levels(menu), *_hours(menu), *_emergency(menu)]) + "\n"


def _arrows(node: Node) -> list[tuple[str, str]]:
    return [(where[-1], target) for where, target in targets(node)]


def _levels(menu: Menu) -> list[str]:
    """Dotted: from this surge level on the other node is entered; with a star only by callers of a dark area."""
    return [
        f"  {_id(name)} -. {_text(f'≥ {number}{star}')} .-> {_id(other)}"
        for number, level in sorted(menu.levels.items())
        for star, table in (("", level.everybody), ("*", level.affected))
        for name, other in table.items()
    ]


def _hours(menu: Menu) -> list[str]:
    """Dotted: outside of these hours the other node is entered."""
    return [
        f"  {_id(node)} -. {_text(f'≠ {name}')} .-> {_id(other)}"
        for name, hours in menu.hours.items()
        for node, other in hours.instead.items()
    ]


def _emergency(menu: Menu) -> list[str]:
    queue = menu.emergency.queue
    asking = [name for name, node in menu.nodes.items() if isinstance(node, Asking)]
    head = f"  {_id('(darurat)')}[/{_text(f'queue {queue}')}/]"
    return [head, *(f"  {_id(name)} -. {_text(menu.emergency.key)} .-> {_id('(darurat)')}" for name in asking)]


def _box(name: str, node: Node) -> str:
    if node.kind == "queue":
        return f"[/{_text(f'{name}: queue {node.queue}')}/]"
    if node.kind == "bye":
        return f"([{_text(name)}])"
    return f"{{{_text(name)}}}" if isinstance(node, Asking) else f"[{_text(f'{name}: {node.kind}')}]"


def _id(name: str) -> str:
    return "n_" + "".join(c if c.isalnum() else f"_{ord(c):x}" for c in name)


def _text(label: str) -> str:
    return '"' + label.replace('"', "'") + '"'
