"""Music on hold, made by ourselves: a slow arpeggio of soft tones, always the same, so nobody's rights are touched."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

from config.operator import Operator
from config.settings import settings
from ivr.speech import sound

BAR = 2.0  # seconds a chord lasts
CHORDS = ((262, 330, 392, 494), (220, 262, 330, 440), (175, 220, 262, 349), (196, 247, 294, 392))  # Hz
PEAK = 5000
SILENCE = "none"  # a queue without any


def ensure() -> Path:
    """The file of the music; written when it is not there. It repeats without a gap."""
    path = settings().sounds_dir / "moh" / "suar.wav"
    if not path.exists():
        sound.write(path, _piece())
    return path


def classes(operator: Operator) -> list[str]:
    """The classes of music that queues ask for and that have recordings (8 kHz, 16 bit, mono) in their folder; every
    other one is the own piece.
    """
    wanted = {queue.announce.music for queue in operator.queues.queues.values()} - {"default", SILENCE}
    return sorted(name for name in wanted if recordings(name))


def recordings(name: str) -> list[Path]:
    """The recordings of a class, in the order of their names."""
    return sorted((settings().sounds_dir / "moh" / name).glob("*.wav"))


def _piece() -> array[int]:
    """Four chords; each note is struck a quarter of a bar after the one before it and fades."""
    length = int(len(CHORDS) * BAR * sound.RATE)
    piece = [0.0] * length
    for bar, chord in enumerate(CHORDS):
        for beat, tone in enumerate(chord):
            start = int((bar + beat / len(chord)) * BAR * sound.RATE)
            for n, sample in enumerate(_note(tone)):
                piece[(start + n) % length] += sample
    peak = max(map(abs, piece))
    return array("h", (round(PEAK * sample / peak) for sample in piece))


def _note(tone: int) -> list[float]:
    turn, fade = 2 * math.pi * tone / sound.RATE, 1 / (0.7 * sound.RATE)
    soft = 0.02 * sound.RATE  # no click at the start
    return [
        (math.sin(turn * n) + 0.3 * math.sin(2 * turn * n)) * math.exp(-n * fade) * min(1.0, n / soft)
        for n in range(int(BAR * sound.RATE))
    ]
