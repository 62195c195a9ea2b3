"""Runs an unpacked Asterisk (scripts/asterisk-root.sh) without installing it: with its own loader and libraries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.errors import Problem

OPEN_FILES = 20_000  # two thousand held calls use about eight thousand descriptors


class NoAsterisk(Problem):
    """The folder is not an unpacked Asterisk."""

    slug = "no-asterisk"


@dataclass(frozen=True)
class Root:
    """Where things stand in an unpacked tree."""

    folder: Path
    loader: Path
    libraries: Path

    @property
    def share(self) -> Path:
        """Sounds and documentation as shipped."""
        return self.folder / "usr" / "share" / "asterisk"


def find(folder: Path) -> Root:
    """Look at an unpacked tree; raises NoAsterisk with a way out."""
    folder = folder.resolve()
    loader = next(folder.glob("usr/lib*/ld-linux-*.so.?"), None)
    modules = next(folder.glob("usr/lib/*-linux-gnu*/asterisk/modules"), None)
    if loader is None or modules is None or not (folder / "usr/sbin/asterisk").is_file():
        raise NoAsterisk(
            f"{folder} holds no unpacked Asterisk; scripts/asterisk-root.sh makes one (SUAR_ASTERISK_ROOT)."
        )
    return Root(folder, loader, modules.parents[1])


def command(root: Root, conf: Path) -> list[str]:
    """`asterisk -C conf`, to which the caller adds -f (foreground) or -rx COMMAND."""
    libraries = f"{root.libraries}:{root.libraries / 'asterisk'}"
    return [str(root.loader), "--library-path", libraries, str(root.folder / "usr/sbin/asterisk"), "-C", str(conf)]


def prepare(root: Root, data: Path, name: str = "asterisk") -> Path:
    """Lay out everything Asterisk writes or reads besides the tree itself below data/`name`; answers asterisk.conf.

    The rendered configuration stands in its etc/; our prompts (data/sounds) appear as `suar/…`.
    """
    base = data / name
    for part in ("etc", "lib", "spool", "log", "run", "db", "keys", "share/sounds"):
        (base / part).mkdir(parents=True, exist_ok=True)
    for shipped in root.share.iterdir():
        if shipped.name != "sounds":
            _link(base / "share" / shipped.name, shipped)
    for language in (root.share / "sounds").glob("en_US_*"):
        _link(base / "share/sounds/en", language)
    _link(base / "share/sounds/suar", data / "sounds")
    for stale in ("asterisk.ctl", "asterisk.pid"):
        (base / "run" / stale).unlink(missing_ok=True)
    conf = base / "asterisk.conf"
    places = {
        "astetcdir": base / "etc",
        "astmoddir": root.libraries / "asterisk" / "modules",
        "astvarlibdir": base / "lib",
        "astdbdir": base / "db",
        "astkeydir": base / "keys",
        "astdatadir": base / "share",
        "astagidir": base / "lib" / "agi-bin",
        "astspooldir": base / "spool",
        "astrundir": base / "run",
        "astlogdir": base / "log",
        "astsbindir": root.folder / "usr/sbin",
    }
    lines = ["[directories]", *(f"{name} => {path}" for name, path in places.items())]
    lines += ["[options]", "verbose = 1", "debug = 0", f"maxfiles = {OPEN_FILES}", "documentation_language = en_US", ""]
    conf.write_text("\n".join(lines), encoding="utf-8")
    return conf


def _link(at: Path, to: Path) -> None:
    if at.is_symlink() and at.readlink() == to:
        return
    at.unlink(missing_ok=True)
    at.symlink_to(to)
