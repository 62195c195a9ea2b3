"""The only module that knows the faults of pyst2 0.5.1; each is mended here and named by a test.

docs/decisions/0011-pyst2.md lists them. `Agi` is one FastAGI conversation on one socket; `Ami` is one connection
to the Asterisk Manager Interface, usable from many threads and never used again once it is closed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, BinaryIO

from asterisk.agi import (
    AGI,
    AGIAppError,
    AGIDBError,
    AGIError,
    AGIHangup,
    AGIResultHangup,
    AGIUsageError,
    re_code,
    re_kv,
)
from asterisk.manager import (
    Event,
    Manager,
    ManagerAuthException,
    ManagerException,
    ManagerMsg,
    ManagerSocketException,
)

__all__ = [
    "AGIAppError",
    "AGIDBError",
    "AGIError",
    "AGIHangup",
    "AGIResultHangup",
    "AGIUsageError",
    "Agi",
    "Ami",
    "Event",
    "ManagerAuthException",
    "ManagerException",
    "ManagerMsg",
    "ManagerSocketException",
]

log = logging.getLogger(__name__)

ENV_LINES = 200  # Asterisk sends about 25 and one per argument
LINE_BYTES = 8192
REFUSED = frozenset("\r\n\x00")


def one_line(text: str) -> str:
    """`text` unchanged; raises AGIUsageError if it would be read as more than one line of protocol."""
    if REFUSED.intersection(text):
        raise AGIUsageError("a line break or NUL in an argument")
    return text


class Agi(AGI):
    """One FastAGI conversation over a binary stream; may live in any thread.

    Raises AGIHangup when the caller is gone (HANGUP line, 511, end of file) and OSError when the socket fails.
    """

    def __init__(self, stream: BinaryIO) -> None:
        # AGI.__init__ is not called: it installs a signal handler (main thread only) and writes every line it
        # reads, caller data among them, to stderr.
        self.stdin = stream
        self.stdout = stream
        self.stderr = io.StringIO()
        self._got_sighup = False
        self.env: dict[str, str] = {}
        self._get_agi_env()

    @property
    def args(self) -> list[str]:
        """The arguments of the request, in order."""
        found: list[str] = []
        while (name := f"agi_arg_{len(found) + 1}") in self.env:
            found.append(self.env[name])
        return found

    def _line(self) -> str:
        raw = self.stdin.readline(LINE_BYTES)
        if not raw.endswith(b"\n"):
            raise AGIHangup("end of file")
        return str(raw.decode("utf-8", "replace").rstrip("\r\n"))

    def _get_agi_env(self) -> None:
        for _ in range(ENV_LINES):
            line = self._line()
            if not line.strip():
                return
            key, _, data = line.partition(":")
            # The first wins: a value with a line break in it cannot replace what Asterisk itself said before.
            self.env.setdefault(key.strip(), data.strip())
        raise AGIUsageError("a request without an end")

    def _quote(self, string: object) -> str:
        text = one_line(str(string))
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def send_command(self, command: str, *args: object) -> None:
        """Send one command; its answer must be read before the next is sent (T8)."""
        line = one_line(" ".join([command.strip(), *map(str, args)]).strip())
        self.stdout.write(line.encode("utf-8") + b"\n")
        self.stdout.flush()

    def say_variable(self, name: str, value: str) -> None:
        """`SET VARIABLE` without waiting for its answer, which is due next (`get_result`)."""
        self.send_command("SET VARIABLE", self._quote(name), self._quote(value))

    def execute(self, command: str, *args: object) -> dict[str, tuple[str, str]]:
        """Send a command and read its answer."""
        try:
            self.send_command(command, *args)
            return self.get_result()
        except (BrokenPipeError, ConnectionResetError) as fault:
            raise AGIHangup("the connection is gone") from fault

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        """The answer of the last command."""
        line = self._line().strip()
        if line == "HANGUP":
            # Asterisk says so between answers; the answer that is due may never come.
            raise AGIResultHangup("the caller hung up")
        code = re_code.search(line)
        number = int(code.group(1)) if code and code.group(1) else 0
        if number == 200:
            return self._result(code.group(2))
        if number == 511:
            raise AGIResultHangup("the channel is dead")
        if number == 520:
            self._usage()
        raise AGIError(f"answer {number}")

    def _result(self, response: str) -> dict[str, tuple[str, str]]:
        result = {"result": ("", "")}
        for key, value, data in re_kv.findall(response):
            result[key] = (value, data)
            if data == "hangup":
                raise AGIResultHangup("the caller hung up")
            if key == "result" and value == "-1":
                raise AGIAppError("the application failed, or the caller hung up")
        return result

    def _usage(self) -> None:
        for _ in range(ENV_LINES):
            if self._line().startswith("520"):
                break
        raise AGIUsageError("the command is not used like this")

    def database_get(self, family: str, key: str) -> str:
        """The value; raises AGIDBError when there is none (pyst2 quotes twice, and tells both in its text)."""
        code, value = self.execute("DATABASE GET", self._quote(family), self._quote(key))["result"]
        if code != "1":
            raise AGIDBError("no such key")
        return value


class Message(ManagerMsg):
    """A manager message. Channel variables stand in `variables` and `dest_variables`."""

    def __init__(self, response: list[str]) -> None:
        self.variables: dict[str, str] = {}
        self.dest_variables: dict[str, str] = {}
        super().__init__(response)

    def parse(self, response: list[str]) -> None:
        """Read the headers; what follows them is `data`."""
        rest: list[str] = []
        for line in response:
            key, colon, value = line.rstrip("\r\n").partition(":")
            key, value = key.strip(), value.strip()
            if rest or not colon or not key:
                rest.append(line)
            elif key.startswith(("ChanVariable", "DestChanVariable")):
                name, _, content = value.partition("=")
                (self.dest_variables if key.startswith("Dest") else self.variables)[name] = content
            elif key == "Output":  # the lines of a CLI command, one header each since Asterisk 14
                self.data += value + "\n"
            else:
                self.headers[key] = value
        self.data += "".join(rest)


class Ami(Manager):
    """One connection to the manager interface: answers are matched by ActionID and every wait has an end.

    `on_event(message)` is called in the reading thread for every event, `on_close()` once when the connection ends.
    A closed object stays closed (Python threads start once): make a new one.
    """

    def __init__(
        self,
        *,
        on_event: Callable[[Message], None] | None = None,
        on_close: Callable[[], None] | None = None,
        timeout: float = 3.0,
    ) -> None:
        super().__init__()
        self.timeout = timeout
        self._on_event = on_event
        self._on_close = on_close
        self._raw: socket.socket | None = None
        self._waiting: dict[str, Future[Message]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        self._greeting: Future[str] = Future()

    def __del__(self) -> None:
        """pyst2 logs off here, which can block the collector for ever."""

    def connect(self, host: str, port: int = 5038) -> str:
        """Connect and read the greeting; raises ManagerSocketException."""
        if self._raw is not None:
            raise ManagerException("one object, one connection")
        try:
            self._raw = socket.create_connection((host, int(port)), self.timeout)
            self._raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._raw.settimeout(None)
        except OSError as fault:
            raise ManagerSocketException(fault.errno or 0, "cannot connect") from fault
        # A write to an Asterisk that no longer reads must end too.
        self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, int(self.timeout).to_bytes(8, "little") + bytes(8))
        self._connected.set()
        self._running.set()
        self.message_thread = threading.Thread(target=self.message_loop, name="ami", daemon=True)
        self.message_thread.start()
        try:
            return self._greeting.result(self.timeout)
        except Exception as fault:  # also one of pyst2's own: a half-open connection is closed whatever it was
            self.close()
            raise ManagerSocketException(0, "no greeting") from fault

    def connected(self) -> bool:
        """Whether actions can be sent."""
        return bool(self._connected.is_set())

    def submit(self, action: Mapping[str, Any] | None = None, /, **headers: Any) -> Future[Message]:
        """Send an action; the future gets its response, or ManagerSocketException when the connection ends."""
        fields = {**(action or {}), **headers}
        with self._lock:
            if not self.connected():
                raise ManagerSocketException(0, "not connected")
            action_id = str(fields.setdefault("ActionID", f"suar-{self.next_seq():08x}"))
            future: Future[Message] = Future()
            self._waiting[action_id] = future
        try:
            self._write(_encode(fields))
        except (OSError, ManagerException) as fault:
            with self._lock:
                self._waiting.pop(action_id, None)
            if isinstance(fault, ManagerException):
                raise
            self._end()
            raise ManagerSocketException(fault.errno or 0, "the connection is gone") from fault
        return future

    def send_action(self, cdict: Mapping[str, Any] | None = None, **kwargs: Any) -> Message:
        """Send an action and wait for its response; raises ManagerSocketException after `timeout` seconds."""
        future = self.submit(cdict, **kwargs)
        try:
            return future.result(self.timeout)
        except TimeoutError as fault:
            raise ManagerSocketException(0, "no response in time") from fault

    def close(self) -> None:
        """End the connection now; never blocks on the other side, may be called from any thread and twice."""
        self._end()
        if self._raw is not None and threading.current_thread() is not self.message_thread:
            self.message_thread.join(1.0)

    def message_loop(self) -> None:
        """Read until the connection ends: greeting, events to `on_event`, responses to who waits for them."""
        if self._raw is None:
            raise ManagerException("not connected")
        try:
            with self._raw.makefile("rb") as stream:
                title = stream.readline(LINE_BYTES).decode("utf-8", "replace").strip()
                self.title, _, self.version = title.partition("/")
                self._greeting.set_result(title)
                while lines := _message(stream):
                    self._dispatch(Message(lines))
        except (OSError, ValueError):
            pass  # the socket was closed, by us or by the other side
        finally:
            self._end()

    def _dispatch(self, message: Message) -> None:
        if message.has_header("Event"):
            self._call_back(message)
            return
        with self._lock:
            future = self._waiting.pop(message.get_header("ActionID", ""), None)
        if future is not None and not future.cancelled():
            future.set_result(message)

    def _call_back(self, message: Message) -> None:
        name = message.get_header("Event")
        for callback in [*self._event_callbacks.get(name, []), *self._event_callbacks.get("*", [])]:
            try:
                if callback(message, self):
                    break
            except Exception as fault:  # one raising callback must not end dispatch for good (ADR 11)
                log.error("a callback of event %s: %s", name, type(fault).__name__)
        if self._on_event is not None:
            try:
                self._on_event(message)
            except Exception as fault:  # the same
                log.error("the handler of event %s: %s", name, type(fault).__name__)

    def _write(self, data: bytes) -> None:
        if self._raw is None:
            raise ManagerException("not connected")
        with self._writing:
            self._raw.sendall(data)

    def _end(self) -> None:
        with self._lock:
            first, self._closed = not self._closed, True
            waiting, self._waiting = self._waiting, {}
            self._connected.clear()
            self._running.clear()
        if self._raw is not None:
            with contextlib.suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)
            self._raw.close()
        for future in waiting.values():
            if not future.done():
                future.set_exception(ManagerSocketException(0, "the connection is gone"))
        if first and self._on_close is not None:
            self._on_close()


def _encode(fields: Mapping[str, Any]) -> bytes:
    lines = []
    for key, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            line = f"{key}: {item}"
            if REFUSED.intersection(line):
                raise ManagerException("a line break or NUL in a header")
            lines.append(line)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _message(stream: BinaryIO) -> list[str]:
    """The lines of the next message; empty at the end of the connection."""
    lines: list[str] = []
    while raw := stream.readline():
        line = raw.decode("utf-8", "replace")
        if line.strip():
            lines.append(line)
        elif lines:
            return lines
    return []
