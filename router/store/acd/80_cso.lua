-- Verbs of a CSO.

local function known_queues(p, text)
  for queue in pairs(levels(text)) do
    known_queue(p, queue)
  end
end

-- What the CSO serves from now on.
local function serve(p, cso)
  redis.call('HSET', key(p, ':cso:', cso.id), 'queues', cso.queues, 'skills', cso.skills)
  for _, at in ipairs(lanes.served_by(p, cso)) do
    redis.call('SADD', key(p, ':serving:', at.lane), cso.id)
  end
end

-- args: now, cso, endpoint, carrier, queues, skills (`name:level …`)  Again while logged in: other queues or skills,
-- another telephone. What a supervisor assigned stays until the CSO logs out.
local function log_in(keys, args)
  local p = open(keys, args)
  known_queues(p, args[5])
  lanes.known_skills(p, args[6])
  local cso = cso_of(p, args[2])
  if cso then
    withdraw(p, cso)
  else
    cso = {
      id = args[2], state = 'logged_out', since = '0', reason = '', next = '', next_reason = '', call = '',
      token = '', free = '0', wrap_until = '0', silent = '0', turn = '0', calls = '0', wrap_limit = '0', work = '',
    }
  end
  local changed = cso.state == 'logged_out'
  if changed then
    turn(p, cso, 'log_in')
    cso.calls, cso.assigned = '0', '0'
  end
  local before = not changed and table.concat({ cso.carrier, cso.queues, cso.skills }, '|')
  cso.endpoint, cso.carrier = args[3], args[4]
  if cso.assigned ~= '1' then
    cso.queues, cso.skills = args[5], args[6]
  end
  cso.fresh = changed or before ~= table.concat({ cso.carrier, cso.queues, cso.skills }, '|')
  redis.call('PERSIST', key(p, ':cso:', cso.id))
  redis.call('HSET', key(p, ':cso:', cso.id), 'endpoint', cso.endpoint, 'carrier', cso.carrier, 'assigned', cso.assigned)
  serve(p, cso)
  redis.call('SADD', key(p, ':csos'), cso.id)
  redis.call('ZADD', key(p, ':alive'), p.now, cso.id)
  cso.silent = '0'
  if changed then
    save(p, cso)
  else
    redis.call('HSET', key(p, ':cso:', cso.id), 'silent', '0')
    index(p, cso)
    if cso.fresh then
      show(p, cso)
    end
  end
  return 'OK'
end

local function cso_and_telephone(p, id)
  return { redis.call('HGETALL', key(p, ':cso:', id)), redis.call('HEXISTS', key(p, ':telephones'), id) }
end

-- args: now, cso → hash, and whether the telephone cannot be reached
local function read_cso(keys, args)
  return cso_and_telephone(open(keys, args), args[2])
end

-- During an offer or a call the wish is kept; being ready is what follows anyway.
local function ask_later(p, cso, state, reason)
  if state == 'ready' then
    state, reason = '', ''
  end
  if cso.next ~= state or cso.next_reason ~= reason then
    cso.next, cso.next_reason = state, reason
    redis.call('HSET', key(p, ':cso:', cso.id), 'next', state, 'next_reason', reason)
    staff.count(p, cso)
    show(p, cso)
  end
end

local function ask(p, cso, state, reason)
  if BUSY[cso.state] then
    ask_later(p, cso, state, reason)
  elseif cso.state ~= state or (state == 'paused' and cso.reason ~= reason) then
    turn(p, cso, ASKED[state] or fail('illegal-move', 'cso', cso.state, state), reason)
    cso.next, cso.next_reason = '', ''
    save(p, cso)
  end
end

-- args: now, cso, state (ready | paused | logged_out), reason
local function ask_state(keys, args)
  local p = open(keys, args)
  ask(p, known_cso(p, args[2]), args[3], args[4])
  return cso_and_telephone(p, args[2])
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

-- args: now, cmd, cso, ms  More time for the wrap-up that runs.
local function extend_wrap_up(keys, args)
  local p = open(keys, args)
  if not answered_before(p, 'extend_wrap_up', args[2]) then
    local cso = known_cso(p, args[3])
    if cso.state ~= 'wrap_up' then
      fail('illegal-move', 'cso', cso.state, 'extend')
    end
    local wrap_until = tonumber(cso.wrap_until) + tonumber(args[4])
    if wrap_until > tonumber(cso.wrap_limit) then
      fail('wrap-up-limit')
    end
    cso.wrap_until = int(wrap_until)
    save(p, cso)
    remember(p, 'extend_wrap_up', args[2], 'OK')
  end
  return read_cso(keys, { args[1], args[3] })
end
