-- Verbs of a pool: its rules, its epoch, its level, everything at one instant.

-- What hangs on the rules, or was not kept by an older library: the lanes, the order of the free CSOs, who is at work,
-- how many are in line.
local function catch_up(p)
  for _, head in ipairs(redis.call('ZRANGE', key(p, ':heads'), 0, -1)) do
    local lane = string.gsub(head, '!$', '')
    lanes.add(p, string.match(lane, '^[^@]+'), lane)
  end
  local working = 0
  for _, id in ipairs(redis.call('SMEMBERS', key(p, ':csos'))) do
    local cso = cso_of(p, id)
    if cso then
      index(p, cso)
      working = working + tonumber(cso.at_work or 0)
    else
      redis.call('SREM', key(p, ':csos'), id)
      redis.call('ZREM', key(p, ':alive'), id)
      damage.tell(p, ':csos', 'removed', { cso = id }, 'unknown-cso')
    end
  end
  redis.call('HSET', key(p, ':staff'), '*', working)
  for _, queue in ipairs(redis.call('HKEYS', key(p, ':queues'))) do
    local waiting, virtual = length_of(p, queue)
    local length = waiting + virtual
    if pace.read(p, queue, 'line').line ~= length then
      redis.call('HSET', key(p, ':pace:', queue), 'line', length, 'at', int(p.now))
    end
  end
end

-- args: now, queues JSON [{name, …}], partners JSON, lines, emergency_lines, priority_step, trunks JSON,
-- gaps of the levels JSON, legs a second of carriers JSON,
-- skills (` en prabayar `; '' = none is checked)
local function configure(keys, args)
  local p = open(keys, args)
  local queues, partners = cjson.decode(args[2]), cjson.decode(args[3])
  redis.call('DEL', key(p, ':queues'), key(p, ':partners'))
  redis.call('DEL', key(p, ':strategies'), key(p, ':trunks'))
  for _, queue in ipairs(queues) do
    redis.call('HSET', key(p, ':queues'), queue.name, cjson.encode(queue))
    redis.call('HSET', key(p, ':strategies'), queue.name, queue.strategy or DEFAULT_RULES.strategy)
  end
  for _, partner in ipairs(partners) do
    redis.call('HSET', key(p, ':partners'), partner.name, cjson.encode(partner))
  end
  for _, trunk in ipairs(cjson.decode(args[7] or '[]')) do
    redis.call('HSET', key(p, ':trunks'), trunk.name, cjson.encode(trunk))
  end
  gaps.configure(p, cjson.decode(args[8] or '[]'))
  legs.configure(p, cjson.decode(args[9] or '{}'))
  p.rules = redis.sha1hex(args[2]) -- the same in a replay, and another one exactly when the rules are others
  redis.call('HSET', key(p, ':pool'), 'lines', args[4], 'emergency_lines', args[5], 'priority_step', args[6],
    'rules', p.rules)
  if (args[10] or '') == '' then
    redis.call('HDEL', key(p, ':pool'), 'skills')
  else
    redis.call('HSET', key(p, ':pool'), 'skills', args[10])
  end
  catch_up(p)
  for _, queue in ipairs(queues) do
    lanes.stamp(p, queue.name) -- an older library gave none
  end
  return 'OK'
end

-- A lost host takes the last second or two with it: entries that followers have read, and made durable, are gone from
-- the journal. What is told from now on must come after those, whatever the clock of the store says.
local function go_beyond_what_was_lost(p)
  local journal = key(p, ':journal')
  if redis.call('EXISTS', journal) == 1 then
    local newest = fields(redis.call('XINFO', 'STREAM', journal))['last-generated-id']
    redis.call('XSETID', journal, int(tonumber(string.match(newest, '^%d+')) + LOST_MS) .. '-0')
  end
end

-- args: now, run id of the store → epoch. A new run is a new epoch.
local function boot(keys, args)
  local p = open(keys, args, true)
  local pool = fields(redis.call('HGETALL', key(p, ':pool')))
  if pool.run == args[2] then
    return pool.epoch
  end
  local starts = tonumber(pool.starts or 0) + 1
  p.epoch = starts .. '-' .. string.sub(args[2], 1, 12)
  redis.call('HSET', key(p, ':pool'), 'run', args[2], 'starts', starts, 'epoch', p.epoch)
  clock.begin_again(p, clock.ahead(p, tonumber(pool.swept or 0)))
  redis.call('HSET', key(p, ':pool'), 'swept', int(p.now))
  go_beyond_what_was_lost(p)
  redis.call('DEL', key(p, ':counts'))
  tell(p, 'store.started', {}, { starts = starts })
  return p.epoch
end

-- { epoch, newest journal id, counters } at one instant
local function counted(keys, args)
  local p = open(keys, args)
  local newest = redis.call('XREVRANGE', key(p, ':journal'), '+', '-', 'COUNT', 1)
  return {
    redis.call('HGET', key(p, ':pool'), 'epoch') or '', newest[1] and newest[1][1] or '0-0',
    redis.call('HGETALL', key(p, ':counts')),
  }
end

-- `ms-n`, or `ms` alone for the first of its millisecond (a follower at its very start stands at `0`).
local function instant_of(entry)
  return tonumber(string.match(entry, '^%d+')), tonumber(string.match(entry, '-(%d+)$') or 0)
end

local function older(a, b)
  local a_ms, a_n = instant_of(a)
  local b_ms, b_n = instant_of(b)
  return a_ms < b_ms or (a_ms == b_ms and a_n < b_n)
end

-- args: now, follower, entry
local function committed(keys, args)
  local p = open(keys, args)
  redis.call('HSET', key(p, ':followers'), args[2], args[3])
  return 'OK'
end

-- args: now, entry. Drops what is older, but nothing that a durable follower has not committed (R8).
local function trim(keys, args)
  local p = open(keys, args)
  local before = args[2]
  for _, entry in ipairs(redis.call('HVALS', key(p, ':followers'))) do
    before = older(entry, before) and entry or before
  end
  return redis.call('XTRIM', key(p, ':journal'), 'MINID', before)
end

local function each_hash(p, suffix, ids)
  local out = {}
  for _, id in ipairs(ids) do
    local flat = redis.call('HGETALL', key(p, suffix, id))
    if flat[1] then -- else the index speaks of what is not there; a sweep mends it
      out[#out + 1] = { id, flat }
    end
  end
  return out
end

-- { now, pool, calls on a line, CSOs, { partner, calls there, … }, unreachable telephones, newest journal id,
-- callbacks without a line }
local function snapshot(keys, args)
  local p = open(keys, args)
  local partners = {}
  for _, name in ipairs(redis.call('HKEYS', key(p, ':partners'))) do
    partners[#partners + 1] = name
    partners[#partners + 1] = redis.call('SCARD', key(p, ':at:', name))
  end
  local newest = redis.call('XREVRANGE', key(p, ':journal'), '+', '-', 'COUNT', 1)
  return {
    int(p.now),
    redis.call('HGETALL', key(p, ':pool')),
    each_hash(p, ':call:', redis.call('ZRANGE', key(p, ':lines'), 0, -1)),
    each_hash(p, ':cso:', redis.call('SMEMBERS', key(p, ':csos'))),
    partners,
    redis.call('HKEYS', key(p, ':telephones')),
    newest[1] and newest[1][1] or '0-0',
    each_hash(p, ':call:', redis.call('ZRANGE', key(p, ':callbacks'), 0, -1)),
  }
end
