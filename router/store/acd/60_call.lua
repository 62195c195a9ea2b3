-- Verbs of a call.

local function new_call(p, id, given)
  local call = given
  call.id, call.state, call.arrived = id, given.state or 'ivr', given.arrived or int(p.now)
  call.number = redis.call('HINCRBY', key(p, ':pool'), 'arrivals', 1)
  local flat, n = { 'HSET', key(p, ':call:', id), '', '', '', '', '', '', '', '' }, 2
  for name, value in pairs(call) do
    if name ~= 'id' and value ~= PLAIN.__index[name] then
      flat[n + 1], flat[n + 2] = name, value
      n = n + 2
    end
  end
  redis.call(unpack(flat, 1, n))
  return setmetatable(call, PLAIN)
end

local function hashes_of(p, id)
  return { redis.call('HGETALL', key(p, ':call:', id)), redis.call('HGETALL', key(p, ':flow:', id)) }
end

-- { call hash, flow hash and the surge level of now }; the first is empty when it is unknown
local function read_call(keys, args)
  local p = open(keys, args)
  local out = hashes_of(p, args[2])
  local flow = out[2]
  flow[#flow + 1], flow[#flow + 2] = 'level', redis.call('HGET', key(p, ':pool'), 'level') or '0'
  return out
end

-- args: now, call, token, flow, answer, how many intents, intents JSON each, notes JSON each
-- A step may come after the end of its call: a caller who keyed a wish and hung up at once still has the wish.
local function step(keys, args)
  local p = open(keys, args)
  local id, token = args[2], args[3]
  local call = redis.call('HMGET', key(p, ':call:', id), 'state', 'carrier')
  local state = call[1] or fail('unknown-call')
  local flow = redis.call('HMGET', key(p, ':flow:', id), 'step', 'steps')
  if flow[1] == token then
    return redis.call('HGET', key(p, ':flow:', id), 'answer')
  end
  local older = flow[2] or ''
  if string.find(' ' .. older .. ' ', ' ' .. token .. ' ', 1, true) then
    fail('stale-token')
  end
  local kept, count = {}, 0
  for past in string.gmatch((flow[1] or '') .. ' ' .. older, '%S+') do
    count = count + 1
    if count <= 8 then
      kept[count] = past
    end
  end
  redis.call('HSET', key(p, ':flow:', id), 'step', token, 'steps', table.concat(kept, ' '), 'flow', args[4],
    'answer', args[5])
  if state ~= 'ended' then
    extend(p, id)
  elseif not redis.call('ZSCORE', key(p, ':moving'), id) then -- else the mover still has to learn of it
    redis.call('EXPIRE', key(p, ':flow:', id), ENDED_CALL_S)
  end
  for i = 7, #args do
    local event = i < 7 + tonumber(args[6]) and 'call.intent' or 'call.noted'
    tell(p, event, { call = id, carrier = call[2] or '' }, args[i])
  end
  return args[5]
end

-- args: now, cmd, call, note JSON
local function note(keys, args)
  local p = open(keys, args)
  if answered_before(p, 'note', args[2]) then
    return 'OK'
  end
  local call = known_call(p, args[3])
  tell(p, 'call.noted', { call = call.id, queue = call.queue, carrier = call.carrier, cmd = args[2] }, args[4])
  return remember(p, 'note', args[2], 'OK')
end

-- Of the short triage no more: this caller is in line.
local function got_through(p, call)
  if call.triage == '1' then
    set(p, call, 'triage', '0')
    drop_number(p, call.ani)
  end
end

-- A call being offered, or on its way to another pool, turns out to be an emergency: the offer goes on, a return would
-- go to the front; the mover tells the other pool.
local function raise_offered(p, call, queue, score, cmd)
  set(p, call, 'queue', queue, 'emergency', '1', 'score', score)
  tell(p, 'call.noted', { call = call.id, queue = queue, carrier = call.carrier, cmd = cmd }, { what = 'emergency' })
end

-- R5: whether it is an emergency, its priority, its score: what it once had stays, but for the step into the band.
local function standing(p, call, emergency, priority)
  emergency = emergency or call.emergency == '1'
  priority = tonumber(call.score == '0' and priority or call.priority)
  local score = call.score
  if score == '0' then
    score = score_of(p, tonumber(call.arrived), priority, emergency)
  elseif emergency and call.emergency ~= '1' then
    score = int(score + EMERGENCY_BAND)
  end
  return emergency, priority, score
end

-- args: now, cmd, call, queue, priority, emergency, skills ('' = as before, '-' = none), token of the conversation or
-- offer ('' = whatever it is) → JSON [place, ready, serving]
-- From the IVR, from another queue, or from a conversation (a transfer); an emergency also on its way to a CSO or to a
-- partner. The first score stays, except that an emergency goes to its own band.
local function enqueue(keys, args)
  local p = open(keys, args)
  local cmd, queue, emergency = args[2], args[4], args[6] == '1'
  local before = answered_before(p, 'enqueue', cmd)
  if before then
    return before
  end
  known_queue(p, queue)
  lanes.known_skills(p, args[7] or '')
  local call = known_call(p, args[3])
  if (args[8] or '') ~= '' and args[8] ~= call.token then
    fail('stale-token')
  end
  local asked = args[7] or ''
  local skills = asked == '' and (call.skills or '') or asked == '-' and '' or asked
  local priority, score
  emergency, priority, score = standing(p, call, emergency, args[5])
  if (call.state == 'offered' or call.state == 'moving') and emergency then
    raise_offered(p, call, queue, score, cmd)
    return remember(p, 'enqueue', cmd, cjson.encode({ 1, 0, 0 }))
  elseif call.state == 'partner' and call.emergency == '1' then -- the outside telephone is being rung already
    return remember(p, 'enqueue', cmd, cjson.encode({ 1, 0, 0 }))
  elseif call.state == 'partner' and emergency and call.partner_answered == '0' then
    take_back(p, call, 'emergency') -- on its way to a partner, with whom nobody talks yet: it is not diverted
  end
  local from = call.state
  local most = rules_of(p, queue).max_waiting
  local has_place = (call.kept or '') ~= '' -- of a callback: it was in this line before whoever filled it
  if from == 'ivr' and not emergency and not has_place and most > 0 and length_of(p, queue) >= most then
    fail('queue-full')
  end
  local middle = from == 'waiting' and after('call', CALLS, from, 'leave_queue') or from
  local to = after('call', CALLS, middle, 'enqueue')
  local cso = from == 'talking' and cso_of(p, call.cso)
  if from == 'waiting' then
    leave_line(p, call)
    pace.lost(p, call.queue)
  end
  local former = call.queue
  local stays = (from == 'waiting' and call.queue == queue) or has_place
  local queued = stays and call.queued or int(p.now)
  local held_ms = part(p, call, 'transferred')
  local names = names_of(call)
  set_changed(p, call, {
    state = to, queue = queue, priority = int(priority), emergency = emergency and '1' or '0', score = score,
    queued = queued, kept = '', skills = skills, cso = '', token = '', over = call.queue == queue and call.over or '',
    last_token = call.token ~= '' and call.token or call.last_token,
  })
  if cso then
    set(p, call, 'passed', names.token)
  end
  join_line(p, call, tonumber(queued))
  got_through(p, call)
  extend(p, call.id)
  names.queue, names.cmd = queue, cmd
  local data, at = queued_data(p, call, from)
  data.leg, data.held_ms = cso and call.leg or nil, held_ms
  tell(p, 'call.queued', names, data)
  if cso then
    hang_up(p, cso, former)
    at = place_of(p, call)
  end
  return remember(p, 'enqueue', cmd, cjson.encode(at))
end

-- args: now, cmd, call
local function leave_queue(keys, args)
  local p = open(keys, args)
  if answered_before(p, 'leave_queue', args[2]) then
    return 'OK'
  end
  local call = known_call(p, args[3])
  local to = call.virtual ~= '1' and after('call', CALLS, call.state, 'leave_queue') or fail('no-caller')
  leave_line(p, call)
  pace.lost(p, call.queue)
  local names = names_of(call)
  names.cmd = args[2]
  set(p, call, 'state', to, 'queue', '')
  tell(p, 'call.left_queue', names)
  return remember(p, 'leave_queue', args[2], 'OK')
end

-- Witnesses of a line that ended speak of a line. A callback has none until its caller is reached: before that only
-- those can end it who mean the callback itself.
local MEANS_IT = { desk = true, supervisor = true, lease = true, pool = true }
local SAYS_IT = { cancelled = true, unreached = true, moved = true }

-- args: now, call, by, outcome ('' = let the state decide) → outcome; nothing for a call nobody knows, and for a
-- callback that goes on
local function ended(keys, args)
  local p = open(keys, args)
  local call = call_of(p, args[2], 'cso')
  if not call then
    return false
  end
  if call.state == 'ended' then
    return call.outcome
  end
  if call.virtual == '1' and not MEANS_IT[args[3]] and not SAYS_IT[args[4]] then
    return false
  end
  return end_call(p, call, args[3], args[4])
end

-- args: now, call, carrier, channel, ani, trunk, region, queue, arrived, priority, emergency → 1 when it was put in line
local function adopt(keys, args)
  local p = open(keys, args)
  local queue, emergency = args[8], args[11] == '1'
  known_queue(p, queue)
  local call = call_of(p, args[2])
  if call and call.state ~= 'ivr' then
    return 0
  end
  call = call or new_call(p, args[2], {
    carrier = args[3], channel = args[4], ani = args[5], trunk = args[6], region = args[7], arrived = args[9],
  })
  local to = after('call', CALLS, call.state, 'enqueue')
  local priority, score
  emergency, priority, score = standing(p, call, emergency, args[10])
  set(p, call, 'state', to, 'queue', queue, 'priority', priority, 'emergency', emergency and '1' or '0',
    'score', score, 'queued', (call.kept or '') ~= '' and call.queued or int(p.now), 'kept', '')
  take_line(p, call)
  got_through(p, call)
  join_line(p, call, p.now)
  local data = queued_data(p, call, 'channel')
  data.ani, data.trunk, data.region, data.arrived = call.ani, call.trunk, call.region, tonumber(call.arrived)
  tell(p, 'call.adopted', names_of(call), data)
  return 1
end

-- args: now, call, call, …
local function renew(keys, args)
  local p = open(keys, args)
  for i = 2, #args do
    extend(p, args[i])
  end
  return 'OK'
end
