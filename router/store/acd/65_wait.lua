-- Verbs of the wait: where a call stands, how it looks for one who would come now, what a caller was told.

local wait = {}

-- Callers and callbacks in other lanes that come before `score` and for whom the CSOs of this lane work too; each counts
-- by the share of its own CSOs that are this lane's as well.
function wait.ahead_elsewhere(p, lane, score)
  local lines, fields_of = {}, {}
  for _, head in ipairs(redis.call('ZRANGE', key(p, ':heads'), '-inf', '(' .. score, 'BYSCORE')) do
    local virtual = string.sub(head, -1) == '!'
    local other = virtual and string.sub(head, 1, -2) or head
    if other ~= lane then
      lines[#lines + 1] = key(p, virtual and ':virtual:' or ':waiting:', other)
      fields_of[#fields_of + 1] = other
      fields_of[#fields_of + 1] = staff.both(lane, other)
    end
  end
  if not lines[1] then
    return 0
  end
  local counts, sum = redis.call('HMGET', key(p, ':staff'), unpack(fields_of)), 0
  for i, line in ipairs(lines) do
    local all, shared = counts[2 * i - 1], tonumber(counts[2 * i] or 0)
    if shared > 0 then
      sum = sum + redis.call('ZCOUNT', line, '-inf', '(' .. score) * shared / all
    end
  end
  return sum
end

-- CSOs of a lane in wrap-up now; of very many, those who are done first.
function wait.wrapping(p, lane)
  local ids = redis.call('ZRANGE', key(p, ':wrapups'), 0, BATCH - 1)
  local count = 0
  for _, serves in ipairs(ids[1] and redis.call('SMISMEMBER', key(p, ':serving:', lane), unpack(ids)) or {}) do
    count = count + serves
  end
  return count
end

-- Names and values: everything that an estimate needs (router/estimate.py).
function wait.outlook_of(p, queue, lane, score, place)
  return {
    'place', place,
    'ready', redis.call('ZCARD', key(p, ':ready:', lane)),
    'serving', redis.call('SCARD', key(p, ':serving:', lane)),
    'csos', redis.call('HGET', key(p, ':staff'), lane) or 0,
    'wrapping', wait.wrapping(p, lane),
    'ahead', exact(place - 1 + wait.ahead_elsewhere(p, lane, score)),
    'now', int(p.now),
    'pace', redis.call('HGETALL', key(p, ':pace:', queue)),
  }
end

-- args: now, call → as outlook_of, or nothing when it does not wait
function wait.place(keys, args)
  local p = open(keys, args)
  local call = call_of(p, args[2])
  local at = call and call.state == 'waiting' and place_of(p, call)
  return at and wait.outlook_of(p, call.queue, lane_of_call(call), call.score, at[1]) or false
end

-- args: now, queue, carrier, skills, priority: for one who would join the line now
function wait.outlook(keys, args)
  local p = open(keys, args)
  known_queue(p, args[2])
  lanes.known_skills(p, args[4])
  local lane = lane_of(args[2], args[3], args[4])
  local score = score_of(p, p.now, tonumber(args[5]), false)
  local before = 0
  for _, line in ipairs({ ':waiting:', ':virtual:' }) do
    before = before + redis.call('ZCOUNT', key(p, line, lane), '-inf', score)
  end
  return wait.outlook_of(p, args[2], lane, score, before + 1)
end

-- args: now, cmd, call, low (ms from now), high → JSON [until, broken]. What is told a second time within one wait
-- breaks what was told before: a promise that can still be kept is not told again (router/estimate.py).
function wait.promise(keys, args)
  local p = open(keys, args)
  local before = answered_before(p, 'promise', args[2])
  if before then
    return before
  end
  local call = known_call(p, args[3])
  if call.state ~= 'waiting' then
    fail('not-waiting')
  end
  local low, high = tonumber(args[4]), tonumber(args[5])
  local broken = call.promised_wait == call.queued
  set(p, call, 'promised_wait', call.queued, 'promised_low', int(p.now + low), 'promised_until', int(p.now + high),
    'broken', broken and int((call.broken or 0) + 1) or call.broken or '0')
  local names = names_of(call)
  names.cmd = args[2]
  tell(p, 'call.promised', names, { low = low, high = high, ['until'] = p.now + high, broken = broken })
  return remember(p, 'promise', args[2], cjson.encode({ p.now + high, broken }))
end
