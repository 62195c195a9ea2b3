-- Verbs of overflow: who goes to a partner and to which, what becomes of it there, and back.

local overflow = {}
overflow.PAGE = 100

-- CSOs who serve a lane and will take a call sooner or later: neither paused, nor about to be, nor unreachable.
function overflow.at_work(p, lane)
  return tonumber(redis.call('HGET', key(p, ':staff'), lane) or 0)
end

-- The lanes of a queue that one carrier serves: what is asked of a CSO splits the line, not the people who work at it.
function overflow.lanes_of(p, queue, carrier)
  local base, out = lane_of(queue, carrier), {}
  for _, lane in ipairs(lanes.of(p, queue)) do
    if lane == base or string.sub(lane, 1, #base + 1) == base .. '+' then
      out[#out + 1] = lane
    end
  end
  return out
end

-- Why callers leave from the end of the line, or nil while the queue as a whole is not too much for us.
function overflow.crowded(p, lane, rules)
  if rules.over_level > 0 and pool_number(p, 'level') >= rules.over_level then
    return 'level'
  elseif rules.over_ratio > 0 then
    local queue, carrier = string.match(lane, '^(.-)@([^+]+)')
    local waiting = 0
    for _, one in ipairs(overflow.lanes_of(p, queue, carrier)) do
      waiting = waiting + redis.call('ZCARD', key(p, ':waiting:', one))
    end
    if waiting > rules.over_ratio * math.max(1, overflow.at_work(p, lane_of(queue, carrier))) then
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

-- The first for whom `visit` answers something, page by page: those who may not go keep nobody else from going.
function overflow.first(read, visit)
  local from = 0
  repeat
    local page = read(from)
    for _, one in ipairs(page) do
      local found = visit(one)
      if found then
        return found
      end
    end
    from = from + overflow.PAGE
  until #page < overflow.PAGE
end

-- A caller who might go, by what costs least to read, with the partner; '' for an emergency.
function overflow.candidate(p, id, partners)
  local at = redis.call('HMGET', key(p, ':call:', id), 'emergency', 'avoid')
  if at[1] == '1' then
    return ''
  end
  return overflow.first_allowed(p, { avoid = at[2] or '' }, partners)
end

function overflow.waits(p, call, lane)
  return call and call.state == 'waiting' and redis.call('ZSCORE', key(p, ':waiting:', lane), member_of(call))
end

-- Those whose own time has come, the longest due before the others.
function overflow.due_of(p, lane, rules, carrier, partners)
  return overflow.first(function(from)
    return redis.call('ZRANGEBYSCORE', key(p, ':due:', lane), '-inf', p.now, 'LIMIT', from, overflow.PAGE)
  end, function(id)
    local partner = overflow.candidate(p, id, partners)
    if not partner then
      return nil
    end
    local call = call_of(p, id)
    if not overflow.waits(p, call, lane) then
      redis.call('ZREM', key(p, ':due:', lane), id)
      damage.tell(p, ':due:' .. lane, 'removed', { call = id }, call and call.state or 'unknown-call')
      return nil
    end
    local why = overflow.reason_due(p, call, rules)
    if why == 'outside' then
      local outside = overflow.outside_of(p, rules, carrier)
      return outside and { call, outside, why }
    end
    return (why == 'max-wait' or not overflow.is_next(p, call, lane)) and { call, partner, why }
  end)
end

-- Who came last goes first: the lanes of the queue by their last callers, each from its end.
function overflow.last_of(p, queue, carrier, partners, why)
  local ends = {}
  for _, lane in ipairs(overflow.lanes_of(p, queue, carrier)) do
    local last = redis.call('ZREVRANGE', key(p, ':waiting:', lane), 0, 0, 'WITHSCORES')
    if last[1] and redis.call('ZCARD', key(p, ':ready:', lane)) == 0 then
      ends[#ends + 1] = { lane = lane, member = last[1], score = tonumber(last[2]) }
    end
  end
  table.sort(ends, function(a, b)
    return a.score > b.score or (a.score == b.score and a.member > b.member)
  end)
  for _, one in ipairs(ends) do
    local found = overflow.first(function(from)
      return redis.call('ZREVRANGE', key(p, ':waiting:', one.lane), from, from + overflow.PAGE - 1)
    end, function(member)
      local partner = overflow.candidate(p, string.sub(member, 14), partners)
      local call = partner and partner ~= '' and call_of(p, string.sub(member, 14))
      return call and overflow.waits(p, call, one.lane) and not overflow.is_next(p, call, one.lane) and { call, partner, why }
    end)
    if found then
      return found
    end
  end
  return nil
end

-- { call, partner, why } of one lane, then, while it is too much for us, of its queue; who came first keeps the place.
function overflow.leaver_of(p, lane)
  local queue, carrier = string.match(lane, '^(.-)@([^+]+)')
  local rules = rules_in_use(p, queue)
  local partners = overflow.partners_with_room(p, rules, carrier)
  if not partners[1] and rules.outside == '' then
    return nil
  end
  local found = overflow.due_of(p, lane, rules, carrier, partners)
  if found or not partners[1] then
    return found
  end
  local crowd = overflow.crowded(p, lane, rules)
  return crowd and overflow.last_of(p, queue, carrier, partners, crowd) or nil
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
  if call.handed_why == 'referred' or not legs.soon(p, call.carrier) or redis.call('ZCARD', key(p, ':ready:', lane_of_call(call))) == 0 then
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
    local call = call_of(p, string.sub(member, 14))
    if not call then
      damage.forget_call(p, string.sub(member, 14), ':leaving')
    elseif call.state ~= 'partner' then
      redis.call('ZREM', key(p, ':leaving'), member)
      damage.tell(p, ':leaving', 'removed', { call = call.id }, call.state)
    elseif overflow.may_be_drained(p, call, rules_in_use(p, call.queue)) then
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
