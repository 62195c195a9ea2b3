"""How often a program may ask: one token bucket for each API key, shared by all web processes (ADR 40).

A bucket holds the requests of one minute and fills evenly; it is one number, the instant at which it will be full again
(GCRA), so that asking is one small script and an idle key leaves nothing behind. Beside the pools' keys, which the
library alone writes, but in the pool's slot.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass

import hiredis

from config.clock import Clock
from config.settings import settings
from router.store.wire import StoreUnavailable, Wire

log = logging.getLogger(__name__)

TIMEOUT_S = 0.2  # a report that waits for its measure is a report that waits
AWAY_S = 2.0  # a store that did not answer is not asked again for so long
WINDOW_MS = 60_000

# KEYS: the bucket. ARGV: requests per minute, the time in ms or '' for the store's own.
# Answers {1 | 0 (refused), ms until the bucket is full, ms until a refused request may come again}.
SCRIPT = """
local step, now = 60000 / tonumber(ARGV[1]), tonumber(ARGV[2])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000 + tonumber(t[2]) / 1000
end
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = full + step - now - 60000
if wait > 0.001 then
  return { 0, math.ceil(full - now), math.ceil(wait) }
end
full = full + step
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil(full - now))
return { 1, math.ceil(full - now), 0 }
"""


@dataclass(frozen=True)
class Measure:
    """What a request found in its bucket."""

    allowed: bool
    per_minute: int
    full_ms: int  # until the bucket is full again
    wait_ms: int  # until a refused request may come again

    @property
    def left(self) -> int:
        """Requests that may follow at once."""
        return int((WINDOW_MS - self.full_ms) * self.per_minute / WINDOW_MS)

    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers, and Retry-After (RFC 9110) when it is refused."""
        told = {
            "RateLimit-Policy": f'"key";q={self.per_minute};w={WINDOW_MS // 1000}',
            "RateLimit": f'"key";r={self.left};t={math.ceil(self.full_ms / 1000)}',
        }
        if not self.allowed:
            told["Retry-After"] = str(max(1, math.ceil(self.wait_ms / 1000)))
        return told


class Limits:
    """The buckets of one pool. Belongs to one event loop; `clock`: a virtual one, else the store's own clock rules."""

    def __init__(self, url: str, pool: str, *, clock: Clock | None = None, timeout: float = TIMEOUT_S) -> None:
        self._wire = Wire(url, timeout=timeout)
        self._root = f"suar-limit:{{{pool}}}:"
        self._clock = clock
        self._away = -math.inf

    @classmethod
    def from_settings(cls) -> Limits:
        """Of this process's pool and store."""
        return cls(settings().store_url, settings().pool)

    async def take(self, key: str, per_minute: int) -> Measure | None:
        """One request of this key; None when the store cannot say: then nobody is kept from reporting."""
        if time.monotonic() < self._away:
            return None
        now = self._clock.ms() if self._clock else ""
        try:
            told = await self._wire.call("EVAL", SCRIPT, 1, self._root + key, per_minute, now)
        except (StoreUnavailable, OSError, hiredis.ReplyError) as fault:
            self._away = time.monotonic() + AWAY_S
            log.warning("requests are not measured (%s)", type(fault).__name__)
            return None
        return Measure(bool(told[0]), per_minute, int(told[1]), int(told[2]))

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()
