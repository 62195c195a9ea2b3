"""Each fault of pyst2 0.5.1 by its name, and that it is mended; on real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from asterisk.agi import AGI
from asterisk.manager import ManagerMsg

from ivr.carriers.asterisk_pyst2 import (
    Agi,
    AGIDBError,
    AGIError,
    AGIHangup,
    AGIUsageError,
    Ami,
    ManagerException,
    ManagerSocketException,
    Message,
)
from tests.fixtures.wait import until

# pyst2's own use of old names of threading; nothing of ours.
pytestmark = [pytest.mark.unit, pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning")]
ENV = b"agi_network: yes\nagi_network_script: next\nagi_callerid: 0812\nagi_arg_1: 1.2\nagi_arg_2: c1\n\n"


# --- AGI


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Asterisk's end and ours."""
    theirs, ours = socket.socketpair()
    theirs.settimeout(5)
    ours.settimeout(5)
    with theirs, ours:
        yield theirs, ours


def conversation(ours: socket.socket) -> Agi:
    return Agi(ours.makefile("rwb"))


def test_signal_handler_outside_the_main_thread(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(ENV)
    with ThreadPoolExecutor(1) as pool:
        agi = pool.submit(conversation, ours).result()
        theirs.sendall(ENV)
        with pytest.raises(ValueError, match="main thread"):
            pool.submit(AGI, ours.makefile("rwb"), ours.makefile("rwb")).result()
    assert agi.args == ["1.2", "c1"]


def test_text_written_to_a_binary_stream(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + b"200 result=1\n")
    conversation(ours).set_variable("SUAR_DO", "wait")
    assert theirs.recv(100) == b'SET VARIABLE "SUAR_DO" "wait"\n'


def test_caller_data_is_not_written_to_stderr(
    wire: tuple[socket.socket, socket.socket], capfd: pytest.CaptureFixture[str]
) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + b"200 result=1 (081234)\n")
    conversation(ours).get_variable("CALLERID(num)")
    captured = capfd.readouterr()
    assert captured.err == captured.out == ""


@pytest.mark.parametrize("value", ["a\nEXEC System x", "a\rb", "a\0b"])
def test_a_newline_in_a_value_would_be_a_second_command(wire: tuple[socket.socket, socket.socket], value: str) -> None:
    theirs, ours = wire
    theirs.sendall(ENV)
    agi = conversation(ours)
    for refused in (
        lambda: agi.set_variable("NAME", value),
        lambda: agi.set_context(value),
        lambda: agi.appexec("NoOp", value),
    ):
        with pytest.raises(AGIUsageError) as fault:
            refused()
        assert "System" not in str(fault.value)
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


def test_a_quote_is_escaped(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + b"200 result=1\n")
    conversation(ours).set_variable("NAME", 'x" , "y\\')
    assert theirs.recv(100) == b'SET VARIABLE "NAME" "x\\" , \\"y\\\\"\n'


@pytest.mark.parametrize(
    "said", [b"", b"HANGUP\n", b"511 Command Not Permitted on a dead channel or intercept routine\n"]
)
def test_end_of_file_hangup_line_and_dead_channel_are_a_hangup(
    wire: tuple[socket.socket, socket.socket], said: bytes
) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + said)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(AGIHangup):
        conversation(ours).set_variable("A", "b")


def test_usage_and_unknown_answers_are_errors_without_their_text(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + b"520-Invalid command syntax.\nUsage: 0812\n520 End of proper usage.\n510 Invalid 0812\n")
    agi = conversation(ours)
    for _ in range(2):
        with pytest.raises(AGIError) as fault:
            agi.noop()
        assert "0812" not in str(fault.value)


def test_database_get_quotes_once(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(ENV + b"200 result=1 (v)\n200 result=0\n")
    agi = conversation(ours)
    assert agi.database_get("family", "key") == "v"
    assert theirs.recv(100) == b'DATABASE GET "family" "key"\n'
    with pytest.raises(AGIDBError):
        agi.database_get("family", "0812")


def test_a_line_break_in_the_environment_replaces_nothing_said_before(
    wire: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = wire
    theirs.sendall(ENV[:-1] + b"agi_x: y\nagi_network_script: evil\nagi_arg_1: evil\n\n")
    agi = conversation(ours)
    assert agi.env["agi_network_script"] == "next"
    assert agi.args[0] == "1.2"


def test_a_request_without_an_end_is_refused(wire: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = wire
    theirs.sendall(b"".join(b"agi_%d: x\n" % n for n in range(400)))
    with pytest.raises(AGIUsageError):
        conversation(ours)


# --- AMI


class Server:
    """Asterisk's manager as far as the faults need it: each action goes to `reply`, which answers bytes."""

    def __init__(self, reply: Callable[[dict[str, str]], bytes]) -> None:
        self._reply = reply
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections: list[socket.socket] = []
        self.seen: list[dict[str, str]] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections.append(connection)
                connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                data += chunk
                while b"\r\n\r\n" in data:
                    block, _, data = data.partition(b"\r\n\r\n")
                    action = dict(line.split(": ", 1) for line in block.decode().split("\r\n"))
                    self.seen.append(action)
                    connection.sendall(self._reply(action))

    def close(self) -> None:
        self._listening.close()
        for connection in self.connections:
            connection.close()


def success(action: dict[str, str]) -> bytes:
    return f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: {action['Action']}\r\n\r\n".encode()


@pytest.fixture
def manager() -> Iterator[Callable[..., tuple[Server, Ami]]]:
    """Makes a server and a connection to it; both are closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(reply: Callable[[dict[str, str]], bytes] = success, **options: object) -> tuple[Server, Ami]:
            server = Server(reply)
            stack.callback(server.close)
            ami = Ami(**{"timeout": 2.0, **options})  # type: ignore[arg-type]
            stack.callback(ami.close)
            ami.connect("127.0.0.1", server.port)
            return server, ami

        yield make


def test_has_key_channel_variables_are_read() -> None:
    lines = [
        "Event: DialState\r\n",
        "ChanVariable: SUAR_CALL=c1\r\n",
        "ChanVariable: SUAR_RT=a=b\r\n",
        "DestChanVariable: SUAR_LEG=c1\r\n",
    ]
    with pytest.raises(AttributeError):
        ManagerMsg(lines)
    message = Message(lines)
    assert message.variables == {"SUAR_CALL": "c1", "SUAR_RT": "a=b"}
    assert message.dest_variables == {"SUAR_LEG": "c1"}


def test_one_response_queue_without_action_ids(manager: Callable[..., tuple[Server, Ami]]) -> None:
    held: list[bytes] = []

    def out_of_order(action: dict[str, str]) -> bytes:
        echo = f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: {action['Value']}\r\n\r\n".encode()
        held.append(echo)
        return b"".join([held.pop(), held.pop()]) if len(held) == 2 else b""

    _, ami = manager(out_of_order)

    def ask(value: int) -> bool:
        return bool(ami.send_action(Action="Getvar", Value=str(value))["Message"] == str(value))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_mutable_default_argument(manager: Callable[..., tuple[Server, Ami]]) -> None:
    server, ami = manager()
    ami.send_action(Action="Redirect", Channel="one")
    ami.send_action(Action="Ping")
    assert set(server.seen[-1]) == {"Action", "ActionID"}


def test_a_response_that_never_comes_has_an_end(manager: Callable[..., tuple[Server, Ami]]) -> None:
    _, ami = manager(lambda action: b"", timeout=0.2)
    with pytest.raises(ManagerSocketException):
        ami.send_action(Action="Ping")


def test_a_callback_that_raises_does_not_end_the_events(manager: Callable[..., tuple[Server, Ami]]) -> None:
    seen: list[str] = []

    def once(event: Message, _: Ami) -> None:
        seen.append(event["Event"])
        raise RuntimeError

    _, ami = manager(lambda action: success(action) + b"Event: Hangup\r\nUniqueid: 1\r\n\r\n")
    ami.register_event("Hangup", once)
    for _ in range(3):
        ami.send_action(Action="Ping")
    until(lambda: len(seen) == 3, 5)


def test_status_completes(manager: Callable[..., tuple[Server, Ami]]) -> None:
    def follow(action: dict[str, str]) -> bytes:
        head = f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: Channel status will follow\r\n\r\n"
        return head.encode() + b"Event: Status\r\nChannel: PJSIP/a\r\n\r\nEvent: StatusComplete\r\nItems: 1\r\n\r\n"

    events: list[str] = []
    _, ami = manager(follow, on_event=lambda message: events.append(message["Event"]))
    ami.status()
    until(lambda: events == ["Status", "StatusComplete"], 5)


def test_output_of_a_command_of_many_lines(manager: Callable[..., tuple[Server, Ami]]) -> None:
    def reply(action: dict[str, str]) -> bytes:
        head = f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: Command output follows\r\n"
        return head.encode() + b"Output: one\r\nOutput: two: 2\r\n\r\n"

    _, ami = manager(reply)
    assert ami.command("core show channels").data == "one\ntwo: 2\n"


def test_a_newline_in_a_header_would_be_a_second_action(manager: Callable[..., tuple[Server, Ami]]) -> None:
    server, ami = manager()
    with pytest.raises(ManagerException):
        ami.send_action(Action="Setvar", Value="x\r\n\r\nAction: Originate")
    assert ami.ping()["Response"] == "Success"
    assert [action["Action"] for action in server.seen] == ["Ping"]


def test_no_reconnect_a_closed_object_stays_closed(manager: Callable[..., tuple[Server, Ami]]) -> None:
    server, ami = manager()
    ended = threading.Event()
    ami._on_close = ended.set
    waiting = threading.Thread(target=server.connections[0].shutdown, args=(socket.SHUT_RDWR,))
    waiting.start()
    assert ended.wait(5)
    with pytest.raises(ManagerSocketException):
        ami.send_action(Action="Ping")
    with pytest.raises(ManagerException):
        ami.connect("127.0.0.1", server.port)
    fresh = Ami(timeout=2.0)
    fresh.connect("127.0.0.1", server.port)
    assert fresh.ping()["Response"] == "Success"
    fresh.close()


def test_who_waits_is_told_when_the_connection_ends(manager: Callable[..., tuple[Server, Ami]]) -> None:
    server, ami = manager(lambda action: b"", timeout=30.0)
    future = ami.submit(Action="Ping")
    until(lambda: server.seen, 5)
    server.connections[0].shutdown(socket.SHUT_RDWR)
    with pytest.raises(ManagerSocketException):
        future.result(5)


def test_close_cannot_block(manager: Callable[..., tuple[Server, Ami]]) -> None:
    _, ami = manager(lambda action: b"", timeout=30.0)
    ami.submit(Action="Ping")
    closing = threading.Thread(target=ami.close)
    closing.start()
    closing.join(3)
    assert not closing.is_alive()
    ami.close()


def test_a_server_that_does_not_greet_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ManagerSocketException):
        Ami(timeout=0.2).connect("127.0.0.1", silent.getsockname()[1])
