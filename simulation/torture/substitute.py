"""Another text of the store's library in this process: a deliberately broken one, to see that it is found out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from router.store import library
from router.store.verbs import Verbs

_VERSION = re.compile(r"^(local BUILD, VERSION = \d+, )'\w+'$", re.MULTILINE)


def versioned(text: str) -> tuple[str, str]:
    """The text under a version of its own, and that version."""
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return _VERSION.sub(rf"\g<1>'{version}'", text, count=1), version


def use(text: str) -> None:
    """From now on this process loads this text."""
    source, version = versioned(text)
    given = replace(library.current(), source=source, version=version)
    library.source = lambda: source  # type: ignore[assignment]
    library.version = lambda: version  # type: ignore[assignment]
    Verbs.library = given


def substitute(path: str) -> None:
    """The text of a file; nothing happens without one."""
    if path:
        use(Path(path).read_text(encoding="utf-8"))
