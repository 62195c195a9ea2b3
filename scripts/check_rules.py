"""The project's own rules, where no linter knows them. Each has a name, a reason and a test with a bad example.

usage: scripts/check_rules.py [FOLDER]     prints `file:line: rule: reason` and ends with 1 when something is found
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

LONGEST_FILE = 400
# A stylesheet is one sheet by intention; locks and data are nobody's prose.
LENGTH_FREE = ("agent_desk/static/*.css",)
CODE = (".py", ".js", ".lua", ".css", ".sh")

# Who may import what: library -> files, with the reason.
IMPORTS: dict[str, tuple[tuple[str, ...], str]] = {
    "asterisk": (("ivr/carriers/asterisk*", "tests/*"), "pyst2 has faults that are mended in one place"),
    "twilio": (("ivr/carriers/twilio*", "tests/*"), "one carrier, one adapter"),
    "rq": (
        ("tickets/jobs.py", "ivr/jobs.py", "ivr/worker.py", "tests/*"),
        "what runs later is a job with a name, and jobs stand together",
    ),
    "redis": (
        (
            "config/redis.py", "router/store/*", "tickets/jobs.py", "ivr/jobs.py", "ivr/worker.py", "tests/*",
        ),
        "commands of the live state stand in router/store only",
    ),
}  # fmt: skip

PERSONAL = re.compile(r"(^|_)(ani|phone|telephone|msisdn|number|digits|name|address|caller|idpel|meter)(s?)($|_)")
# Words that only look like a person's: the name of a queue is no caller's.
NOT_PERSONAL = re.compile(
    r"(process|program|queue|verb|room|file|host|class|type|module|partner|area|unit)_?name|^name$"
)
LOG_METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
ADDRESS = re.compile(
    r"https?://\S+\.(?:whl|tgz|deb|tar\.gz)\b|index-url\s*=?\s*\S|extra-index-url|find-links\s*=?\s*\S|\"resolved\":"
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/[\w.]")
OWN_FILES = ("scripts/check_rules.py", "scripts/lock.sh", "scripts/setup.py", "tests/suar/test_rules.py")


@dataclass(frozen=True)
class Fault:
    """One broken rule."""

    path: str
    line: int
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.reason}"


def too_long(path: str, text: str) -> Iterator[Fault]:
    """A file over 400 lines is split by use case."""
    lines = text.count("\n")
    if path.endswith(CODE) and lines > LONGEST_FILE and not _any(path, LENGTH_FREE):
        yield Fault(path, LONGEST_FILE + 1, "too-long", f"{lines} lines; split by use case at {LONGEST_FILE}")


def http_file_name(path: str, _text: str) -> Iterator[Fault]:
    """The HTTP file is api.py: `router` is a word of the trade here."""
    if path.endswith("/router.py") and not path.startswith("tests/"):
        yield Fault(path, 1, "router-py", "an HTTP file is called api.py; router means call routing here")


def addresses(path: str, text: str) -> Iterator[Fault]:
    """Registries are the machine's own setting; no file names one."""
    if path in OWN_FILES or path.endswith(".md"):
        return
    for at, line in enumerate(text.splitlines(), 1):
        if ADDRESS.search(line):
            yield Fault(path, at, "registry", "names where a package comes from; that is the machine's setting")


def machine_paths(path: str, text: str) -> Iterator[Fault]:
    """Paths of one machine mean nothing on another."""
    if path in OWN_FILES:
        return
    for at, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield Fault(path, at, "machine-path", "a path of one particular machine")


def imports(path: str, tree: ast.Module) -> Iterator[Fault]:
    """pyst2, twilio, rq and redis each have their place."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            allowed, reason = IMPORTS.get(name.partition(".")[0], (("*",), ""))
            # redis's exceptions are how a failure is recognised; that is no command.
            if not _any(path, allowed) and name != "redis.exceptions":
                yield Fault(path, node.lineno, f"import-{name.partition('.')[0]}", reason)


def sleeps(path: str, tree: ast.Module) -> Iterator[Fault]:
    """A test waits for a condition with a deadline (tests/fixtures/wait.py)."""
    if not path.startswith("tests/"):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("time.sleep", "asyncio.sleep", "sleep"):
            continue
        if not node.args or ast.unparse(node.args[0]) != "0":  # sleep(0) only yields to the loop
            yield Fault(path, node.lineno, "sleep", "wait for a condition instead (tests/fixtures/wait.py)")


def personal_logs(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Caller data never stands in a log message."""
    if path.startswith("tests/"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_METHODS:
            owner = ast.unparse(node.func.value)
            if owner.split(".")[-1].lower().strip("_") not in ("log", "logger", "logging"):
                continue
            for word in _words(node.args):
                if PERSONAL.search(word) and not NOT_PERSONAL.search(word) and not word.startswith("__"):
                    yield Fault(path, node.lineno, "personal-log", f"`{word}` may be a caller's; logs carry none")


def _words(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                yield part.id
            elif isinstance(part, ast.Attribute):
                yield part.attr


TEXT_RULES: tuple[Callable[[str, str], Iterator[Fault]], ...] = (too_long, http_file_name, addresses, machine_paths)
TREE_RULES: tuple[Callable[[str, ast.Module], Iterator[Fault]], ...] = (imports, sleeps, personal_logs)


def examine(path: str, text: str) -> list[Fault]:
    """Every broken rule in one file; `path` is relative to the repository, with slashes."""
    faults = [fault for rule in TEXT_RULES for fault in rule(path, text)]
    if path.endswith(".py"):
        tree = ast.parse(text, path)
        faults += [fault for rule in TREE_RULES for fault in rule(path, tree)]
    return faults


def tracked(folder: Path) -> list[str]:
    """Files under version control, or about to be."""
    asked = ["git", "-C", str(folder), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    said = subprocess.run(asked, capture_output=True, check=True, text=True).stdout
    return sorted(set(filter(None, said.split("\0"))))


def main() -> int:
    """Check every file that is under version control."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    faults: list[Fault] = []
    for path in tracked(folder):
        try:
            faults += examine(path, (folder / path).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, a sound, or removed but not yet committed
    print("\n".join(map(str, faults)) or "own rules: no faults")
    return 1 if faults else 0


def _any(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


if __name__ == "__main__":
    sys.exit(main())
