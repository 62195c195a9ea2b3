"""espeak-ng by ctypes, in a process of its own: `python -m ivr.speech.helper`.

Each line on stdin is {"text", "voice", "rate"}; the answer is a line {"rate", "bytes"} and so many bytes of samples
(16 bit, mono). It imports nothing of ours and nothing of ours imports it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

SYNCHRONOUS, UTF8, RATE_PARAMETER = 2, 1, 1
SYSTEM_LIBRARY = "libespeak-ng.so.1"
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def _find() -> tuple[str, bytes | None]:
    """The library and its data: of the machine (which is kept up to date by it), else of the wheel."""
    try:
        ctypes.CDLL(SYSTEM_LIBRARY)
        return SYSTEM_LIBRARY, None
    except OSError:
        import espeakng_loader  # noqa: PLC0415 - optional, and only in this process

        return espeakng_loader.get_library_path(), espeakng_loader.get_data_path().encode()


class Espeak:
    """The library, with its samples collected."""

    def __init__(self) -> None:
        library, data = _find()
        self._library: Any = ctypes.CDLL(library)
        self._samples = bytearray()
        self._callback = _CALLBACK(self._collect)
        self.rate = int(self._library.espeak_Initialize(SYNCHRONOUS, 0, data, 0))
        if self.rate <= 0:
            raise OSError("espeak-ng does not find its data")
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)
        return 0

    def speak(self, text: str, voice: str, rate: int) -> bytes:
        """Samples of the text."""
        self._samples = bytearray()
        self._library.espeak_SetVoiceByName(voice.encode())
        self._library.espeak_SetParameter(RATE_PARAMETER, rate, 0)
        data = text.encode()
        self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 0, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        return bytes(self._samples)


def main() -> None:
    """Answer until stdin ends. Without a library: end at once, quietly; the asker looks for another voice."""
    try:
        espeak = Espeak()
    except (ImportError, OSError):
        raise SystemExit(1) from None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        samples = espeak.speak(request["text"], request["voice"], request["rate"])
        sys.stdout.buffer.write(json.dumps({"rate": espeak.rate, "bytes": len(samples)}).encode() + b"\n" + samples)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
