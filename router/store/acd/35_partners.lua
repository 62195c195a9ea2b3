-- The partner centres: their rules are the operator's, their state is kept here between calls.

local centres = {}
centres.DEFAULTS = {
  rate = 0, share = 1, failures = 0, retry_ms = 30000, retry_limit_ms = 600000, short_ms = 5000, again_ms = 300000,
  outside = false,
}
-- A caller whom the partner did nothing wrong with.
centres.BLAMELESS = { drained = true, emergency = true }

-- Rules and state in one; nil when it is not configured.
function centres.of(p, name)
  local text = redis.call('HGET', key(p, ':partners'), name)
  if not text then
    return nil
  end
  local partner = with_defaults(cjson.decode(text), centres.DEFAULTS)
  partner.state = fields(redis.call('HGETALL', key(p, ':partner:', name)))
  return partner
end

function centres.set(p, partner, ...)
  local given = { ... }
  for i = 1, #given, 2 do
    partner.state[given[i]] = tostring(given[i + 1])
  end
  redis.call('HSET', key(p, ':partner:', partner.name), ...)
end

-- Opened or shut by hand (`hand`) goes before the opening hours; nobody told of hours means always.
function centres.is_open(partner)
  local hand = partner.state.hand or ''
  if hand ~= '' then
    return hand == 'open'
  end
  return partner.state.hours ~= '0'
end

function centres.breaker(partner)
  return partner.state.breaker or 'closed'
end

function centres.show(p, partner, reason, by)
  local reachable = nil -- unknown
  if (partner.state.reachable or '') ~= '' then
    reachable = partner.state.reachable == '1'
  end
  tell(p, 'partner', {}, {
    partner = partner.name, open = centres.is_open(partner), reachable = reachable, breaker = centres.breaker(partner),
    reason = reason, by = by,
  })
end

-- New calls per second: a bucket that holds those of one second, refilled evenly. `next` is when it would be full.
function centres.pace(partner)
  return math.ceil(1000 / partner.rate), math.max(1, math.floor(partner.rate))
end

function centres.in_pace(p, partner)
  if partner.rate <= 0 then
    return true
  end
  local interval, burst = centres.pace(partner)
  return tonumber(partner.state.next or 0) - (burst - 1) * interval <= p.now
end

function centres.may_be_tried(p, partner)
  local breaker = centres.breaker(partner)
  if breaker == 'open' then
    return p.now >= tonumber(partner.state['until'])
  end
  -- A trial that left while the partner was not in the rules could not say so.
  return breaker == 'closed' or redis.call('SISMEMBER', key(p, ':at:', partner.name), partner.state.trial) == 0
end

function centres.has_room(p, partner)
  return centres.is_open(partner)
    and partner.state.reachable ~= '0'
    and redis.call('SCARD', key(p, ':at:', partner.name)) < partner.cap
    and centres.in_pace(p, partner)
    and centres.may_be_tried(p, partner)
end

-- What the partner has had of its share, in millionths of a call; one that was away does not catch up.
function centres.load(p, partner)
  return math.max(tonumber(partner.state.load or 0), pool_number(p, 'partner_load'))
end

-- A call goes there: counted, paced, and the one trial of a breaker that was open.
function centres.take_room(p, partner, call)
  redis.call('SADD', key(p, ':at:', partner.name), call)
  if partner.outside then
    return
  end
  local load = centres.load(p, partner)
  redis.call('HSET', key(p, ':pool'), 'partner_load', int(load))
  local interval = partner.rate > 0 and centres.pace(partner) or 0
  centres.set(p, partner, 'load', int(load + math.floor(1000000 / partner.share)),
    'next', int(math.max(p.now, tonumber(partner.state.next or 0)) + interval))
  if centres.breaker(partner) ~= 'closed' then
    local opened = centres.breaker(partner) == 'open'
    centres.set(p, partner, 'breaker', 'half', 'trial', call)
    if opened then
      centres.show(p, partner, 'trial', '')
    end
  end
end

function centres.break_off(p, partner, retry_ms, reason)
  centres.set(p, partner, 'breaker', 'open', 'trial', '', 'retry', int(retry_ms), 'until', int(p.now + retry_ms))
  centres.show(p, partner, reason, '')
end

-- It did not take the call, or dropped it: too often in a row, and it is left alone for a while, twice as long each time.
function centres.failed(p, partner, call, reason)
  local failures = tonumber(partner.state.failures or 0) + 1
  centres.set(p, partner, 'failures', failures)
  if centres.breaker(partner) == 'half' and partner.state.trial == call then
    centres.break_off(p, partner, math.min(tonumber(partner.state.retry) * 2, partner.retry_limit_ms), reason)
  elseif centres.breaker(partner) == 'closed' and partner.failures > 0 and failures >= partner.failures then
    centres.break_off(p, partner, partner.retry_ms, reason)
  end
end

-- A conversation there lasts. Only that of the trial closes a breaker: older ones say nothing about new calls.
function centres.lasts(p, name, call)
  local partner = centres.of(p, name)
  if not partner or partner.outside then
    return
  end
  if centres.breaker(partner) == 'closed' then
    centres.set(p, partner, 'failures', 0)
  elseif partner.state.trial == call then
    centres.set(p, partner, 'failures', 0, 'breaker', 'closed', 'trial', '')
    centres.show(p, partner, 'answered', '')
  end
end

-- The call is no longer there: `reason` says why it comes back, '' that it is over. A trial that ended without a verdict
-- makes room for another.
function centres.leave(p, call, reason)
  redis.call('SREM', key(p, ':at:', call.partner), call.id)
  redis.call('ZREM', key(p, ':leaving'), member_of(call))
  local partner = centres.of(p, call.partner)
  if not partner or partner.outside then
    return
  end
  local answered = tonumber(call.partner_answered)
  if reason ~= '' and not centres.BLAMELESS[reason] then
    centres.failed(p, partner, call.id, reason)
  elseif reason == '' and answered > 0 and p.now - answered >= partner.short_ms then
    centres.lasts(p, call.partner, call.id)
  elseif partner.state.trial == call.id then
    centres.set(p, partner, 'trial', '')
  end
end

-- The clock jumped or the store was away: no partner waits for an instant that may never come.
function centres.try_again(p)
  for _, name in ipairs(redis.call('HKEYS', key(p, ':partners'))) do
    redis.call('HDEL', key(p, ':partner:', name), 'next')
    if redis.call('HGET', key(p, ':partner:', name), 'breaker') == 'open' then
      redis.call('HSET', key(p, ':partner:', name), 'until', int(p.now))
    end
  end
end
