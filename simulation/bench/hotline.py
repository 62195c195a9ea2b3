"""The whole product on a real Asterisk with the telephones of a hundred CSOs, and app_queue on the same Asterisk.

Everything is the product's own: `suar up`, its dialplan, its connector and dispatcher. What is added is on the running
Asterisk only: app_queue with the same telephones as members, two numbers to dial, and a login for the observer.
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
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from config.settings import HERE, settings, store_socket
from router.agents import CsoState
from router.store.acd import Acd
from simulation.bench.ground import BenchFailed, cpu_of
from simulation.bench.observer import ARRIVES, Manager

SCENARIOS = Path(__file__).parent / "telephones"
CSOS = 105
QUEUE = "gangguan"
PEER = "121"  # dialled: app_queue
SUAR = "122"  # dialled: the product, as its trunk's own number
DIALLED = "021123"
TALK_MS = 1000
UP_SECONDS = 120.0
PEER_QUEUE = f"""
[general]
persistentmembers=no

[{QUEUE}]
strategy=leastrecent
timeout=15
retry=1
wrapuptime=0
ringinuse=no
autofill=yes
joinempty=yes
leavewhenempty=no
announce-frequency=0
"""
OBSERVER = """
[general](+)
timestampevents=yes

[observer]
secret={secret}
read=call,user,agent,dialplan
write=all
eventfilter(name(Newstate)) =
eventfilter(name(QueueCallerJoin)) =
eventfilter(name(UserEvent),header(UserEvent),method(exact)) = BenchArrives
eventfilter(name(VarSet),header(Variable),method(exact)) = SUAR_Q
"""


@dataclass
class Hotline:
    """Both queues, ready."""

    manager: Manager
    acd: Acd
    folder: Path
    run: Path  # where `suar up` names its processes
    sip: int  # Asterisk's port
    called: int = 0  # callers so far: each has a number of its own

    async def calls(self, dialled: str, *, rate: float, count: int) -> None:
        """So many callers at that rate; comes back when every call is over and everybody is free again."""
        self.called += 1
        (port,) = free_ports(1, socket.SOCK_DGRAM)
        longest = count / rate + 90
        await sipp(
            "caller", f"127.0.0.1:{self.sip}", self.folder, "-s", dialled, "-p", str(port), "-r", str(rate),
            "-m", str(count), "-l", str(count), "-key", "prefix", f"0811{self.called:03}",
            "-timeout", str(int(longest)), seconds=longest + 10,
        )  # fmt: skip
        await until(self._quiet, 60, "the calls of the bench did not end")

    async def _quiet(self) -> bool:
        if "\r\nOutput: 0 active channels" not in await self.manager.console("core show channels count"):
            return False
        return all(cso.state is CsoState.READY for cso in (await self.acd.snapshot()).csos)

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time so far, by the names of the product's processes, `store` and `asterisk`."""
        return {file.stem: cpu_of(int(file.read_text())) for file in self.run.glob("*.pid")}

    async def heartbeats(self) -> None:
        """As the desks of all CSOs give them."""
        while True:
            await asyncio.gather(*(self.acd.heartbeat(f"cso{number}") for number in range(1, CSOS + 1)))
            await asyncio.sleep(5)


@contextlib.asynccontextmanager
async def hotline(root: Path) -> AsyncIterator[Hotline]:
    """`suar up` with the Asterisk in `root`, in a temporary folder, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="suar-peers-", ignore_cleanup_errors=True) as name:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(name)
            environ = _settings(folder, root)
            data, sip = Path(environ["SUAR_DATA"]), int(environ["SUAR_SIP_PORT"])
            passwords = _secrets(data)
            stack.push_async_callback(_end, await _up(environ, folder))
            secret = await _prepare_peer(data, int(environ["SUAR_AMI_PORT"]))
            manager = Manager()
            await manager.open(int(environ["SUAR_AMI_PORT"]), "observer", secret)
            stack.push_async_callback(manager.close)
            await _dialplan(manager)
            stack.push_async_callback(_end, await _telephones(folder, sip, passwords))
            acd = await Acd.open(f"unix://{store_socket(data)}", "main", timeout=10)
            stack.push_async_callback(acd.close)
            line = Hotline(manager, acd, folder, data / "run", sip)
            await _to_work(line)
            beating = asyncio.create_task(line.heartbeats())
            stack.callback(beating.cancel)
            yield line


def _settings(folder: Path, root: Path) -> dict[str, str]:
    web, agi, ami, http = free_ports(4)
    (sip,) = free_ports(1, socket.SOCK_DGRAM)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SUAR_", "REDIS_URL"))}
    environ |= {"SUAR_DATA": str(folder / "data"), "SUAR_CONFIG_DIR": str(rules(folder)), "SUAR_PORT": str(web)}
    environ |= {"SUAR_ASTERISK": "1", "SUAR_ASTERISK_ROOT": str(root), "SUAR_SIP_PORT": str(sip)}
    environ |= {"SUAR_AGI_PORT": str(agi), "SUAR_AMI_PORT": str(ami), "SUAR_ASTERISK_HTTP_PORT": str(http)}
    # Asterisk takes the next pair of ports when one is taken.
    return environ | {"SUAR_RTP_START": "20000", "SUAR_RTP_END": "24000", "SUAR_LOG_LEVEL": "WARNING"}


def rules(folder: Path) -> Path:
    """The operator's files as installed, but: straight into line, free at once after a call, no ladder, no partner."""
    made = folder / "utility"
    shutil.copytree(HERE / "utility", made)

    def change(name: str, how: Callable[[dict[str, object]], None]) -> None:
        file = made / name
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        how(content)
        file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def queues(content: dict[str, object]) -> None:
        queue = content["queues"][QUEUE]  # type: ignore[index]
        queue |= {"wrap_up": 0, "max_wait": 0}
        queue.pop("overflow")

    change("queues.yaml", queues)

    def menu(content: dict[str, object]) -> None:
        officer = {"kind": "queue", "queue": QUEUE, "say": ["queue.officer"]}
        content |= {"start": "petugas", "nodes": {"petugas": officer}, "levels": {}}

    change("menu.yaml", menu)
    change("surge.yaml", lambda content: content.update(raise_after=86400))
    return made


def _secrets(data: Path) -> dict[str, str]:
    """The telephones that the operator has entered."""
    passwords = {f"cso{number}": secrets.token_hex(8) for number in range(1, CSOS + 1)}
    file = data / "asterisk" / "secrets.json"
    file.parent.mkdir(parents=True)
    telephones = passwords | {"darurat": secrets.token_hex(8)}
    file.write_text(json.dumps({"ami": secrets.token_hex(16), "telephones": telephones}), encoding="utf-8")
    return passwords


async def _up(environ: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    with (folder / "up.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "suar", "up",
            env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
        )  # fmt: skip
    said = b""
    with contextlib.suppress(TimeoutError):
        # Its first words of its own are its welcome, when everything is ready.
        said = await asyncio.wait_for(process.stdout.readline(), UP_SECONDS) if process.stdout else b""
    if not said:
        await _end(process)
        raise BenchFailed(f"`suar up` did not get ready: {(folder / 'up.log').read_text(errors='replace')[-2000:]}")
    return process


async def _prepare_peer(data: Path, port: int) -> str:
    """The observer's login and app_queue, added to an Asterisk that runs; answers the observer's secret."""
    secret, etc = secrets.token_hex(16), data / "asterisk" / "etc"
    (etc / "queues.conf").write_text(PEER_QUEUE, encoding="utf-8")
    with (etc / "manager.conf").open("a", encoding="utf-8") as file:
        file.write(OBSERVER.format(secret=secret))
    kept = json.loads((data / "asterisk" / "secrets.json").read_text(encoding="utf-8"))
    manager = Manager()
    await manager.open(port, "suar", kept["ami"])
    await manager.ask(Action="ModuleLoad", Module="app_queue.so", LoadType="load")
    await manager.ask(Action="Reload", Module="manager")
    await manager.close()
    return secret


async def _dialplan(manager: Manager) -> None:
    # No Answer() first: it would wait half a second for sound, which SIPp does not send (the product's Answer() comes
    # when the caller is in line, and the offer cuts it short).
    applications = {PEER: [f"UserEvent({ARRIVES})", f"Queue({QUEUE})", "Hangup()"]}
    applications[SUAR] = [f"UserEvent({ARRIVES})", f"Goto(from-trunk,{DIALLED},1)"]
    for dialled, lines in applications.items():
        for place, line in enumerate(lines, start=1):
            await manager.console(f"dialplan add extension {dialled},{place},{line} into from-trunk")
    for number in range(1, CSOS + 1):
        await manager.ask(Action="QueueAdd", Queue=QUEUE, Interface=f"PJSIP/cso{number}")


async def _telephones(folder: Path, sip: int, passwords: dict[str, str]) -> asyncio.subprocess.Process:
    (port,) = free_ports(1, socket.SOCK_DGRAM)
    rows = [f"{name};[authentication username={name} password={one}]" for name, one in passwords.items()]
    (folder / "csos.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]), encoding="utf-8")
    server = f"127.0.0.1:{sip}"
    await sipp(
        "register", server, folder, "-p", str(port), "-inf", str(folder / "csos.csv"), "-r", "200",
        "-m", str(len(rows)), "-aa", seconds=30,
    )  # fmt: skip
    return await _start("cso", server, folder, "-p", str(port), "-d", str(TALK_MS), "-aa")


async def _to_work(line: Hotline) -> None:
    for number in range(1, CSOS + 1):
        await line.acd.log_in(f"cso{number}", queues=(QUEUE,), endpoint=f"cso{number}", carrier="asterisk")
        await line.acd.ask_state(f"cso{number}", CsoState.READY)

    async def reachable() -> bool:
        csos = (await line.acd.snapshot()).csos
        return len(csos) == CSOS and all(cso.telephone and cso.state is CsoState.READY for cso in csos)

    await until(reachable, 60, "not every telephone is reachable")


async def _start(scenario: str, server: str, folder: Path, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "sipp", server, "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", "127.0.0.1", "-nostdin", *words,
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


async def sipp(scenario: str, server: str, folder: Path, *words: str, seconds: float) -> None:
    """Run SIPp to its end; a call of it that fails is seen by the observer as one that never rang."""
    process = await _start(scenario, server, folder, *words)
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        raise BenchFailed(f"SIPp ({scenario}) did not end.") from None
    finally:
        await _end(process)
    if code not in (0, 1):
        raise BenchFailed(f"SIPp ({scenario}) ended with {code}.")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 20)
    except TimeoutError:
        process.kill()
        await process.wait()


async def until(condition: Callable[[], object], seconds: float, otherwise: str) -> None:
    """Wait until it holds; raises BenchFailed with `otherwise`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await condition():  # type: ignore[misc]
        if asyncio.get_running_loop().time() > deadline:
            raise BenchFailed(f"{otherwise} within {seconds:.0f} s.")
        await asyncio.sleep(0.1)


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
