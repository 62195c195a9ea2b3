-- Verbs of a move to another pool (R2). The source keeps the call, out of line, until the target says that it has it;
-- the target takes it once under a token, or refuses that token for ever. So whoever died in between, repeating the
-- steps ends the same: the call is in one pool, once, with its score.

local pools = {}
pools.RESUME_MS = 3000 -- a mover that is silent for so long may have died: another one goes on
pools.AGAIN_MS = 30000 -- a call that another pool did not take is not sent again by itself before
pools.HANDED_S = 172800 -- how long the target knows what it did with a token

-- What is of this pool alone and does not travel.
pools.STAYS_HERE = {
  state = true, number = true, cso = true, token = true, last_token = true, partner = true, partner_answered = true,
  outcome = true, ended = true, leg = true, rings = true, offered = true, moved_to = true, received_from = true, stayed = true,
  over = true, avoid = true, handed = true, handed_why = true,
}

-- What the other pool needs to go on with the call, JSON.
function pools.luggage(p, call)
  local travels = {}
  for name, value in pairs(call) do
    if not pools.STAYS_HERE[name] then
      travels[name] = value
    end
  end
  return cjson.encode({ call = travels, flow = fields(redis.call('HGETALL', key(p, ':flow:', call.id))) })
end

-- { call, pool, token, payload, '1' it still moves or '0' its caller has hung up, '1' emergency }
function pools.departure(p, call)
  local moving = call.state == 'moving'
  return {
    call.id, call.moved_to, moving and call.token or call.last_token, pools.luggage(p, call), moving and '1' or '0',
    call.emergency,
  }
end

function pools.may_go_to(p, call, pool)
  for _, name in ipairs(rules_in_use(p, call.queue).pools) do
    if name == pool then
      return true
    end
  end
  return false
end

function pools.set_out(p, call, pool, random)
  local to = after('call', CALLS, call.state, 'depart')
  leave_line(p, call)
  pace.lost(p, call.queue)
  set(p, call, 'state', to, 'token', token_of(p, random), 'moved_to', pool)
  if call.virtual == '1' then
    redis.call('ZADD', key(p, ':callbacks'), call.asked, call.id)
  end
  redis.call('ZADD', key(p, ':moving'), p.now + pools.RESUME_MS, call.id)
  local out = pools.departure(p, call_of(p, call.id)) -- as it is stored, so that asking again gives the very same
  tell(p, 'call.departed', names_of(call), { pool = pool, payload = cjson.decode(out[4]) })
  return out
end

-- args: now, call, pool, random → as `departure`. The first step, by hand. An emergency stays where it is.
function pools.depart(keys, args)
  local p = open(keys, args)
  local call, pool = known_call(p, args[2]), args[3]
  if call.state == 'moving' and call.moved_to == pool then
    return pools.departure(p, call)
  end
  after('call', CALLS, call.state, 'depart')
  if not pools.may_go_to(p, call, pool) then
    fail('unknown-pool')
  end
  if call.emergency == '1' then
    fail('emergency-stays')
  end
  return pools.set_out(p, call, pool, args[4])
end

-- By the same rules as for partners (76_overflow.lua); of a crowd the first goes, for a CSO is free there.
function pools.is_due(p, call, lane, rules)
  local at = redis.call('ZSCORE', key(p, ':due:', lane), call.id)
  if call.virtual == '1' and rules.max_wait_ms > 0 then
    at = tonumber(call.queued) + rules.max_wait_ms
  end
  return (at and tonumber(at) <= p.now) or overflow.crowded(p, lane, rules)
end

-- The first in one line who is due, has not been moved yet and is no emergency.
function pools.traveller(p, line, lane, pool)
  return overflow.first(function(from)
    return redis.call('ZRANGEBYSCORE', key(p, line, lane), EMERGENCY_BAND / 2, '+inf', 'LIMIT', from, overflow.PAGE)
  end, function(member)
    local at = redis.call('HMGET', key(p, ':call:', string.sub(member, 14)), 'received_from', 'stayed')
    if at[1] or p.now < tonumber(at[2] or 0) + pools.AGAIN_MS then
      return nil
    end
    local call = call_of(p, string.sub(member, 14))
    return call and call.state == 'waiting' and pools.may_go_to(p, call, pool) and pools.is_due(p, call, lane, rules_in_use(p, call.queue)) and call
  end)
end

-- args: now, pool, lane, random → as `departure`, or nothing. Only from a lane without a free CSO here.
function pools.depart_next(keys, args)
  local p = open(keys, args)
  local pool, lane = args[2], args[3]
  if redis.call('ZCARD', key(p, ':ready:', lane)) > 0 then
    return false
  end
  local live, virtual = pools.traveller(p, ':waiting:', lane, pool), pools.traveller(p, ':virtual:', lane, pool)
  local call = live
  if virtual and (not live or tonumber(virtual.score) < tonumber(live.score)) then
    call = virtual
  end
  return call and pools.set_out(p, call, pool, args[4]) or false
end

-- args: now → { lane, … } in which somebody waits and no CSO is free, in the order of their heads
function pools.stranded(keys, args)
  local p = open(keys, args)
  local out, seen = {}, {}
  for _, head in ipairs(lanes_in_order(p)) do
    if not seen[head.lane] and redis.call('ZCARD', key(p, ':ready:', head.lane)) == 0 then
      seen[head.lane] = true
      out[#out + 1] = head.lane
    end
  end
  return out
end

-- args: now, lane → how many more callers of that lane CSOs are free for, and lines
function pools.room(keys, args)
  local p = open(keys, args)
  local lane = args[2]
  local queue, carrier, asked = string.match(lane, '^(.-)@([^+]+)(.*)$')
  if not queue or redis.call('HEXISTS', key(p, ':queues'), queue) == 0 then
    return 0
  end
  local free = 0
  for _, id in ipairs(redis.call('ZRANGE', key(p, ':ready:', lane_of(queue, carrier)), 0, BATCH)) do
    local cso = asked ~= '' and cso_of(p, id)
    if not cso or fitness(cso, lane) then
      free = free + 1
    end
  end
  local lines = pool_number(p, 'lines') - pool_number(p, 'emergency_lines') - redis.call('ZCARD', key(p, ':lines'))
  return math.max(0, math.min(free - redis.call('ZCARD', key(p, ':waiting:', lane)), lines))
end

-- What this pool did with a call under a token: `received`, `refused`, or nil. Its own hash knows longer than the note.
function pools.handed(p, id, token)
  local call = call_of(p, id)
  if call and call.received_token == token then
    return 'received', call
  end
  return redis.call('GET', key(p, ':handed:', id .. ':' .. token)) or nil, call
end

function pools.known_handed(p, id, token, answer)
  redis.call('SET', key(p, ':handed:', id .. ':' .. token), answer, 'EX', pools.HANDED_S)
  return answer
end

-- args: now, from pool, token, payload → 'received'. The second step, in the target.
function pools.receive(keys, args)
  local p = open(keys, args)
  local from, token, given = args[2], args[3], cjson.decode(args[4])
  local travels = given.call
  local did, call = pools.handed(p, travels.id, token)
  if did == 'received' then
    return did
  elseif did == 'refused' then
    fail('move-refused')
  elseif call and not (call.state == 'ended' and call.outcome == 'moved') then
    fail('already-here')
  end
  known_queue(p, travels.queue)
  lanes.known_skills(p, travels.skills or '')
  local virtual, emergency = travels.virtual == '1', travels.emergency == '1'
  local kept = emergency and 0 or pool_number(p, 'emergency_lines')
  if virtual and redis.call('HEXISTS', key(p, ':numbers'), travels.dial) == 1 then
    fail('callback-exists')
  end
  if not virtual and redis.call('ZCARD', key(p, ':lines')) >= pool_number(p, 'lines') - kept then
    fail('lines-full')
  end
  local most = rules_of(p, travels.queue).max_waiting
  if not emergency and most > 0 and length_of(p, travels.queue) >= most then
    fail('queue-full')
  end
  redis.call('DEL', key(p, ':call:', travels.id), key(p, ':flow:', travels.id))
  travels.state, travels.received_from, travels.received_token = 'waiting', from, token
  call = new_call(p, travels.id, travels)
  for name, value in pairs(given.flow) do
    redis.call('HSET', key(p, ':flow:', call.id), name, value)
  end
  if not virtual then
    take_line(p, call)
  end
  join_line(p, call, tonumber(call.queued))
  local data = queued_data(p, call, 'pool')
  data.pool, data.arrived, data.menu, data.virtual = from, tonumber(call.arrived), call.menu, virtual
  data.ani, data.trunk, data.region, data.dialled = call.ani, call.trunk, call.region, call.dialled
  data.number, data.attempts, data.queued, data.skills = call.dial, call.attempts, tonumber(call.queued), call.skills
  tell(p, 'call.received', names_of(call), data)
  return pools.known_handed(p, call.id, token, 'received')
end

-- args: now, call, token → 'refused': this pool does not have the call and will never take it under this token;
-- 'received': it has taken it.
function pools.refuse(keys, args)
  local p = open(keys, args)
  local did = pools.handed(p, args[2], args[3])
  return did or pools.known_handed(p, args[2], args[3], 'refused')
end

function pools.arrived_elsewhere(p, call)
  redis.call('ZREM', key(p, ':moving'), call.id)
  redis.call('EXPIRE', key(p, ':call:', call.id), ENDED_CALL_S)
  redis.call('EXPIRE', key(p, ':flow:', call.id), ENDED_CALL_S)
end

-- args: now, call, token, '1' when the target knows it as an emergency → 'moved'; 'emergency': it has become one, tell
-- the target first; 'ended': the caller hung up meanwhile, and the target must end it. The third step, in the source.
function pools.departed(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if holding(call, 'moving', args[3]) == 'live' then
    if call.emergency == '1' and args[4] ~= '1' then
      return 'emergency'
    end
    end_call(p, call, 'pool', 'moved')
    pools.arrived_elsewhere(p, call)
  end
  return call.outcome == 'moved' and 'moved' or 'ended'
end

-- args: now, call, token. The target has ended what the source had ended before.
function pools.settled(keys, args)
  local p = open(keys, args)
  local call = call_of(p, args[2])
  if call and call.state == 'ended' and call.last_token == args[3] then
    pools.arrived_elsewhere(p, call)
  end
  return 'OK'
end

-- args: now, call, token, reason. Only after the target has refused the token.
function pools.stay(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  local held = holding(call, 'moving', args[3])
  if held == 'live' then
    local to = after('call', CALLS, call.state, 'stay')
    local names, pool = names_of(call), call.moved_to
    set(p, call, 'state', to, 'token', '', 'last_token', call.token, 'moved_to', '', 'stayed', int(p.now))
    redis.call('ZREM', key(p, ':moving'), call.id)
    join_line(p, call, tonumber(call.queued))
    tell(p, 'call.stayed', names, { pool = pool, reason = args[4], channel = call.channel })
  elseif call.state == 'ended' then
    pools.arrived_elsewhere(p, call)
  end
  return 'OK'
end

-- args: now → those whose mover may have died, each as `departure`; they are this mover's for a while
function pools.moving(keys, args)
  local p = open(keys, args)
  local out = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key(p, ':moving'), '-inf', p.now, 'LIMIT', 0, BATCH)) do
    local call = call_of(p, id)
    if call then
      redis.call('ZADD', key(p, ':moving'), p.now + pools.RESUME_MS, id)
      out[#out + 1] = pools.departure(p, call)
    else
      redis.call('ZREM', key(p, ':moving'), id)
    end
  end
  return out
end
