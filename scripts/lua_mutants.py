"""Small faults put into the Lua of the store, one at a time: what a test must notice.

Tokens only, no grammar: what is made this way and does not load is no mutant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"(?P<skip>\s+|--\[\[.*?\]\]|--[^\n]*)|(?P<string>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|(?P<number>\d+(?:\.\d+)?(?:e\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>==|~=|<=|>=|\.\.\.|\.\.|[-+*/%#<>=(){}\[\];:,.])",
    re.DOTALL,
)
_SWAPS = {
    "==": "~=", "~=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "+": "-", "-": "+", "and": "or", "or": "and",
}  # fmt: skip
LARGE = 100
_OPEN, _CLOSE = "([{", ")]}"
# Words after which a line that looks like a call is the tail of something else.
_NO_STATEMENT = re.compile(r"^\s*(local|return|if|elseif|else|for|while|function|end|until|repeat|and|or|not)\b")
_CALL = re.compile(r"^[ \t]*[A-Za-z_][\w.]*\(", re.MULTILINE)


@dataclass(frozen=True)
class Token:
    """A word of the text and where it stands."""

    kind: str
    text: str
    at: int

    @property
    def end(self) -> int:
        """Behind it."""
        return self.at + len(self.text)


@dataclass(frozen=True)
class Mutant:
    """One fault: `was` replaced by `now` at a place of a file."""

    file: str
    line: int
    at: int
    was: str
    now: str
    kind: str
    source: str  # the line as it was
    nth: int = 0  # of equal ones in the file

    @property
    def name(self) -> str:
        """Stays the same while the line does, wherever it moves."""
        nth = f" #{self.nth}" if self.nth else ""
        return f"{self.file}: {self.kind}: `{' '.join(self.source.split())}`{nth}"

    def apply(self, text: str) -> str:
        """The file with this fault."""
        return text[: self.at] + self.now + text[self.at + len(self.was) :]


def tokens(text: str) -> list[Token]:
    """The words of a text, without comments; raises ValueError where it is none of Lua's."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not Lua: {text[at : at + 20]!r}")
        if match.lastgroup != "skip":
            found.append(Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    return found


def _conditions(words: list[Token]) -> Iterator[tuple[int, str, str, str]]:
    """Each condition always true, and never."""
    for number, word in enumerate(words):
        if word.text not in ("if", "elseif") or word.kind != "name":
            continue
        then = next(other for other in words[number:] if other.text == "then" and other.kind == "name")
        was = (word.end, then.at)
        for value in ("true", "false"):
            yield was[0], "condition", f"{was[0]}:{was[1]}", f" {value} "


def _operators(words: list[Token]) -> Iterator[tuple[int, str, str, str]]:
    for before, word in zip([None, *words], words, strict=False):
        first = before is None or before.text in ("return", "and", "or")
        unary = first or (before is not None and before.kind == "op" and before.text not in _CLOSE)
        if word.text == "-" and unary:
            continue
        if word.text in _SWAPS and word.kind in ("op", "name"):
            yield word.at, f"{word.text} to {_SWAPS[word.text]}", word.text, _SWAPS[word.text]
        if word.text == "not" and word.kind == "name":
            yield word.at, "not dropped", word.text, ""


def _constants(words: list[Token]) -> Iterator[tuple[int, str, str, str]]:
    for word in words:
        if word.kind != "number":
            continue
        value = float(word.text)
        # A millisecond more or less of a minute is nothing that anybody would notice.
        near = {value + 1, value - 1} if value < LARGE else {value * 2}
        for now in sorted((near | {0.0}) - {value}):
            text = f"{now:.0f}" if now >= 0 else f"({now:.0f})"
            yield word.at, f"{word.text} to {now:.0f}", word.text, text


def _arguments(words: list[Token]) -> Iterator[tuple[int, str, str, str]]:
    """Two plain names side by side in a call change places."""
    for one, comma, two, after, before in zip(words, words[1:], words[2:], words[3:], [None, *words], strict=False):
        inside = before is not None and before.text in ("(", ",") and after.text in (",", ")")
        if inside and comma.text == "," and one.kind == two.kind == "name" and one.text not in (two.text, "p"):
            yield one.at, "arguments swapped", f"{one.at}:{two.end}", f"{two.text}, {one.text}"


def _statements(text: str, words: list[Token]) -> Iterator[tuple[int, str, str, str]]:
    """Lines that only call something are left out."""
    at_line = {word.at: number for number, word in enumerate(words)}
    for match in _CALL.finditer(text):
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        if start not in at_line or _NO_STATEMENT.match(match.group()):
            continue
        end = _call_end(words, at_line[start])
        rest = text[end : text.find("\n", end)]
        before = words[at_line[start] - 1].text if at_line[start] else ""
        if end and rest.strip() in ("",) and before not in ("=", ",", "(", "{", "..", "and", "or", "return", "+", "-"):
            yield start, "call left out", f"{start}:{end}", ""


def _call_end(words: list[Token], number: int) -> int:
    depth = 0
    for word in words[number:]:
        if word.kind == "op" and word.text in _OPEN:
            depth += 1
        elif word.kind == "op" and word.text in _CLOSE:
            depth -= 1
            if depth == 0:
                return word.end
    return 0


def mutants(file: str, text: str) -> list[Mutant]:
    """Every fault of one file, in the order of their places."""
    words = tokens(text)
    made = [*_conditions(words), *_operators(words), *_constants(words), *_arguments(words), *_statements(text, words)]
    found, seen = [], dict[str, int]()
    for at, kind, was, now in sorted(made):
        start, _, end = was.partition(":") if ":" in was else (str(at), "", str(at + len(was)))
        line = text.count("\n", 0, at) + 1
        label = f"{kind} {now.strip()}" if kind == "condition" else kind
        one = Mutant(file, line, int(start), text[int(start) : int(end)], now, label, text.splitlines()[line - 1])
        nth = seen[one.name] = seen.get(one.name, -1) + 1
        found.append(Mutant(one.file, one.line, one.at, one.was, one.now, one.kind, one.source, nth))
    return found


def of_folder(folder: Path) -> list[Mutant]:
    """Every fault of every file. The dictionary's comments and the list of verbs hold no decisions."""
    paths = [path for path in sorted(folder.glob("*.lua")) if path.name != "99_verbs.lua"]
    return [one for path in paths for one in mutants(path.name, path.read_text(encoding="utf-8"))]
