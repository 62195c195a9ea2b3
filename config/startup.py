"""What every process checks before it does anything: no unknown setting, no wrong setting, no wrong operator's file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from pydantic import ValidationError

from config.operator import operator
from config.settings import SECRETS, Settings, settings
from config.yaml_file import ConfigError

# Names with our prefix that are not settings of the product: who reads them.
OTHERS = {
    "SUAR_HEARTBEAT": "config/heartbeat.py, set by `suar up`",
    "SUAR_ASTERISK_SUITES": "scripts/asterisk-root.sh",
    "SUAR_CACHE": "scripts/asterisk-root.sh and scripts/setup.py",
}


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """One sentence for each SUAR_ variable that nobody reads: a misspelt setting must not be ignored in silence."""
    known = {f"SUAR_{name.upper()}" for name in Settings.model_fields} | set(OTHERS)
    known |= {f"SUAR_{name.upper()}_FILE" for name in SECRETS}
    return [
        f"environment: {name}: there is no such setting{_meant(name, known)}"
        for name in sorted(environ)
        if name.startswith("SUAR_") and name not in known
    ]


def _meant(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check() -> Settings:
    """The settings of this process, after everything an operator can get wrong has been looked at.

    Raises ConfigError: one line per fault, with file and line or the variable's name, never with a secret's value.
    """
    faults = unknown_names(os.environ)
    try:
        found = settings()
    except ValidationError as fault:
        faults += [f"environment: {_variable(e['loc'])}: {e['msg']}" for e in fault.errors(include_input=False)]
    except OSError as fault:
        faults.append(f"environment: a secret's file cannot be read: {fault.filename}")
    if faults:
        raise ConfigError(faults)
    operator()
    return found


def _variable(loc: tuple[int | str, ...]) -> str:
    return f"SUAR_{str(loc[0]).upper()}" if loc else "SUAR_…"
