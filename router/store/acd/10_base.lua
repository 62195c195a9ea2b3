-- Errors, time, the journal, repeated commands.

-- Ends the function; nothing has been written yet wherever this is called (R3).
local function fail(slug, ...)
  error({ err = 'SUAR ' .. table.concat({ slug, ... }, ' ') })
end

-- Lua writes large numbers as 1.7e+12; the store's readers want digits.
local int_of, int_text -- the same instant is written several times by every verb
local function int(number)
  if number ~= int_of then
    int_of, int_text = number, string.format('%d', number) -- %.0f takes twice as long
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
  local pool = redis.call('HMGET', keys[1] .. ':pool', 'clock', 'epoch', 'rules', 'lanes')
  local newest, now = tonumber(pool[1] or 0), tonumber(args[1])
  local p = {
    root = keys[1], now = now or store_ms(), own = not now, newest = newest, epoch = pool[2], rules = pool[3],
    lanes = pool[4], back = false,
  }
  if now then
    if now < newest - CLOCK_MS and not greeting then
      fail('clock-back')
    end
  else
    p.back = p.now < newest - JUMP_MS
  end
  if not p.back and p.now < newest then
    p.now = newest
  end
  return p
end

-- Text as JSON. What every call tells is put together by hand: cjson takes most of its time to look through a table and
-- to write numbers that were read as text.
local function quoted(text)
  return text == '' and '""' or cjson.encode(text)
end

local function fields(flat)
  local out = {}
  for i = 1, #flat, 2 do
    out[flat[i]] = flat[i + 1]
  end
  return out
end

-- Of a call or a CSO some fields are read at once, and all others when one of them is asked for: to read a field costs
-- as much as a small command. The record has its pool under this key until all of it was read.
local in_part = { POOL = {} }
local command = {} -- one table for every long command: a new one would have to grow each time

local NAMES = { 'call', 'cso', 'queue', 'token', 'carrier', 'cmd' }

-- One entry of the journal; `data` is what has no name of its own: a table, or JSON that passes through untouched.
local function tell(p, event, names, data)
  local entry, n = command, 9
  entry[1], entry[2], entry[3], entry[4], entry[5] = 'XADD', key(p, ':journal'), '*', 'e', event
  entry[6], entry[7], entry[8], entry[9] = 't', int(p.now), 'ep', p.epoch or ''
  for i = 1, #NAMES do
    local value = names[NAMES[i]]
    if value and value ~= '' then
      entry[n + 1], entry[n + 2] = NAMES[i], value
      n = n + 2
    end
  end
  if data and (type(data) == 'string' or next(data) ~= nil) then
    entry[n + 1], entry[n + 2] = 'd', type(data) == 'string' and data or cjson.encode(data)
    n = n + 2
  end
  local id = redis.call(unpack(entry, 1, n))
  if not names.call or (names.queue or '') ~= '' or (names.cso or '') ~= '' then
    redis.pcall('XADD', key(p, ':bell'), 'MAXLEN', 1, id, 'e', event) -- unheard, it costs a moment, never an entry
  end
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
