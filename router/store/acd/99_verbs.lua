-- The verbs by their names; the number is the version of the library (R1). Old ones stay while somebody calls them.
-- `pairs` cannot be reached while a library is being loaded: one line each.

local function verb(name, callback)
  redis.register_function('acd_v1_' .. name, callback)
end

local function reading(name, callback)
  redis.register_function({ function_name = 'acd_v1_' .. name, callback = callback, flags = { 'no-writes' } })
end

reading('version', function()
  return VERSION
end)
verb('configure', configure)
verb('boot', boot)
verb('set_level', set_level)
verb('committed', committed)
verb('trim', trim)
reading('snapshot', snapshot)
verb('admit', admission.admit)
reading('refused', admission.refused)
reading('call', read_call)
verb('step', step)
verb('note', note)
verb('enqueue', enqueue)
verb('leave_queue', leave_queue)
reading('place', place)
verb('ended', ended)
verb('adopt', adopt)
verb('renew', renew)
verb('offer_next', offer_next)
verb('ringing', ringing)
verb('answered', answered)
verb('returned', returned)
verb('overflow_next', overflow_next)
verb('partner_answered', partner_answered)
verb('hand_back', hand_back)
verb('log_in', log_in)
reading('cso', read_cso)
verb('ask_state', ask_state)
verb('heartbeat', heartbeat)
verb('telephone', telephone)
verb('sweep', sweep)
