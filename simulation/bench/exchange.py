"""The whole product on a real Asterisk, as a bench needs it: `suar up` in a temporary folder, a login to see it by,
numbers of the bench's own to dial, and SIPp to dial them. Nothing of the product is changed; what is added is on the
running Asterisk only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from config.settings import HERE, settings, store_socket
from router.store.acd import Acd
from simulation.bench.ground import BenchFailed, cpu_of
from simulation.bench.observer import Manager

SCENARIOS = Path(__file__).parent / "telephones"
POOL = "main"
DIALLED = "021123"  # a number of the product's own trunk
UP_SECONDS = 120.0
OBSERVER = """
[general](+)
timestampevents=yes

[observer]
secret={secret}
read=call,user,agent,dialplan
write=all
"""
Rules = Callable[[Path], None]  # changes the operator's files in a folder


@dataclass
class Exchange:
    """The product and its Asterisk, ready to be dialled."""

    manager: Manager
    folder: Path
    data: Path  # the product's
    sip: int  # Asterisk's port
    environ: Mapping[str, str]

    @property
    def server(self) -> str:
        """Asterisk's SIP address."""
        return f"127.0.0.1:{self.sip}"

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by the names of the product's processes, `store` and `asterisk`."""
        return {file.stem: cpu_of(int(file.read_text())) for file in (self.data / "run").glob("*.pid")}

    async def number(self, dialled: str, *lines: str) -> None:
        """A number of the bench's own, in a context of its own: whoever dials it is no caller of the product."""
        own = f"bench-{dialled}"
        for place, line in enumerate(lines, start=1):
            await self.manager.console(f"dialplan add extension s,{place},{line} into {own}")
        await self.manager.console(f"dialplan add extension {dialled},1,Goto({own},s,1) into from-trunk")

    async def channels(self) -> int:
        """How many channels there are."""
        said = await self.manager.console("core show channels count")
        found = [line for line in said.split("\r\n") if "active channel" in line]
        return int(found[0].removeprefix("Output: ").split()[0]) if found else -1

    @contextlib.asynccontextmanager
    async def store(self) -> AsyncIterator[Acd]:
        """The product's live state."""
        acd = await Acd.open(f"unix://{store_socket(self.data)}", POOL, timeout=10)
        try:
            yield acd
        finally:
            await acd.close()

    async def quiet(self) -> bool:
        """Whether nobody is on the line, and the product has done with whoever was."""
        if await self.channels():
            return False
        async with self.store() as acd:
            return all(call.virtual for call in (await acd.snapshot()).calls)

    async def hang_up_all(self) -> None:
        """Nothing of one arm disturbs the next."""
        await self.manager.console("channel request hangup all")
        await until(self.quiet, 60, "the calls of the bench did not end")


@contextlib.asynccontextmanager
async def exchange(
    root: Path,
    change: Rules,
    *,
    telephones: Mapping[str, str] | None = None,
    events: Sequence[str] = (),
    peer: Callable[[Path], tuple[str, ...]] | None = None,
) -> AsyncIterator[Exchange]:
    """`suar up` with the Asterisk in `root`, in a temporary folder, until the block ends.

    `change` makes the operator's files, `telephones` are the CSOs' with their passwords, `events` the lines by which
    the observer is told of events (none: of nothing), `peer` writes the files of Asterisk modules to load beside the
    product's, and names them.
    """
    with tempfile.TemporaryDirectory(prefix="suar-bench-", ignore_cleanup_errors=True) as name:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(name)
            made = folder / "utility"
            shutil.copytree(HERE / "utility", made)
            change(made)
            environ = _settings(folder, root)
            data, sip = Path(environ["SUAR_DATA"]), int(environ["SUAR_SIP_PORT"])
            _secrets(data, telephones or {})
            stack.push_async_callback(end, await up(environ, folder))
            port = int(environ["SUAR_AMI_PORT"])
            secret = await _prepare(data, port, events, peer)
            manager = Manager()
            await manager.open(port, "observer", secret)
            stack.push_async_callback(manager.close)
            yield Exchange(manager, folder, data, sip, environ)


def edit(folder: Path, name: str, how: Callable[[dict[str, Any]], None]) -> None:
    """Change one of the operator's files."""
    file = folder / name
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    how(content)
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def _settings(folder: Path, root: Path) -> dict[str, str]:
    web, agi, ami, http = free_ports(4)
    (sip,) = free_ports(1, socket.SOCK_DGRAM)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    environ |= {"SUAR_DATA": str(folder / "data"), "SUAR_CONFIG_DIR": str(folder / "utility"), "SUAR_PORT": str(web)}
    environ |= {"SUAR_ASTERISK": "1", "SUAR_ASTERISK_ROOT": str(root), "SUAR_SIP_PORT": str(sip)}
    environ |= {"SUAR_AGI_PORT": str(agi), "SUAR_AMI_PORT": str(ami), "SUAR_ASTERISK_HTTP_PORT": str(http)}
    environ |= {"SUAR_RTP_TIMEOUT": "0"}  # SIPp's callers are silent
    # Asterisk takes the next pair of ports when one is taken.
    return environ | {"SUAR_RTP_START": "20000", "SUAR_RTP_END": "28000", "SUAR_LOG_LEVEL": "WARNING"}


def _secrets(data: Path, passwords: Mapping[str, str]) -> None:
    file = data / "asterisk" / "secrets.json"
    file.parent.mkdir(parents=True)
    telephones = {**passwords, "darurat": secrets.token_hex(8)}
    file.write_text(json.dumps({"ami": secrets.token_hex(16), "telephones": telephones}), encoding="utf-8")


async def up(environ: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    """`suar up`, ready; raises BenchFailed when it does not get so. A bench that is stopped leaves nothing behind."""
    with (folder / "up.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "suar", "up",
            env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
    said = b""
    try:
        with contextlib.suppress(TimeoutError):
            # Its first words of its own are its welcome, when everything is ready.
            said = await asyncio.wait_for(process.stdout.readline(), UP_SECONDS) if process.stdout else b""
        if not said:
            raise BenchFailed(f"`suar up` did not get ready: {(folder / 'up.log').read_text(errors='replace')[-2000:]}")
    except BaseException:  # also a bench that is stopped meanwhile
        await end(process)
        raise
    return process


async def _prepare(data: Path, port: int, events: Sequence[str], peer: Callable[[Path], tuple[str, ...]] | None) -> str:
    """The observer's login and the peer's modules, added to an Asterisk that runs; answers the observer's secret."""
    secret, etc = secrets.token_hex(16), data / "asterisk" / "etc"
    filters = events or ("eventfilter = Event: Nothing",)
    modules = peer(etc) if peer else ()
    with (etc / "manager.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join((OBSERVER.format(secret=secret).rstrip(), *filters, "")))
    kept = json.loads((data / "asterisk" / "secrets.json").read_text(encoding="utf-8"))
    manager = Manager()
    await manager.open(port, "suar", kept["ami"])
    for module in modules:
        await manager.ask(Action="ModuleLoad", Module=module, LoadType="load")
    await manager.ask(Action="Reload", Module="manager")
    await manager.close()
    return secret


async def start(scenario: str, server: str, folder: Path, *words: str) -> asyncio.subprocess.Process:
    """SIPp with one of the scenarios beside this file, until `end`."""
    return await asyncio.create_subprocess_exec(
        "sipp", server, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", "127.0.0.1", "-nostdin", *words,
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


async def sipp(scenario: str, server: str, folder: Path, *words: str, seconds: float) -> None:
    """Run SIPp to its end; a call of it that fails is seen by the observer as one that never rang."""
    process = await start(scenario, server, folder, *words)
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        raise BenchFailed(f"SIPp ({scenario}) did not end.") from None
    finally:
        await end(process)
    if code not in (0, 1):
        raise BenchFailed(f"SIPp ({scenario}) ended with {code}.")


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and see to it."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 20)
    except TimeoutError:
        process.kill()
        await process.wait()


async def suar(at: Exchange, *words: str) -> str:
    """A command of the product that runs there; answers what it printed. Raises BenchFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "suar", *words,
        env=dict(at.environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    said, wrong = await process.communicate()
    if process.returncode:
        raise BenchFailed(f"`suar {words[0]} {words[1]}` failed: {wrong.decode(errors='replace')[-500:]}")
    return said.decode()


async def until(
    condition: Callable[[], Awaitable[object]], seconds: float, otherwise: str, *, every: float = 0.1
) -> None:
    """Wait until it holds; raises BenchFailed with `otherwise`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():
        if asyncio.get_running_loop().time() > deadline:
            raise BenchFailed(f"{otherwise} within {seconds:.0f} s.")
        await asyncio.sleep(every)


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Ports nobody has at this moment, all different."""
    with ExitStack() as held:
        probes = [held.enter_context(closing(socket.socket(socket.AF_INET, kind))) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def asterisk_root() -> Path:
    """The unpacked Asterisk of the settings, or the one that scripts/asterisk-root.sh made; raises BenchFailed."""
    if found := settings().asterisk_root:
        return found
    script = Path(__file__).parents[2] / "scripts" / "asterisk-root.sh"
    said = (
        subprocess.run([script, "--where"], capture_output=True, text=True, check=False).stdout
        if script.exists()
        else ""
    )
    if not said.strip():
        raise BenchFailed("No unpacked Asterisk: scripts/asterisk-root.sh makes one, or set SUAR_ASTERISK_ROOT.")
    return Path(said.strip())
