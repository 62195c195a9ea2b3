-- Entries that contradict what they speak of: an index names a call that is not there, or a CSO who is busy. It cannot
-- come about by the verbs; a damaged store, a hand in it or a fault of ours can do it. Then the one entry is put right,
-- the journal says so (`damage`), and everybody else is served.

local damage = {}

-- `done`: removed, mended, or later (nothing was understood: the entry waits a minute, so that it holds nobody up).
function damage.tell(p, where, done, names, why)
  tell(p, 'damage', names, { where = where, done = done, why = why })
end

-- A call that is not there holds no line, no place at a partner, and no number.
function damage.forget_call(p, id, where)
  for _, index in ipairs({ ':lines', ':callbacks', ':offers', ':guests', ':scheduled', ':moving' }) do
    redis.call('ZREM', key(p, index), id)
  end
  for _, trunk in ipairs(redis.call('HKEYS', key(p, ':trunks'))) do
    redis.call('SREM', key(p, ':trunk:', trunk), id)
  end
  for _, partner in ipairs(redis.call('HKEYS', key(p, ':partners'))) do
    redis.call('SREM', key(p, ':at:', partner), id)
  end
  for _, member in ipairs(redis.call('ZRANGE', key(p, ':leaving'), 0, -1)) do
    if string.sub(member, 14) == id then
      redis.call('ZREM', key(p, ':leaving'), member)
    end
  end
  damage.tell(p, where, 'removed', { call = id }, 'unknown-call')
end

-- Who is at work is counted again: what a CSO who is not there was counted for is not known.
function damage.forget_cso(p, id, where)
  redis.call('SREM', key(p, ':csos'), id)
  redis.call('ZREM', key(p, ':alive'), id)
  redis.call('ZREM', key(p, ':wrapups'), id)
  for _, queue in ipairs(redis.call('HKEYS', key(p, ':queues'))) do
    local lanes = redis.call('SMEMBERS', key(p, ':lanes:', queue))
    for _, carrier in ipairs({ 'asterisk', 'twilio' }) do
      lanes[#lanes + 1] = lane_of(queue, carrier)
    end
    for _, lane in ipairs(lanes) do
      redis.call('ZREM', key(p, ':ready:', lane), id)
      redis.call('SREM', key(p, ':serving:', lane), id)
    end
  end
  redis.call('DEL', key(p, ':staff'))
  for _, other in ipairs(redis.call('SMEMBERS', key(p, ':csos'))) do
    local cso = cso_of(p, other)
    if cso then
      cso.at_work = '0'
      redis.call('HSET', key(p, ':cso:', other), 'at_work', '0')
      index(p, cso)
    end
  end
  damage.tell(p, where, 'removed', { cso = id }, 'unknown-cso')
end

-- The entry at the head of a line that is not a call waiting there; a call that waits elsewhere is put where it belongs.
function damage.head(p, line, lane, member)
  local call = member and call_of(p, string.sub(member, 14))
  if member then
    redis.call('ZREM', key(p, line, lane), member)
    pace.line(p, string.match(lane, '^[^@]+'), -1)
    redis.call('ZREM', key(p, ':due:', lane), string.sub(member, 14))
  end
  refresh_head(p, line, lane, line == ':virtual:' and lane .. '!' or lane)
  if member and not call then
    damage.forget_call(p, string.sub(member, 14), line .. lane)
    return
  elseif call and call.state == 'waiting' then
    join_line(p, call, tonumber(call.queued))
  end
  damage.tell(p, line .. lane, 'mended', { call = call and call.id }, call and call.state or 'nobody-there')
end

-- Whether a call and a CSO who were found for each other are what the indexes said. What is not is put right; then the
-- next pair is looked for.
function damage.pair(p, line, lane, call, cso_id, cso)
  local member = redis.call('ZRANGE', key(p, line, lane), 0, 0)[1]
  local waits = call and call.state == 'waiting' and lane_of_call(call) == lane and member == member_of(call)
    and (call.virtual == '1') == (line == ':virtual:')
  if not waits then
    damage.head(p, line, lane, member)
    return true
  elseif not cso then
    damage.forget_cso(p, cso_id, ':ready:' .. lane)
    return true
  elseif cso.state ~= 'ready' or not staff.reachable(p, cso) then
    redis.call('ZREM', key(p, ':ready:', lane), cso_id)
    index(p, cso)
    damage.tell(p, ':ready:' .. lane, 'mended', { cso = cso_id }, cso.state)
    return true
  end
  return false
end

-- The CSO whom a call is with, if that CSO says the same.
function damage.holder(p, call)
  local cso = cso_of(p, call.cso)
  return cso and cso.call == call.id and BUSY[cso.state] and cso or nil
end

-- A ringing call whose CSO does not know of it: back to where it waits, nobody is let go.
function damage.without_cso(p, call)
  damage.tell(p, ':cso:' .. call.cso, 'mended', names_of(call), 'unknown-cso')
  if call.state == 'calling' then
    redis.call('ZREM', key(p, ':offers'), call.id)
    free_line(p, call)
    callback.step_out(p, call, after('call', CALLS, call.state, 'unreached'), p.now, 'damage')
  else
    back_in_line(p, call, 'call.returned', 'damage', after('call', CALLS, call.state, 'return'))
  end
end

-- What an entry of each index must be about.
damage.FITS = {
  [':offers'] = function(call)
    return call.state == 'offered' or call.state == 'calling' or call.state == 'partner'
  end,
  [':guests'] = function(call)
    return call.guest_state == 'offered'
  end,
  [':scheduled'] = function(call)
    return call.state == 'scheduled'
  end,
  [':lines'] = function(call)
    return call.state ~= 'ended'
  end,
  [':wrapups'] = function(cso)
    return cso.state == 'wrap_up'
  end,
  [':alive'] = function(cso)
    return cso.state ~= 'logged_out'
  end,
}

-- Each of what expired by itself: `handle` is given the call, or the CSO. One that fails keeps no other from its turn.
function damage.each(p, index_name, ids, handle)
  local of_csos = index_name == ':wrapups' or index_name == ':alive'
  for _, id in ipairs(ids) do
    local one = of_csos and cso_of(p, id) or not of_csos and call_of(p, id)
    local names = of_csos and { cso = id } or { call = id }
    if not one and of_csos then
      damage.forget_cso(p, id, index_name)
    elseif not one then
      damage.forget_call(p, id, index_name)
    elseif not damage.FITS[index_name](one) then
      redis.call('ZREM', key(p, index_name), id)
      if index_name == ':lines' then
        free_line(p, one)
      end
      damage.tell(p, index_name, 'removed', names, one.state)
    else
      local ok, fault = pcall(handle, p, one)
      if not ok then
        redis.call('ZADD', key(p, index_name), p.now + JUMP_MS, id)
        damage.tell(p, index_name, 'later', names, type(fault) == 'table' and fault.err or tostring(fault))
      end
    end
  end
  return #ids
end
