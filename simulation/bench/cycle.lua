-- Loaded behind the product's library in the bench's own store, nowhere else: verbs that leave everything as it was, so
-- that they can be repeated without end with the same arguments.

-- One whole decision and its undoing, by the functions of the library: the best waiting call is claimed for its
-- longest-free CSO, then put back in line with its score, and the CSO at the end of the free ones.
verb('bench_cycle', function(keys, args)
  local claimed = offer_next(keys, args)
  if claimed then
    returned(keys, { args[1], claimed[1], claimed[3], 'failed' })
  end
  return claimed
end)

-- The same decision by looking at everybody, as a router does that keeps no order; only found, not claimed.
verb('bench_scan', function(keys, args)
  local p = open(keys, args)
  local best, call_id
  for _, id in ipairs(redis.call('ZRANGE', key(p, ':lines'), 0, -1)) do
    local call = redis.call('HMGET', key(p, ':call:', id), 'state', 'score', 'queue')
    local score = tonumber(call[2])
    if call[1] == 'waiting' and (not best or score < best) then
      best, call_id = score, id
    end
  end
  local longest, cso_id
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':csos'))) do
    local cso = redis.call('HMGET', key(p, ':cso:', id), 'state', 'free', 'queues')
    local free = tonumber(cso[2])
    if cso[1] == 'ready' and (not longest or free < longest) then
      longest, cso_id = free, id
    end
  end
  return { call_id, cso_id }
end)

verb('bench_nothing', function()
  return 'OK'
end)
