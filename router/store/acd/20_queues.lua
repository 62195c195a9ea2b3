-- Who waits: lanes, their heads, places.

local function lane_of(queue, carrier)
  return queue .. '@' .. carrier
end

local function rules_of(p, queue)
  local text = redis.call('HGET', key(p, ':queues'), queue)
  if text then
    return cjson.decode(text)
  end
  return nil
end

-- The rules of a queue that may have been taken out of the configuration while a call was in it.
local function rules_in_use(p, queue)
  return rules_of(p, queue) or { offer_ms = 15000, wrap_up_ms = 30000, max_wait_ms = 0, partners = {} }
end

local function known_queue(p, queue)
  if redis.call('HEXISTS', key(p, ':queues'), queue) == 0 then
    fail('unknown-queue')
  end
end

local function member_of(call)
  return string.format('%012d:%s', tonumber(call.number), call.id)
end

local function refresh_head(p, lane)
  local head = redis.call('ZRANGE', key(p, ':waiting:', lane), 0, 0, 'WITHSCORES')
  if head[1] then
    redis.call('ZADD', key(p, ':heads'), head[2], lane)
  else
    redis.call('ZREM', key(p, ':heads'), lane)
  end
end

-- R5: arrival minus a fixed head start per priority; emergencies are a band of their own.
local function score_of(p, arrived, priority, emergency)
  local score = arrived - priority * pool_number(p, 'priority_step', 60000)
  if emergency then
    score = score + EMERGENCY_BAND
  end
  return int(score)
end

-- `since`: when the wait for a partner began; being offered in between does not begin it again.
local function join_line(p, call, since)
  local lane = lane_of(call.queue, call.carrier)
  redis.call('ZADD', key(p, ':waiting:', lane), call.score, member_of(call))
  refresh_head(p, lane)
  local rules = rules_in_use(p, call.queue)
  if call.emergency ~= '1' and rules.max_wait_ms > 0 and rules.partners[1] then
    redis.call('ZADD', key(p, ':due:', lane), since + rules.max_wait_ms, call.id)
  end
end

local function leave_line(p, call)
  local lane = lane_of(call.queue, call.carrier)
  redis.call('ZREM', key(p, ':waiting:', lane), member_of(call))
  redis.call('ZREM', key(p, ':due:', lane), call.id)
  refresh_head(p, lane)
end

-- { place (1 = next), CSOs ready, CSOs serving } or nil when it does not wait
local function place_of(p, call)
  local lane = lane_of(call.queue, call.carrier)
  local rank = redis.call('ZRANK', key(p, ':waiting:', lane), member_of(call))
  if not rank then
    return nil
  end
  return { rank + 1, redis.call('ZCARD', key(p, ':ready:', lane)), redis.call('SCARD', key(p, ':serving:', lane)) }
end
