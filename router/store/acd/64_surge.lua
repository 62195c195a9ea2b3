-- The level of the surge ladder, and the figures it is decided by (router/ladder.py decides).

local surge = {}

function surge.level(text)
  local level = tonumber(text)
  if not level or level < 0 or level > 4 or level ~= math.floor(level) then
    fail('level-range')
  end
  return level
end

function surge.put(p, level, reason, by, hand, until_ms)
  redis.call('HSET', key(p, ':pool'), 'level', level)
  tell(p, 'level', {}, { level = level, reason = reason, by = by, hand = hand, ['until'] = until_ms })
end

-- The level set by hand, or nil. One whose time is over ends here.
function surge.override(p)
  local text = redis.call('HGET', key(p, ':pool'), 'override')
  local override = text and cjson.decode(text)
  if override and override['until'] ~= 0 and override['until'] <= p.now then
    redis.call('HDEL', key(p, ':pool'), 'override')
    surge.put(p, pool_number(p, 'automatic'), 'override-over', override.by, false, 0)
    return nil
  end
  return override or nil
end

-- args: now, level, reason, by, turn of the ladder ('' = not by the ladder), its state JSON
-- → 1, or 0 when another dispatcher has decided since. While a level is set by hand this one only waits.
function surge.set(keys, args)
  local p = open(keys, args)
  local level = surge.level(args[2])
  if (args[5] or '') ~= '' then
    if pool_number(p, 'ladder_turn') ~= tonumber(args[5]) then
      return 0
    end
    redis.call('HSET', key(p, ':pool'), 'ladder', args[6], 'ladder_turn', args[5] + 1)
  end
  local override = surge.override(p)
  redis.call('HSET', key(p, ':pool'), 'automatic', level)
  if not override and pool_number(p, 'level') ~= level then
    surge.put(p, level, args[3], args[4], false, 0)
  end
  return 1
end

-- args: now, level, reason, by, until (0 = until it is released)
function surge.set_override(keys, args)
  local p = open(keys, args)
  local level, until_ms = surge.level(args[2]), tonumber(args[5])
  if args[3] == '' then
    fail('reason-missing')
  elseif until_ms ~= 0 and until_ms <= p.now then
    fail('until-past')
  end
  local before = surge.override(p)
  local same = before and before.level == level and before.reason == args[3] and before.by == args[4]
  if not same or before['until'] ~= until_ms then
    local override = { level = level, reason = args[3], by = args[4], ['until'] = until_ms }
    redis.call('HSET', key(p, ':pool'), 'override', cjson.encode(override))
    surge.put(p, level, args[3], args[4], true, until_ms)
  end
  return 'OK'
end

-- args: now, by, reason
function surge.release(keys, args)
  local p = open(keys, args)
  if args[3] == '' then
    fail('reason-missing')
  end
  if surge.override(p) then
    redis.call('HDEL', key(p, ':pool'), 'override')
    surge.put(p, pool_number(p, 'automatic'), args[3], args[2], false, 0)
  end
  return 'OK'
end

-- When the longest waiting of those who are next in a queue joined it; 0 when nobody waits. Of each lane five are
-- looked at: a caller with a head start stands before others who wait longer.
function surge.oldest(p, queue)
  local oldest = 0
  for _, lane in ipairs(lanes.of(p, queue)) do
    for _, member in ipairs(redis.call('ZRANGE', key(p, ':waiting:', lane), 0, 4)) do
      local queued = tonumber(redis.call('HGET', key(p, ':call:', string.sub(member, 14)), 'queued') or 0)
      oldest = (oldest == 0 or queued < oldest) and queued or oldest
    end
  end
  return oldest
end

-- `ready` is for an older process, which wants a figure there and does nothing with it.
function surge.csos(p)
  local working = tonumber(redis.call('HGET', key(p, ':staff'), '*') or 0)
  return { serving = redis.call('SCARD', key(p, ':csos')), working = working, ready = working }
end

-- → JSON: no call is looked at but those at the head of a line.
function surge.gauges(keys, args)
  local p = open(keys, args)
  local pool = fields(redis.call('HGETALL', key(p, ':pool')))
  local out = {
    at = p.now, pool = pool, used = redis.call('ZCARD', key(p, ':lines')), csos = surge.csos(p),
    refused = redis.call('ZCARD', key(p, ':refused')), trunks = {}, queues = {}, rates = {}, gaps = {},
  }
  local trunks = fields(redis.call('HGETALL', key(p, ':trunks')))
  for name, rules in pairs(trunks) do
    out.trunks[name] = { redis.call('SCARD', key(p, ':trunk:', name)), cjson.decode(rules).lines }
  end
  for _, name in ipairs(redis.call('HKEYS', key(p, ':queues'))) do
    local waiting, virtual = length_of(p, name)
    out.queues[name] = { waiting, virtual, surge.oldest(p, name) }
  end
  local counters = fields(redis.call('HGETALL', key(p, ':rates')))
  for name, text in pairs(counters) do
    local one, five = rates.read(p, text)
    out.rates[name] = { one, five }
  end
  for _, text in ipairs(redis.call('HVALS', key(p, ':gaps'))) do
    local gap = cjson.decode(text)
    if gap.reason and (gap['until'] == 0 or gap['until'] > p.now) then
      out.gaps[#out.gaps + 1] = gap
    end
  end
  return cjson.encode(out)
end
