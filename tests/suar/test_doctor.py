"""`suar doctor` says exactly what differs in the live state, and repairs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.database import Database, database
from config.settings import settings
from router.history.follower import Follower
from router.store.acd import Acd
from router.store.wire import Wire
from suar import doctor
from tests.fixtures.router import PARTNERS, RULES
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = [pytest.mark.store, pytest.mark.database]


@pytest.fixture
def house(store: StoreUnderTest, sqlite_db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreUnderTest]:
    """The doctor's own settings point at a store with one waiting caller, and at its history."""
    monkeypatch.setenv("SUAR_REDIS_URL", store.url)
    monkeypatch.setenv("SUAR_POOL", store.pool)
    monkeypatch.setenv("SUAR_DATABASE_URL", str(sqlite_db.engine.url))
    settings.cache_clear()
    database.cache_clear()

    async def one_waits() -> None:
        acd = await Acd.open(store.url, store.pool, timeout=PATIENT)
        await acd.configure(queues=RULES, partners=PARTNERS, lines=10, emergency_lines=1)
        arrival = {"carrier": "asterisk", "channel": "x", "ani": "", "trunk": "jakarta", "region": "31"}
        await acd.admit("c0000000001", **arrival, dialled="123", menu="", cmd="a")
        await acd.enqueue("c0000000001", queue="gangguan", cmd="e")
        await Follower(acd, sqlite_db).once()
        await acd.close()

    asyncio.run(one_waits())
    yield store
    database().dispose()
    monkeypatch.undo()
    settings.cache_clear()
    database.cache_clear()


def tamper(store: StoreUnderTest, verb: str, suffix: str, *args: str | int) -> None:
    async def ask() -> None:
        wire = Wire(store.url, timeout=PATIENT)
        await wire.call(verb, f"suar:{{{store.pool}}}{suffix}", *args)
        wire.close()

    asyncio.run(ask())


def test_a_sound_house(house: StoreUnderTest) -> None:
    assert doctor.CHECKS["structures"]() == (True, "every index agrees with its calls and CSOs")
    assert doctor.CHECKS["counters"]() == (True, "agree with what was told")


def test_an_index_that_forgot_a_caller_is_said_and_left(house: StoreUnderTest) -> None:
    tamper(house, "DEL", ":waiting:gangguan@asterisk")
    for _ in range(2):
        fine, said = doctor.CHECKS["structures"]()
        assert not fine
        assert "c0000000001 is waiting and should be in ['waiting:gangguan@asterisk'], but is in []" in said


def test_a_counter_that_is_wrong_is_said_with_both_figures(house: StoreUnderTest) -> None:
    tamper(house, "HSET", ":counts", "call.queued", 7)
    assert doctor.CHECKS["counters"]() == (False, "call.queued: the store counts 7, told were 1")


def test_a_store_that_is_away_is_said(house: StoreUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUAR_REDIS_URL", "unix:///nonexistent/suar.sock")
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    settings.cache_clear()
    assert doctor.CHECKS["structures"]() == (False, "the store does not answer")
    assert doctor.CHECKS["durability"]() == (False, "the store does not answer")
    assert doctor.CHECKS["counters"]() == (False, "cannot be counted (StoreUnavailable)")


def test_many_differences_are_not_a_page() -> None:
    assert doctor._shown([f"d{number}" for number in range(25)]).endswith("d19; and 5 more")


@pytest.fixture
def setting(store: StoreUnderTest) -> Iterator[Callable[[str, str], None]]:
    """Changes a setting of the store under test; afterwards it has the one it had."""
    before: dict[str, str] = {}

    async def ask(*command: str) -> Any:
        wire = Wire(store.url, timeout=PATIENT)
        answer = await wire.call(*command)
        wire.close()
        return answer

    def change(name: str, value: str) -> None:
        before.setdefault(name, asyncio.run(ask("CONFIG", "GET", name))[1])
        asyncio.run(ask("CONFIG", "SET", name, value))

    yield change
    for name, value in before.items():
        asyncio.run(ask("CONFIG", "SET", name, value))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("appendfsync", "everysec", "on a busy disk a killed store loses up to two seconds of what it has answered"),
        ("appendfsync", "no", "a lost host loses half a minute"),
        ("appendonly", "no", "a killed store forgets every caller"),
        ("no-appendfsync-on-rewrite", "yes", "while the file is rewritten a lost host loses"),
        ("maxmemory", "1gb", "callers are thrown out to make room"),
    ],
)
def test_a_store_that_can_lose_what_it_has_answered_is_said(
    house: StoreUnderTest, setting: Callable[[str, str], None], name: str, value: str, said: str
) -> None:
    setting("appendfsync", "always")
    setting("maxmemory-policy", "allkeys-lru")
    assert doctor.CHECKS["durability"]() == (True, "a killed store keeps everything that it has answered")
    setting(name, value)
    fine, sentence = doctor.CHECKS["durability"]()
    assert not fine
    assert said in sentence


def test_waitaof_makes_good_for_everysec(
    house: StoreUnderTest, setting: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    setting("appendfsync", "everysec")
    monkeypatch.setenv("SUAR_STORE_DURABILITY", "waitaof")
    settings.cache_clear()
    assert doctor.CHECKS["durability"]()[0]
