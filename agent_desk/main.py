"""The web process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator

import uvicorn

from agent_desk.app import create_app, end_streams
from config.heartbeat import Heartbeat
from config.settings import settings


class Server(uvicorn.Server):
    """Ends the open event streams first: left alone, uvicorn waits for them longer than any supervisor does."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await self._end_streams()
        await super().shutdown(sockets)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn's own raises the signal again afterwards; a clean stop should look like one."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


async def serve() -> None:
    """Run until SIGTERM or SIGINT."""
    app = create_app()
    config = uvicorn.Config(
        app,
        host=settings().host,
        port=settings().port,
        log_config=None,
        access_log=False,  # addresses of callers' pages hold numbers
        timeout_graceful_shutdown=3,
        proxy_headers=True,
        server_header=False,
    )
    beat = asyncio.create_task(Heartbeat().forever())
    try:
        await Server(config, lambda: end_streams(app)).serve()
    finally:
        beat.cancel()
