"""The auditor finds every kind of damage, and nothing in a pool that is in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.store.audit import audit, load, violations
from router.store.audit_state import Live
from router.store.wire import Wire
from tests.fixtures.router import Pool

pytestmark = [pytest.mark.store, pytest.mark.anyio]

LANE = "gangguan@asterisk"


async def a_busy_house(pool: Pool) -> Live:
    """One talks, one is rung, some wait, one is at a partner, one listens, one has gone; CSOs in three states."""
    await pool.talks("c0000000001", "cso1")
    await pool.ready("cso2")
    await pool.waits("c0000000002")
    assert (await pool.offered()).call == "c0000000002"
    await pool.waits("c0000000003")
    pool.later(200)
    await pool.acd.heartbeat("cso1")
    handed = await pool.acd.overflow_next()
    assert handed is not None
    await pool.waits("c0000000004")
    await pool.waits("c0000000005")
    await pool.arrives("c0000000006")
    await pool.acd.step("c0000000006", token="t1", flow="{}", answer="{}")
    await pool.ready("cso3", "keluhan")
    await pool.ready("cso4", "keluhan")
    await pool.arrives("c0000000007")
    await pool.acd.ended("c0000000007", by="caller")
    wire = Wire(pool.acd._url)
    live = await load(wire, pool.acd.pool)
    wire.close()
    return live


def changed(live: Live, suffix: str, value: Any, **fields: str) -> Live:
    """The same pool with one key damaged (None: the key is gone), or with other fields in its hash."""
    keys = {**live.keys, suffix: {**live.keys.get(suffix, {}), **fields} if fields else value}
    if keys[suffix] is None:
        del keys[suffix]
    return Live(keys, live.expires)


async def test_a_house_in_order_has_no_violations(pool: Pool) -> None:
    assert violations(await a_busy_house(pool)) == []
    assert await audit(pool.acd._url, pool.acd.pool) == []


DAMAGE: list[tuple[str, str, Any, dict[str, str]]] = [
    ("one-place", ":waiting:keluhan@asterisk", {"000000000004:c0000000004": 1.0}, {}),
    ("one-place", ":at:mitra", frozenset({"c0000000003", "c0000000006"}), {}),
    ("one-place", ":at:mitra", None, {}),
    ("one-place", f":waiting:{LANE}", None, {}),
    ("one-place", ":call:c0000000003", None, {}),
    ("known-states", ":call:c0000000006", None, {"state": "nowhere"}),
    ("known-states", ":call:c0000000007", None, {"outcome": ""}),
    ("known-states", ":call:c0000000006", None, {"outcome": "answered"}),
    ("one-call-each", ":cso:cso3", None, {"state": "talking", "call": "c0000000001"}),
    ("one-call-each", ":cso:cso3", None, {"call": "c0000000006"}),
    ("one-call-each", ":cso:cso2", None, {"token": "another"}),
    ("tokens", ":call:c0000000001", None, {"token": ""}),
    ("tokens", ":call:c0000000006", None, {"token": "1-a"}),
    ("lines", ":lines", {"c0000000001": 1.0}, {}),
    ("lines", ":pool", None, {"lines": "5"}),
    ("partners", ":partners", None, {"mitra": json.dumps({"name": "mitra", "cap": 0})}),
    ("scores", ":call:c0000000004", None, {"score": "17"}),
    ("scores", ":call:c0000000004", None, {"score": "0"}),
    ("scores", ":call:c0000000004", None, {"emergency": "1"}),
    ("heads", ":heads", {}, {}),
    ("heads", ":heads", {LANE: 1.0}, {}),
    ("heads", ":lanes:gangguan", None, {}),
    ("ready", ":ready:keluhan@asterisk", {"cso3": 1.0}, {}),
    ("ready", f":ready:{LANE}", {"cso1": 1.0}, {}),
    ("ready", ":telephones", {"cso3": "1"}, {}),
    ("ready", ":serving:keluhan@asterisk", frozenset({"cso3"}), {}),
    ("ready", ":csos", frozenset({"cso1"}), {}),
    ("wrap-ups", ":wrapups", {"cso1": 5.0}, {}),
    ("wrap-ups", ":alive", {}, {}),
    ("deadlines", ":offers", {}, {}),
    ("deadlines", ":offers", {"c0000000001": 5.0, "c0000000002": 5.0, "c0000000003": 5.0}, {}),
    ("due", f":due:{LANE}", {"c0000000006": 1.0}, {}),
    ("due", ":call:c0000000004", None, {"emergency": "1"}),
    ("callbacks", ":callbacks", {"c0000000004": 1.0}, {}),
    ("numbers", ":numbers", None, {"+628110000009": "c0000000004"}),
    ("flows", ":flow:c0000000099", {"step": "t"}, {}),
    ("trunks", ":trunk:jakarta", frozenset({"c0000000001"}), {}),
    ("trunks", ":trunk:bangka", frozenset({"c0000000001"}), {}),
    ("trunks", ":trunks", None, {"jakarta": '{"name": "jakarta", "lines": 2, "emergency_lines": 0}'}),
    ("refused", ":refused", {"+628110000009": 1.0}, {}),
    ("refused", ":refusals", None, {"+628110000009": "{}"}),
    ("level", ":pool", None, {"level": "3"}),
    ("level", ":pool", None, {"override": '{"level": 2, "reason": "uji", "by": "spv1", "until": 0}'}),
]


@pytest.mark.parametrize(("rule", "suffix", "value", "fields"), DAMAGE)
async def test_damage_is_found(pool: Pool, rule: str, suffix: str, value: Any, fields: dict[str, str]) -> None:
    live = await a_busy_house(pool)
    assert rule in {found.rule for found in violations(changed(live, suffix, value, **fields))}


async def test_what_is_said_names_no_telephone(pool: Pool) -> None:
    live = await a_busy_house(pool)
    for _, suffix, value, fields in DAMAGE:
        assert "+62" not in " ".join(map(str, violations(changed(live, suffix, value, **fields))))
