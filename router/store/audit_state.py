"""The raw state of one pool in plain Python, as the rules of the audit look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Live:
    """Every key of one pool by its suffix: hash → dict, sorted set → member: score, set → set, string → str."""

    keys: Mapping[str, Any]
    expires: frozenset[str] = field(default_factory=frozenset)  # suffixes that go away by themselves

    def hash(self, suffix: str) -> Mapping[str, str]:
        """The hash, or an empty one."""
        found: Mapping[str, str] = self.keys.get(suffix, {})
        return found

    def scores(self, suffix: str) -> Mapping[str, float]:
        """The sorted set, or an empty one."""
        found: Mapping[str, float] = self.keys.get(suffix, {})
        return found

    def members(self, suffix: str) -> frozenset[str]:
        """The set (or the members of the sorted set), or an empty one."""
        return frozenset(self.keys.get(suffix, ()))

    def each(self, prefix: str) -> Iterator[tuple[str, Any]]:
        """What stands behind the prefix (`:call:` → id, hash), in the order of the names."""
        for suffix in sorted(self.keys):
            if suffix.startswith(prefix):
                yield suffix[len(prefix) :], self.keys[suffix]

    def calls(self) -> dict[str, Mapping[str, str]]:
        """Every call the store still knows, ended ones too."""
        return dict(self.each(":call:"))

    def live(self) -> dict[str, Mapping[str, str]]:
        """The calls that have not ended."""
        return {name: call for name, call in self.calls().items() if call.get("state") != "ended"}

    def csos(self) -> dict[str, Mapping[str, str]]:
        """Every CSO the store still knows."""
        return dict(self.each(":cso:"))
