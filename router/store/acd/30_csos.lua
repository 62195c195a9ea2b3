-- Who is free. `turn` changes a CSO in memory by the table, `save` writes it and keeps every index in step.

local function cso_of(p, id)
  local flat = redis.call('HGETALL', key(p, ':cso:', id))
  if #flat == 0 then
    return nil
  end
  local cso = fields(flat)
  cso.id = id
  return cso
end

local function known_cso(p, id)
  return cso_of(p, id) or fail('unknown-cso')
end

local function turn(p, cso, event, reason)
  cso.state = after('cso', CSOS, cso.state, event)
  cso.since = int(p.now)
  cso.reason = reason or ''
  if cso.state == 'ready' and event ~= 'release' then
    cso.free = cso.since
  end
end

local function each_lane(cso, visit)
  for queue in string.gmatch(cso.queues, '%S+') do
    visit(lane_of(queue, cso.carrier))
  end
end

-- A CSO is in the ready list of each of its lanes exactly when a call may be offered: ready, and the telephone works.
local function index(p, cso)
  local may = cso.state == 'ready' and redis.call('HEXISTS', key(p, ':telephones'), cso.id) == 0
  each_lane(cso, function(lane)
    if may then
      redis.call('ZADD', key(p, ':ready:', lane), cso.free, cso.id)
    else
      redis.call('ZREM', key(p, ':ready:', lane), cso.id)
    end
  end)
end

local function withdraw(p, cso)
  each_lane(cso, function(lane)
    redis.call('ZREM', key(p, ':ready:', lane), cso.id)
    redis.call('SREM', key(p, ':serving:', lane), cso.id)
  end)
end

local function show(p, cso)
  tell(p, 'cso.state', { call = cso.call, cso = cso.id, carrier = cso.carrier }, {
    state = cso.state,
    since = tonumber(cso.since),
    reason = cso.reason,
    next = cso.next,
    next_reason = cso.next_reason,
    telephone = redis.call('HEXISTS', key(p, ':telephones'), cso.id) == 0,
    wrap_until = tonumber(cso.wrap_until),
  })
end

local BUSY = { offered = true, talking = true }

local function save(p, cso)
  if cso.state ~= 'wrap_up' then
    cso.wrap_until = '0'
    redis.call('ZREM', key(p, ':wrapups'), cso.id)
    if not BUSY[cso.state] then
      cso.call = ''
    end
  else
    redis.call('ZADD', key(p, ':wrapups'), cso.wrap_until, cso.id)
  end
  if not BUSY[cso.state] then
    cso.token = ''
    if cso.silent == '1' then -- the desk fell silent during the call: the next sweep closes it
      cso.silent = '0'
      redis.call('ZADD', key(p, ':alive'), 0, cso.id)
    end
  end
  redis.call('HSET', key(p, ':cso:', cso.id), 'state', cso.state, 'since', cso.since, 'reason', cso.reason,
    'next', cso.next, 'next_reason', cso.next_reason, 'call', cso.call, 'token', cso.token, 'free', cso.free,
    'wrap_until', cso.wrap_until, 'silent', cso.silent)
  if cso.state == 'logged_out' then
    withdraw(p, cso)
    redis.call('SREM', key(p, ':csos'), cso.id)
    redis.call('ZREM', key(p, ':alive'), cso.id)
    redis.call('EXPIRE', key(p, ':cso:', cso.id), LOGGED_OUT_S)
  else
    index(p, cso)
  end
  show(p, cso)
end

local ASKED = { ready = 'ready', paused = 'pause', logged_out = 'log_out' }

-- The state asked for during a call takes effect now.
local function take_next(p, cso)
  local event = ASKED[cso.next]
  if event and CSOS[cso.state][event] then
    turn(p, cso, event, cso.next_reason)
  end
  cso.next, cso.next_reason = '', ''
end

-- An offer ended: `release` without fault of the CSO, `no_answer` with it.
local function let_go(p, cso, event, reason)
  turn(p, cso, event, reason)
  take_next(p, cso)
  save(p, cso)
end

local function wrapped(p, cso)
  turn(p, cso, 'wrapped')
  take_next(p, cso)
  save(p, cso)
end

-- A conversation ended.
local function hang_up(p, cso, wrap_up_ms)
  turn(p, cso, 'end')
  if wrap_up_ms > 0 then
    cso.wrap_until = int(p.now + wrap_up_ms)
    save(p, cso)
  else
    wrapped(p, cso)
  end
end
