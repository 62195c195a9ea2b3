"""A WAV as telephones make it: how long it is, also when whoever wrote it died before the end."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")  # RIFF, one format of 16 bytes, then the samples


def seconds_of(file: Path) -> float:
    """Seconds of sound; 0 when there is none. A header that was never finished is mended from the file's size."""
    _mend(file)
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return 0.0


def _mend(file: Path) -> None:
    try:
        size = file.stat().st_size
        with file.open("r+b") as stream:
            fields = list(HEADER.unpack(stream.read(HEADER.size)))
            plain = fields[0] == b"RIFF" and fields[2:5] == [b"WAVE", b"fmt ", 16] and fields[11] == b"data"
            if plain and fields[12] != size - HEADER.size and fields[12] in (0, 0xFFFFFFFF):
                fields[1], fields[12] = size - 8, size - HEADER.size
                stream.seek(0)
                stream.write(HEADER.pack(*fields))
    except (OSError, struct.error):
        return
