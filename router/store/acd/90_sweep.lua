-- Time passing: what expired is returned, ended or dropped.

local function expired(p, suffix, until_ms)
  return redis.call('ZRANGEBYSCORE', key(p, suffix), '-inf', until_ms, 'LIMIT', 0, BATCH)
end

local function sweep_offers(p)
  local calls = expired(p, ':offers', p.now)
  for _, id in ipairs(calls) do
    local call = known_call(p, id)
    if call.state == 'partner' and call.partner_answered ~= '0' then
      redis.call('ZREM', key(p, ':offers'), id)
      centres.lasts(p, call.partner, id)
    elseif call.state == 'partner' then
      take_back(p, call, 'expired')
    elseif call.state == 'calling' then
      callback.miss(p, call, 'expired')
    else
      give_back(p, call, known_cso(p, call.cso), 'expired')
    end
  end
  return #calls
end

local function sweep_guests(p)
  local calls = expired(p, ':guests', p.now)
  for _, id in ipairs(calls) do
    let_guest_go(p, known_call(p, id), 'expired')
  end
  return #calls
end

local function sweep_wrap_ups(p)
  local csos = expired(p, ':wrapups', p.now)
  for _, id in ipairs(csos) do
    wrapped(p, known_cso(p, id))
  end
  return #csos
end

local function sweep_callbacks(p)
  local calls = expired(p, ':scheduled', p.now)
  for _, id in ipairs(calls) do
    callback.step_in(p, known_call(p, id))
  end
  return #calls
end

local function sweep_lines(p)
  local calls = expired(p, ':lines', p.now)
  for _, id in ipairs(calls) do
    end_call(p, known_call(p, id), 'lease', 'lost')
  end
  return #calls
end

local function sweep_desks(p)
  local csos = expired(p, ':alive', p.now - HEARTBEAT_MS)
  for _, id in ipairs(csos) do
    local cso = known_cso(p, id)
    if BUSY[cso.state] then -- `save` closes it after the call
      redis.call('HSET', key(p, ':cso:', id), 'silent', '1')
      redis.call('ZREM', key(p, ':alive'), id)
    else
      turn(p, cso, 'log_out', 'heartbeat')
      save(p, cso)
    end
  end
  return #csos
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
