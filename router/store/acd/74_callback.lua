-- Verbs of a callback: asked for, put off, reached or not, taken back.

function callback.number(p, number)
  if not string.match(number, '^%+[1-9]%d+$') or #number < 8 or #number > 16 then
    fail('number-invalid')
  elseif redis.call('HEXISTS', key(p, ':numbers'), number) == 1 then
    fail('callback-exists')
  end
  return number
end

-- In line, or out of it until its hour.
function callback.begin(p, call, until_ms, reason)
  if until_ms > p.now then
    redis.call('HSET', key(p, ':numbers'), call.dial, call.id)
    callback.step_out(p, call, 'scheduled', until_ms, reason)
  else
    join_line(p, call, tonumber(call.queued))
  end
end

-- args: now, cmd, call, number, queue ('' = the one it waits in), priority, until, skills ('' = as before, '-' = none)
-- → JSON [place, ready, serving], or {} out of the line
-- The caller hangs up; the place stays. Never of an emergency: who is in danger is not sent away.
function callback.call_back(keys, args)
  local p = open(keys, args)
  local before = answered_before(p, 'call_back', args[2])
  if before then
    return before
  end
  local call = known_call(p, args[3])
  local queue = args[5] ~= '' and args[5] or call.queue
  known_queue(p, queue)
  lanes.known_skills(p, args[8])
  if call.emergency == '1' then
    fail('emergency-no-callback')
  elseif call.virtual == '1' then
    fail('callback-exists')
  end
  local to = after('call', CALLS, call.state, 'call_back')
  local number, until_ms = callback.number(p, args[4]), tonumber(args[7])
  local score, priority, queued = call.score, call.priority, call.queued
  if score == '0' then
    priority = args[6]
    score = score_of(p, tonumber(call.arrived), tonumber(priority), false)
  end
  if call.state == 'waiting' then
    leave_line(p, call)
  elseif (call.kept or '') == '' then
    queued = int(p.now)
  end
  free_line(p, call)
  set(p, call, 'state', to, 'virtual', '1', 'dial', number, 'asked', int(p.now), 'attempts', '0', 'until', '0',
    'queue', queue, 'priority', priority, 'score', score, 'queued', queued, 'kept', '', 'channel', '',
    'skills', args[8] == '' and (call.skills or '') or args[8] == '-' and '' or args[8])
  got_through(p, call)
  local names = names_of(call)
  names.cmd = args[2]
  local data = {
    number = number, ['until'] = until_ms, score = score, priority = tonumber(priority), skills = call.skills,
    queued = tonumber(queued), region = call.region,
  }
  if until_ms > p.now then
    tell(p, 'call.callback', names, data)
    callback.begin(p, call, until_ms, 'hours')
  else
    callback.begin(p, call, 0)
    data.place = place_of(p, call)[1]
    tell(p, 'call.callback', names, data)
  end
  return remember(p, 'call_back', args[2], cjson.encode(place_of(p, call) or {}))
end

-- args: now, call, token, channel → as read_call. They talk: from here on it is a call like any other.
function callback.reached(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  local held = holding(call, 'calling', args[3])
  if held == 'over' or (held == 'elsewhere' and call.state ~= 'talking') then
    fail('stale-token')
  elseif held == 'live' then
    local to, cso = after('call', CALLS, call.state, 'reached'), known_cso(p, call.cso)
    forget_callback(p, call)
    set(p, call, 'state', to, 'virtual', '0', 'channel', args[4], 'answered', int(p.now))
    redis.call('ZREM', key(p, ':offers'), call.id)
    extend(p, call.id)
    tell(p, 'call.reached', names_of(call), { channel = args[4], leg = call.leg })
    cso.calls = int(cso.calls + 1)
    save(p, cso)
  end
  return read_call(keys, args)
end

-- args: now, call, token, reason
function callback.unreached(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if holding(call, 'calling', args[3]) ~= 'over' then
    after('call', CALLS, call.state, 'unreached')
    callback.miss(p, call, args[4])
  end
  return 'OK'
end

-- args: now, call, until, reason. The same instant again changes nothing.
function callback.schedule(keys, args)
  local p = open(keys, args)
  local call, until_ms = known_call(p, args[2]), tonumber(args[3])
  if call.state == 'scheduled' and tonumber(call['until']) == until_ms then
    return 'OK'
  elseif call.virtual ~= '1' then
    fail('not-callback')
  end
  local to = after('call', CALLS, call.state, 'schedule')
  leave_line(p, call)
  callback.step_out(p, call, to, until_ms, args[4])
  return 'OK'
end

-- args: now, call, by → outcome
function callback.cancel(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if call.state == 'ended' then
    return call.outcome
  elseif call.virtual ~= '1' then
    fail('not-callback')
  end
  return end_call(p, call, args[3], 'cancelled')
end

-- A callback that begins without a caller on the line.
function callback.new(p, id, given)
  given.state, given.virtual, given.asked = 'waiting', '1', given.asked or int(p.now)
  given.queued = given.queued or int(p.now)
  return new_call(p, id, given)
end

-- Whoever called again, and so took the place of the own callback, and hung up before being in line is still called back.
stand_again = function(p, call)
  local of = call_of(p, call.kept)
  if not of or redis.call('HEXISTS', key(p, ':numbers'), of.dial) == 1 then
    return
  end
  local until_ms = tonumber(of['until'])
  local again = callback.new(p, call.id .. 'r', {
    carrier = of.carrier, channel = '', ani = call.ani, trunk = of.trunk, region = of.region, dial = of.dial,
    queue = of.queue, skills = of.skills, arrived = call.stands, priority = of.priority, score = of.score,
    emergency = of.emergency, queued = of.queued, asked = of.asked, attempts = of.attempts,
  })
  local data = {
    of = call.id, ani = again.ani, number = again.dial, arrived = tonumber(again.arrived), trunk = again.trunk,
    region = again.region, score = again.score, priority = tonumber(again.priority), emergency = again.emergency == '1',
    queued = tonumber(again.queued), skills = again.skills ~= '' and again.skills or nil,
    ['until'] = until_ms > p.now and until_ms or nil,
  }
  if until_ms > p.now then
    tell(p, 'call.recalled', names_of(again), data)
    callback.begin(p, again, until_ms, 'hours')
  else
    callback.begin(p, again, 0)
    data.place = place_of(p, again)[1]
    tell(p, 'call.recalled', names_of(again), data)
  end
end

-- args: now, queue, priority → the new callback, or nothing. The oldest refused number that is not called back yet, with
-- the place it would have had.
function callback.recall_next(keys, args)
  local p = open(keys, args)
  known_queue(p, args[2])
  for _, number in ipairs(redis.call('ZRANGE', key(p, ':refused'), 0, BATCH - 1)) do
    local of = cjson.decode(redis.call('HGET', key(p, ':refusals'), number) or '{"call":"","carrier":""}')
    local arrived, id = redis.call('ZSCORE', key(p, ':refused'), number), of.call .. 'r'
    drop_number(p, number)
    if of.call == '' then
      damage.tell(p, ':refused', 'removed', {}, 'unknown-call')
    elseif redis.call('HEXISTS', key(p, ':numbers'), number) == 0 and not call_of(p, id)
      and string.match(number, '^%+[1-9]%d+$') then
      local call = callback.new(p, id, {
        carrier = of.carrier, channel = '', ani = number, trunk = of.trunk, region = of.region, dial = number,
        queue = args[2], arrived = int(arrived), priority = args[3],
        score = score_of(p, tonumber(arrived), tonumber(args[3]), false),
      })
      callback.begin(p, call, 0)
      local data = queued_data(p, call)
      data.of, data.ani, data.number, data.arrived = of.call, number, number, tonumber(arrived)
      data.trunk, data.region = of.trunk, of.region
      tell(p, 'call.recalled', names_of(call), data)
      return id
    end
  end
  return false
end

-- args: now, call, JSON { carrier, ani, trunk, region, dial, queue, arrived, asked, queued, priority, score, until,
-- attempts, skills } → 1 when it is back. The store has lost it, the history has not: the place is what it was.
function callback.adopt_callback(keys, args)
  local p = open(keys, args)
  local given = cjson.decode(args[3])
  known_queue(p, given.queue)
  if call_of(p, args[2]) or redis.call('HEXISTS', key(p, ':numbers'), given.dial) == 1 then
    return 0
  end
  local until_ms = tonumber(given['until'])
  given.channel = ''
  local call = callback.new(p, args[2], given)
  tell(p, 'call.adopted', names_of(call), {
    ani = call.ani, trunk = call.trunk, region = call.region, arrived = tonumber(call.arrived), score = call.score,
    priority = tonumber(call.priority), emergency = false, virtual = true, number = call.dial, ['until'] = until_ms,
    queued = tonumber(call.queued), skills = call.skills ~= '' and call.skills or nil,
  })
  callback.begin(p, call, until_ms, 'hours')
  return 1
end
