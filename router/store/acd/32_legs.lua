-- Legs that a carrier makes for us: one that begins only so many a second is never asked for more than it can begin soon.
-- So a claim is made when the telephone can ring, and who waits for it waits in line, where the order is right.

local legs = { AHEAD_MS = 2000 } -- so much may wait at the carrier

-- When a leg that is asked for now begins, and the time between two; without a limit at once.
function legs.turn(p, carrier)
  p.legs = p.legs or fields(redis.call('HGETALL', key(p, ':carriers')))
  local gap = tonumber(p.legs[carrier] or 0)
  local free_at = gap > 0 and tonumber(p.legs['next ' .. carrier] or 0) or 0
  if free_at > p.now + JUMP_MS then -- the store's clock was ahead
    free_at = 0
  end
  return math.max(p.now, free_at), gap
end

function legs.soon(p, carrier)
  return legs.turn(p, carrier) - p.now <= legs.AHEAD_MS
end

-- One is asked for → ms until its turn, which no deadline counts.
function legs.take(p, carrier)
  local at, gap = legs.turn(p, carrier)
  if gap > 0 then
    p.legs['next ' .. carrier] = int(at + gap)
    redis.call('HSET', key(p, ':carriers'), 'next ' .. carrier, int(at + gap))
  end
  return at - p.now
end

-- given: carrier → legs a second
function legs.configure(p, given)
  redis.call('DEL', key(p, ':carriers'))
  for carrier, per_s in pairs(given) do
    redis.call('HSET', key(p, ':carriers'), carrier, int(1000 / per_s))
  end
end
