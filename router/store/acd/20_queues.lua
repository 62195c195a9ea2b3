-- Who waits: lanes, their heads, places.

-- `skills`: what is asked of a CSO, `en:3 prabayar:1` (name and least level, in the order of the names), or ''.
local function lane_of(queue, carrier, skills)
  local lane = queue .. '@' .. carrier
  if skills and skills ~= '' then
    lane = lane .. '+' .. string.gsub(skills, ' ', '+')
  end
  return lane
end

local function lane_of_call(call)
  return lane_of(call.queue, call.carrier, call.skills)
end

-- Rules that an older process gave do not know of what came since.
local function with_defaults(rules, defaults)
  for name, value in pairs(defaults) do
    if rules[name] == nil then
      rules[name] = value
    end
  end
  return rules
end

-- What is kept between two calls of a function is only what can be read again: rules are read and decoded once for each
-- time they are given (`rules` of :pool is another one then), lanes when one was added (`lanes`); every verb needs them.
local memory = {
  rules = {}, -- root → { given, of = queue → rules }
  lanes = {}, -- root → { stamp, of = queue → list, is = lane → true, served, profiles = how many (30_csos.lua) }
  levels = {}, many_levels = 0, -- text → what it says
}

local lanes = {}

function lanes.kept(p)
  local kept = memory.lanes[p.root]
  if not kept or not p.lanes or kept.stamp ~= p.lanes then
    kept = { stamp = p.lanes, of = {}, is = {}, served = {}, profiles = 0 }
    memory.lanes[p.root] = kept
  end
  return kept
end

function lanes.of(p, queue)
  local kept = lanes.kept(p)
  local found = kept.of[queue]
  if not found then
    found = redis.call('SMEMBERS', key(p, ':lanes:', queue))
    kept.of[queue] = found
    for i = 1, #found do
      kept.is[found[i]] = true
    end
  end
  return found
end

-- The stamp hangs on every lane there is; those of other queues are in the one before.
function lanes.stamp(p, queue)
  local found = redis.call('SMEMBERS', key(p, ':lanes:', queue))
  table.sort(found)
  p.lanes = redis.sha1hex((p.lanes or '') .. table.concat(found, ' '))
  redis.call('HSET', key(p, ':pool'), 'lanes', p.lanes)
end

-- Answers whether the lane is new.
function lanes.add(p, queue, lane)
  lanes.of(p, queue)
  if lanes.kept(p).is[lane] or redis.call('SADD', key(p, ':lanes:', queue), lane) == 0 then
    return false
  end
  lanes.stamp(p, queue)
  return true
end

local function rules_of(p, queue)
  local kept = memory.rules[p.root]
  if not kept or kept.given ~= p.rules then
    kept = { given = p.rules, of = {} }
    memory.rules[p.root] = kept
  end
  local rules = kept.of[queue]
  if not rules then
    local text = redis.call('HGET', key(p, ':queues'), queue)
    rules = text and with_defaults(cjson.decode(text), DEFAULT_RULES) or nil
    kept.of[queue] = rules
  end
  return rules
end

local function rules_in_use(p, queue)
  return rules_of(p, queue) or DEFAULT_RULES
end

local function known_queue(p, queue)
  if not rules_of(p, queue) then
    fail('unknown-queue')
  end
end

local function member_of(call)
  return string.format('%012d:%s', tonumber(call.number), call.id)
end

-- Where a call stands in line: the sorted set, and its name among the heads.
local function line_of(call)
  local lane = lane_of_call(call)
  if call.virtual == '1' then
    return ':virtual:', lane, lane .. '!'
  end
  return ':waiting:', lane, lane
end

local function refresh_head(p, line, lane, head_name)
  local head = redis.call('ZRANGE', key(p, line, lane), 0, 0, 'WITHSCORES')
  if head[1] then
    redis.call('ZADD', key(p, ':heads'), head[2], head_name)
  else
    redis.call('ZREM', key(p, ':heads'), head_name)
  end
end

-- R5: arrival minus a fixed head start per priority; emergencies are a band of their own.
local function score_of(p, arrived, priority, emergency)
  local score = arrived - priority * pool_number(p, 'priority_step', 60000)
  if emergency then
    score = score + EMERGENCY_BAND
  end
  return int(score)
end

-- { place (1 = next), CSOs ready, CSOs serving } or nil when it does not wait
local function place_of(p, call)
  local line, lane = line_of(call)
  local rank = redis.call('ZRANK', key(p, line, lane), member_of(call))
  if not rank then
    return nil
  end
  local other = line == ':waiting:' and ':virtual:' or ':waiting:'
  local before = redis.call('ZCOUNT', key(p, other, lane), '-inf', '(' .. call.score)
  return {
    rank + before + 1, redis.call('ZCARD', key(p, ':ready:', lane)), redis.call('SCARD', key(p, ':serving:', lane)),
  }
end

-- When the call may go elsewhere, if ever. An emergency only to the outside telephone of its queue.
local function due_of(p, call, rules, since)
  local over = call.over == 'estimate' and 'estimate' or ''
  local due
  if call.emergency == '1' then
    due = rules.outside ~= '' and since + rules.outside_ms or nil
  elseif rules.partners[1] or rules.pools[1] then
    if over == '' and rules.over_place > 0 and place_of(p, call)[1] > rules.over_place then
      over = 'place'
    end
    if over ~= '' then
      due = since
    elseif rules.max_wait_ms > 0 then
      due = since + rules.max_wait_ms
    end
  end
  if over ~= (call.over or '') then
    call.over = over
    redis.call('HSET', key(p, ':call:', call.id), 'over', over)
  end
  return due
end

local open_lane -- 30_csos.lua

-- `since`: when the wait for a partner began; being offered, or sent to one, in between does not begin it again.
local function join_line(p, call, since)
  local line, lane, head_name = line_of(call)
  if lanes.add(p, call.queue, lane) then
    open_lane(p, call.queue, call.carrier, lane)
  end
  if redis.call('ZADD', key(p, line, lane), call.score, member_of(call)) == 1 then
    pace.line(p, call.queue, 1)
  end
  redis.call('ZADD', key(p, ':heads'), 'LT', call.score, head_name)
  local rules = rules_in_use(p, call.queue)
  if call.virtual == '1' then
    redis.call('ZADD', key(p, ':callbacks'), call.asked, call.id)
    redis.call('HSET', key(p, ':numbers'), call.dial, call.id)
    return
  end
  local due = due_of(p, call, rules, since)
  if due then
    redis.call('ZADD', key(p, ':due:', lane), due, call.id)
  end
end

local function leave_line(p, call)
  local line, lane, head_name = line_of(call)
  if redis.call('ZREM', key(p, line, lane), member_of(call)) == 1 then
    pace.line(p, call.queue, -1)
  end
  redis.call('ZREM', call.virtual == '1' and key(p, ':callbacks') or key(p, ':due:', lane), call.id)
  refresh_head(p, line, lane, head_name)
end

-- How many live callers and callbacks wait in all lanes of a queue.
local function length_of(p, queue)
  local waiting, virtual = 0, 0
  for _, lane in ipairs(lanes.of(p, queue)) do
    waiting = waiting + redis.call('ZCARD', key(p, ':waiting:', lane))
    virtual = virtual + redis.call('ZCARD', key(p, ':virtual:', lane))
  end
  return waiting, virtual
end
