"""What the page /telepon hears and sees of one call: the leg's diary and the journal's entries, as one stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from config.errors import Problem
from config.operator import operator
from ivr.telephone.demo import sound_address
from ivr.telephone.diary import Happening
from ivr.telephone.keys import options
from ivr.telephone.machine import Leg
from router.events import Entry
from router.store.acd import Acd

BLOCK_MS = 400
AFTER_THE_END = 1.5  # seconds in which the journal's last entries still arrive
HIDDEN = {"ani", "endpoint", "address", "number", "dial"}  # never shown behind the scenes

Item = dict[str, Any]


async def stream(leg: Leg, call: str, acd: Acd) -> AsyncGenerator[str]:
    """Server-sent events until the call is over."""
    items: asyncio.Queue[Item | None] = asyncio.Queue()
    readers = [
        asyncio.create_task(_read_diary(leg, items)),
        asyncio.create_task(_read_journal(acd, call, round(leg.started * 1000), items)),
    ]
    try:
        while (item := await items.get()) is not None:
            yield f"data: {json.dumps(item, ensure_ascii=False)}\n\n"
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read_diary(leg: Leg, items: asyncio.Queue[Item | None]) -> None:
    said: list[str] = []
    async for happening in leg.diary.follow():
        if happening.kind == "fetch":
            said.clear()
        if happening.kind == "say":
            said.append(happening.data["text"])
        items.put_nowait(
            _item(happening)
            | ({"keys": options(said, operator().menu.emergency.key)} if happening.kind == "say" else {})
        )
    await asyncio.sleep(AFTER_THE_END)
    items.put_nowait({"kind": "over", "at": round(leg.ended_at * 1000)})
    items.put_nowait(None)


async def _read_journal(acd: Acd, call: str, since: int, items: asyncio.Queue[Item | None]) -> None:
    after = f"{since - 1000}-0"
    while True:
        try:
            entries = await acd.journal(after, block_ms=BLOCK_MS)
        except Problem:
            await asyncio.sleep(1)
            continue
        for entry in entries:
            after = entry.id
            if entry.call == call:
                items.put_nowait(_journal_item(entry))
        with contextlib.suppress(IndexError):
            after = entries[-1].id


def _item(happening: Happening) -> Item:
    item = {"kind": happening.kind, "at": happening.at, **happening.data}
    if happening.kind == "play":
        item["audio"] = sound_address(item["audio"])
    if happening.kind == "dial":
        item.pop("to", None)
    return item


def _journal_item(entry: Entry) -> Item:
    data = {name: value for name, value in entry.data.items() if name not in HIDDEN}
    return {"kind": "journal", "at": entry.at, "event": entry.event.value, "cso": entry.cso, "queue": entry.queue,
            "data": data}  # fmt: skip
