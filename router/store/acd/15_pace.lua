-- How fast each queue moves, exponentially weighted. The rule is router/pace.py; a test compares the two.

local pace = { FORGET = 0.02, FORGET_LEAVING = 0.01 }

function pace.read(p, queue, ...)
  local names, out = { ... }, {}
  for i, value in ipairs(redis.call('HMGET', key(p, ':pace:', queue), ...)) do
    out[names[i]] = tonumber(value or 0)
  end
  return out
end

-- A CSO is free again after a call of this queue; ms from the claim, from the claim to the answer, from the end of talk.
function pace.free(p, queue, busy_ms, ring_ms, wrap_ms)
  local at = pace.read(p, queue, 'handled', 'busy', 'spread', 'ring', 'wrap')
  local weight = math.max(pace.FORGET, 1 / (at.handled + 1))
  local off = busy_ms / 1000 - at.busy
  redis.call('HSET', key(p, ':pace:', queue),
    'handled', int(at.handled + 1),
    'busy', exact(at.busy + weight * off),
    'spread', exact((1 - weight) * (at.spread + weight * off * off)),
    'ring', exact(at.ring + weight * (ring_ms / 1000 - at.ring)),
    'wrap', exact(at.wrap + weight * (wrap_ms / 1000 - at.wrap)))
end

-- by = 1: joins the line, or is back in it; by = -1: leaves it, whatever for.
function pace.line(p, queue, by)
  local v = redis.call('HMGET', key(p, ':pace:', queue), 'line', 'at', 'waited', 'lost')
  local line, waited, lost = tonumber(v[1] or 0), tonumber(v[3] or 0), v[4] or '0'
  if line > 0 then
    waited = waited + line * math.max(0, p.now - tonumber(v[2])) / 1000
  end
  if by < 0 then
    waited = waited * (1 - pace.FORGET_LEAVING)
    lost = lost ~= '0' and exact(lost * (1 - pace.FORGET_LEAVING)) or lost
  end
  redis.call('HSET', key(p, ':pace:', queue),
    'line', int(math.max(0, line + by)), -- who joined while an older library stood here was not counted
    'at', int(p.now),
    'waited', exact(waited),
    'lost', lost)
end

-- Whoever left the line just now did so without a CSO.
function pace.lost(p, queue)
  local at = pace.read(p, queue, 'lost')
  redis.call('HSET', key(p, ':pace:', queue), 'lost', exact(at.lost + 1))
end
