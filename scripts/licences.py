"""The licences of what the product runs on, from the installed packages' own words.

usage: scripts/licences.py      prints `name version: licence`; ends with 1 when one is outside the list below
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Permissive licences: free to use and to pass on with their notice.
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|CNRI-Python|HPND)\b", re.IGNORECASE
)
# Others, each looked at; the reasons stand in docs/decisions/0002-dependencies.md.
LOOKED_AT = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "certifi": "MPL-2.0",
    "pyst2": "PSF, LGPL or Unlicense, as its own classifiers say",
}
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EUPL|CDDL|SSPL|GNU)", re.IGNORECASE)


def locked() -> list[tuple[str, str]]:
    """(name, version) of every package in requirements.lock."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)


def licence(name: str) -> str:
    """What the installed package says of itself; empty when it is not installed here (another platform's)."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    words = [about.get("License-Expression"), *(line.rpartition(" :: ")[2] for line in classifiers)]
    if not any(words):
        words = [(about.get("License") or "").strip().splitlines()[0] if about.get("License") else ""]
    return ", ".join(dict.fromkeys(filter(None, words)))


def refused() -> list[str]:
    """Packages whose licence nobody has looked at."""
    found = []
    for name, version in locked():
        words = licence(name)
        fine = name in LOOKED_AT or (PERMISSIVE.search(words) and not COPYLEFT.search(words))
        if words and not fine:
            found.append(f"{name} {version}: {words}")
    return found


def main() -> int:
    """Print them all."""
    for name, version in locked():
        print(f"{name} {version}: {licence(name) or 'not installed here'}{' (looked at)' if name in LOOKED_AT else ''}")
    bad = refused()
    print("\n".join(["", *(f"REFUSED {line}" for line in bad)]) if bad else "\nall licences are on the list")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
