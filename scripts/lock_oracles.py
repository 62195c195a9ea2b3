"""Pins what tests compare with (tests/oracles): Prism, Twilio's own package, and Twilio's OpenAPI document.

The document comes with the library of Twilio's command line (MIT), which is a folder of documents and would bring 200
packages that nobody here runs: the lock has it without them. Used by scripts/lock.sh; needs npm.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "oracles"
ALONE = "@twilio/cli-core"


def main() -> None:
    """Write package-lock.json anew from package.json."""
    manifest, lock = FOLDER / "package.json", FOLDER / "package-lock.json"
    wanted = json.loads(manifest.read_text(encoding="utf-8"))
    version = wanted["devDependencies"][ALONE]
    whole = manifest.read_text(encoding="utf-8")
    lock.unlink(missing_ok=True)
    try:
        others = {name: pin for name, pin in wanted["devDependencies"].items() if name != ALONE}
        manifest.write_text(json.dumps({**wanted, "devDependencies": others}), encoding="utf-8")
        npm("install", "--package-lock-only", "--ignore-scripts", "--loglevel=error")
    finally:
        manifest.write_text(whole, encoding="utf-8")
    made = json.loads(lock.read_text(encoding="utf-8"))
    packages = made["packages"]
    packages[""]["devDependencies"] = wanted["devDependencies"]
    integrity = npm("view", f"{ALONE}@{version}", "dist.integrity").strip()
    packages[f"node_modules/{ALONE}"] = {"version": version, "integrity": integrity, "dev": True, "license": "MIT"}
    for entry in packages.values():
        for addresses in ("funding", "resolved"):
            entry.pop(addresses, None)
    made["packages"] = dict(sorted(packages.items()))
    lock.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def npm(*words: str) -> str:
    """npm's answer."""
    return subprocess.run(["npm", *words], cwd=FOLDER, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
