-- How fast calls arrive, and how many of them an area may send on to us.

local rates, gaps = {}, {}

-- Calls of the last minute and of the last five, each arrival fading away with that time: `one five instant`.
function rates.read(p, text)
  local one, five, at = string.match(text or '0 0 0', '^(%S+) (%S+) (%S+)$')
  local passed = math.max(0, p.now - tonumber(at))
  return one * math.exp(-passed / 60000), five * math.exp(-passed / 300000)
end

function rates.count(p, names)
  local texts = redis.call('HMGET', key(p, ':rates'), unpack(names))
  local flat = {}
  for i, name in ipairs(names) do
    local one, five = rates.read(p, texts[i] or nil)
    flat[#flat + 1] = name
    flat[#flat + 1] = string.format('%.6f %.6f %.0f', one + 1, five + 1, p.now)
  end
  redis.call('HSET', key(p, ':rates'), unpack(flat))
end

-- The clock was ahead: what was counted by it fades away from now.
function rates.again(p)
  for name, text in pairs(fields(redis.call('HGETALL', key(p, ':rates')))) do
    local one, five = rates.read(p, text)
    redis.call('HSET', key(p, ':rates'), name, string.format('%.6f %.6f %.0f', one, five, p.now))
  end
end

-- `31.71.06` → that, `31.71`, `31`
function gaps.prefixes(area)
  local out = {}
  while area ~= '' do
    out[#out + 1] = area
    area = string.match(area, '^(.*)%.') or ''
  end
  return out
end

-- The most specific gap of an area; one set by hand goes before the level's of the same code.
function gaps.of(p, area, level)
  local names = {}
  for _, code in ipairs(gaps.prefixes(area)) do
    names[#names + 1] = 'hand:' .. code
    names[#names + 1] = level .. ':' .. code
  end
  local texts = names[1] and redis.call('HMGET', key(p, ':gaps'), unpack(names)) or {}
  for i, name in ipairs(names) do
    local gap = texts[i] and cjson.decode(texts[i])
    if gap and (gap['until'] == 0 or gap['until'] > p.now) then
      return name, gap
    end
  end
  return nil
end

-- A bucket of `burst` tokens that fills by `per_s`: whether there was one for this call.
function gaps.pass(p, name, gap)
  local tokens, at = string.match(redis.call('HGET', key(p, ':buckets'), name) or '', '^(%S+) (%S+)$')
  tokens = tokens and math.min(gap.burst, tokens + math.max(0, p.now - tonumber(at)) * gap.per_s / 1000) or gap.burst
  local passed = tokens >= 1
  redis.call('HSET', key(p, ':buckets'), name, string.format('%.6f %.0f', passed and tokens - 1 or tokens, p.now))
  return passed
end

-- Asks the gap of this area for the call, unless it is the one that let it in. Answers whether the call is gapped.
function gaps.asked(p, call, area, level)
  local name, gap = gaps.of(p, area, level)
  if name and name ~= call.gap then
    call.gap = name
    call.gapped = gaps.pass(p, name, gap) and '0' or '1'
  end
  return call.gapped == '1'
end

-- args: now, area, per second (0 = off), burst, by, reason, until (0 = until taken off)
function gaps.set(keys, args)
  local p = open(keys, args)
  local area, per_s, burst, until_ms = args[2], tonumber(args[3]), tonumber(args[4]), tonumber(args[7])
  if not per_s or not burst or not (per_s >= 0 and per_s < 1e6 and burst < 1e6) or (per_s > 0 and not (burst >= 1)) then
    fail('rate-range')
  elseif args[6] == '' then
    fail('reason-missing')
  elseif until_ms ~= 0 and until_ms <= p.now then
    fail('until-past')
  end
  local name = 'hand:' .. area
  local before = redis.call('HGET', key(p, ':gaps'), name)
  local gap = { area = area, per_s = per_s, burst = burst, by = args[5], reason = args[6], ['until'] = until_ms }
  local known = before and cjson.decode(before) or { per_s = 0 }
  if per_s == known.per_s and (per_s == 0 or (burst == known.burst and until_ms == known['until'])) then
    return 'OK'
  end
  if per_s == 0 then
    redis.call('HDEL', key(p, ':gaps'), name)
    redis.call('HDEL', key(p, ':buckets'), name)
  else
    redis.call('HSET', key(p, ':gaps'), name, cjson.encode(gap))
  end
  tell(p, 'gap', {}, gap)
  return 'OK'
end

-- Those of the levels (from surge.yaml) are replaced, those set by hand stay. `given`: [{level, area, per_s, burst}]
function gaps.configure(p, given)
  for _, name in ipairs(redis.call('HKEYS', key(p, ':gaps'))) do
    if string.sub(name, 1, 5) ~= 'hand:' then
      redis.call('HDEL', key(p, ':gaps'), name)
    end
  end
  for _, gap in ipairs(given) do
    redis.call('HSET', key(p, ':gaps'), gap.level .. ':' .. gap.area, cjson.encode({
      area = gap.area, per_s = gap.per_s, burst = gap.burst, ['until'] = 0,
    }))
  end
end

-- args: now, call, area → '1' when the call is gapped. Counted once a call, where it was located first.
function gaps.locate(keys, args)
  local p = open(keys, args)
  local call, area = known_call(p, args[2]), args[3]
  local known = call.area or ''
  if known ~= area and call.state ~= 'ended' then
    if known == '' then
      local names = {}
      for _, code in ipairs(gaps.prefixes(area)) do
        names[#names + 1] = 'area:' .. code
      end
      rates.count(p, names)
      if call.emergency ~= '1' and call.gapped ~= '1' and call.state == 'ivr' then
        gaps.asked(p, call, area, pool_number(p, 'level'))
      end
    end
    set(p, call, 'area', area, 'gap', call.gap or '', 'gapped', call.gapped or '0')
    tell(p, 'call.located', names_of(call), { area = area, gapped = call.gapped == '1' and call.emergency ~= '1' })
  end
  return call.gapped == '1' and call.emergency ~= '1' and '1' or '0'
end

-- args: now, call. It hears a few words only and is released: its number is kept unless it gets into line.
function gaps.triaged(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if call.state == 'ivr' then
    set(p, call, 'triage', '1')
  end
  return 'OK'
end
