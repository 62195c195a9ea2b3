-- The calls, and the moves that several verbs share. Each is given what was read and checked, and only writes.

-- What a call has that nobody has told anything else of; not stored.
local PLAIN = { __index = {
  queue = '', priority = '0', emergency = '0', score = '0', queued = '0', offered = '0', answered = '0', ended = '0',
  cso = '', token = '', last_token = '', partner = '', partner_answered = '0', outcome = '', leg = '', dialled = '',
  menu = '', admission = '', skills = '', virtual = '0', trunk = '', region = '', ani = '', triage = '0', area = '',
  gap = '', gapped = '0', dial = '', asked = '0', attempts = '0', ['until'] = '0', kept = '', over = '', avoid = '',
  handed = '0', handed_why = '', rings = '', held = '0', guest = '', guest_state = '', guest_token = '', guest_last = '',
  passed = '', by = '',
} }

-- Of a call of which only some fields were read the rest is read when anything else of it is asked for.
in_part.call = { __index = function(call, name)
  local p = call[in_part.POOL]
  call[in_part.POOL] = nil
  setmetatable(call, PLAIN)
  for field, value in pairs(fields(redis.call('HGETALL', key(p, ':call:', call.id)))) do
    if rawget(call, field) == nil then
      call[field] = value
    end
  end
  return call[name]
end }

-- `part`: 'line' or 'cso', what nearly every verb needs of a call that is in line, or with a CSO; nil = everything. To
-- read a field costs as much as a small command, and a call has thirty.
local function call_of(p, id, part)
  if part == 'line' then
    local v = redis.call('HMGET', key(p, ':call:', id), 'state', 'carrier', 'channel', 'queue', 'skills', 'number',
      'virtual')
    return v[1] and setmetatable({
      id = id, state = v[1], carrier = v[2], channel = v[3], queue = v[4] or '', skills = v[5] or '', number = v[6],
      virtual = v[7] or '0', [in_part.POOL] = p,
    }, in_part.call)
  elseif part == 'cso' then
    local v = redis.call('HMGET', key(p, ':call:', id), 'state', 'carrier', 'channel', 'queue', 'cso', 'token', 'virtual',
      'leg', 'trunk', 'partner', 'partner_answered', 'guest', 'held', 'rings')
    return v[1] and setmetatable({
      id = id, state = v[1], carrier = v[2], channel = v[3], queue = v[4] or '', cso = v[5] or '', token = v[6] or '',
      virtual = v[7] or '0', leg = v[8] or '', trunk = v[9] or '', partner = v[10] or '', partner_answered = v[11] or '0',
      guest = v[12] or '', held = v[13] or '0', rings = v[14] or '', [in_part.POOL] = p,
    }, in_part.call)
  end
  local flat = redis.call('HGETALL', key(p, ':call:', id))
  if #flat == 0 then
    return nil
  end
  local call = setmetatable(fields(flat), PLAIN)
  call.id = id
  return call
end

local function known_call(p, id, part)
  return call_of(p, id, part) or fail('unknown-call')
end

local function names_of(call)
  return { call = call.id, cso = call.cso, queue = call.queue, token = call.token, carrier = call.carrier }
end

local function set(p, call, ...)
  local given = { ... }
  for i = 1, #given, 2 do
    call[given[i]] = given[i + 1]
  end
  redis.call('HSET', key(p, ':call:', call.id), ...)
end

-- The same for many fields of a call that was read as a whole: most of them are what they were.
local function set_changed(p, call, given)
  local flat = {}
  for name, value in pairs(given) do
    if call[name] ~= value then
      call[name] = value
      flat[#flat + 1], flat[#flat + 2] = name, value
    end
  end
  if flat[1] then
    redis.call('HSET', key(p, ':call:', call.id), unpack(flat))
  end
end

-- A call holds a line of ours from here, beside one of the trunk it came by; whom we dialled came by none.
local function take_line(p, call)
  redis.call('ZADD', key(p, ':lines'), p.now + LEASE_MS, call.id)
  if (call.trunk or '') ~= '' and (call.dial or '') == '' then
    redis.call('SADD', key(p, ':trunk:', call.trunk), call.id)
  end
end

local function free_line(p, call)
  redis.call('ZREM', key(p, ':lines'), call.id)
  if (call.trunk or '') ~= '' then
    redis.call('SREM', key(p, ':trunk:', call.trunk), call.id)
  end
end

local function extend(p, id)
  redis.call('ZADD', key(p, ':lines'), 'XX', p.now + LEASE_MS, id)
end

-- The call must be in `state` under this token. What is already over answers 'over';
-- 'elsewhere' is the same token one state further (answered).
local function holding(call, state, token)
  if token == call.token and token ~= '' then
    return call.state == state and 'live' or 'elsewhere'
  elseif token == call.last_token and token ~= '' then
    return 'over'
  end
  fail('stale-token')
end

local part -- 72_conversation.lua

local function queued_data(p, call, from)
  local place = place_of(p, call)
  return {
    score = call.score,
    priority = tonumber(call.priority),
    emergency = call.emergency == '1',
    place = place[1],
    from = from,
    channel = call.channel,
    skills = call.skills ~= '' and call.skills or nil,
  }, place
end

-- Back in line from an offer, with the score it had.
local function back_in_line(p, call, event, reason, to)
  local names = names_of(call)
  set(p, call, 'state', to, 'cso', '', 'token', '', 'last_token', call.token, 'partner', '')
  redis.call('ZREM', key(p, ':offers'), call.id)
  if call.virtual == '1' then
    free_line(p, call)
  end
  join_line(p, call, tonumber(call.queued))
  tell(p, event, names, { reason = reason, partner = names.partner, channel = call.channel })
end

-- Busy, declined, unreachable and silent telephones are the CSO's; ours is a redirect that failed, and an offer that
-- expired before anybody made the telephone ring (a connector that was away, legs that had to wait their turn).
local function blame(reason, rang)
  local ours = reason == 'failed' or (reason == 'expired' and not rang)
  return ours and 'release' or 'no_answer'
end

local function give_back(p, call, cso, reason)
  local to = after('call', CALLS, call.state, 'return')
  local event = blame(reason, call.rings == call.token)
  after('cso', CSOS, cso.state, event)
  back_in_line(p, call, 'call.returned', reason, to)
  if event == 'release' then
    cso.free = int(p.now) -- to the end of the free ones: this telephone may be the trouble
  end
  let_go(p, cso, event, reason)
end

-- From a partner back into line, with the score it had. An emergency is tried outside again after its time, others
-- elsewhere at once: `avoid` is which partners failed this caller, and when.
local function take_back(p, call, reason)
  local to = after('call', CALLS, call.state, 'hand_back')
  local partner, names = call.partner, names_of(call)
  centres.leave(p, call, reason)
  local avoid = call.avoid or ''
  if not centres.BLAMELESS[reason] then
    avoid = partner .. '=' .. int(p.now) .. ' ' .. avoid
  end
  set(p, call, 'state', to, 'token', '', 'last_token', call.token, 'partner', '', 'partner_answered', '0',
    'avoid', avoid)
  redis.call('ZREM', key(p, ':offers'), call.id)
  join_line(p, call, call.emergency == '1' and p.now or tonumber(call.queued))
  tell(p, 'call.handed_back', names, { partner = partner, reason = reason, channel = call.channel })
end

-- Of a callback nobody but itself is known by its number.
local function forget_callback(p, call)
  redis.call('HDEL', key(p, ':numbers'), call.dial)
  redis.call('ZREM', key(p, ':scheduled'), call.id)
  redis.call('ZREM', key(p, ':callbacks'), call.id)
end

local stand_again -- 74_callback.lua

local function end_call(p, call, by, given)
  local from = call.state
  local to = after('call', CALLS, from, 'end')
  local talked = call.partner_answered ~= '0' and 'yes' or 'no'
  local outcome = OUTCOMES[from][talked][given] or OUTCOMES[from][talked]['']
  local cso = (BUSY[from] or from == 'calling') and cso_of(p, call.cso)
  cso = cso and cso.call == call.id and cso or nil -- of a damaged store: the call ends nevertheless
  if from == 'waiting' then
    leave_line(p, call)
    pace.lost(p, call.queue)
  elseif from == 'partner' then
    centres.leave(p, call, '')
  end
  redis.call('ZREM', key(p, ':callbacks'), call.id)
  redis.call('ZREM', key(p, ':offers'), call.id)
  free_line(p, call)
  if by == 'carrier' then -- its exchange died: nobody hung up. One whom we had called back has waited anew
    keep_number(p, call.id, call, call.dial == '' and call.arrived or nil)
  elseif call.triage == '1' and from == 'ivr' then
    keep_number(p, call.id, call)
  elseif call.virtual == '1' then
    forget_callback(p, call)
  end
  local held_ms = part(p, call, 'caller-gone')
  local names = names_of(call)
  set(p, call, 'state', to, 'outcome', outcome, 'by', by, 'ended', int(p.now), 'token', '', 'last_token', call.token)
  if from ~= 'moving' then -- the mover still has to learn of it
    redis.call('EXPIRE', key(p, ':call:', call.id), ENDED_CALL_S)
    redis.call('EXPIRE', key(p, ':flow:', call.id), ENDED_CALL_S)
  end
  tell(p, 'call.ended', names, '{"outcome":"' .. outcome .. '","by":' .. quoted(by) .. ',"state":"' .. from
    .. '","partner":' .. quoted(call.partner) .. ',"channel":' .. quoted(call.channel) .. ',"leg":' .. quoted(call.leg)
    .. (held_ms and ',"held_ms":' .. int(held_ms) or '') .. '}')
  if from == 'ivr' and (call.kept or '') ~= '' then
    stand_again(p, call)
  end
  if cso and (from == 'offered' or from == 'calling') then
    let_go(p, cso, 'release', 'caller-gone')
  elseif cso and from == 'talking' then
    hang_up(p, cso, call.queue)
  end
  return outcome
end
