"""The last resort around everything: no exception reaches a browser, and none is logged with its text."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_desk import problems


class Shield:
    """Outermost. A fault before the answer started becomes a polite 500; later only the log knows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            route = scope.get("route")
            problems.unhandled(error, f"{scope['method']} {getattr(route, 'path', '?')}")
            if not started:
                request = Request(scope, receive)
                response = problems.answer(request, 500, "internal-error", problems.SENTENCES[500])
                await response(scope, receive, send)
