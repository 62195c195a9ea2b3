"""Whether the store keeps what it has answered: its own settings, read and judged (docs/router/durability.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import hiredis

from router.store.wire import Wire

ASKED = ("appendonly", "appendfsync", "no-appendfsync-on-rewrite", "maxmemory", "maxmemory-policy")


async def losses(url: str, *, embedded: bool, durability: str, within: float) -> list[str] | None:
    """What can be lost of answered commands by the store's settings, a sentence each; None when it does not tell them.

    Raises StoreUnavailable. `embedded`: `suar up` brings its file to the disk every second. `durability` as in the
    settings.
    """
    wire = Wire(url, timeout=within)
    try:
        answers = await asyncio.gather(*(wire.call("CONFIG", "GET", name) for name in ASKED))
    except hiredis.ReplyError:  # a hosted store may refuse it
        return None
    finally:
        wire.close()
    found = {str(answer[0]): str(answer[1]) for answer in answers if answer}
    return judged(found, embedded=embedded, durability=durability)


def judged(found: Mapping[str, str], *, embedded: bool, durability: str) -> list[str]:
    """The sentences, by the settings' names and values."""
    said, fsync = [], found.get("appendfsync", "")
    if found.get("appendonly") != "yes":
        said.append("appendonly is not `yes`: a killed store forgets every caller")
    elif fsync == "everysec" and durability != "waitaof":
        said.append(
            "appendfsync is `everysec`: on a busy disk a killed store loses up to two seconds of what it has answered; "
            "set `always`, or SUAR_STORE_DURABILITY=waitaof"
        )
    elif fsync == "no" and not embedded:
        said.append("appendfsync is `no`: a lost host loses half a minute; set `always`")
    elif fsync == "always" and found.get("no-appendfsync-on-rewrite") == "yes":
        said.append("no-appendfsync-on-rewrite is `yes`: while the file is rewritten a lost host loses what came since")
    if found.get("maxmemory", "0") != "0" and found.get("maxmemory-policy") != "noeviction":
        said.append("maxmemory-policy is not `noeviction`: callers are thrown out to make room")
    return said
