"""Keeps the files of this machine's Asterisk as accounts, settings and the operator's files want them, and has it read
what changed: a new CSO has a telephone, and a trunk is there, without a restart and without a call noticing.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from agent_desk.accounts import telephones
from config.database import database
from config.operator import operator, stamps
from config.settings import settings
from config.yaml_file import ConfigError
from ivr.carriers import asterisk_dialplan
from ivr.carriers.asterisk_dialplan import here
from ivr.carriers.asterisk_missed import Importer
from ivr.carriers.asterisk_reload import RELOADED, NotReloaded, reload
from ivr.carriers.asterisk_secrets import read_secrets
from ivr.service import build
from router.store.acd import Acd
from router.store.figures import keep_telling

log = logging.getLogger(__name__)

EVERY_SECONDS = 3.0


def render(folder: Path) -> list[str]:
    """Write below `folder` (etc/, keys/, secrets.json) what the settings, the operator's files and the accounts of CSOs
    ask for; answers the names of the files that have changed. Raises ConfigError and SQLAlchemyError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return asterisk_dialplan.render(folder.resolve(), _csos())


def passwords(folder: Path) -> dict[str, str]:
    """Of every telephone, by its name."""
    return read_secrets(folder, _csos()).telephones


def _csos() -> list[str]:
    with database().reading() as session:
        return telephones(session)


def keep(folder: Path) -> None:
    """Render again and again, and read what Asterisk wrote down of its callers; ends by being ended."""

    asterisk = folder.resolve()

    async def parts() -> None:
        acd = Acd.from_settings()
        importer = Importer(acd, database(), build(acd).hung_up, asterisk, here(settings()).name)
        await until_one_ends(rendering(folder), importer.run(), keep_telling("asterisk-keeper"))

    asyncio.run(parts())


async def until_one_ends(*parts: Coroutine[Any, Any, None]) -> None:
    """Raises what the first of them ended with: whoever started this process reads it and starts it again."""
    ended, _ = await asyncio.wait([asyncio.create_task(one) for one in parts], return_when=asyncio.FIRST_COMPLETED)
    for one in ended:
        one.result()


async def rendering(folder: Path) -> None:
    """Blocking work, in a thread that keeps nobody from ending."""
    loop, ended = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def work() -> None:
        try:
            _render_again_and_again(folder)
        except Exception as fault:  # the process ends with it, in its own words
            loop.call_soon_threadsafe(ended.set_exception, fault)

    threading.Thread(target=work, name="render", daemon=True).start()
    await ended


def _render_again_and_again(folder: Path) -> None:
    seen, pending, told = stamps(settings().config_dir), set(render(folder)), ""
    while True:
        try:
            now = stamps(settings().config_dir)
            if now != seen:
                operator.cache_clear()
            pending |= set(render(folder))
            seen = now
            if pending:
                reload(folder, pending & RELOADED.keys())
                _told(pending - RELOADED.keys())
                pending.clear()
            told = ""
        except (ConfigError, SQLAlchemyError, NotReloaded, OSError) as fault:
            if told != type(fault).__name__:
                log.warning(
                    "Asterisk keeps what it has: %s", fault if isinstance(fault, ConfigError) else type(fault).__name__
                )
            told = type(fault).__name__
        time.sleep(EVERY_SECONDS)


def _told(files: Iterable[str]) -> None:
    if files:
        log.warning("Asterisk reads these when it starts again: %s", ", ".join(sorted(files)))
