-- Numbers that did not get through: refused, released after the short triage, or lost with the carrier. Whoever was not
-- served is called back.

-- One entry per number, and the older one stays: a redial does not lose its turn. Withheld numbers are only counted.
-- `given`: what new_call is given. `since`: when it began to wait, now when nothing is said.
local function keep_number(p, id, given, since)
  if (given.ani or '') == '' then
    redis.call('HINCRBY', key(p, ':pool'), 'withheld_refused', 1)
  elseif redis.call('ZADD', key(p, ':refused'), 'NX', since or p.now, given.ani) == 1 then
    redis.call('HSET', key(p, ':refusals'), given.ani, cjson.encode({
      call = id, carrier = given.carrier, trunk = given.trunk, region = given.region,
    }))
  end
end

-- The number got through, or is being called back.
local function drop_number(p, ani)
  redis.call('ZREM', key(p, ':refused'), ani)
  redis.call('HDEL', key(p, ':refusals'), ani)
end
