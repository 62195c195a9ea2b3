"""The supervisor with tiny real processes: killed, hung, ending at once, unwilling to stop, orphaned."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from suar.child import Program, once
from suar.supervisor import Patience, Silence, Supervisor
from tests.fixtures.wait import until, until_async

pytestmark = pytest.mark.unit

QUICK = Patience(silence=0.6, start=15.0, look=0.05, stop=0.7, first_pause=0.02, longest_pause=0.1, healthy=0.3)

BEATS = """
import os, pathlib, threading
while True:
    pathlib.Path(os.environ["SUAR_HEARTBEAT"]).touch()
    threading.Event().wait(0.05)
"""
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + BEATS
WITH_CHILD = (
    """
import os, pathlib, subprocess, sys
child = subprocess.Popen(["sleep", "600"])
pathlib.Path("grandchild").write_text(str(child.pid))
"""
    + BEATS
)
ENDS = 'import pathlib\nwith open("lives", "a") as lives: lives.write("x")\nraise SystemExit(3)\n'


def program(code: str, name: str = "one", **options: object) -> Program:
    return Program(name, [sys.executable, "-c", code], **options)  # type: ignore[arg-type]


@asynccontextmanager
async def supervised(folder: Path) -> AsyncIterator[Supervisor]:
    keeper = Supervisor(folder, folder, QUICK)
    try:
        yield keeper
    finally:
        await keeper.stop()


def pid_of(folder: Path, name: str = "one") -> int:
    """The process id in NAME.pid once it beats; 0 before."""
    with suppress(OSError, ValueError):
        if (folder / f"{name}.beat").exists():
            return int((folder / f"{name}.pid").read_text())
    return 0


def runs(pid: int) -> bool:
    """Whether a process of that number runs (a zombie does not)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def in_loop(test: Callable[[Path], Awaitable[None]]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        async def both() -> None:
            await test(tmp_path)

        asyncio.run(both())

    run.__name__ = test.__name__
    return run


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_killed_or_hung_process_is_started_again(tmp_path: Path, how: signal.Signals) -> None:
    async def run() -> None:
        async with supervised(tmp_path) as keeper:
            keeper.start(program(BEATS))
            first = await until_async(lambda: pid_of(tmp_path), 10, "the first life")
            os.kill(first, how)
            await until_async(lambda: pid_of(tmp_path) not in (0, first), 10, "the second life")
            assert not runs(first)

    asyncio.run(run())


@in_loop
async def test_what_a_process_started_ends_with_it(folder: Path) -> None:
    async with supervised(folder) as keeper:
        keeper.start(program(WITH_CHILD))
        first = await until_async(lambda: pid_of(folder), 10)
        grandchild = int((folder / "grandchild").read_text())
        os.kill(first, signal.SIGKILL)
        await until_async(lambda: not runs(grandchild), 10, "the grandchild is gone")


@in_loop
async def test_a_process_that_ends_at_once_is_tried_again_with_growing_pauses(folder: Path) -> None:
    async with supervised(folder) as keeper:
        keeper.start(program(ENDS, watched=False))
        await until_async(lambda: (folder / "lives").exists() and len((folder / "lives").read_text()) >= 4, 20)


@in_loop
async def test_a_program_that_does_not_exist_stops_nobody_else(folder: Path) -> None:
    async with supervised(folder) as keeper:
        keeper.start(Program("nothing", ["/does/not/exist"]))
        keeper.start(program(BEATS))
        await until_async(lambda: pid_of(folder), 10)


@in_loop
async def test_stop_ends_everything_even_the_unwilling_and_the_hung(folder: Path) -> None:
    pids = []
    async with supervised(folder) as keeper:
        for name, code in (("good", BEATS), ("stubborn", STUBBORN), ("hung", BEATS)):
            keeper.start(program(code, name))
        for name in ("good", "stubborn", "hung"):
            pids.append(await until_async(lambda name=name: pid_of(folder, name), 10))  # type: ignore[misc]
        os.kill(pids[2], signal.SIGSTOP)
    assert not any(map(runs, pids))
    assert not list(folder.glob("*.pid"))


@in_loop
async def test_the_last_one_is_stopped_after_all_others(folder: Path) -> None:
    tell = """
import signal, sys
def end(*_):
    with open("order", "a") as order: order.write(sys.argv[1] + " ")
    raise SystemExit
signal.signal(signal.SIGTERM, end)
"""
    keeper = Supervisor(folder, folder, QUICK)
    for name in ("store", "web", "worker"):
        keeper.start(Program(name, [sys.executable, "-c", tell + BEATS, name]))
        await until_async(lambda name=name: pid_of(folder, name), 10)  # type: ignore[misc]
    await keeper.stop(last="store")
    assert (folder / "order").read_text().split()[-1] == "store"


@in_loop
async def test_a_probe_replaces_the_heartbeat(folder: Path) -> None:
    answers = True

    async def probe() -> bool:
        return answers

    async with supervised(folder) as keeper:
        keeper.start(program("import signal; signal.pause()"), probe)
        first = await until_async(lambda: child.pid if (child := keeper.child("one")) else 0, 10)
        answers = False
        await until_async(lambda: not runs(first), 20, "the silent one was killed")


@in_loop
async def test_words_of_a_process_are_kept_in_a_file(folder: Path) -> None:
    async with supervised(folder) as keeper:
        keeper.start(program("print('out', flush=True)\n" + BEATS))
        await until_async(lambda: (folder / "one.log").exists() and "out" in (folder / "one.log").read_text(), 10)


@in_loop
async def test_a_full_disk_stops_nobody_who_speaks(folder: Path) -> None:
    """Unread, a process's words would fill the pipe and stop it in the middle of a sentence."""
    (folder / "one.log").symlink_to("/dev/full")
    done = folder / "done"
    code = f"import pathlib\nfor _ in range(300): print('x' * 1000)\npathlib.Path({str(done)!r}).touch()\n" + BEATS
    async with supervised(folder) as keeper:
        keeper.start(program(code))
        await until_async(done.exists, 15, "it has said everything")


def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    code = f"""
import asyncio, pathlib, sys
from suar.child import Program
from suar.supervisor import Patience, Supervisor
folder = pathlib.Path({str(tmp_path)!r})
async def main():
    keeper = Supervisor(folder, folder, Patience())
    keeper.start(Program("one", [sys.executable, "-c", {BEATS!r}]))
    await asyncio.Event().wait()
asyncio.run(main())
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        child = until(lambda: pid_of(tmp_path), 10)
        supervisor.kill()
        supervisor.wait()
        until(lambda: not runs(child), 5, "the orphan is gone")
    finally:
        supervisor.kill()


def test_an_errand_gives_its_exit_code_and_what_it_printed() -> None:
    assert asyncio.run(once([sys.executable, "-c", "print('a'); raise SystemExit(4)"])) == (4, "a\n")


def test_time_in_which_the_supervisor_itself_stood_still_is_not_held_against_its_children() -> None:
    silence = Silence(Patience(silence=6, look=0.25), now=0.0)
    silence.alive(0.0)
    for tenth in range(1, 10):
        assert not silence.too_long(tenth / 4)
    assert not silence.too_long(100.0)  # it was stopped, not they
    assert silence.too_long(107.0) is False  # again a leap
    at = 107.0
    while not silence.too_long(at):
        at += 0.25
        assert at < 120
