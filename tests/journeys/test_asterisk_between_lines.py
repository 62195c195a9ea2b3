"""A redirect that comes between two lines of the dialplan never ends a call.

Asterisk changes a channel's place while the channel's own thread is on its way from one line to the next; about one
redirect in a hundred of a busy channel then looks for a line that does not exist (seen first as one caller in three
thousand who was hung up on while being brought to a CSO).
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from config.settings import settings
from ivr.carriers import asterisk_dialplan
from ivr.carriers.asterisk_secrets import read_secrets
from simulation.bench.ground import BenchFailed
from simulation.bench.observer import Manager
from suar import asterisk_process
from tests.fixtures.product import asterisk_root, settings_for
from tests.fixtures.wait import until_async

pytestmark = [pytest.mark.journey, pytest.mark.anyio]

MOVES = 1000
# As many lines as the product's longest extension, a subroutine and a loop: a channel that never rests.
BUSY = "\n".join(
    [
        "[busy]",
        "exten => s,1,Set(TIMEOUT(response)=1)",
        *[" same => n,NoOp()"] * 12,
        " same => n,Gosub(asked,s,1)",
        *[" same => n,NoOp()"] * 6,
        " same => n,Goto(busy,s,1)",
        "exten => t,1,Goto(busy,s,1)",
        "exten => i,1,Goto(busy,s,1)",
        "[asked]",
        "exten => s,1,NoOp()",
        " same => n,Return()",
        "exten => t,1,Return()",
        "exten => i,1,Return()",
        "[elsewhere]",
        "exten => _[a-z].,1,NoOp()",
        " same => n,NoOp()",
        " same => n,Goto(busy,s,1)",
        "exten => t,1,Goto(busy,s,1)",
        "exten => i,1,Goto(busy,s,1)",
        "",
    ]
)


@asynccontextmanager
async def asterisk(data: Path) -> AsyncIterator[Manager]:
    """Asterisk with the product's configuration and the contexts above; nothing else of the product runs."""
    root = asterisk_process.find(asterisk_root())
    conf = asterisk_process.prepare(root, data)
    asterisk_dialplan.render(data / "asterisk")
    with (data / "asterisk" / "etc" / "extensions.conf").open("a", encoding="utf-8") as file:
        file.write("\n" + BUSY)
    with (data / "asterisk.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220
            [*asterisk_process.command(root, conf), "-f"], stdout=log, stderr=log
        )
    manager = Manager()
    try:
        await until_async(
            partial(started, manager, read_secrets(data / "asterisk").ami), 60, "Asterisk listens", every=0.2
        )
        # It listens before it has every application: a channel made now would go when one of them is missing.
        booted = [*asterisk_process.command(root, conf), "-rx", "core waitfullybooted"]
        subprocess.run(booted, capture_output=True, check=True, timeout=60)  # noqa: ASYNC221
        yield manager
        await manager.close()
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own, with settings that name it and free ports."""
    for name, value in settings_for(tmp_path, asterisk=True).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return tmp_path


@pytest.fixture(autouse=True)
def _own_settings() -> object:
    yield
    settings.cache_clear()


async def started(manager: Manager, secret: str) -> bool:
    """Whether its manager lets us in."""
    with suppress(OSError, BenchFailed):
        await manager.open(settings().ami_port, "suar", secret)
        return True
    return False


async def test_a_busy_channel_is_moved_a_thousand_times_and_lives(data: Path) -> None:
    async with asterisk(data) as manager:
        channel = await until_async(partial(busy, manager), 20, "a channel is busy", every=0.5)
        for move in range(MOVES):
            with suppress(BenchFailed):  # a redirect is still pending
                await manager.ask(Action="Redirect", Channel=channel, Context="elsewhere", Exten="csoa", Priority="1")
            assert await alive(manager, channel), f"dropped at redirect {move}"


async def busy(manager: Manager) -> str:
    """A channel that runs through the lines; "" while Asterisk cannot make one yet."""
    name = f"busy-{uuid4().hex}"
    await manager.ask(
        Action="Originate", Channel="Local/s@busy/n", Application="Wait", Data="600", Async="true",
        ChannelId=f"waits-{name}", OtherChannelId=name,
    )  # fmt: skip
    with suppress(AssertionError):
        await until_async(partial(alive, manager, name), 2)
        return name
    return ""


async def alive(manager: Manager, channel: str) -> bool:
    """Whether a channel exists."""
    try:
        await manager.ask(Action="Getvar", Channel=channel, Variable="CHANNEL(context)")
    except BenchFailed:
        return False
    return True
