"""Music while waiting, as long as one round of the wait loop: the same piece that Asterisk plays."""

from __future__ import annotations

import io
import wave
from functools import lru_cache

from ivr.speech.music import SILENCE, ensure, recordings


@lru_cache(maxsize=8)
def music(seconds: int, name: str = "default") -> bytes:
    """A WAV of that many seconds: the first recording of the class, or the own piece, repeated or cut; or silence."""
    with wave.open(str(next(iter(recordings(name)), ensure())), "rb") as piece:
        shape = piece.getparams()
        once = b"\0\0" if name == SILENCE else piece.readframes(piece.getnframes())
    wanted = seconds * shape.framerate * shape.sampwidth * shape.nchannels
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams(shape)
        file.writeframes((once * (wanted // max(len(once), 1) + 1))[:wanted])
    return out.getvalue()
