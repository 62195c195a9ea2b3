"""Before anything starts: a folder of its own, free ports, one supervisor and one store per folder, kept secrets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import Settings
from router.store.embedded import embedded
from simulation.bench.exchange import free_ports
from suar import demo, ground
from tests.fixtures.wait import until

pytestmark = pytest.mark.unit


def test_a_port_in_use_is_told_with_the_setting_that_moves_ours() -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ground.NotReady, match="in use by another program; stop it or set SUAR_PORT"):
            ground.ports_free(Settings(port=other.getsockname()[1]))


def test_asterisks_ports_are_looked_at_only_when_it_is_ours(tmp_path: Path) -> None:
    web, agi, ami, http = free_ports(4)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("127.0.0.1", 0))
        ports = {"port": web, "agi_port": agi, "ami_port": ami, "asterisk_http_port": http}
        taken = Settings(asterisk=True, sip_port=other.getsockname()[1], **ports)
        ground.ports_free(taken)
        with pytest.raises(ground.NotReady, match="SUAR_SIP_PORT"):
            ground.ports_free(taken.model_copy(update={"asterisk_root": tmp_path}))


def test_a_folder_that_cannot_be_made_is_told_with_the_setting() -> None:
    with pytest.raises(ground.NotReady, match="set SUAR_DATA"):
        ground.folders(Settings(data=Path("/proc/suar")))


def test_a_second_supervisor_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    data = ground.folders(Settings(data=tmp_path))
    refused = pytest.raises(ground.NotReady, match=r"already running .* \(process \d+\)")
    with ground.only_one(data), refused, ground.only_one(data):
        pass
    with ground.only_one(data):
        pass


def test_a_store_left_behind_by_a_killed_supervisor_is_waited_for_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "LEFTOVER_SECONDS", 0.2)
    data = ground.folders(Settings(data=tmp_path))
    with ground.store_lock(data) as lock:
        # Its command line names the configuration file, as a real one's does.
        argv = [sys.executable, "-c", "import signal; signal.pause()", str(data / "store" / "store.conf")]
        left = subprocess.Popen(argv, pass_fds=(lock,))
    (data / "run" / "store.pid").write_text(f"{left.pid}\n")
    try:
        with ground.store_lock(data):
            assert until(left.poll, 5) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()


def test_somebody_elses_process_is_never_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "LEFTOVER_SECONDS", 0.2)
    data = ground.folders(Settings(data=tmp_path))
    with ground.store_lock(data) as lock:
        other = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], pass_fds=(lock,))
    (data / "run" / "store.pid").write_text(f"{other.pid}\n")
    try:
        with pytest.raises(ground.NotReady, match="Another store"), ground.store_lock(data):
            pass
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_the_demos_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    data = ground.folders(Settings(data=tmp_path))
    first = demo.environment(Settings(), data)
    assert demo.environment(Settings(), data) == first
    assert len(first["SUAR_TWILIO_ACCOUNT_SID"]) == 34
    assert first["SUAR_TWILIO_API_URL"] == "http://127.0.0.1:8123/telepon/rest"
    kept = data / "run" / "demo.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert first["SUAR_TWILIO_AUTH_TOKEN"] in json.loads(kept.read_text()).values()


def test_a_real_account_is_left_alone(tmp_path: Path) -> None:
    data = ground.folders(Settings(data=tmp_path))
    assert demo.environment(Settings(twilio_account_sid="AC1"), data) == {}


def test_the_stores_configuration_names_no_port(tmp_path_factory: pytest.TempPathFactory, short_path: Path) -> None:
    assert "port 0" in embedded(short_path).config.splitlines()
