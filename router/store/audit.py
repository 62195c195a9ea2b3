"""The raw state of one pool, and everything in it that cannot be true.

Nothing here asks a verb: one reading script of its own takes every key of the pool at one instant, and the rules
(router/store/audit_rules.py) look at plain Python. `suar doctor`, the torture run and the router's tests use it.
Every rule is one of the invariants of the live state, so a violation is a fault of ours or a damaged store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from router.store import answers
from router.store.audit_rules import RULES
from router.store.audit_state import Live
from router.store.wire import Wire

# { suffix, type, value, milliseconds to live (-1 = for ever) } of every key; of the journal the newest id alone; the
# answers kept for repeated commands are left out, nothing hangs on them.
_READ = """
local out = {}
local from = string.len(KEYS[1]) + 1
local readers = {
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  string = function(key) return redis.call('GET', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  stream = function(key)
    local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
    return newest[1] and newest[1][1] or '0-0'
  end,
}
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local suffix = string.sub(key, from)
  if string.sub(suffix, 1, 5) ~= ':cmd:' then
    local kind = redis.call('TYPE', key).ok
    out[#out + 1] = { suffix, kind, readers[kind](key), redis.call('PTTL', key) }
  end
end
return out
"""


@dataclass(frozen=True)
class Violation:
    """Something that must not be. `what` names calls and CSOs, never a telephone number."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def _value(kind: str, raw: Any) -> Any:
    if kind == "hash":
        return answers.pairs(raw)
    if kind == "zset":
        return {member: float(score) for member, score in answers.pairs(raw).items()}
    return frozenset(raw) if kind == "set" else raw


async def load(wire: Wire, pool: str) -> Live:
    """Everything of the pool at one instant. Blocks the store for as long as it takes to read every key."""
    root = f"suar:{{{pool}}}"
    pattern = "".join("\\" + letter if letter in "*?[]\\" else letter for letter in root) + ":*"
    rows = await wire.call("EVAL_RO", _READ, 1, root, pattern)
    return Live(
        keys={suffix: _value(kind, raw) for suffix, kind, raw, _ in rows},
        expires=frozenset(suffix for suffix, _, _, ttl in rows if ttl >= 0),
    )


def violations(live: Live) -> list[Violation]:
    """What breaks an invariant; empty when everything is in order."""
    return [Violation(name, what) for name, rule in RULES.items() for what in rule(live)]


async def audit(url: str, pool: str, *, timeout: float = 20.0) -> list[Violation]:  # noqa: ASYNC109 - of each command
    """Read the pool of a store and look; raises StoreUnavailable."""
    wire = Wire(url, timeout=timeout)
    try:
        return violations(await load(wire, pool))
    finally:
        wire.close()
