"""The last resort around everything: no exception reaches a browser and none is logged with its text; no body is read
without end.
"""

from __future__ import annotations

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_desk import problems

MOST_BYTES = 1 << 18  # of a request's body; the largest form of ours holds some 2,000 characters


class Shield:
    """Outermost. A fault before the answer started becomes a polite 500; later only the log knows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        size = 0

        async def measure() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(413)
            return message

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, measure, watch)
        except Exception as error:  # whatever it is, no traceback reaches a browser
            route = scope.get("route")
            problems.unhandled(error, f"{scope['method']} {getattr(route, 'path', '?')}")
            if not started:
                request = Request(scope, receive)
                response = problems.answer(request, 500, "internal-error", problems.SENTENCES[500])
                await response(scope, receive, send)
