"""The step server on real sockets: what it sets, in which order, and when it says nothing at all (T1)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from config.errors import NotFound
from config.operator import operator
from config.settings import settings
from ivr.carriers import asterisk_agi
from ivr.carriers.asterisk_agi import AgiServer, probe
from ivr.carriers.asterisk_answer import BadRequest, Request, arrival, assignment, step, variables
from ivr.instructions import Ask, Bye, Fragment, Instruction, Play, Reject, Wait
from ivr.signals import Arrival, Step
from tests.fixtures.wait import until

pytestmark = pytest.mark.unit
CALL = "c1763794347x12"


class Flow:
    """Answers as the test says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Arrival | Step] = []
        self.answer: Callable[[], Awaitable[Instruction]] = self.wait

    async def wait(self) -> Instruction:
        return Wait((), "gangguan", keys="19")

    async def arrived(self, arrival: Arrival, token: str) -> Instruction:
        self.asked.append(arrival)
        return await self.answer()

    async def step(self, step: Step) -> Instruction:
        self.asked.append(step)
        return await self.answer()

    async def hung_up(self, call: str, *, by: str = "caller", channel: str = "") -> None: ...


@pytest.fixture
def flow() -> Flow:
    return Flow()


@pytest.fixture
def server(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Iterator[AgiServer]:
    monkeypatch.setenv("SUAR_STEP_DEADLINE_MS", "1500")
    settings.cache_clear()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    operator()  # as every process has before it listens
    running = AgiServer(flow, loop, host="127.0.0.1", port=0)
    running.start()
    yield running
    running.stop()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    monkeypatch.undo()
    settings.cache_clear()


def ask(server: AgiServer, name: str = "next", *args: str) -> list[str]:
    """As Asterisk asks: each command is answered before the next is read; answers the commands."""
    given = args or ("1763794347.12.3", CALL, "0", "081234567890", "123")
    with socket.create_connection(server.address, 5) as asterisk:
        asterisk.settimeout(5)
        env = {"agi_network": "yes", "agi_network_script": name, "agi_channel": "PJSIP/trunk-1"}
        env |= {f"agi_arg_{n}": text for n, text in enumerate(given, 1)}
        asterisk.sendall("".join(f"{key}: {value}\n" for key, value in env.items()).encode() + b"\n")
        commands = []
        with asterisk.makefile("rwb") as stream:
            while line := stream.readline():
                commands.append(line.decode().strip())
                asterisk.setblocking(False)
                with pytest.raises(BlockingIOError):  # never pipelined (T8)
                    asterisk.recv(1, socket.MSG_PEEK)
                asterisk.settimeout(5)
                stream.write(b"200 result=1\n")
                stream.flush()
        return commands


def test_an_answer_is_one_command_and_the_token_is_its_last_word(server: AgiServer, flow: Flow) -> None:
    assert ask(server) == [
        'SET VARIABLE "ARRAY(SUAR_PLAY,SUAR_KEYSET,SUAR_ROUND,SUAR_MUSIC,SUAR_Q,SUAR_EMG,SUAR_DO,SUAR_ACK)" '
        '",19,20,default,gangguan,0,wait,1763794347.12.3"'
    ]
    assert flow.asked == [Step(CALL, "1763794347.12.3", "next", "0")]


def test_an_arrival(server: AgiServer, flow: Flow) -> None:
    ask(server, "arrived")
    assert flow.asked == [Arrival(CALL, "asterisk", "PJSIP/trunk-1", "+6281234567890", "123", "jakarta")]


async def _slow() -> Instruction:
    await asyncio.Event().wait()
    return Bye()


async def _broken() -> Instruction:
    raise RuntimeError("081234567890")


async def _unknown() -> Instruction:
    raise NotFound("no such call", slug="unknown-call")


@pytest.mark.parametrize("answer", [_slow, _broken, _unknown])
def test_no_answer_is_silence_not_a_wrong_answer(
    server: AgiServer, flow: Flow, answer: Callable[[], Awaitable[Instruction]]
) -> None:
    flow.answer = answer
    assert ask(server) == []


def test_digits_and_numbers_never_stand_in_the_log(
    server: AgiServer, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for flow.answer in (_unknown, _broken):
            ask(server, "next", "1.2.3", CALL, "530012345678", "081234567890", "123")
        ask(server, "081234567890")
        # The connection is closed first, then it is told.
        until(lambda: "RuntimeError" in caplog.text and "failed" in caplog.text, message="the fault is told")
    assert "081234567890" not in caplog.text
    assert "530012345678" not in caplog.text


@pytest.mark.parametrize(
    "args",
    [
        ("t", "not-a-call"),
        ("t t", CALL),
        ("t", CALL, "12a"),
        ("t",),
        ("t", CALL, *[""] * 20),
    ],
)
def test_a_malformed_request_is_not_answered(server: AgiServer, flow: Flow, args: tuple[str, ...]) -> None:
    assert ask(server, "next", *args) == []
    assert flow.asked == []


def test_a_question_that_comes_in_pieces_is_one_question(server: AgiServer, flow: Flow) -> None:
    text = f"agi_network_script: next\nagi_channel: c\nagi_arg_1: 1.2.3\nagi_arg_2: {CALL}\n\n"
    with socket.create_connection(server.address, 5) as asterisk:
        asterisk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for letter in text:
            asterisk.sendall(letter.encode())
        assert b"SUAR_ACK" in asterisk.recv(4096)
    assert len(flow.asked) == 1


def test_a_caller_who_hung_up_has_still_keyed_it(server: AgiServer, flow: Flow) -> None:
    done = threading.Event()

    async def slow() -> Instruction:
        await asyncio.to_thread(until, lambda: not server.present, message="Asterisk has gone")
        done.set()
        return Bye()

    flow.answer = slow
    with socket.create_connection(server.address, 5) as asterisk:
        asterisk.sendall(f"agi_network_script: next\nagi_arg_1: 1.2.3\nagi_arg_2: {CALL}\n\n".encode())
        until(lambda: bool(flow.asked), message="it is asked")
    assert done.wait(5), "the step went on without its caller"


def test_more_than_can_be_served_go_to_the_fallback_at_once(
    server: AgiServer, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_agi, "MOST", 0)
    with contextlib.suppress(ConnectionError):  # closed before the question was read
        assert ask(server) == []
    assert flow.asked == []


def test_the_server_proves_that_it_answers(server: AgiServer) -> None:
    assert asyncio.run(probe(*server.address))


def test_a_server_whose_loop_is_stuck_does_not(server: AgiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asterisk_agi, "PROBE_SECONDS", 0.3)
    free, stuck = threading.Event(), threading.Event()

    def block() -> None:
        stuck.set()
        free.wait(10)

    server._loop.call_soon_threadsafe(block)
    assert stuck.wait(5)
    try:
        assert not asyncio.run(probe(*server.address))
    finally:
        free.set()


# --- pure


def test_instructions_as_variables() -> None:
    def sounds(say: object) -> list[str]:
        return [f"suar/{piece.text}" for piece in say]  # type: ignore[attr-defined]

    say = (Fragment("a", "x"), Fragment("b", "y"))

    def made(instruction: Instruction) -> dict[str, str]:
        return variables(instruction, sounds=sounds, emergency_key="9", emergency_queue="darurat")

    assert made(Play(say)) == {"SUAR_PLAY": "suar/x&suar/y", "SUAR_DO": "play"}
    legal = (*say, Fragment("c", "z", legal=True))
    for one in (Play(legal), Ask(legal, 1), Wait(legal, "gangguan"), Bye(legal)):
        assert (made(one)["SUAR_LEGAL"], made(one)["SUAR_PLAY"]) == ("suar/z", "suar/x&suar/y")
    assert "SUAR_LEGAL" not in made(Ask(say, 12)), "the dialplan clears it with each step"
    assert made(Ask(say, 12))["SUAR_MAX"] == "12"
    assert made(Wait((), "darurat", keys="1"))["SUAR_KEYSET"] == "19"
    assert made(Wait((), "darurat"))["SUAR_EMG"] == "1"
    assert made(Reject())["SUAR_DO"] == "reject"
    assert list(made(Bye(say)))[-1] == "SUAR_DO"


def test_what_is_said_fits_into_the_line_that_asterisk_reads_and_no_name_is_cut() -> None:
    names = [f"suar/studio/{n:020}" for n in range(100)]
    say = [Fragment("a", "x", legal=True), Fragment("b", "y")]
    taken = iter((names[:20], names[20:]))
    found = variables(
        Ask(say, 12), sounds=lambda _: next(taken), emergency_key="9", emergency_queue="darurat"
    )  # fmt: skip
    name, value = assignment({**found, "SUAR_ACK": "t" * 64})
    assert len(f'SET VARIABLE "{name}" "{value}"\n') <= 2048
    heard = [*found["SUAR_LEGAL"].split("&"), *found["SUAR_PLAY"].split("&")]
    assert heard == names[: len(heard)]
    assert len(heard) > 50


def test_a_value_with_a_separator_is_refused() -> None:
    with pytest.raises(BadRequest):
        assignment({"SUAR_PLAY": "a,b"})


def test_what_a_channel_carries_rebuilds_a_call() -> None:
    args = ["t", CALL, "", "081234567890", "0717123", "keluhan", "1763794347123", "5", "", "", "", "", ""]
    extra = step(Request.read("resume", "PJSIP/trunk-1", args), operator()).extra
    assert extra == {
        "carrier": "asterisk",
        "channel": "PJSIP/trunk-1",
        "ani": "+6281234567890",
        "trunk": "bangka",
        "dialled": "0717123",
        "queue": "keluhan",
        "arrived": "1763794347123",
        "priority": "5",
        "emergency": "0",
    }


@pytest.mark.parametrize("ani", ["", "anonymous", "++", "12"])
def test_a_withheld_or_strange_number_is_none(ani: str) -> None:
    asked = Request.read("arrived", "PJSIP/trunk-1", ["t", CALL, "", ani, "999"])
    assert arrival(asked).ani == ""
    assert arrival(asked).trunk == operator().areas.default_trunk
