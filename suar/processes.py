"""The table of the product's processes and verbs: which function of which room does the work.

Functions are named, not imported: `suar --help` stays quick, and a fault in one room stops only its own process.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.errors import Problem
from config.logging import set_up, told
from config.startup import check
from config.yaml_file import ConfigError

log = logging.getLogger(__name__)

WRONG_SETTING = 2  # exit code: the operator must change something first
FAILED = 1


@dataclass(frozen=True)
class Entry:
    """`module:function`, and what it does in a few words."""

    target: str
    what: str


# In the order in which `suar up` starts them; it stops them in the opposite order.
PROCESSES: dict[str, Entry] = {
    "web": Entry("agent_desk.main:serve", "desk, wallboard, API and the carriers' webhooks"),
    "agi": Entry("ivr.carriers.asterisk_agi:serve", "answers Asterisk's questions (FastAGI)"),
    "connector": Entry("ivr.connector:serve", "follows the journal and moves live calls"),
    "dispatcher": Entry("router.dispatcher:serve", "matches callers and CSOs, writes history"),
    "worker": Entry("ivr.worker:serve", "jobs, outbox and the IVR's intents"),
}

TELLING = frozenset(PROCESSES) - {"web"}  # it answers /metrics itself, for all of them

VERBS: dict[str, Entry] = {
    "migrate": Entry("config.migrate:upgrade", "brings the database to the newest version"),
    "at-head": Entry("config.migrate:at_head", "whether the database is at the newest version"),
    "seed": Entry("suar.seed:seed", "the demo utility"),
    "import-customers": Entry("suar.imports:customers", "adds and changes customers from a file"),
    "account-put": Entry("suar.accounts:put", "creates or changes an account"),
    "account-close": Entry("suar.accounts:close", "closes an account"),
    "key-create": Entry("suar.keys:create", "makes an API key"),
    "key-list": Entry("suar.keys:every", "every API key"),
    "key-revoke": Entry("suar.keys:revoke", "takes an API key back"),
    "asterisk-render": Entry("suar.asterisk_keeper:render", "Asterisk's configuration from the settings"),
    "asterisk-keep": Entry("suar.asterisk_keeper:keep", "the same again and again, read by Asterisk when it changes"),
    "twilio-fallback": Entry("ivr.carriers.twilio_fallback:write", "the static documents for another host"),
    "ivr-check": Entry("ivr.menu_check:check", "checks the operator's files"),
    "ivr-draw": Entry("ivr.menu_check:draw", "the menu as a diagram"),
    "scripts-check": Entry("tickets.script_check:check", "checks what CSOs say"),
    "prompts-render": Entry("ivr.speech.prompts:render_all", "renders every prompt"),
    "bench": Entry("simulation.bench.main:run", "measurements"),
    "prompts-list": Entry("ivr.speech.prompts:list_all", "every prompt with its text"),
}


class NotThere(Problem):
    """The room that does this has not been built into this version."""

    slug = "not-there"
    status = 501


def load(entry: Entry) -> Callable[..., Any]:
    """The function an entry names; raises NotThere when its module or the function is missing."""
    module, _, function = entry.target.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as fault:
        if fault.name and module.startswith(fault.name):
            raise NotThere(f"{entry.target} is not part of this version yet") from None
        raise
    except AttributeError:
        raise NotThere(f"{entry.target} is not part of this version yet") from None
    return found


def run(name: str, entry: Entry, *args: Any) -> Any:
    """Check the settings, log, run the entry (in an event loop when it is `async def`).

    Whatever an operator can have caused ends in SystemExit with one sentence, never in a traceback.
    """
    prepare(name)
    try:
        function = load(entry)
        result = function(*args)
        return _looped(name, result) if inspect.iscoroutine(result) else result
    except ConfigError as fault:
        log.error("%s", fault)
        raise SystemExit(WRONG_SETTING) from None
    except Problem as fault:
        log.error("%s (%s)", fault, ", ".join(filter(None, (fault.slug, fault.field))))
        raise SystemExit(WRONG_SETTING) from None
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    except OSError as fault:
        # The exception's own text may carry an address of a caller only where a file's name does; ours never do.
        log.error("%s cannot go on: %s", name, fault)
        raise SystemExit(FAILED) from None
    except Exception as fault:  # of ours: `suar up` starts the process again
        log.error("%s ended by a fault: %s", name, told(fault))
        log.debug("its trace", exc_info=True)
        raise SystemExit(FAILED) from None


def _looped(name: str, work: Any) -> Any:
    import uvloop  # noqa: PLC0415 - only processes need it, `suar --help` does not

    return uvloop.run(_await(name, work))


async def _await(name: str, work: Any) -> Any:
    if name not in TELLING:
        return await work
    from router.store.figures import keep_telling  # noqa: PLC0415 - only processes need it, `suar --help` does not

    telling = asyncio.create_task(keep_telling(name))
    try:
        return await work
    finally:
        telling.cancel()
        await asyncio.wait({telling})


def prepare(name: str) -> None:
    """Logging and the checks of config.startup; ends the process with one line per fault."""
    set_up(name)
    try:
        found = check()
    except ConfigError as faults:
        for fault in faults.faults:
            log.error("%s", fault)
        raise SystemExit(WRONG_SETTING) from None
    set_up(name, found.log_level)
