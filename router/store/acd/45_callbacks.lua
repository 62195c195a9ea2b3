-- Moves of a callback: a call whose place waits without its caller.

local callback = {}

local function callback_rules(p, queue)
  local rules = rules_in_use(p, queue)
  return rules.callback_attempts, rules.callback_retry_ms, rules.callback_ring_ms
end

-- Out of the line until an instant; the score stays.
function callback.step_out(p, call, to, until_ms, reason)
  local names = names_of(call)
  set(p, call, 'state', to, 'until', int(until_ms), 'cso', '', 'token', '',
    'last_token', call.token ~= '' and call.token or call.last_token)
  redis.call('ZADD', key(p, ':scheduled'), until_ms, call.id)
  redis.call('ZADD', key(p, ':callbacks'), call.asked, call.id)
  tell(p, 'call.scheduled', names, { ['until'] = tonumber(call['until']), reason = reason,
    attempts = tonumber(call.attempts) })
end

-- And back in, with the score it had.
function callback.step_in(p, call)
  local to = after('call', CALLS, call.state, 'due')
  redis.call('ZREM', key(p, ':scheduled'), call.id)
  set(p, call, 'state', to, 'until', '0')
  join_line(p, call, tonumber(call.queued))
  tell(p, 'call.due', names_of(call), queued_data(p, call))
end

-- The CSO is on the line: now the caller is rung.
function callback.dial(p, call, cso, leg)
  local to = after('call', CALLS, call.state, 'dial')
  after('cso', CSOS, cso.state, 'answer')
  local _, _, ring_ms = callback_rules(p, call.queue)
  local deadline = p.now + legs.take(p, call.carrier) + SETUP_MS + ring_ms + GRACE_MS
  set(p, call, 'state', to, 'leg', leg)
  redis.call('ZADD', key(p, ':offers'), deadline, call.id)
  extend(p, call.id)
  tell(p, 'call.dialled', names_of(call), { number = call.dial, deadline = deadline, leg = leg, ring = ring_ms })
  turn(p, cso, 'answer')
  save(p, cso)
end

-- The caller was not reached. A CSO who hung up first was no attempt to reach anybody: the turn comes again at once.
function callback.miss(p, call, reason)
  local to, cso = after('call', CALLS, call.state, 'unreached'), known_cso(p, call.cso)
  after('cso', CSOS, cso.state, 'release')
  local most, retry_ms = callback_rules(p, call.queue)
  local tried = tonumber(call.attempts) + (reason == 'cso-gone' and 0 or 1)
  set(p, call, 'attempts', int(tried))
  tell(p, 'call.unreached', names_of(call), { reason = reason, attempts = tried, leg = call.leg })
  if tried >= most then
    end_call(p, call, 'unreached', 'unreached')
    return
  end
  redis.call('ZREM', key(p, ':offers'), call.id)
  free_line(p, call)
  callback.step_out(p, call, to, reason == 'cso-gone' and p.now or p.now + retry_ms, 'unreached')
  if reason == 'cso-gone' then
    cso.free = int(p.now) -- to the end of the free ones: this telephone may be the trouble
  end
  let_go(p, cso, 'release', reason)
end

-- Somebody who is to be called back calls again: the new call takes the place, the callback is over.
function callback.take_over(p, given)
  local id = (given.ani or '') ~= '' and redis.call('HGET', key(p, ':numbers'), given.ani)
  local call = id and call_of(p, id)
  if not call or (call.state ~= 'waiting' and call.state ~= 'scheduled') then
    return nil
  end
  given.score, given.priority, given.queued, given.kept = call.score, call.priority, call.queued, call.id
  given.emergency = call.emergency
  given.stands = (call.stands or '') ~= '' and call.stands or call.arrived -- whose arrival the score counts from
  end_call(p, call, 'called-again', 'cancelled')
  return call.id
end
