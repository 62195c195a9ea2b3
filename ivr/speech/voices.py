"""The voices that render a text: espeak-ng as a library in a process of its own, as a program, or tones.

espeak-ng is GPL-3: it is only ever run as a separate process (docs/decisions/0008-speech.md).
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
from array import array
from pathlib import Path
from typing import Protocol

from config.languages import LANGUAGES

WORDS_PER_MINUTE = 160
TIMEOUT = 20.0  # seconds for one sentence
TONE_RATE = 8000


class VoiceFailed(Exception):
    """A voice gave no sound. The text stands in no log: it may hold an area of a caller."""


class Voice(Protocol):
    """`signature` changes when the same text would sound different."""

    signature: str

    def speak(self, text: str, language: str) -> tuple[array[int], int]:
        """Samples (16 bit, mono) and their rate; raises VoiceFailed."""
        ...

    def close(self) -> None:
        """End what the voice started."""
        ...


class EspeakProgram:
    """The program `espeak-ng`, once a text."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.signature = f"espeak-ng program {WORDS_PER_MINUTE}"

    def speak(self, text: str, language: str) -> tuple[array[int], int]:
        with tempfile.TemporaryDirectory(prefix="suar-speech-") as folder:
            file = Path(folder) / "speech.wav"
            manner = ["-v", LANGUAGES[language].espeak, "-s", str(WORDS_PER_MINUTE)]
            command = [self._program, *manner, "-w", str(file), "--stdin"]
            try:
                subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=TIMEOUT)
                return _read(file)
            except (OSError, subprocess.SubprocessError, wave.Error) as fault:
                raise VoiceFailed(f"espeak-ng: {type(fault).__name__}") from None

    def close(self) -> None:
        pass


def _read(file: Path) -> tuple[array[int], int]:
    with wave.open(str(file), "rb") as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
        return samples, sound.getframerate()


class EspeakHelper:
    """The library espeak-ng (of the machine, or of the wheel `espeakng-loader`) in `python -m ivr.speech.helper`.

    The process is started by the first sentence and ends with this one's end of the pipe.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.signature = f"espeak-ng helper {WORDS_PER_MINUTE}"

    def speak(self, text: str, language: str) -> tuple[array[int], int]:
        with self._lock:
            try:
                return self._ask({"text": text, "voice": LANGUAGES[language].espeak, "rate": WORDS_PER_MINUTE})
            except (OSError, ValueError) as fault:
                self.close()
                raise VoiceFailed(f"espeak-ng helper: {type(fault).__name__}") from None

    def _ask(self, request: dict[str, object]) -> tuple[array[int], int]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "ivr.speech.helper"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None  # noqa: S101 - made with pipes
        assert self._process.stdout is not None  # noqa: S101
        guard = threading.Timer(TIMEOUT, self._process.kill)
        guard.start()
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            head = json.loads(self._process.stdout.readline() or b"{}")
            if "bytes" not in head:
                raise ValueError("the helper gave no sound")
            return array("h", self._process.stdout.read(head["bytes"])), int(head["rate"])
        finally:
            guard.cancel()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


class Tones:
    """No voice on this machine: a soft tone as long as the words would take. The captions tell what is meant."""

    signature = "tones"

    def speak(self, text: str, language: str) -> tuple[array[int], int]:
        seconds = max(0.3, len(text) / 15)
        step = 2 * math.pi * 440 / TONE_RATE
        return array("h", (round(2000 * math.sin(step * n)) for n in range(int(seconds * TONE_RATE)))), TONE_RATE

    def close(self) -> None:
        pass


def find_voice() -> Voice:
    """The best voice of this machine. The helper comes first: it starts once, the program once a text."""
    helper = EspeakHelper()
    try:
        helper.speak("satu", "id")
        return helper
    except VoiceFailed:
        helper.close()
    program = shutil.which("espeak-ng")
    return EspeakProgram(program) if program else Tones()
