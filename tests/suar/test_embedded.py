"""The embedded store starts from our configuration alone, listens on a socket only and survives kill -9."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from config.redis import sync_redis
from config.settings import store_socket
from router.store.embedded import Embedded, alive, embedded, ready, version
from tests.fixtures.wait import until


def _start(store: Embedded) -> subprocess.Popen[bytes]:
    store.write()
    store.log.parent.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(store.argv, start_new_session=True)
    until(lambda: asyncio.run(ready(store.url)), 20, "the store answers")
    return server


@pytest.mark.store
def test_what_was_written_survives_a_killed_store(short_path: Path) -> None:
    store = embedded(short_path)
    server = _start(store)
    client = sync_redis(store.url, decode=True)
    client.set("a", "1")
    assert client.config_get("port") == {"port": "0"}
    server.kill()
    server.wait()
    assert not asyncio.run(alive(store.url, within=0.2))
    server = _start(store)
    try:
        assert client.get("a") == "1"
    finally:
        server.kill()
        server.wait()


@pytest.mark.unit
@pytest.mark.parametrize("name", ["x" * 100, "with a blank"])
def test_a_folder_no_socket_can_live_in_gets_its_socket_elsewhere(tmp_path: Path, name: str) -> None:
    socket = embedded(tmp_path / name).socket
    assert len(str(socket)) < 100
    assert " " not in str(socket)
    assert socket == store_socket(tmp_path / name) != store_socket(tmp_path / f"{name}2")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Valkey server v=9.1.2 sha=0:0 malloc=libc bits=64", (9, 1)),
        ("Redis server v=6.0.16 sha=00000000:0", (6, 0)),
        ("something else", (0, 0)),
    ],
)
def test_the_version_is_read_from_what_the_server_says(said: str, expected: tuple[int, int]) -> None:
    assert version(said) == expected
