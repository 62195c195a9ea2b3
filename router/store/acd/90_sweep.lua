-- Time passing: what expired is returned, ended or dropped.

local function expired(p, suffix, until_ms)
  return redis.call('ZRANGEBYSCORE', key(p, suffix), '-inf', until_ms, 'LIMIT', 0, BATCH)
end

local function sweep_offers(p)
  return damage.each(p, ':offers', expired(p, ':offers', p.now), function(_, call)
    if call.state == 'partner' and call.partner_answered ~= '0' then
      redis.call('ZREM', key(p, ':offers'), call.id)
      centres.lasts(p, call.partner, call.id)
    elseif call.state == 'partner' then
      take_back(p, call, 'expired')
    elseif not damage.holder(p, call) then
      damage.without_cso(p, call)
    elseif call.state == 'calling' then
      callback.miss(p, call, 'expired')
    else
      give_back(p, call, known_cso(p, call.cso), 'expired')
    end
  end)
end

local function sweep_guests(p)
  return damage.each(p, ':guests', expired(p, ':guests', p.now), function(_, call)
    let_guest_go(p, call, 'expired')
  end)
end

local function sweep_wrap_ups(p)
  return damage.each(p, ':wrapups', expired(p, ':wrapups', p.now), wrapped)
end

local function sweep_callbacks(p)
  return damage.each(p, ':scheduled', expired(p, ':scheduled', p.now), callback.step_in)
end

local function sweep_lines(p)
  return damage.each(p, ':lines', expired(p, ':lines', p.now), function(_, call)
    end_call(p, call, 'lease', 'lost')
  end)
end

local function sweep_desks(p)
  return damage.each(p, ':alive', expired(p, ':alive', p.now - HEARTBEAT_MS), function(_, cso)
    if BUSY[cso.state] then -- `save` closes it after the call
      redis.call('HSET', key(p, ':cso:', cso.id), 'silent', '1')
      redis.call('ZREM', key(p, ':alive'), cso.id)
    else
      turn(p, cso, 'log_out', 'heartbeat')
      save(p, cso)
    end
  end)
end

local function sweep_refused(p)
  local numbers = expired(p, ':refused', p.now - REFUSED_MS)
  for _, number in ipairs(numbers) do
    drop_number(p, number)
  end
end

-- The store's clock jumped, or nobody swept for a long time: nothing has expired, everything begins its time again.
local function mend_clock(p)
  local swept = pool_number(p, 'swept', p.now)
  redis.call('HSET', key(p, ':pool'), 'swept', int(p.now))
  local gap = clock.ahead(p, swept)
  if not p.own or (gap == 0 and p.now - swept <= JUMP_MS) then
    return false
  end
  redis.call('HSET', key(p, ':pool'), 'clock', int(p.now))
  clock.begin_again(p, gap)
  tell(p, 'clock', {}, { gap = p.now - swept })
  return true
end

local function sweep(keys, args)
  local p = open(keys, args)
  if mend_clock(p) then
    return 0
  end
  sweep_refused(p)
  surge.override(p)
  return sweep_offers(p) + sweep_wrap_ups(p) + sweep_callbacks(p) + sweep_lines(p) + sweep_desks(p) + sweep_guests(p)
end
