-- Errors, time, the journal, repeated commands.

-- Ends the function; nothing has been written yet wherever this is called (R3).
local function fail(slug, ...)
  error({ err = 'SUAR ' .. table.concat({ slug, ... }, ' ') })
end

-- Lua writes large numbers as 1.7e+12; the store's readers want digits.
local int_of, int_text -- the same instant is written several times by every verb
local function int(number)
  if number ~= int_of then
    int_of, int_text = number, string.format('%.0f', number)
  end
  return int_text
end

-- As exact as the number is: what is read again is the same number.
local function exact(number)
  return string.format('%.17g', number)
end

local function key(p, suffix, name)
  return p.root .. suffix .. (name or '')
end

local function store_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- The pool at one instant. The first argument of every function is the time, or '' for the store's own clock. Time
-- never runs backwards in a pool: a caller's clock that is behind is refused, the store's own stands still until it is
-- right again, and a jump of it is mended by the next sweep.
local function open(keys, args, greeting)
  local p = { root = keys[1], now = tonumber(args[1]) }
  local pool = redis.call('HMGET', key(p, ':pool'), 'clock', 'epoch', 'rules')
  local newest = tonumber(pool[1] or 0)
  p.newest, p.epoch, p.rules = newest, pool[2], pool[3]
  if p.now then
    if p.now < newest - CLOCK_MS and not greeting then
      fail('clock-back')
    end
  else
    p.own, p.now = true, store_ms()
    p.back = p.now < newest - JUMP_MS
  end
  if not p.back and p.now < newest then
    p.now = newest
  end
  return p
end

local function fields(flat)
  local out = {}
  for i = 1, #flat, 2 do
    out[flat[i]] = flat[i + 1]
  end
  return out
end

local NAMES = { 'call', 'cso', 'queue', 'token', 'carrier', 'cmd' }

-- One entry of the journal; `data` is what has no name of its own: a table, or JSON that passes through untouched.
local function tell(p, event, names, data)
  local entry, n = { 'e', event, 't', int(p.now), 'ep', p.epoch or '' }, 6
  for i = 1, #NAMES do
    local value = names[NAMES[i]]
    if value and value ~= '' then
      entry[n + 1], entry[n + 2] = NAMES[i], value
      n = n + 2
    end
  end
  if data and (type(data) == 'string' or next(data) ~= nil) then
    entry[n + 1], entry[n + 2] = 'd', type(data) == 'string' and data or cjson.encode(data)
  end
  redis.call('XADD', key(p, ':journal'), '*', unpack(entry))
  redis.call('HINCRBY', key(p, ':counts'), event, 1)
  if p.newest ~= p.now then
    p.newest = p.now
    redis.call('HSET', key(p, ':pool'), 'clock', int(p.now))
  end
end

-- What this command was answered before, or nil (R4).
local function answered_before(p, verb, cmd)
  local answer = cmd ~= '' and redis.call('GET', key(p, ':cmd:', verb .. ':' .. cmd))
  return answer or nil
end

local function remember(p, verb, cmd, answer)
  if cmd ~= '' then
    redis.call('SET', key(p, ':cmd:', verb .. ':' .. cmd), answer, 'PX', COMMAND_MS)
  end
  return answer
end

local function after(machine, moves, state, event)
  local to = moves[state] and moves[state][event]
  if not to then
    fail('illegal-move', machine, state, event)
  end
  return to
end

local function pool_number(p, name, default)
  return tonumber(redis.call('HGET', key(p, ':pool'), name) or default or 0)
end
