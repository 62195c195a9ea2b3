"""What this exchange has recorded. Nobody speaks into it: a tape holds a tone, as long as its recording was."""

from __future__ import annotations

import io
import math
import secrets
import wave
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from config.clock import Clock

RATE = 8000
TONE = 440  # Hz
KEPT = 200


@dataclass(frozen=True)
class Told:
    """Where the end of a recording is told, and what is said of its call."""

    url: str = ""
    call: dict[str, str] = field(default_factory=dict)


@dataclass
class Tape:
    """One recording; `seconds` are whole ones, as Twilio counts."""

    sid: str
    call: str  # CallSid
    source: str  # RecordVerb, StartCallRecordingAPI
    url: str
    began: float
    told: Told
    seconds: int = 0
    over: bool = False

    def sound(self) -> bytes:
        """A WAV."""
        once = array("h", (round(8000 * math.sin(2 * math.pi * TONE * n / RATE)) for n in range(RATE)))
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(once.tobytes() * self.seconds)
        return out.getvalue()


class Tapes:
    """By SID. `report(url, parameters, sid)` tells our server."""

    def __init__(
        self, account: str, base_url: str, clock: Clock, report: Callable[[str, dict[str, str], str], None]
    ) -> None:
        self._account, self._base, self._clock, self._report = account, base_url, clock, report
        self.known: dict[str, Tape] = {}

    def begin(self, call: str, source: str, told: Told) -> Tape:
        """A recording begins now."""
        sid = "RE" + secrets.token_hex(16)
        url = f"{self._base}/2010-04-01/Accounts/{self._account}/Recordings/{sid}"
        tape = self.known[sid] = Tape(sid, call, source, url, self._clock.ms() / 1000, told)
        for old in [s for s, one in self.known.items() if one.over][:-KEPT]:
            del self.known[old]
        return tape

    def end(self, tape: Tape) -> None:
        """A recording is over; told once."""
        if tape.over:
            return
        tape.over, tape.seconds = True, int(self._clock.ms() / 1000 - tape.began)
        if not tape.seconds:
            del self.known[tape.sid]  # an empty one is none
        if tape.told.url:
            about = {
                "RecordingSid": tape.sid,
                "RecordingUrl": tape.url,
                "RecordingStatus": "completed" if tape.seconds else "absent",
                "RecordingDuration": str(tape.seconds),
                "RecordingChannels": "1",
                "RecordingSource": tape.source,
            }
            self._report(tape.told.url, tape.told.call | about, tape.sid)

    def end_of(self, call: str) -> None:
        """A leg is gone, and what recorded it."""
        for tape in list(self.known.values()):
            if tape.call == call:
                self.end(tape)

    def of(self, call: str) -> list[Tape]:
        """The recordings of a leg."""
        return [tape for tape in self.known.values() if tape.call == call]
