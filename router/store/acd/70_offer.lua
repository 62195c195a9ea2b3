-- Verbs of an offer: claim, ring, answer, give back.

local function token_of(p, random)
  return int(redis.call('HINCRBY', key(p, ':pool'), 'offers', 1)) .. '-' .. random
end

-- The call at the head of a lane, behind its arrival number.
local function head_of(p, line, lane)
  p.line, p.lane = line, lane
  return string.sub(redis.call('ZRANGE', key(p, line, lane), 0, 0)[1] or '', 14)
end

local function lane_of_head(name)
  if string.sub(name, -1) == '!' then
    return ':virtual:', string.sub(name, 1, -2)
  end
  return ':waiting:', name
end

-- Heads of one score, the earlier arrival first.
local function tied(p, flat, first, last)
  local heads = {}
  for i = first, last, 2 do
    local line, lane = lane_of_head(flat[i])
    heads[#heads + 1] = { line = line, lane = lane, head = redis.call('ZRANGE', key(p, line, lane), 0, 0)[1] or '' }
  end
  table.sort(heads, function(a, b)
    return a.head < b.head
  end)
  return heads
end

-- The lanes in which somebody waits, in the order of their heads, until `visit` answers something: visit(line, lane).
local function each_head(p, flat, first, last, visit)
  local i = first
  while i <= last do
    local same = i
    while same + 2 <= last and flat[same + 3] == flat[i + 1] do
      same = same + 2
    end
    if same == i then
      local line, lane = lane_of_head(flat[i])
      local found, more = visit(line, lane, tonumber(flat[i + 1]))
      if found then
        return found, more
      end
    else
      for _, head in ipairs(tied(p, flat, i, same)) do
        local found, more = visit(head.line, head.lane, tonumber(flat[i + 1]))
        if found then
          return found, more
        end
      end
    end
    i = same + 2
  end
end

local function lanes_in_order(p)
  local flat, lanes = redis.call('ZRANGE', key(p, ':heads'), 0, -1, 'WITHSCORES'), {}
  each_head(p, flat, 1, #flat, function(line, lane)
    lanes[#lanes + 1] = { line = line, lane = lane }
  end)
  return lanes
end

local FIRST_HEADS = 8 -- of many lanes the first few are read first: there is nearly always somebody for one of them

-- The lane with the lowest head that has a free CSO, whose telephone the carrier can ring soon. Lanes are looked at in the order of their heads: a CSO who could
-- serve a call with a lower score would have been found at that call's lane, so no such call is passed over. A callback
-- can be reached only while a line is free; the last ones are for emergencies, also for one who was to be called back.
local function best_pair(p)
  local free_lines
  local function visit(line, lane, score)
    local free = redis.call('ZRANGE', key(p, ':ready:', lane), 0, 0)[1]
    if not free or not legs.soon(p, string.match(lane, '@([^+]+)')) then
      return nil
    end
    if line == ':waiting:' then
      return head_of(p, line, lane), free
    end
    free_lines = free_lines or pool_number(p, 'lines') - redis.call('ZCARD', key(p, ':lines'))
    local kept = score < EMERGENCY_BAND / 2 and 0 or pool_number(p, 'emergency_lines')
    if free_lines > kept then
      return head_of(p, line, lane), free
    end
  end
  local flat = redis.call('ZRANGE', key(p, ':heads'), 0, FIRST_HEADS, 'WITHSCORES')
  local last, seen = #flat, 0
  if last > 2 * FIRST_HEADS then -- there are more; the last score read may go on among them
    seen = last
    repeat
      seen = seen - 2
    until seen == 0 or flat[seen] ~= flat[last]
    last = seen
  end
  local call, cso = each_head(p, flat, 1, last, visit)
  if call or last == #flat then
    return call, cso
  end
  flat = redis.call('ZRANGE', key(p, ':heads'), 0, -1, 'WITHSCORES')
  return each_head(p, flat, seen + 1, #flat, visit)
end

-- A call that stands in no line is reserved for this CSO, whose telephone is to be rung.
local function reserve(p, call, cso, to, token)
  local deadline = int(p.now + legs.take(p, call.carrier) + SETUP_MS + rules_in_use(p, call.queue).offer_ms + GRACE_MS)
  set(p, call, 'state', to, 'cso', cso.id, 'token', token, 'offered', int(p.now))
  redis.call('ZADD', key(p, ':offers'), deadline, call.id)
  if call.virtual == '1' then
    take_line(p, call)
  end
  turn(p, cso, 'offer')
  cso.call, cso.token, cso.turn = call.id, token, string.match(token, '^%d+')
  tell(p, 'call.offered', names_of(call), '{"deadline":' .. deadline .. ',"endpoint":' .. quoted(cso.endpoint)
    .. ',"channel":' .. quoted(call.channel) .. (call.virtual == '1' and ',"virtual":true}' or '}'))
  save(p, cso)
  return { call.id, cso.id, token, call.queue, deadline, call.carrier, call.channel, cso.endpoint }
end

-- args: now, random → { call, cso, token, queue, deadline, carrier, channel, endpoint } or nothing
local function offer_next(keys, args)
  local p = open(keys, args)
  local call, cso
  repeat
    local call_id, cso_id = best_pair(p)
    if not call_id then
      return false
    end
    call, cso = call_of(p, call_id, 'line'), cso_of(p, cso_id)
  until not damage.pair(p, p.line, p.lane, call, cso_id, cso)
  local to = after('call', CALLS, call.state, 'offer')
  after('cso', CSOS, cso.state, 'offer')
  leave_line(p, call)
  return reserve(p, call, cso, to, token_of(p, args[2]))
end

-- args: now, call, token. The telephone rings: the deadline starts again now.
local function ringing(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2], 'cso')
  if holding(call, 'offered', args[3]) ~= 'live' then
    return 'OK'
  end
  local deadline = p.now + rules_in_use(p, call.queue).offer_ms + GRACE_MS
  redis.call('ZADD', key(p, ':offers'), deadline, call.id)
  if call.rings ~= call.token then
    set(p, call, 'rings', call.token)
    tell(p, 'call.ringing', names_of(call), '{"deadline":' .. int(deadline) .. '}')
  end
  return 'OK'
end

-- args: now, call, token, leg, '1' → state. Of a callback: the CSO is there, the caller is rung now.
-- An older process does not say '1' and is answered as by read_call.
local function answered(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2], 'cso')
  local held = holding(call, 'offered', args[3])
  if held == 'over' or (held == 'elsewhere' and call.state ~= 'talking' and call.state ~= 'calling') then
    fail('stale-token')
  elseif held == 'live' and call.virtual == '1' then
    callback.dial(p, call, known_cso(p, call.cso), args[4])
  elseif held == 'live' then
    local to = after('call', CALLS, call.state, 'answer')
    local cso = known_cso(p, call.cso)
    after('cso', CSOS, cso.state, 'answer')
    set(p, call, 'state', to, 'answered', int(p.now), 'leg', args[4])
    redis.call('ZREM', key(p, ':offers'), call.id)
    extend(p, call.id)
    tell(p, 'call.answered', names_of(call), '{"leg":' .. quoted(args[4]) .. ',"channel":' .. quoted(call.channel) .. '}')
    turn(p, cso, 'answer')
    cso.calls = int(cso.calls + 1)
    save(p, cso)
  end
  return args[5] == '1' and call.state or hashes_of(p, call.id)
end

-- args: now, call, token, reason
local function returned(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if holding(call, 'offered', args[3]) ~= 'over' then
    after('call', CALLS, call.state, 'return')
    give_back(p, call, known_cso(p, call.cso), args[4])
  end
  return 'OK'
end
