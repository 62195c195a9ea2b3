"""A part of the process `suar worker` in a thread of its own: what blocks must not hold the event loop."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future


class Part(ABC):
    """Works until it is told to stop."""

    def __init__(self, name: str) -> None:
        self.ended: Future[None] = Future()  # with what ended the thread, if it was not asked to
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """After what is done now, at most two seconds: what is not finished is done by the next process."""
        self._stop.set()
        self._thread.join(timeout=2.0)

    @abstractmethod
    def _work(self) -> None:
        """Until `self._stop` is set."""

    def _run(self) -> None:
        self.ended.set_running_or_notify_cancel()  # from here on nobody can cancel it
        try:
            self._work()
        except BaseException as fault:  # whatever it is: a process that does not do its work must not look alive
            self.ended.set_exception(fault)
        else:
            self.ended.set_result(None)
