"""What Asterisk's manager tells of calls that wait and telephones that ring, the same for every queue on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulation.bench.ground import BenchFailed

ARRIVES = "BenchArrives"  # the user event of the first line of the dialplan, in both arms
RINGING = "5"  # ChannelState
LONGEST = 2**24  # bytes of an answer: hanging up 2,000 channels is told in as many lines
ANSWER_SECONDS = 60.0  # an Asterisk that has just been called 721 times a second works off what is left first


class Mark(NamedTuple):
    """Something that happened to a call. `what`: arrives, joins, rings; `at`: Asterisk's own clock, in seconds."""

    what: str
    call: str
    at: float


@dataclass(frozen=True)
class Waits:
    """Seconds until a telephone rang, of the calls that were seen from their arrival; smallest first."""

    from_arrival: list[float]
    from_joining: list[float]
    never: int  # arrived, and no telephone rang


def mark(event: Mapping[str, str]) -> Mark | None:
    """What an event says; None: nothing of interest. A CSO's leg is linked to the caller it was made for."""
    name, call = event.get("Event"), event.get("Uniqueid", "")
    what = ""
    if name == "UserEvent" and event.get("UserEvent") == ARRIVES:
        what = "arrives"
    elif name == "QueueCallerJoin" or (name == "Newexten" and event.get("Context") == "wait"):
        what = "joins"
    elif name == "Newstate" and event.get("ChannelState") == RINGING and event.get("Linkedid") != call:
        what, call = "rings", event.get("Linkedid", "")
    return Mark(what, call, float(event.get("Timestamp", 0))) if what else None


def pair(marks: Iterable[Mark]) -> Waits:
    """The first ring of every call against its arrival and against the instant at which it was in line."""
    first: dict[str, dict[str, float]] = {"arrives": {}, "joins": {}, "rings": {}}
    for what, call, at in marks:
        first[what].setdefault(call, at)
    arrived, joined, rang = first["arrives"], first["joins"], first["rings"]
    served = arrived.keys() & rang.keys()
    return Waits(
        from_arrival=sorted(rang[call] - arrived[call] for call in served),
        from_joining=sorted(rang[call] - joined[call] for call in served & joined.keys()),
        never=len(arrived.keys() - rang.keys()),
    )


class Manager:
    """One connection to Asterisk's manager; `marks` grows while it is open."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._sent = 0

    async def open(self, port: int, user: str, secret: str) -> None:
        """Log in; raises OSError while nobody listens, BenchFailed when refused."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST)
        await self._reader.readline()
        self._reading = asyncio.create_task(self._read())
        await self.ask(Action="Login", Username=user, Secret=secret)

    async def ask(self, **headers: str) -> str:
        """One action; its whole answer as text. Raises BenchFailed when it is refused or does not come."""
        self._sent += 1
        name = f"bench-{self._sent}"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[name] = answer
        lines = [*(f"{key}: {value}" for key, value in headers.items()), f"ActionID: {name}", "", ""]
        self._writer.write("\r\n".join(lines).encode())
        try:
            said = await asyncio.wait_for(answer, ANSWER_SECONDS)
        except TimeoutError:
            raise BenchFailed(f"Asterisk's manager did not answer {headers['Action']}.") from None
        except ConnectionError:
            raise BenchFailed("The connection to Asterisk's manager has ended: has Asterisk died?") from None
        if "Response: Error" in said:
            raise BenchFailed(f"Asterisk's manager refused {headers['Action']}.")
        return said

    async def console(self, command: str) -> str:
        """What Asterisk's own console answers."""
        return await self.ask(Action="Command", Command=command)

    async def close(self) -> None:
        """End the connection."""
        self._reading.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                text = (await self._reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
                fields = dict(line.split(": ", 1) for line in text.split("\r\n") if ": " in line)
                if "Event" in fields:
                    if seen := mark(fields):
                        self.marks.append(seen)
                elif waiting := self._answers.pop(fields.get("ActionID", ""), None):
                    waiting.set_result(text)
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError())
