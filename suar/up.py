"""`suar up`: the whole product on one machine, from an empty folder to printed addresses, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from config.settings import Settings, settings
from router.store.embedded import Embedded, alive, embedded, ready
from suar import asterisk_process, demo, ground
from suar.child import Program, describe, once
from suar.processes import PROCESSES
from suar.supervisor import Patience, Supervisor
from suar.welcome import web_answers, welcome

log = logging.getLogger(__name__)

STORE_SECONDS = 60.0  # a store with much to load
READY_SECONDS = 60.0
SYNC_SECONDS = 1.0  # a lost host loses about so much (router/store/embedded.py)
PYTHON = [sys.executable, "-m", "suar"]


def up() -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; raises Problem for whatever an operator must change first."""
    found = settings()
    data = ground.folders(found)
    with ground.only_one(data):
        ground.ports_free(found)
        values = {"SUAR_DATA": str(data)}  # the children may stand in another folder
        if found.demo:
            values |= demo.environment(found, data)
        demo.apply(values)
        settings.cache_clear()
        with ground.store_lock(data) as lock:
            asyncio.run(_Up(settings(), data, lock).run())


class _Up:
    def __init__(self, found: Settings, data: Path, lock: int) -> None:
        self._settings, self._data, self._lock = found, data, lock
        self._runs, self._logs = data / "run", data / "log"
        self._keeper = Supervisor(self._runs, self._logs, Patience(silence=found.watchdog_seconds))
        self._stop = asyncio.Event()
        self._syncing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop)
        work = asyncio.create_task(self._start())
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()  # what went wrong while starting, if anything
                await stop
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._keeper.stop(last="store")
            if self._syncing:
                self._syncing.cancel()
        log.info("stopped")

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():  # asked twice: no more patience
            self._keeper.kill()
        else:
            log.info("stopping")
        self._stop.set()

    async def _start(self) -> None:
        await self._start_store()
        seeded = await self._prepare()
        root = self._settings.asterisk_root
        for name in PROCESSES:
            if name != "agi" or self._settings.asterisk:
                self._keeper.start(Program(name, [*PYTHON, name]))
        if root:
            self._start_asterisk(root)
        while not (await web_answers(self._settings, READY_SECONDS) and await self._all_beat()):
            log.warning("not everything is ready within %.0f s; the reasons stand in %s", READY_SECONDS, self._logs)
        print(welcome(self._settings, seeded), flush=True)  # also late: it holds the logins

    async def _all_beat(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while not self._keeper.all_beat():  # noqa: ASYNC110 - other processes are waited for
                    await asyncio.sleep(0.05)
        return self._keeper.all_beat()

    async def _start_store(self) -> None:
        url = self._settings.store_url
        if not self._settings.redis_url:
            store = embedded(self._data, settings().store_durability)
            store.write()
            if settings().store_durability == "everysec":
                self._syncing = asyncio.create_task(_sync_every_second(store))
            program = Program("store", store.argv, on_orphaned=signal.SIGTERM, keep_open=(self._lock,), watched=False)
            self._keeper.start(program, partial(alive, url))
        elif not await ready(url):
            raise ground.NotReady("No store answers at the address in SUAR_REDIS_URL; is it running?")
        async with asyncio.timeout(STORE_SECONDS):
            while not await ready(url):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.02)

    def _start_asterisk(self, folder: Path) -> None:
        root = asterisk_process.find(folder)
        conf = asterisk_process.prepare(root, self._data)
        self._keeper.start(Program("asterisk", [*asterisk_process.command(root, conf), "-f", "-n"], watched=False))
        keep = [*PYTHON, "asterisk", "render", str(self._data / "asterisk"), "--watch"]
        self._keeper.start(Program("asterisk-keeper", keep, watched=False))

    async def _prepare(self) -> dict[str, Any]:
        code, said = await once([*PYTHON, "prepare"])
        if code:
            raise ground.NotReady(f"Database, demo or sounds could not be prepared ({describe(code)}); see above.")
        prepared: dict[str, Any] = json.loads(said.splitlines()[-1])
        return prepared


async def _sync_every_second(store: Embedded) -> None:
    while True:
        await asyncio.sleep(SYNC_SECONDS)
        try:
            await asyncio.to_thread(store.sync)
        except OSError as fault:  # the disk is full or broken: the store itself says so, and goes on by its own rules
            log.error("the store's file could not be brought to the disk: %s", fault.strerror)
