-- Admission: the first thing that is asked about a call. Lines, of its trunk and of all trunks, are never exceeded.

local admission = { MISSED_MS = 60000 } -- a call that is learnt of later is no arrival of now

-- The rules of a trunk; none are known of '', nor of any while no trunk was configured.
function admission.trunk(p, name)
  local text = name ~= '' and redis.call('HGET', key(p, ':trunks'), name)
  if name ~= '' and not text and redis.call('EXISTS', key(p, ':trunks')) == 1 then
    fail('unknown-trunk')
  end
  return text and cjson.decode(text) or { lines = 0, emergency_lines = 0 }
end

-- Why there is no line, or one of the last only; '' when there is room.
function admission.room(used, lines, reserved, full)
  if used >= lines then
    return full
  end
  return used >= lines - reserved and 'reserve' or ''
end

-- → reason, whether it means that there is no line, lines in use, lines of the trunk in use
function admission.decide(p, trunk, lines, reserved)
  local rules = admission.trunk(p, trunk)
  local used = redis.call('ZCARD', key(p, ':lines'))
  local here = trunk ~= '' and redis.call('SCARD', key(p, ':trunk:', trunk)) or 0
  local reason = admission.room(used, lines, reserved, 'lines-full')
  if reason ~= 'lines-full' and rules.lines > 0 then
    local own = admission.room(here, rules.lines, rules.emergency_lines, 'trunk-full')
    reason = own ~= '' and own or reason
  end
  return reason, reason == 'lines-full' or reason == 'trunk-full', used, here
end

-- `since`: when it came; nil = now.
function admission.refuse(p, call, _reason, _level, since)
  call.state, call.outcome, call.ended = 'ended', 'refused', int(p.now)
  new_call(p, call.id, call)
  redis.call('EXPIRE', key(p, ':call:', call.id), ENDED_CALL_S)
  keep_number(p, call.id, call, since)
end

-- Whoever is let in to be served is not called back any more; whoever hears a few words only, or the announcement of
-- level 4, is, unless it gets into line after all.
function admission.take(p, call, reason, level)
  if reason == '' and level < 4 then
    drop_number(p, call.ani)
  else
    call.triage = '1'
  end
  take_line(p, new_call(p, call.id, call))
end

-- args: now, cmd, call, carrier, channel, ani, trunk, region, dialled, menu, '1' when the carrier serves it alone, with
-- the announcement of level 4, whatever the level has become here meanwhile
-- → JSON [admitted, level, lines, reason, reserve, lines of the trunk, kept]; a call that is known gets the answer it had.
function admission.admit(keys, args)
  local p = open(keys, args)
  local pool = redis.call('HMGET', key(p, ':pool'), 'level', 'lines', 'emergency_lines')
  local alone = args[11] == '1'
  local level = alone and 4 or tonumber(pool[1] or 0)
  local known = redis.call('HMGET', key(p, ':call:', args[3]), 'state', 'admission')
  if known[1] then
    local used = redis.call('ZCARD', key(p, ':lines'))
    return known[2] ~= '' and known[2] or cjson.encode({ true, level, used, '', false, 0, false })
  end
  local call = {
    id = args[3], carrier = args[4], channel = args[5], ani = args[6], trunk = args[7], region = args[8],
    dialled = args[9], menu = args[10],
  }
  local reason, full, used, here = admission.decide(p, args[7], tonumber(pool[2] or 0), tonumber(pool[3] or 0))
  if not full then
    used, here = used + 1, here + 1
  end
  if reason == '' and not alone and gaps.asked(p, call, call.region, level) then
    reason = 'gapped'
  end
  rates.count(p, { 'all', 'region:' .. call.region, full and 'refused' or nil })
  local kept = reason == '' and level < 4 and callback.take_over(p, call) or nil
  call.admission = cjson.encode({ not full, level, used, reason, not full and reason ~= '', here, kept ~= nil })
  local move = full and admission.refuse or admission.take
  move(p, call, reason, level)
  tell(p, full and 'call.refused' or 'call.arrived', { call = call.id, carrier = call.carrier, cmd = args[2] }, {
    ani = call.ani, trunk = call.trunk, region = call.region, dialled = call.dialled, channel = call.channel,
    menu = call.menu, level = level, lines = used, trunk_lines = here, reason = reason ~= '' and reason or nil,
    kept = kept,
  })
  return call.admission
end

-- One call that came and went without a word to us; nothing when it is known. How it ended follows from where it was.
function admission.missed_one(p, given)
  if redis.call('EXISTS', key(p, ':call:', given.id)) == 1 then
    return 0
  end
  local outcome, arrived = given.outcome, math.min(given.arrived, p.now)
  local call = {
    id = given.id, carrier = given.carrier, channel = given.channel, ani = given.ani, trunk = given.trunk,
    region = given.region, dialled = given.dialled, arrived = int(arrived),
  }
  if p.now - arrived < admission.MISSED_MS then -- the ladder asks how many come now
    rates.count(p, { 'all', 'region:' .. call.region, outcome == 'refused' and 'refused' or nil })
  end
  local names = { call = call.id, carrier = call.carrier }
  local data = {
    ani = call.ani, trunk = call.trunk, region = call.region, dialled = call.dialled, channel = call.channel,
    arrived = arrived, reason = given.reason,
  }
  if outcome == 'refused' then
    admission.refuse(p, call, nil, nil, arrived)
    tell(p, 'call.refused', names, data)
  else
    call.triage = outcome ~= 'answered' and '1' or nil -- whoever talked with somebody is not called back
    call = new_call(p, call.id, call)
    tell(p, 'call.arrived', names, data)
    end_call(p, call, 'cel', outcome)
  end
  return 1
end

-- args: now, JSON [{ id, carrier, channel, ani, trunk, region, dialled, arrived, outcome, reason }, …] → how many were new
function admission.missed(keys, args)
  local p = open(keys, args)
  local new = 0
  for _, given in ipairs(cjson.decode(args[2])) do
    new = new + admission.missed_one(p, given)
  end
  return new
end

-- args: now, limit → { number, when, JSON, … }, the longest waiting first
function admission.refused(keys, args)
  local p = open(keys, args)
  local flat = redis.call('ZRANGE', key(p, ':refused'), '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, args[2], 'WITHSCORES')
  local out = {}
  for i = 1, #flat, 2 do
    out[#out + 1] = flat[i]
    out[#out + 1] = flat[i + 1]
    out[#out + 1] = redis.call('HGET', key(p, ':refusals'), flat[i])
  end
  return out
end
