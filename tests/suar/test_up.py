"""The whole product under `suar up`: ready, kept alive, stopped cleanly, gone when its supervisor is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.fixtures.product import Product
from tests.fixtures.wait import until

pytestmark = pytest.mark.journey

PROCESSES = ["store", "web", "connector", "dispatcher", "worker"]


def lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_seeding_again_prints_the_same(suar_web: Product) -> None:
    again = suar_web.suar("seed", "--demo")
    assert again.returncode == 0
    assert json.loads(again.stdout.splitlines()[-1]) == suar_web.seeded


def test_doctor_finds_nothing_wrong(suar_web: Product) -> None:
    told = suar_web.suar("doctor")
    assert told.returncode == 0, told.stdout + told.stderr


def test_what_every_process_counts_is_read_at_one_place(suar_web: Product) -> None:
    def named() -> set[str]:
        with urllib.request.urlopen(f"{suar_web.base_url}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return set(re.findall(r'suar_process_start_time_seconds{.*process="(\w+)"', text))

    wanted = {"web", "connector", "dispatcher", "worker"}
    suar_web.wait_until(lambda: named() == wanted, 20, "each has told what it counts")


def test_a_second_one_on_the_same_folder_is_refused(suar_web: Product) -> None:
    told = suar_web.suar("up")
    assert told.returncode == 2
    assert "already running" in told.stderr


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_every_process_comes_back(suar_web: Product, how: signal.Signals) -> None:
    before = {name: suar_web.kill(name, how) for name in PROCESSES}
    for name, pid in before.items():
        suar_web.restarted(name, pid)
    suar_web.wait_until(lambda: suar_web.status("/readyz") == 200, 30, "ready again")


def test_what_the_store_knew_is_still_known_after_it_was_killed(suar_web: Product) -> None:
    from config.redis import sync_redis

    client = sync_redis(f"unix://{suar_web.data}/run/store.sock", decode=True)
    client.set("survives", "yes")
    suar_web.restarted("store", suar_web.kill("store"))
    suar_web.wait_until(lambda: _get(client, "survives") == "yes", 20)


def _get(client: object, key: str) -> object:
    try:
        return client.get(key)  # type: ignore[attr-defined]
    except Exception:
        return None


def test_addresses_are_printed_last_and_ctrl_c_stops_everything_cleanly(suar_up: Product) -> None:
    suar_up.wait_until(lambda: "Suar is running" in suar_up.words(), 20)
    told = suar_up.words().split("Suar is running")[1]
    assert f"{suar_up.base_url}/telepon" in told
    assert all(login in told and password in told for login, password in suar_up.seeded["logins"].items())
    assert suar_up.seeded["in_outage"] in told
    pids = [suar_up.pid(name) for name in PROCESSES]
    assert all(pids)
    assert suar_up.stop() == 0
    assert not any(map(lives, pids))
    assert "Traceback" not in suar_up.words(500)


def test_a_killed_supervisor_leaves_nothing_behind(suar_up: Product) -> None:
    pids = [suar_up.pid(name) for name in PROCESSES]
    os.kill(suar_up.supervisor.pid, signal.SIGKILL)
    suar_up.supervisor.wait()
    until(lambda: not any(map(lives, pids)), 15, "everything is gone")
    suar_up.expect_exit = -signal.SIGKILL
