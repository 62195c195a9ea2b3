-- Time that did not pass as it should: the store was away, nobody swept, or its own clock was put right.

local clock = {}

-- What stands in a call and lies in the past; an instant after now was written while the clock was ahead.
clock.PAST = {
  'arrived', 'queued', 'stands', 'offered', 'answered', 'partner_answered', 'handed', 'held', 'asked', 'stayed',
  'promised_wait',
}

-- By how much this pool's clock was ahead of what it is now; 0 when it was right. Each verb that tells something sets
-- `clock` back, only the sweep sets `swept`: whichever verb comes first after the jump, it is seen.
function clock.ahead(p, swept)
  local gap = p.own and math.max(p.newest, swept) - p.now or 0
  return gap > JUMP_MS and gap or 0
end

-- The instants of a call, its score and its place with them: who waited does not stand behind who comes now.
function clock.mend_call(p, call, gap)
  local flat = {}
  local function earlier(name, value)
    flat[#flat + 1], flat[#flat + 2] = name, int(value - gap)
  end
  local waits = call.state == 'waiting'
  local line, lane, head_name = line_of(call)
  local member, due = member_of(call), redis.call('ZSCORE', key(p, ':due:', lane), call.id)
  if call.score ~= '0' and tonumber((call.stands or '') ~= '' and call.stands or call.arrived) > p.now then
    earlier('score', call.score)
  end
  for _, name in ipairs(clock.PAST) do
    if tonumber(call[name] or 0) > p.now then
      earlier(name, call[name])
    end
  end
  if tonumber(call.promised_wait or 0) > p.now then
    earlier('promised_low', call.promised_low)
    earlier('promised_until', call.promised_until)
  end
  local queued = tonumber(call.queued)
  if flat[1] then
    set(p, call, unpack(flat))
  end
  if waits then
    redis.call('ZADD', key(p, line, lane), call.score, member)
    refresh_head(p, line, lane, head_name)
  elseif call.state == 'partner' then
    redis.call('ZADD', key(p, ':leaving'), 'XX', call.score, member)
  end
  if call.virtual == '1' then
    redis.call('ZADD', key(p, ':callbacks'), 'XX', call.asked, call.id)
  end
  if due then
    local rules = rules_in_use(p, call.queue)
    local own = call.emergency == '1' and rules.outside_ms or rules.max_wait_ms
    due = queued > p.now and math.max(p.now, due - gap) or tonumber(due)
    redis.call('ZADD', key(p, ':due:', lane), own > 0 and math.min(due, p.now + own) or due, call.id)
  end
end

-- A wrap-up begins again; who is free stays in the order in which they became free.
function clock.mend_cso(p, cso, gap)
  local since, free = tonumber(cso.since), tonumber(cso.free)
  cso.work = '' -- what the call took is not known any more
  if free > p.now then
    cso.free = int(free - gap)
  end
  if cso.state == 'wrap_up' then
    cso.wrap_until, cso.wrap_limit = int(p.now + cso.wrap_until - since), int(p.now + cso.wrap_limit - since)
    cso.since = int(p.now)
  elseif since > p.now then
    cso.since = int(since - gap)
  end
  save(p, cso)
end

-- The clock was ahead by `gap` and is right now: nothing may wait until it is that late again. An hour that somebody
-- named (a level's end, a gap's) is an hour of the wall and stays. So may be that of a callback: it is not brought
-- forward so far that nobody has time to look whether people may be rung (router/callbacks.py).
function clock.mend(p, gap)
  redis.call('HDEL', key(p, ':pool'), 'ladder')
  for _, deadlines in ipairs({ ':offers', ':guests' }) do
    for _, call in ipairs(redis.call('ZRANGEBYSCORE', key(p, deadlines), p.now + JUMP_MS, '+inf')) do
      redis.call('ZADD', key(p, deadlines), p.now + SETUP_MS, call)
    end
  end
  for _, call in ipairs(redis.call('ZRANGE', key(p, ':moving'), 0, -1)) do
    redis.call('ZADD', key(p, ':moving'), p.now, call)
  end
  for _, calls in ipairs({ ':lines', ':callbacks' }) do
    for _, id in ipairs(redis.call('ZRANGE', key(p, calls), 0, -1)) do
      local call = call_of(p, id)
      if call then
        clock.mend_call(p, call, gap)
      end
    end
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key(p, ':scheduled'), p.now + JUMP_MS, '+inf')) do
    local call = call_of(p, id)
    if call then
      callback.step_out(p, call, call.state, math.max(p.now + JUMP_MS, tonumber(call['until']) - gap), 'clock')
    end
  end
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':csos'))) do
    local cso = cso_of(p, id)
    if cso then
      clock.mend_cso(p, cso, gap)
    end
  end
  local refused = redis.call('ZRANGEBYSCORE', key(p, ':refused'), '(' .. int(p.now), '+inf')
  for _, number in ipairs(refused) do
    redis.call('ZINCRBY', key(p, ':refused'), -gap, number)
  end
  rates.again(p)
end

-- What only time would have ended begins its time again: nobody could beat or renew meanwhile.
function clock.begin_again(p, gap)
  for _, cso in ipairs(redis.call('ZRANGE', key(p, ':alive'), 0, -1)) do
    redis.call('ZADD', key(p, ':alive'), p.now, cso)
  end
  for _, call in ipairs(redis.call('ZRANGE', key(p, ':lines'), 0, -1)) do
    redis.call('ZADD', key(p, ':lines'), p.now + LEASE_MS, call)
  end
  for _, deadlines in ipairs({ ':offers', ':guests' }) do
    for _, call in ipairs(redis.call('ZRANGEBYSCORE', key(p, deadlines), '-inf', p.now + SETUP_MS)) do
      redis.call('ZADD', key(p, deadlines), p.now + SETUP_MS, call)
    end
  end
  if gap > 0 then
    clock.mend(p, gap)
  end
  centres.try_again(p)
end
