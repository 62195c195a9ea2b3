"""YAML read with the line of every value, so that a wrong file is refused with file, line and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class ConfigError(Exception):
    """An operator's file that cannot be used. The text is for the operator: `file:line: reason`, one per line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice (YAML itself lets the last one win silently)."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        seen.add(key)
    return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def line_of(root: yaml.Node | None, loc: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest part of `loc` that stands in the file."""
    node, line = root, 1
    for part in loc:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if str(key.value) == str(part):
                    line, found = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line + 1
        if found is None:
            break
        node = found
    return line


class YamlFile:
    """One parsed file: its data, and where each part stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError([f"{path}:1: cannot be read ({type(fault).__name__})"]) from fault
        try:
            self.root = yaml.compose(text, Loader=_Loader)
            self.data: Any = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader subclass
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            raise ConfigError([f"{path}:{mark.line + 1 if mark else 1}: {fault.problem}"]) from fault
        except yaml.reader.ReaderError as fault:
            line = text.count("\n", 0, fault.position) + 1
            raise ConfigError([f"{path}:{line}: a character that may not stand in YAML"]) from fault

    def fault(self, loc: tuple[int | str, ...], reason: str) -> str:
        """One line of a ConfigError about the value at `loc`."""
        return f"{self.path}:{line_of(self.root, loc)}: {'.'.join(map(str, loc))}: {reason}"

    def parse(self, shape: type[M]) -> M:
        """The file as `shape`; every fault is collected before it is refused."""
        try:
            return shape.model_validate(self.data if self.data is not None else {})
        except ValidationError as fault:
            raise ConfigError([self.fault(e["loc"], e["msg"]) for e in fault.errors()]) from fault
