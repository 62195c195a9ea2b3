-- Who is free. `turn` changes a CSO in memory by the table, `save` writes it and keeps every index in step.

local function cso_of(p, id)
  local flat = redis.call('HGETALL', key(p, ':cso:', id))
  if #flat == 0 then
    return nil
  end
  local cso = fields(flat)
  cso.id = id
  cso.turn, cso.calls, cso.wrap_limit = cso.turn or '0', cso.calls or '0', cso.wrap_limit or '0'
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

-- `gangguan:3 darurat` → { gangguan = 3, darurat = 3 }: a proficiency that nobody gave is the middle one.
local function levels(text)
  local out = {}
  for name, level in string.gmatch(text or '', '([^%s:]+):?(%d*)') do
    out[name] = tonumber(level) or 3
  end
  return out
end

-- The sum of what the CSO has of what a lane asks (the queue counts as one), or nil when something is missing.
local function fitness(cso, lane)
  local queue, carrier, asked = string.match(lane, '^(.-)@([^+]+)(.*)$')
  local sum = cso.queue_levels[queue]
  if not sum or carrier ~= cso.carrier then
    return nil
  end
  for name, least in string.gmatch(asked, '%+([^+:]+):(%d)') do
    local level = cso.skill_levels[name] or 0
    if level < tonumber(least) then
      return nil
    end
    sum = sum + level
  end
  return sum
end

-- Every lane this CSO serves: visit(lane, queue, fitness).
local function each_lane(p, cso, visit)
  cso.queue_levels = cso.queue_levels or levels(cso.queues)
  cso.skill_levels = cso.skill_levels or levels(cso.skills)
  for queue, level in pairs(cso.queue_levels) do
    local base = lane_of(queue, cso.carrier)
    visit(base, queue, level)
    for _, lane in ipairs(redis.call('SMEMBERS', key(p, ':lanes:', queue))) do
      local fit = lane ~= base and fitness(cso, lane)
      if fit then
        visit(lane, queue, fit)
      end
    end
  end
end

-- The lowest number is offered first; of equal ones the CSO who has been free longest.
local TIER = 1e13 -- more than any instant
local RANK = {
  ['longest-idle'] = function(cso)
    return tonumber(cso.free)
  end,
  ['round-robin'] = function(cso)
    return tonumber(cso.turn)
  end,
  ['best-skill'] = function(cso, fit)
    return (100 - fit) * TIER + tonumber(cso.free)
  end,
  ['fewest-calls'] = function(cso)
    return math.min(tonumber(cso.calls), 800) * TIER + tonumber(cso.free)
  end,
}

local function rank_of(p, cso, queue, fit)
  local strategy = redis.call('HGET', key(p, ':strategies'), queue)
  return int(RANK[strategy or 'longest-idle'](cso, fit))
end

-- A CSO is in the ready list of each of its lanes exactly when a call may be offered: ready, and the telephone works.
local function index(p, cso)
  local may = cso.state == 'ready' and redis.call('HEXISTS', key(p, ':telephones'), cso.id) == 0
  each_lane(p, cso, function(lane, queue, fit)
    if may then
      redis.call('ZADD', key(p, ':ready:', lane), rank_of(p, cso, queue, fit), cso.id)
    else
      redis.call('ZREM', key(p, ':ready:', lane), cso.id)
    end
  end)
end

local function withdraw(p, cso)
  each_lane(p, cso, function(lane)
    redis.call('ZREM', key(p, ':ready:', lane), cso.id)
    redis.call('SREM', key(p, ':serving:', lane), cso.id)
  end)
end

-- Somebody waits in a lane that nobody waited in before: which CSOs serve it is found once, among those of its queue.
open_lane = function(p, queue, carrier, lane)
  local base = lane_of(queue, carrier)
  if lane == base then
    return
  end
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':serving:', base))) do
    local cso = cso_of(p, id)
    cso.queue_levels, cso.skill_levels = levels(cso.queues), levels(cso.skills)
    local fit = fitness(cso, lane)
    if fit then
      redis.call('SADD', key(p, ':serving:', lane), id)
      if redis.call('ZSCORE', key(p, ':ready:', base), id) then
        redis.call('ZADD', key(p, ':ready:', lane), rank_of(p, cso, queue, fit), id)
      end
    end
  end
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
    calls = tonumber(cso.calls),
    by = cso.by,
    queues = cso.by and cso.queues,
    skills = cso.by and cso.skills,
  })
end

local BUSY = { offered = true, talking = true }

local function save(p, cso)
  if cso.state ~= 'wrap_up' then
    cso.wrap_until, cso.wrap_limit = '0', '0'
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
    'wrap_until', cso.wrap_until, 'wrap_limit', cso.wrap_limit, 'silent', cso.silent, 'turn', cso.turn, 'calls', cso.calls)
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

-- A conversation ended that belonged to this queue.
local function hang_up(p, cso, queue)
  local rules = rules_in_use(p, queue)
  turn(p, cso, 'end')
  if rules.wrap_up_ms > 0 then
    cso.wrap_until = int(p.now + rules.wrap_up_ms)
    cso.wrap_limit = int(p.now + (rules.wrap_up_max_ms or DEFAULT_RULES.wrap_up_max_ms))
    save(p, cso)
  else
    wrapped(p, cso)
  end
end
