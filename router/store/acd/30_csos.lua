-- Who is free. `turn` changes a CSO in memory by the table, `save` writes it and keeps every index in step.

-- What a CSO has besides; an older library wrote less.
in_part.plain_cso = {
  since = '0', reason = '', next = '', next_reason = '', call = '', token = '', free = '0', wrap_until = '0',
  wrap_limit = '0', silent = '0', turn = '0', calls = '0', work = '', skills = '', assigned = '0', at_work = '0',
  queues = '', carrier = '', endpoint = '',
}
in_part.cso = { __index = function(stored, name)
  if not in_part.plain_cso[name] then
    return nil
  end
  local p = rawget(stored, in_part.POOL)
  if p then
    stored[in_part.POOL] = nil
    for field, value in pairs(fields(redis.call('HGETALL', key(p, ':cso:', stored.id)))) do
      if rawget(stored, field) == nil then
        stored[field] = value
      end
    end
  end
  return rawget(stored, name) or in_part.plain_cso[name]
end }

-- What nearly every verb needs is read at once, the rest when it is asked for.
local function cso_of(p, id)
  local v = redis.call('HMGET', key(p, ':cso:', id), 'state', 'carrier', 'queues', 'skills', 'endpoint', 'call', 'next',
    'next_reason', 'calls', 'work', 'at_work', 'silent')
  if not v[1] then
    return nil
  end
  local stored = {
    id = id, state = v[1], carrier = v[2], queues = v[3] or '', skills = v[4] or '', endpoint = v[5], call = v[6] or '',
    next = v[7] or '', next_reason = v[8] or '', calls = v[9] or '0', work = v[10] or '', at_work = v[11] or '0',
    silent = v[12] or '0', [in_part.POOL] = p,
  }
  -- What is changed in memory stands in front of what is stored, so that `save` writes only that.
  stored.__index = setmetatable(stored, in_part.cso)
  return setmetatable({ id = id }, stored)
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
-- Kept, for thousands of CSOs have the same few texts.
local function levels(text)
  local out = memory.levels[text or '']
  if out then
    return out
  end
  if memory.many_levels >= 1000 then
    memory.levels, memory.many_levels = {}, 0
  end
  out = {}
  memory.levels[text or ''], memory.many_levels = out, memory.many_levels + 1
  for name, level in string.gmatch(text or '', '([^%s:]+):?(%d*)') do
    out[name] = tonumber(level) or 3
  end
  return out
end

-- The sum of what the CSO has of what a lane asks (the queue counts as one), or nil when something is missing.
local function fitness(cso, lane)
  local queue, carrier, asked = string.match(lane, '^(.-)@([^+]+)(.*)$')
  local sum, skills = levels(cso.queues)[queue], levels(cso.skills)
  if not sum or carrier ~= cso.carrier then
    return nil
  end
  for name, least in string.gmatch(asked, '%+([^+:]+):(%d)') do
    local level = skills[name] or 0
    if level < tonumber(least) then
      return nil
    end
    sum = sum + level
  end
  return sum
end

-- Every lane this CSO serves: { lane, queue, fit }. Found once for each carrier, queues and skills: most CSOs have the
-- same few.
function lanes.served_by(p, cso)
  local kept = lanes.kept(p)
  local profile = cso.carrier .. '|' .. cso.queues .. '|' .. cso.skills
  local found = kept.served[profile]
  if not found then
    found = {}
    if kept.profiles >= 1000 then
      kept.served, kept.profiles = {}, 0
    end
    kept.served[profile], kept.profiles = found, kept.profiles + 1
    for queue, level in pairs(levels(cso.queues)) do
      local base = lane_of(queue, cso.carrier)
      found[#found + 1] = { lane = base, queue = queue, fit = level }
      for _, lane in ipairs(lanes.of(p, queue)) do
        local fit = lane ~= base and fitness(cso, lane)
        if fit then
          found[#found + 1] = { lane = lane, queue = queue, fit = fit }
        end
      end
    end
  end
  return found
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
  local served = lanes.served_by(p, cso)
  for i, at in ipairs(served) do
    redis.call('HINCRBY', key(p, ':staff'), at.lane, by)
    for other = 1, i - 1 do
      redis.call('HINCRBY', key(p, ':staff'), staff.both(at.lane, served[other].lane), by)
    end
  end
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
  for _, at in ipairs(lanes.served_by(p, cso)) do
    if may then
      redis.call('ZADD', key(p, ':ready:', at.lane), rank_of(p, cso, at.queue, at.fit), cso.id)
    else
      redis.call('ZREM', key(p, ':ready:', at.lane), cso.id)
    end
  end
end

local function withdraw(p, cso)
  staff.set(p, cso, false)
  for _, at in ipairs(lanes.served_by(p, cso)) do
    redis.call('ZREM', key(p, ':ready:', at.lane), cso.id)
    redis.call('SREM', key(p, ':serving:', at.lane), cso.id)
  end
end

-- Somebody waits in a lane that nobody waited in before: which CSOs serve it is found once, among those of its queue.
open_lane = function(p, queue, carrier, lane)
  local base = lane_of(queue, carrier)
  if lane == base then
    return
  end
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':serving:', base))) do
    local cso = cso_of(p, id) or { carrier = '' }
    local fit = fitness(cso, lane)
    if fit then
      redis.call('SADD', key(p, ':serving:', lane), id)
      if cso.at_work == '1' then
        redis.call('HINCRBY', key(p, ':staff'), lane, 1)
        for _, other in ipairs(lanes.served_by(p, cso)) do
          if other.lane ~= lane then
            redis.call('HINCRBY', key(p, ':staff'), staff.both(lane, other.lane), 1)
          end
        end
      end
      if redis.call('ZSCORE', key(p, ':ready:', base), id) then
        redis.call('ZADD', key(p, ':ready:', lane), rank_of(p, cso, queue, fit), id)
      end
    end
  end
end

local function show(p, cso)
  local more = cso.by and ',"by":' .. quoted(cso.by) or ''
  if cso.by or cso.fresh then -- what is served is told when it changes
    more = more .. ',"queues":' .. quoted(cso.queues) .. ',"skills":' .. quoted(cso.skills)
  end
  tell(p, 'cso.state', { call = cso.call, cso = cso.id, carrier = cso.carrier }, '{"state":"' .. cso.state
    .. '","since":' .. cso.since .. ',"reason":' .. quoted(cso.reason) .. ',"next":"' .. cso.next
    .. '","next_reason":' .. quoted(cso.next_reason) .. ',"telephone":' .. tostring(staff.reachable(p, cso))
    .. ',"wrap_until":' .. (cso.state == 'wrap_up' and cso.wrap_until or '0') .. ',"calls":' .. cso.calls .. more .. '}')
end

local BUSY = { offered = true, talking = true }

-- What a call takes of a CSO: `<queue> <claimed> <answered> <hung up>`, told to the pace of the queue when it is over.
function pace.clock(p, cso)
  local queue, claimed, answered, ceased = string.match(cso.work, '^(%S+) (%d+) (%d+) (%d+)$')
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
  state = true, since = true, reason = true, next = true, next_reason = true, call = true, token = true, free = true,
  wrap_until = true, wrap_limit = true, silent = true, turn = true, calls = true, work = true,
}

-- Writes what has changed since it was read.
local function write(p, cso)
  local stored, n = getmetatable(cso) or {}, 2
  for name, value in pairs(cso) do
    if SAVED[name] and value ~= rawget(stored, name) then
      command[n + 1], command[n + 2] = name, value
      n, stored[name] = n + 2, value
    end
  end
  if n > 2 then
    command[1], command[2] = 'HSET', key(p, ':cso:', cso.id)
    redis.call(unpack(command, 1, n))
  end
end

local function save(p, cso)
  local was = (getmetatable(cso) or cso).state
  pace.clock(p, cso)
  if cso.state ~= 'wrap_up' then
    if was == 'wrap_up' then
      cso.wrap_until, cso.wrap_limit = '0', '0'
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
