-- Verbs of overflow: who goes to a partner and to which, what becomes of it there, and back.

local overflow = {}
overflow.LOOKED_AT = 20 -- callers of a lane that are looked at for one hand-over
overflow.NOT_AT_WORK = { paused = true, not_answering = true, logged_out = true }

-- CSOs who serve a lane and will take a call sooner or later.
function overflow.at_work(p, lane)
  local count = 0
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':serving:', lane))) do
    if not overflow.NOT_AT_WORK[redis.call('HGET', key(p, ':cso:', id), 'state')] then
      count = count + 1
    end
  end
  return count
end

-- Why callers leave from the end of the line, or nil while the queue as a whole is not too much for us.
function overflow.crowded(p, lane, rules)
  if rules.over_level > 0 and pool_number(p, 'level') >= rules.over_level then
    return 'level'
  elseif rules.over_ratio > 0 then
    local waiting = redis.call('ZCARD', key(p, ':waiting:', lane))
    if waiting > rules.over_ratio and waiting > rules.over_ratio * overflow.at_work(p, lane) then
      return 'ratio'
    end
  end
  return nil
end

-- The partners of a queue that could take a call of this carrier now, in the order in which they are asked.
function overflow.partners_with_room(p, rules, carrier)
  local found = {}
  for at, name in ipairs(rules.partners) do
    local partner = centres.of(p, name)
    if partner and not partner.outside and (partner.addresses[carrier] or '') ~= '' and centres.has_room(p, partner) then
      partner.at, partner.load = at, rules.by_share and centres.load(p, partner) or 0
      found[#found + 1] = partner
    end
  end
  table.sort(found, function(a, b)
    return a.load < b.load or (a.load == b.load and a.at < b.at)
  end)
  return found
end

-- The telephone outside of the house for an emergency that nobody takes: no rule keeps a call from it.
function overflow.outside_of(p, rules, carrier)
  local partner = centres.of(p, rules.outside)
  return partner and (partner.addresses[carrier] or '') ~= '' and partner or nil
end

-- A partner that failed a caller does not get that caller again for a while; `avoid` is `partner=since …`.
function overflow.avoids(p, call, partner)
  for name, since in string.gmatch(call.avoid or '', '(%S+)=(%d+)') do
    local past = p.now - tonumber(since)
    if name == partner.name and past >= 0 and past < partner.again_ms then
      return true
    end
  end
  return false
end

function overflow.first_allowed(p, call, partners)
  for _, partner in ipairs(partners) do
    if not overflow.avoids(p, call, partner) then
      return partner
    end
  end
  return nil
end

-- Who is next is not sent away, unless nobody of ours would ever take the call.
function overflow.is_next(p, call, lane)
  return place_of(p, call)[1] == 1 and overflow.at_work(p, lane) > 0
end

function overflow.reason_due(p, call, rules)
  if call.emergency == '1' then
    return 'outside'
  elseif (call.over or '') ~= '' and not (rules.max_wait_ms > 0 and p.now >= tonumber(call.queued) + rules.max_wait_ms) then
    return call.over
  end
  return 'max-wait' -- also when the rule under which the caller joined the line was a shorter one
end

-- Of one lane: { call, partner, why }. First those whose own time has come, the longest due before the others; then,
-- while it is too much for us, from the end of the line: who came first keeps the place.
function overflow.leaver_of(p, lane)
  local queue, carrier = string.match(lane, '^(.-)@([^+]+)')
  local rules = rules_in_use(p, queue)
  local due = redis.call('ZRANGEBYSCORE', key(p, ':due:', lane), '-inf', p.now, 'LIMIT', 0, overflow.LOOKED_AT)
  local crowd = overflow.crowded(p, lane, rules)
  if not due[1] and not crowd then
    return nil
  end
  local partners = overflow.partners_with_room(p, rules, carrier)
  for _, id in ipairs(due) do
    local call = known_call(p, id)
    local why = overflow.reason_due(p, call, rules)
    if why == 'outside' then
      local outside = overflow.outside_of(p, rules, carrier)
      if outside then
        return { call, outside, why }
      end
    else
      local partner = overflow.first_allowed(p, call, partners)
      if partner and (why == 'max-wait' or not overflow.is_next(p, call, lane)) then
        return { call, partner, why }
      end
    end
  end
  if not crowd or not partners[1] then
    return nil
  end
  for _, member in ipairs(redis.call('ZREVRANGE', key(p, ':waiting:', lane), 0, overflow.LOOKED_AT - 1)) do
    local call = known_call(p, string.sub(member, 14))
    local partner = call.emergency ~= '1' and overflow.first_allowed(p, call, partners)
    if partner and not overflow.is_next(p, call, lane) then
      return { call, partner, crowd }
    end
  end
  return nil
end

-- args: now, random → { call, partner, token, carrier, channel, address } or nothing. Nobody leaves a lane in which one
-- of ours is free.
function overflow.next(keys, args)
  local p = open(keys, args)
  local found
  for _, head in ipairs(lanes_in_order(p)) do
    if head.line == ':waiting:' and redis.call('ZCARD', key(p, ':ready:', head.lane)) == 0 then
      found = overflow.leaver_of(p, head.lane)
      if found then
        break
      end
    end
  end
  if not found then
    return false
  end
  local call, partner, why = found[1], found[2], found[3]
  local to = after('call', CALLS, call.state, 'hand_over')
  leave_line(p, call)
  pace.lost(p, call.queue)
  return hand_over(p, call, partner, partner.addresses[call.carrier], to, args[2], { reason = why })
end

-- args: now, call, estimated wait in ms ('' = it is due whatever the estimate is) → 1 when a partner may have it now
function overflow.mark_due(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  local rules = rules_in_use(p, call.queue)
  local elsewhere = rules.partners[1] or rules.pools[1]
  if call.state ~= 'waiting' or call.virtual == '1' or call.emergency == '1' or not elsewhere then
    return 0
  end
  local estimate = tonumber(args[3])
  if estimate and not (rules.over_estimate_ms > 0 and estimate > rules.over_estimate_ms) then
    return 0
  end
  set(p, call, 'over', 'estimate')
  redis.call('ZADD', key(p, ':due:', lane_of_call(call)), 'LT', p.now, call.id)
  return 1
end

-- args: now, call, token. From now it is talking; whether that lasts is seen a little later (`sweep_offers`).
function overflow.answered(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  local held = holding(call, 'partner', args[3])
  if held ~= 'live' then
    fail('stale-token')
  end
  if call.partner_answered == '0' then
    local partner = centres.of(p, call.partner)
    set(p, call, 'partner_answered', int(p.now))
    redis.call('ZREM', key(p, ':leaving'), member_of(call))
    redis.call('ZADD', key(p, ':offers'), p.now + (partner or centres.DEFAULTS).short_ms, call.id)
    extend(p, call.id)
    tell(p, 'call.partner_answered', names_of(call), { partner = call.partner })
  end
  return 'OK'
end

-- args: now, call, token, reason
function overflow.hand_back(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if holding(call, 'partner', args[3]) ~= 'over' then
    take_back(p, call, args[4])
  end
  return 'OK'
end

-- args: now, call, token, how long they talked in ms ('' = not known) → the outcome, '' when the caller waits again
-- The partner hung up on a caller who is still there: soon after answering, the caller was not served.
function overflow.left(keys, args)
  local p = open(keys, args)
  local call = known_call(p, args[2])
  if holding(call, 'partner', args[3]) ~= 'live' then
    return call.outcome
  end
  local partner = centres.of(p, call.partner)
  local talked = tonumber(args[4])
  if call.partner_answered == '0' then -- the hang-up overtook the answer
    set(p, call, 'partner_answered', int(p.now - (talked or 0)))
    tell(p, 'call.partner_answered', names_of(call), { partner = call.partner })
  end
  talked = talked or p.now - tonumber(call.partner_answered)
  if talked < (partner or centres.DEFAULTS).short_ms then
    take_back(p, call, 'dropped')
    return ''
  end
  centres.lasts(p, call.partner, call.id)
  return end_call(p, call, 'partner', '')
end

-- A caller whom a CSO referred there belongs there.
function overflow.may_be_drained(p, call, rules)
  if call.handed_why == 'referred' or redis.call('ZCARD', key(p, ':ready:', lane_of_call(call))) == 0 then
    return false
  end
  local calmed = call.handed_why == 'level' and pool_number(p, 'level') < rules.over_level
  return calmed or (rules.drain_after_ms > 0 and p.now >= tonumber(call.handed) + rules.drain_after_ms)
end

-- args: now → { call, partner } or nothing. One of ours is free for a caller who still hears a partner ring: the caller
-- comes back, with the old score, and is offered at once.
function overflow.drain_next(keys, args)
  local p = open(keys, args)
  for _, member in ipairs(redis.call('ZRANGE', key(p, ':leaving'), 0, -1)) do
    local call = known_call(p, string.sub(member, 14))
    if overflow.may_be_drained(p, call, rules_in_use(p, call.queue)) then
      local partner = call.partner
      take_back(p, call, 'drained')
      return { call.id, partner }
    end
  end
  return false
end

-- args: now, partner, open ('1', '0', '' = as it is), reachable (the same), by, reason
-- Shut by hand it stays shut until it is opened by hand; opened by hand it stays open until the hours open it too.
function overflow.state(keys, args)
  local p = open(keys, args)
  local partner = centres.of(p, args[2]) or fail('unknown-partner')
  local state, by, reason = partner.state, args[5], args[6]
  local was_open, was_reachable, was_hand = centres.is_open(partner), state.reachable or '', state.hand or ''
  if args[3] ~= '' and by == 'hours' then
    local agreed = was_hand == 'open' and args[3] == '1'
    centres.set(p, partner, 'hours', args[3], 'hand', agreed and '' or was_hand)
  elseif args[3] ~= '' then
    local hand = args[3] == '0' and 'shut' or state.hours == '0' and 'open' or ''
    centres.set(p, partner, 'hand', hand, 'by', by, 'reason', reason)
    if args[3] == '1' and centres.breaker(partner) ~= 'closed' then
      centres.set(p, partner, 'breaker', 'closed', 'failures', 0, 'trial', '')
      was_hand = nil
    end
  end
  if args[4] ~= '' and args[4] ~= was_reachable then
    centres.set(p, partner, 'reachable', args[4])
    if was_reachable == '0' and centres.breaker(partner) == 'open' then
      centres.set(p, partner, 'until', int(p.now)) -- it is there again: tried at once
    end
  end
  if centres.is_open(partner) ~= was_open or (state.reachable or '') ~= was_reachable or (state.hand or '') ~= was_hand then
    centres.show(p, partner, reason, by)
  end
  return 'OK'
end

-- { name, rules JSON, state, calls there } each
function overflow.partners(keys, args)
  local p = open(keys, args)
  local out = {}
  local rules = redis.call('HGETALL', key(p, ':partners'))
  for i = 1, #rules, 2 do
    out[#out + 1] = {
      rules[i], rules[i + 1], redis.call('HGETALL', key(p, ':partner:', rules[i])),
      redis.call('SCARD', key(p, ':at:', rules[i])),
    }
  end
  return out
end
