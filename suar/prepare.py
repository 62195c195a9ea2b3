"""What `suar up` does before the first process starts: schema, demo data, sounds, Asterisk's configuration.

One process for all of it, since most of the time of each errand is spent on starting Python.
"""

from __future__ import annotations

import logging
from typing import Any

from config.migrate import upgrade
from config.settings import settings
from ivr.speech.prompts import render_all
from suar import asterisk_keeper
from suar.seed import seed

log = logging.getLogger(__name__)


def prepare() -> dict[str, Any]:
    """Bring everything up to date; answers what the demo seeded (empty when this is no demo)."""
    upgrade()
    seeded = seed() if settings().demo else {}
    try:
        render_all()
    except Exception:  # a gap in an announcement is no reason not to answer the telephone
        log.exception("not every sentence has a sound; callers on Asterisk may hear gaps")
    if settings().asterisk_root:
        asterisk_keeper.render(settings().data / "asterisk")
        if settings().demo:
            seeded["telephones"] = asterisk_keeper.passwords(settings().data / "asterisk")
    return seeded
