-- Verbs of a CSO.

-- args: now, cso, endpoint, carrier, queues, skills (`name:level …`)  Again while logged in: other queues or skills,
-- another telephone.
local function log_in(keys, args)
  local p = open(keys, args)
  for queue in pairs(levels(args[5])) do
    known_queue(p, queue)
  end
  local cso = cso_of(p, args[2])
  if cso then
    withdraw(p, cso)
  else
    cso = {
      id = args[2], state = 'logged_out', since = '0', reason = '', next = '', next_reason = '', call = '',
      token = '', free = '0', wrap_until = '0', silent = '0', turn = '0', calls = '0',
    }
  end
  local changed = cso.state == 'logged_out'
  if changed then
    turn(p, cso, 'log_in')
    cso.calls = '0'
  end
  cso.endpoint, cso.carrier, cso.queues, cso.skills = args[3], args[4], args[5], args[6]
  cso.queue_levels, cso.skill_levels = nil, nil
  redis.call('PERSIST', key(p, ':cso:', cso.id))
  redis.call('HSET', key(p, ':cso:', cso.id), 'endpoint', cso.endpoint, 'carrier', cso.carrier, 'queues', cso.queues,
    'skills', cso.skills)
  redis.call('SADD', key(p, ':csos'), cso.id)
  redis.call('ZADD', key(p, ':alive'), p.now, cso.id)
  cso.silent = '0'
  each_lane(p, cso, function(lane)
    redis.call('SADD', key(p, ':serving:', lane), cso.id)
  end)
  if changed then
    save(p, cso)
  else
    redis.call('HSET', key(p, ':cso:', cso.id), 'silent', '0')
    index(p, cso)
  end
  return 'OK'
end

-- args: now, cso → hash, and whether the telephone cannot be reached
local function read_cso(keys, args)
  local p = open(keys, args)
  return { redis.call('HGETALL', key(p, ':cso:', args[2])), redis.call('HEXISTS', key(p, ':telephones'), args[2]) }
end

-- During an offer or a call the wish is kept; being ready is what follows anyway.
local function ask_later(p, cso, state, reason)
  if state == 'ready' then
    state, reason = '', ''
  end
  if cso.next ~= state or cso.next_reason ~= reason then
    cso.next, cso.next_reason = state, reason
    redis.call('HSET', key(p, ':cso:', cso.id), 'next', state, 'next_reason', reason)
    show(p, cso)
  end
end

-- args: now, cso, state (ready | paused | logged_out), reason
local function ask_state(keys, args)
  local p = open(keys, args)
  local cso, state, reason = known_cso(p, args[2]), args[3], args[4]
  if BUSY[cso.state] then
    ask_later(p, cso, state, reason)
  elseif cso.state ~= state or (state == 'paused' and cso.reason ~= reason) then
    turn(p, cso, ASKED[state] or fail('illegal-move', 'cso', cso.state, state), reason)
    cso.next, cso.next_reason = '', ''
    save(p, cso)
  end
  return read_cso(keys, args)
end

-- args: now, cso. The desk is alive.
local function heartbeat(keys, args)
  local p = open(keys, args)
  local state = redis.call('HGET', key(p, ':cso:', args[2]), 'state') or fail('unknown-cso')
  if state ~= 'logged_out' then
    redis.call('ZADD', key(p, ':alive'), p.now, args[2])
    redis.call('HSET', key(p, ':cso:', args[2]), 'silent', '0')
  end
  return state
end

-- args: now, cso, '1' reachable or '0'. Also before the CSO logs in.
local function telephone(keys, args)
  local p = open(keys, args)
  local before = redis.call('HEXISTS', key(p, ':telephones'), args[2]) == 0 and '1' or '0'
  if before == args[3] then
    return 'OK'
  end
  if args[3] == '1' then
    redis.call('HDEL', key(p, ':telephones'), args[2])
  else
    redis.call('HSET', key(p, ':telephones'), args[2], int(p.now))
  end
  local cso = cso_of(p, args[2])
  if cso and cso.state ~= 'logged_out' then
    index(p, cso)
    show(p, cso)
  end
  return 'OK'
end
