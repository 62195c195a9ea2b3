-- Who is free. `turn` changes a CSO in memory by the table, `save` writes it and keeps every index in step.

local function cso_of(p, id)
  local flat = redis.call('HGETALL', key(p, ':cso:', id))
  if #flat == 0 then
    return nil
  end
  -- What is changed in memory stands in front of what is stored, so that `save` writes only that.
  local stored = fields(flat)
  stored.__index = stored
  local cso = setmetatable({ id = id }, stored)
  -- An older library wrote less.
  cso.turn, cso.calls, cso.wrap_limit = cso.turn or '0', cso.calls or '0', cso.wrap_limit or '0'
  cso.skills, cso.assigned = cso.skills or '', cso.assigned or '0'
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
local kept_levels, many_levels = {}, 0 -- text → what it says: thousands of CSOs have the same few

local function levels(text)
  local out = kept_levels[text or '']
  if out then
    return out
  end
  if many_levels >= 1000 then
    kept_levels, many_levels = {}, 0
  end
  out = {}
  kept_levels[text or ''], many_levels = out, many_levels + 1
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
  return int(RANK[rules_in_use(p, queue).strategy](cso, fit))
end

local staff = {} -- who is at work

staff.WORKING = { ready = true, offered = true, talking = true, wrap_up = true }

function staff.both(a, b)
  return a < b and a .. '|' .. b or b .. '|' .. a
end

function staff.add(p, cso, by)
  local lanes = {}
  each_lane(p, cso, function(lane)
    redis.call('HINCRBY', key(p, ':staff'), lane, by)
    for _, other in ipairs(lanes) do
      redis.call('HINCRBY', key(p, ':staff'), staff.both(lane, other), by)
    end
    lanes[#lanes + 1] = lane
  end)
end

-- How many CSOs are at work for each lane, and for each two of them, is counted when it changes: a place in line must
-- not have to look at every CSO.
function staff.set(p, cso, works)
  if (cso.at_work == '1') ~= works then
    staff.add(p, cso, works and 1 or -1)
    redis.call('HINCRBY', key(p, ':staff'), '*', works and 1 or -1)
    cso.at_work = works and '1' or '0'
    redis.call('HSET', key(p, ':cso:', cso.id), 'at_work', cso.at_work)
  end
end

function staff.reachable(p, cso)
  if cso.reachable == nil then
    cso.reachable = redis.call('HEXISTS', key(p, ':telephones'), cso.id) == 0
  end
  return cso.reachable
end

-- Who asked for a pause during a call will not take the next one.
function staff.count(p, cso)
  staff.set(p, cso, staff.WORKING[cso.state] and cso.next == '' and staff.reachable(p, cso) or false)
end

-- A CSO is in the ready list of each of its lanes exactly when a call may be offered: ready, and the telephone works.
local function index(p, cso)
  staff.count(p, cso)
  local may = cso.state == 'ready' and staff.reachable(p, cso)
  each_lane(p, cso, function(lane, queue, fit)
    if may then
      redis.call('ZADD', key(p, ':ready:', lane), rank_of(p, cso, queue, fit), cso.id)
    else
      redis.call('ZREM', key(p, ':ready:', lane), cso.id)
    end
  end)
end

local function withdraw(p, cso)
  staff.set(p, cso, false)
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
    local cso = cso_of(p, id) or { carrier = '' }
    cso.queue_levels, cso.skill_levels = levels(cso.queues), levels(cso.skills)
    local fit = fitness(cso, lane)
    if fit then
      redis.call('SADD', key(p, ':serving:', lane), id)
      if cso.at_work == '1' then
        redis.call('HINCRBY', key(p, ':staff'), lane, 1)
        each_lane(p, cso, function(other)
          if other ~= lane then
            redis.call('HINCRBY', key(p, ':staff'), staff.both(lane, other), 1)
          end
        end)
      end
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
    telephone = staff.reachable(p, cso),
    wrap_until = tonumber(cso.wrap_until),
    calls = tonumber(cso.calls),
    by = cso.by,
    queues = (cso.by or cso.fresh) and cso.queues or nil, -- what is served is told when it changes
    skills = (cso.by or cso.fresh) and cso.skills or nil,
  })
end

local BUSY = { offered = true, talking = true }

-- What a call takes of a CSO: `<queue> <claimed> <answered> <hung up>`, told to the pace of the queue when it is over.
function pace.clock(p, cso)
  local queue, claimed, answered, ceased = string.match(cso.work or '', '^(%S+) (%d+) (%d+) (%d+)$')
  if cso.state == 'offered' then
    queue, claimed, answered, ceased = redis.call('HGET', key(p, ':call:', cso.call), 'queue'), int(p.now), '0', '0'
  elseif not queue then
    return
  elseif cso.state == 'talking' then
    answered = answered == '0' and int(p.now) or answered
  elseif cso.state == 'wrap_up' then
    ceased = ceased == '0' and int(p.now) or ceased
  else
    if answered ~= '0' and tonumber(claimed) <= p.now then -- else the clock was put back meanwhile
      local wrap_ms = ceased == '0' and 0 or p.now - tonumber(ceased)
      pace.free(p, queue, p.now - tonumber(claimed), tonumber(answered) - tonumber(claimed), wrap_ms)
    end
    queue = nil
  end
  cso.work = queue and table.concat({ queue, claimed, answered, ceased }, ' ') or ''
end

local SAVED = {
  'state', 'since', 'reason', 'next', 'next_reason', 'call', 'token', 'free', 'wrap_until', 'wrap_limit', 'silent',
  'turn', 'calls', 'work',
}

-- Writes what has changed since it was read.
local function write(p, cso)
  local stored = getmetatable(cso) or {}
  local changed, n = {}, 0
  for i = 1, #SAVED do
    local name = SAVED[i]
    local value = cso[name] or ''
    if value ~= stored[name] then
      changed[n + 1], changed[n + 2] = name, value
      n, stored[name] = n + 2, value
    end
  end
  if n > 0 then
    redis.call('HSET', key(p, ':cso:', cso.id), unpack(changed))
  end
end

local function save(p, cso)
  local was = (getmetatable(cso) or cso).state
  pace.clock(p, cso)
  if cso.state ~= 'wrap_up' then
    cso.wrap_until, cso.wrap_limit = '0', '0'
    if was == 'wrap_up' then
      redis.call('ZREM', key(p, ':wrapups'), cso.id)
    end
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
  write(p, cso)
  if cso.state == 'logged_out' then
    withdraw(p, cso)
    redis.call('SREM', key(p, ':csos'), cso.id)
    redis.call('ZREM', key(p, ':alive'), cso.id)
    redis.call('EXPIRE', key(p, ':cso:', cso.id), LOGGED_OUT_S)
  elseif was == 'ready' or cso.state == 'ready' then
    index(p, cso)
  else
    staff.count(p, cso)
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
    cso.wrap_limit = int(p.now + rules.wrap_up_max_ms)
    save(p, cso)
  else
    wrapped(p, cso)
  end
end
