"""The process `suar connector`: one connector per carrier that is configured, all following the same journal."""

from __future__ import annotations

import asyncio
import logging
import signal

from config.heartbeat import Heartbeat
from config.settings import settings
from ivr.carriers.base import Connector
from ivr.service import build
from router.store.acd import Acd

log = logging.getLogger(__name__)


async def serve() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    acd = Acd.from_settings()
    connectors = _connectors(acd)
    if not connectors:
        log.warning("no carrier is configured: nothing to connect")
    running = [asyncio.create_task(one.run(stop)) for one in connectors]
    running.append(asyncio.create_task(_beat(connectors)))
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {waiting}:
            task.result()  # a loop that ended by a fault ends the process: its supervisor starts a new one
    finally:
        stop.set()
        for task in (*running, waiting):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await acd.close()


def _connectors(acd: Acd) -> list[Connector]:
    # Each carrier's library is loaded only where that carrier is used.
    found: list[Connector] = []
    hung_up = build(acd).hung_up
    if settings().asterisk:
        from ivr.carriers.asterisk_connector import AsteriskConnector  # noqa: PLC0415

        found.append(AsteriskConnector(acd, hung_up))
    if settings().twilio_account_sid:
        from ivr.carriers.twilio_connector import TwilioConnector  # noqa: PLC0415

        found.append(TwilioConnector(acd, hung_up=hung_up))
    return found


async def _beat(connectors: list[Connector]) -> None:
    """A sign of life only while every connector gives one."""
    heartbeat = Heartbeat()
    while True:
        if all(connector.living() for connector in connectors):
            heartbeat.beat()
        await asyncio.sleep(1.0)
