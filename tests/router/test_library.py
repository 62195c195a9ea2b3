"""The library as a whole: its dictionary, its page, its loading."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import hiredis
import pytest

from router.store import library
from router.store.acd import Acd
from router.store.types import TrunkRules
from router.store.wire import Wire
from tests.fixtures.router import Pool, between
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

PAGE = Path(__file__).parents[2] / "docs" / "redis-keys.md"


@pytest.mark.unit
def test_the_page_is_made_of_the_header() -> None:
    assert PAGE.read_text() == library.keys_page(), "run: python -m router.store.library --keys > docs/redis-keys.md"


@pytest.mark.unit
def test_every_key_the_code_uses_is_in_the_dictionary_and_the_other_way_round() -> None:
    used = set(re.findall(r"'(:[a-z]+:?)'", library.source()))
    listed = {re.sub(r"<.*", "", suffix) for suffix, _, _ in library.dictionary()}
    assert used == listed


@pytest.mark.unit
def test_no_key_is_built_beside_the_dictionary() -> None:
    built = re.findall(r"p\.root \.\. (\S+)", library.source())
    assert built == ["suffix"]


@pytest.mark.unit
def test_the_joined_files_stay_away_from_the_most_locals_that_lua_allows() -> None:
    """200 in one text, and they are one text when joined: a topic keeps its functions in one table."""
    names = re.findall(r"^local (?:function )?([\w, ]+?)(?: =.*| --.*|\(.*)?$", library.source(), re.MULTILINE)
    assert 100 < sum(len(one.split(",")) for one in names) < 185


@pytest.mark.store
@pytest.mark.anyio
async def test_every_key_in_the_store_has_the_listed_type(pool: Pool) -> None:
    await pool.acd.telephone("cso9", reachable=False)
    await pool.talks("c0000000001")
    await pool.ready("cso2", "keluhan")
    consulting = await pool.talks("c0000000040", "cso3")
    await pool.acd.consult(consulting.call, consulting.token, cso="cso2", cmd="k1")
    await pool.ready("cso4", "keluhan")
    await pool.waits("c0000000002")
    await pool.acd.step("c0000000002", token="t1", flow="{}", answer="{}")
    await pool.waits("c0000000003")
    pool.later(200)
    await pool.acd.overflow_next()
    await pool.acd.committed("history", "0-0")
    await pool.configure(queues=between("timur"))
    await pool.acd.depart(await pool.waits("c0000000006"), "timur")
    await pool.acd.refuse("c0000000007", "a-token-of-another-pool")
    await pool.acd.ended("c0000000001", by="caller")
    for call, number, until in (("c0000000008", 8, 0), ("c0000000009", 9, pool.clock.ms() + 60_000)):
        await pool.waits(call)
        await pool.acd.call_back(call, number=f"+6281100000{number:02}", until=until, cmd=call)
    await pool.acd.set_gap("31", per_s=1, burst=1, by="spv1", reason="uji")
    await pool.arrives("c0000000004")
    await pool.configure(lines=1, trunks=[TrunkRules("jakarta", lines=1)], legs_per_second={"twilio": 1})
    await pool.arrives("c0000000005")
    wire = Wire(pool.acd._url)
    root = f"suar:{{{pool.acd.pool}}}"
    types = {
        key.removeprefix(root): await wire.call("TYPE", key) for key in await wire.call("KEYS", root.join(["", "*"]))
    }
    wire.close()
    listed = {re.sub(r"<.*", "", suffix): kind for suffix, kind, _ in library.dictionary()}
    for suffix, kind in types.items():
        name = next(name for name in sorted(listed, reverse=True) if suffix.startswith(name))
        assert listed[name] == kind, suffix
    seen = {suffix.split(":")[1] for suffix in types}
    assert seen == {name.split(":")[1] for name in listed}


@pytest.mark.store
@pytest.mark.anyio
async def test_the_stores_tables_are_pythons(pool: Pool) -> None:
    """Not the text but what the store does: asked in every state of a call, it allows exactly the table's moves."""
    wire = Wire(pool.acd._url)
    probe = (
        library.source().replace(library.NAME, "suar_probe").replace(library.PREFIX, "probe_")
        + "\nverb('moves', function() return cjson.encode({ CALLS, CSOS, OUTCOMES }) end)\n"
    )
    await wire.call("FUNCTION", "LOAD", "REPLACE", probe)
    calls, csos, outcomes = json.loads(await wire.call("FCALL", "probe_moves", 0))
    await wire.call("FUNCTION", "DELETE", "suar_probe")
    wire.close()
    assert {state: row or {} for state, row in calls.items()} == library._moves(library.CALLS.moves)
    assert csos == library._moves(library.CSOS.moves)
    assert outcomes == library._outcomes()


@pytest.mark.store
@pytest.mark.anyio
async def test_a_store_that_lost_the_library_gets_it_again(pool: Pool) -> None:
    wire = Wire(pool.acd._url)
    await wire.call("FUNCTION", "FLUSH")
    wire.close()
    assert (await pool.arrives("c0000000001")).admitted


@pytest.mark.store
@pytest.mark.anyio
async def test_many_processes_may_load_it_at_once(store: StoreUnderTest) -> None:
    wire = Wire(store.url)
    await wire.call("FUNCTION", "FLUSH")
    acds = await asyncio.gather(*(Acd.open(store.url, store.pool, timeout=PATIENT) for _ in range(8)))
    assert len({acd.epoch for acd in acds}) == 1
    assert len(await acds[0].journal("0-0")) == 1, "one start of the store is told once"
    await asyncio.gather(*(acd.close() for acd in acds))
    wire.close()


@pytest.mark.store
@pytest.mark.anyio
async def test_what_reads_is_declared_to_read(store: StoreUnderTest) -> None:
    acd = await Acd.open(store.url, store.pool, timeout=PATIENT)
    wire = Wire(store.url)
    for verb in ("version", "snapshot", "call", "place", "cso"):
        keys = () if verb == "version" else (f"suar:{{{store.pool}}}", "", "x")
        await wire.call("FCALL_RO", library.PREFIX + verb, min(1, len(keys)), *keys)
    with pytest.raises(hiredis.ReplyError):
        await wire.call("FCALL_RO", library.PREFIX + "sweep", 1, f"suar:{{{store.pool}}}", "")
    wire.close()
    await acd.close()
