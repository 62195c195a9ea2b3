"""One call leg that executes TwiML: speaks, listens for keys, is redirected, dials, meets others, hangs up.

Its rules are Twilio's: a key outside a <Gather> is lost, the first key stops what is being said, silence reaches the
action only with actionOnEmptyResult, the end of a document is a hang-up, a redirect abandons whatever is going on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ivr.telephone.diary import Diary
from ivr.telephone.tapes import Told
from ivr.telephone.twiml import TwimlFault, Verb, parse

if TYPE_CHECKING:
    from ivr.telephone.exchange import Exchange

TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
EVENT_OF = {"queued": "initiated", "ringing": "ringing", "in-progress": "answered"} | dict.fromkeys(
    TERMINAL, "completed"
)


@dataclass(frozen=True)
class Fetch:
    """The next document: where, and what to tell besides the usual parameters."""

    url: str
    more: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True)
class Reporting:
    """Where and of what a leg's progress is told."""

    url: str = ""
    events: frozenset[str] = frozenset({"completed"})


HANG_UP = Fetch("")
ON_HOLD = {"Say", "Play", "Pause", "Redirect"}
FOR_EVER = 1000  # times: how often Twilio repeats a loop of 0


class Leg:
    """A telephone, ours or a caller's. `status` uses Twilio's words."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        sid: str,
        direction: str,
        caller: str,
        called: str,
        reporting: Reporting,
        parent: str = "",
    ) -> None:
        self.exchange = exchange
        self.sid, self.direction, self.parent = sid, direction, parent  # of a <Dial>: the leg that dials
        self.caller, self.called = caller, called
        self.reporting = reporting
        self.status = "queued"
        self.started = self._now()
        self.answered_at = 0.0
        self.ended_at = 0.0
        self.diary = Diary()
        self.decided = asyncio.Event()  # picked up or refused
        self.ended = asyncio.Event()
        self.pages = 0  # browser pages that are this telephone now
        self._sequence = 0
        self._listening = False
        self._keys: list[str] = []
        self._pressed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.fallback = ""  # where a document is had when a webhook failed; "" = at the number's

    # --- what others do to it
    def execute(self, fetch: Fetch) -> None:
        """Leave whatever it does and go on with this document (arrival, REST redirect)."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.exchange.spawn(self._run(fetch))

    def press(self, digit: str) -> bool:
        """A key; False when nobody was listening, then it is lost."""
        self.diary.write("key", digit=digit, heard=self._listening)
        if self._listening:
            self._keys.append(digit)
            self._pressed.set()
        return self._listening

    def pick_up(self) -> None:
        """A ringing telephone is answered."""
        if self.status not in TERMINAL and not self.answered_at:
            self.move("in-progress")
            self.decided.set()

    def hang_up(self, status: str = "") -> None:
        """The end, from either side; `status` when it was never answered."""
        if self.status in TERMINAL:
            return
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self.move("completed" if self.answered_at else status or "canceled")
        self.exchange.tapes.end_of(self.sid)
        self.decided.set()
        self.ended.set()
        self.diary.close()

    def move(self, status: str) -> None:
        """A new status, told to whoever asked to be told."""
        self.status = status
        now = self._now()
        if status == "in-progress":
            self.answered_at = now
        if status in TERMINAL:
            self.ended_at = now
        self.diary.write("state", status=status)
        if self.reporting.url and EVENT_OF[status] in self.reporting.events:
            more = {"SequenceNumber": str(self._sequence), "CallbackSource": "call-progress-events"}
            if status in TERMINAL:
                more["CallDuration"] = str(self.duration)
            self._sequence += 1
            self.exchange.report(self.reporting.url, self.parameters() | more, self.sid)

    def _now(self) -> float:
        return self.exchange.clock.ms() / 1000

    @property
    def duration(self) -> int:
        """Whole seconds of conversation."""
        return int((self.ended_at or self._now()) - self.answered_at) if self.answered_at else 0

    def parameters(self) -> dict[str, str]:
        """What every webhook about this leg tells."""
        return {
            "CallSid": self.sid,
            "AccountSid": self.exchange.account,
            "ApiVersion": "2010-04-01",
            "Direction": self.direction,
            "CallStatus": self.status,
            "From": self.caller,
            "Caller": self.caller,
            "To": self.called,
            "Called": self.called,
        }

    async def listen_to(self, url: str) -> None:
        """What is heard on hold: a document that only plays, says or pauses, until somebody cancels it."""
        while url:
            body = await self.exchange.fetch(self, Fetch(url))
            try:
                verbs = parse(body)
                if any(verb.name not in ON_HOLD for verb in verbs):
                    raise TwimlFault("on hold a document plays, says, pauses or goes on elsewhere")
            except TwimlFault as fault:
                self.diary.write("fault", reason=str(fault))
                return
            url = ""
            for verb in verbs:
                if verb.name == "Redirect":
                    url = verb.text
                    break
                await self._utter(verb, asyncio.Event())

    # --- executing
    async def _run(self, fetch: Fetch) -> None:
        while fetch is not HANG_UP:
            fetch = await self._document(fetch)
        self.hang_up()

    async def _document(self, fetch: Fetch) -> Fetch:
        body = await self.exchange.fetch(self, fetch)
        try:
            verbs = parse(body)
        except TwimlFault as fault:
            self.diary.write("fault", reason=str(fault))
            return HANG_UP
        if verbs and verbs[0].name == "Reject":
            self.hang_up("busy" if verbs[0].word("reason", "rejected") == "busy" else "failed")
            return HANG_UP
        if not self.answered_at:
            self.move("in-progress")
        for verb in verbs:
            onward = await self._verb(verb)
            if onward is not None:
                return onward
        return HANG_UP

    async def _verb(self, verb: Verb) -> Fetch | None:
        match verb.name:
            case "Say" | "Play" | "Pause":
                await self._utter(verb, asyncio.Event())
            case "Gather":
                return await self._gather(verb)
            case "Record":
                return await self._record(verb)
            case "Redirect":
                return Fetch(verb.text, method=verb.word("method", "POST"))
            case "Hangup":
                return HANG_UP
            case "Dial":
                return await self._dial(verb)
        return None

    async def _utter(self, verb: Verb, until: asyncio.Event) -> bool:
        """Make it heard; True when a key interrupted it."""
        if until.is_set():
            return True
        if verb.name == "Say":
            language = verb.word("language", "id-ID").partition("-")[0]
            sound = self.exchange.voice(verb.text, language)
            self.diary.write("say", text=verb.text, language=language, audio=sound.address, seconds=sound.seconds)
            kind, seconds = "speech", sound.seconds
        elif verb.name == "Play":
            seconds = self.exchange.length_of(verb.text)
            self.diary.write("play", audio=verb.text, seconds=seconds)
            kind = "music"
        else:
            kind, seconds = "pause", float(verb.number("length", 1))
        interrupted = await self.exchange.pace.spend(seconds * (verb.number("loop", 1) or FOR_EVER), kind, until)
        if interrupted:
            self.diary.write("barge")
        return interrupted

    async def _gather(self, verb: Verb) -> Fetch | None:
        self._keys.clear()
        self._pressed.clear()
        self._listening = True
        try:
            self.diary.write("ask", digits=verb.number("numDigits", 0), timeout=verb.number("timeout", 5))
            for child in verb.children:
                if await self._utter(child, self._pressed):
                    break
            digits, finished = await self._collect(verb)
        finally:
            self._listening = False
        if not digits and not finished and not verb.flag("actionOnEmptyResult"):
            return None
        told = {"Digits": digits} | ({"FinishedOnKey": finished} if finished else {})
        return Fetch(verb.word("action"), told, verb.word("method", "POST"))

    async def _collect(self, verb: Verb) -> tuple[str, str]:
        """The keys, and the key that ended them ("" when none did)."""
        wanted, ends = verb.number("numDigits", 99), verb.word("finishOnKey", "#")
        digits = ""
        while len(digits) < wanted:
            if not self._keys:
                self._pressed.clear()
                if not await self.exchange.pace.spend(verb.number("timeout", 5), "silence", self._pressed):
                    break
            key = self._keys.pop(0)
            if key in ends:
                return digits, key
            digits += key
        return digits, ""

    async def _record(self, verb: Verb) -> Fetch | None:
        """A beep, then what is said, until a key, silence or the longest time. Without a word the document goes on."""
        told = Told(verb.word("recordingStatusCallback"), self.parameters())
        tape = self.exchange.tapes.begin(self.sid, "RecordVerb", told)
        self._keys.clear()
        self._pressed.clear()
        self._listening = True
        self.diary.write("record", seconds=verb.number("maxLength", 3600))
        try:
            ended = await self.exchange.pace.spend(verb.number("maxLength", 3600), "talk", self._pressed)
        finally:
            self._listening = False
            self.exchange.tapes.end(tape)
        if not tape.seconds:
            return None
        key = {"Digits": self._keys.pop(0)} if ended and self._keys else {}
        more = {"RecordingUrl": tape.url, "RecordingDuration": str(tape.seconds), **key}
        return Fetch(verb.word("action"), more)

    async def _dial(self, verb: Verb) -> Fetch | None:
        noun = verb.children[0]
        if noun.name == "Conference":
            await self._conference(noun)
            more = {"DialCallStatus": "completed"}
        else:
            more = await self._party(noun, verb.number("timeout", 30))
        action = verb.word("action")
        return Fetch(action, more, verb.word("method", "POST")) if action else None

    async def _conference(self, noun: Verb) -> None:
        room = self.exchange.room(noun.text)
        room.join(self, ends=noun.flag("endConferenceOnExit"), label=noun.word("participantLabel"))
        try:
            await room.ended.wait()
        finally:
            room.leave(self)

    async def _party(self, noun: Verb, ring_seconds: int) -> dict[str, str]:
        address = {"Client": "client:"}.get(noun.name, "") + noun.text
        events = frozenset(noun.word("statusCallbackEvent", "completed").split())
        party = self.exchange.make_leg(
            parent=self.sid,
            direction="outbound-dial",
            caller=self.caller,
            called=address,
            reporting=Reporting(noun.word("statusCallback"), events),
        )
        self.diary.write("dial", to=address)
        try:
            await self.exchange.ring(party, ring_seconds)
            if party.answered_at:
                self.diary.write("meet", members=2)
                await party.ended.wait()
        finally:
            party.hang_up()
        return {
            "DialCallStatus": party.status,
            "DialCallSid": party.sid,
            "DialCallDuration": str(party.duration),
        }
