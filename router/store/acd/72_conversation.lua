-- Verbs of a conversation: hold, consult, transfer. A CSO who is consulted is the call's *guest*: reserved and rung like
-- for an offer, under a token of its own, while the call stays where it is.

local talk = {}

-- The call, which is in conversation under this token.
local function conversation(p, id, token, verb)
  local call = known_call(p, id)
  local held = holding(call, 'talking', token)
  if held == 'over' then
    fail('stale-token')
  elseif held == 'elsewhere' then
    fail('illegal-move', 'call', call.state, verb)
  end
  return call
end

-- A CSO who may be rung for this call by name, whatever queues are served.
local function free_cso(p, call, id)
  local cso = known_cso(p, id)
  local away = redis.call('HEXISTS', key(p, ':telephones'), id) == 1
  if cso.state ~= 'ready' or cso.carrier ~= call.carrier or away then
    fail('cso-not-free')
  end
  return cso
end

-- The hold ends; answers how long it lasted, nothing when nobody was held.
local function unhold(p, call)
  if call.held == '0' then
    return nil
  end
  local held_ms = p.now - tonumber(call.held)
  set(p, call, 'held', '0')
  return held_ms
end

local function guest_data(call, data)
  data.guest, data.guest_token = call.guest, call.guest_token
  return data
end

local function without_guest(p, call)
  redis.call('ZREM', key(p, ':guests'), call.id)
  set(p, call, 'guest', '', 'guest_token', '', 'guest_state', '', 'guest_leg', '', 'guest_rings', '0',
    'guest_last', call.guest_token)
end

-- The guest leaves. An offer that ends is judged as any other; who talked has worked and goes to the end of the line.
local function let_guest_go(p, call, reason, event)
  local cso = cso_of(p, call.guest)
  if not cso or cso.call ~= call.id then
    damage.tell(p, ':cso:' .. call.guest, 'mended', names_of(call), 'unknown-cso')
    without_guest(p, call)
    return
  end
  event = event or (call.guest_state == 'talking' and 'release') or blame(reason, call.guest_rings == '1')
  after('cso', CSOS, cso.state, event)
  if call.guest_state == 'talking' or reason == 'failed' or reason == 'expired' then
    cso.free = int(p.now)
  end
  tell(p, 'call.guest_left', names_of(call), guest_data(call, { reason = reason }))
  without_guest(p, call)
  let_go(p, cso, event, reason)
end

-- What hung on a conversation that is over: its guest and its hold. Answers how long the caller was held at the end.
part = function(p, call, reason)
  if call.guest ~= '' then
    let_guest_go(p, call, reason, 'release')
  end
  return unhold(p, call)
end

-- args: now, call, token. The caller hears music; the CSO's leg is the connector's business.
function talk.hold(keys, args)
  local p = open(keys, args)
  local call = conversation(p, args[2], args[3], 'hold')
  if call.held == '0' then
    set(p, call, 'held', int(p.now))
    tell(p, 'call.held', names_of(call), { channel = call.channel, leg = call.leg })
  end
  return 'OK'
end

-- args: now, call, token
function talk.resume(keys, args)
  local p = open(keys, args)
  local call = conversation(p, args[2], args[3], 'resume')
  local held_ms = unhold(p, call)
  if held_ms then
    tell(p, 'call.resumed', names_of(call), { held_ms = held_ms, channel = call.channel, leg = call.leg })
  end
  return 'OK'
end

-- args: now, cmd, call, token, cso, random → { call, cso, guest, token, deadline, carrier, channel, endpoint }
function talk.consult(keys, args)
  local p = open(keys, args)
  local before = answered_before(p, 'consult', args[2])
  if before then
    return cjson.decode(before)
  end
  local call = conversation(p, args[3], args[4], 'consult')
  if call.guest ~= '' then
    fail('consult-running')
  end
  local guest = free_cso(p, call, args[5])
  after('cso', CSOS, guest.state, 'offer')
  local deadline = int(p.now + legs.take(p, call.carrier) + SETUP_MS + rules_in_use(p, call.queue).offer_ms + GRACE_MS)
  local token = token_of(p, args[6])
  set(p, call, 'guest', guest.id, 'guest_token', token, 'guest_state', 'offered', 'guest_rings', '0')
  redis.call('ZADD', key(p, ':guests'), deadline, call.id)
  turn(p, guest, 'offer')
  guest.call, guest.token, guest.turn = call.id, token, string.match(token, '^%d+')
  tell(p, 'call.consulted', names_of(call), guest_data(call, {
    deadline = tonumber(deadline), endpoint = guest.endpoint, channel = call.channel, leg = call.leg,
  }))
  save(p, guest)
  local answer = { call.id, call.cso, guest.id, token, deadline, call.carrier, call.channel, guest.endpoint }
  remember(p, 'consult', args[2], cjson.encode(answer))
  return answer
end

-- The guest under this token: 'live', or 'over'; another token is refused.
local function as_guest(call, token)
  if token ~= '' and token == call.guest_token then
    return 'live'
  elseif token ~= '' and token == call.guest_last then
    return 'over'
  end
  fail('stale-token')
end

-- args: now, call, guest's token. The telephone rings: the deadline starts again now.
function talk.guest_ringing(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if as_guest(call, args[3]) == 'live' and call.guest_state == 'offered' then
    redis.call('ZADD', key(p, ':guests'), p.now + rules_in_use(p, call.queue).offer_ms + GRACE_MS, call.id)
    set(p, call, 'guest_rings', '1')
  end
  return 'OK'
end

-- args: now, call, guest's token, leg → as read_call. From here to `complete` three may talk: nothing else is needed.
function talk.guest_answered(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  local taken_over = args[3] ~= '' and args[3] == call.token and args[3] == call.guest_last
  if not taken_over and as_guest(call, args[3]) == 'over' then
    fail('stale-token')
  elseif not taken_over and call.guest_state == 'offered' then
    local guest = known_cso(p, call.guest)
    after('cso', CSOS, guest.state, 'answer')
    redis.call('ZREM', key(p, ':guests'), call.id)
    set(p, call, 'guest_state', 'talking', 'guest_leg', args[4])
    tell(p, 'call.guest_answered', names_of(call), guest_data(call, { leg = args[4] }))
    turn(p, guest, 'answer')
    save(p, guest)
  end
  return read_call(keys, args)
end

-- args: now, call, guest's token, reason
function talk.guest_left(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if args[3] ~= '' and args[3] == call.token then
    fail('stale-token') -- has the call now: its end is the end of the call
  end
  if as_guest(call, args[3]) == 'live' then
    let_guest_go(p, call, args[4], args[4] == 'cancelled' and 'release' or nil)
  end
  return 'OK'
end

-- args: now, cmd, call, token → as read_call. The guest takes the call over.
function talk.complete(keys, args)
  local p = open(keys, args)
  if not answered_before(p, 'complete', args[2]) then
    local call = conversation(p, args[3], args[4], 'complete')
    if call.guest_state ~= 'talking' then
      fail('no-guest')
    end
    local from, guest = known_cso(p, call.cso), known_cso(p, call.guest)
    after('cso', CSOS, from.state, 'end')
    local held_ms, leg, from_leg = unhold(p, call), call.guest_leg, call.leg
    local token = call.guest_token
    without_guest(p, call)
    set(p, call, 'cso', guest.id, 'token', token, 'last_token', args[4], 'leg', leg)
    tell(p, 'call.transferred', names_of(call), {
      from = from.id, from_token = args[4], from_leg = from_leg, kind = 'attended', leg = leg, channel = call.channel,
      held_ms = held_ms,
    })
    hang_up(p, from, call.queue)
    guest.calls = int(guest.calls + 1)
    save(p, guest)
    remember(p, 'complete', args[2], 'OK')
  end
  return read_call(keys, { args[1], args[3] })
end

-- args: now, cmd, call, token, cso, random → as offer_next. Without a word to the other one; no answer there returns the
-- call to its queue, with its score.
function talk.transfer(keys, args)
  local p = open(keys, args)
  local before = answered_before(p, 'transfer', args[2])
  if before then
    return cjson.decode(before)
  end
  local call = conversation(p, args[3], args[4], 'transfer')
  local to = after('call', CALLS, call.state, 'transfer')
  local from = known_cso(p, call.cso)
  after('cso', CSOS, from.state, 'end')
  local cso = free_cso(p, call, args[5])
  after('cso', CSOS, cso.state, 'offer')
  local held_ms, leg = part(p, call, 'transferred'), call.leg
  set(p, call, 'last_token', call.token, 'passed', call.token, 'queued', int(p.now), 'leg', '')
  local names = names_of(call)
  names.cso, names.token = cso.id, token_of(p, args[6])
  tell(p, 'call.transferred', names, {
    from = from.id, from_token = args[4], kind = 'blind', leg = leg, channel = call.channel, held_ms = held_ms,
  })
  local answer = reserve(p, call, cso, to, names.token)
  hang_up(p, from, call.queue)
  remember(p, 'transfer', args[2], cjson.encode(answer))
  return answer
end

-- args: now, cmd, call, token, partner, random → as overflow_next. A recognised emergency is not diverted.
function talk.refer(keys, args)
  local p = open(keys, args)
  local before = answered_before(p, 'refer', args[2])
  if before then
    return cjson.decode(before)
  end
  local call = conversation(p, args[3], args[4], 'refer')
  local to = after('call', CALLS, call.state, 'hand_over')
  local from = known_cso(p, call.cso)
  after('cso', CSOS, from.state, 'end')
  if call.emergency == '1' then
    fail('emergency-stays')
  elseif redis.call('HEXISTS', key(p, ':partners'), args[5]) == 0 then
    fail('unknown-partner')
  end
  local partner, address = room_at(p, call, args[5])
  if not partner then
    fail('partner-full')
  end
  local held_ms, leg = part(p, call, 'transferred'), call.leg
  set(p, call, 'last_token', call.token, 'passed', call.token, 'cso', '', 'queued', int(p.now), 'leg', '')
  local answer = hand_over(p, call, partner, address, to, args[6], {
    reason = 'referred', from = from.id, from_token = args[4], leg = leg, held_ms = held_ms,
  })
  hang_up(p, from, call.queue)
  remember(p, 'refer', args[2], cjson.encode(answer))
  return answer
end

-- args: as of `adopt`, then cso, leg, random → 1 when it is known again. The store has forgotten a conversation that goes
-- on: nobody is rung, and the CSO is busy again, and afterwards in the state of before.
function talk.adopt(keys, args)
  local p = open(keys, args)
  local cso = known_cso(p, args[12])
  if call_of(p, args[2]) or BUSY[cso.state] or cso.state == 'logged_out' or cso.carrier ~= args[3] then
    return 0
  end
  adopt(keys, args)
  p = open(keys, args)
  local call = known_call(p, args[2])
  leave_line(p, call)
  set(p, call, 'state', 'talking', 'cso', cso.id, 'token', token_of(p, args[14]), 'leg', args[13],
    'offered', int(p.now), 'answered', int(p.now))
  if cso.state ~= 'ready' then
    cso.next, cso.next_reason = 'paused', cso.reason
    turn(p, cso, 'ready')
  end
  turn(p, cso, 'offer')
  turn(p, cso, 'answer')
  cso.call, cso.token, cso.calls = call.id, call.token, int(cso.calls + 1)
  tell(p, 'call.reached', names_of(call), { channel = call.channel, leg = call.leg })
  save(p, cso)
  return 1
end
