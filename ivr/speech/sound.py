"""Samples as telephones take them: 8 kHz, 16 bit, mono, trimmed, equally loud. Pure functions and one atomic write."""

from __future__ import annotations

import os
import threading
import wave
from array import array
from itertools import accumulate, pairwise
from pathlib import Path

RATE = 8000
LOUD = 20000  # peak of every sentence
QUIET = 200  # samples below this at either end are silence
BREATH = {True: 2400, False: 480}  # samples of silence after the end of a sentence, or after a piece of one


def telephone(samples: array[int], rate: int, *, ends_sentence: bool) -> array[int]:
    """What a voice gave, ready to be put beside other pieces."""
    piece = louder(trim(resample(samples, rate)))
    piece.extend([0] * BREATH[ends_sentence])
    return piece


def resample(samples: array[int], rate: int) -> array[int]:
    """To 8 kHz. Each new sample is the mean of the old ones it stands for, which is also a simple low-pass."""
    if rate == RATE:
        return samples
    sums = [0, *accumulate(samples)]
    step = rate / RATE
    edges = [round(n * step) for n in range(int(len(samples) / step) + 1)]
    return array("h", ((sums[b] - sums[a]) // (b - a) for a, b in pairwise(edges) if b > a))


def trim(samples: array[int]) -> array[int]:
    """Without silence at either end."""
    first = next((n for n, sample in enumerate(samples) if abs(sample) > QUIET), 0)
    last = next((n for n in range(len(samples) - 1, -1, -1) if abs(samples[n]) > QUIET), len(samples) - 1)
    return samples[max(0, first - 80) : last + 81]


def louder(samples: array[int]) -> array[int]:
    """With the same peak as every other sentence."""
    peak = max(map(abs, samples), default=0)
    return array("h", (sample * LOUD // peak for sample in samples)) if peak else samples


def write(path: Path, samples: array[int]) -> None:
    """Whole or not at all: a reader never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    part.replace(path)
