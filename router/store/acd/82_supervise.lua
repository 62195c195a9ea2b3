-- Verbs of a supervisor, for somebody else's state and queues. The journal says by whom.

local supervise = {}

-- args: now, cso, state (ready | paused | logged_out), by, reason. As the CSO would ask: after a call or an offer, else
-- now; nobody who is logged out becomes ready.
function supervise.force(keys, args)
  local p = open(keys, args)
  local cso = known_cso(p, args[2])
  cso.by = args[4]
  ask(p, cso, args[3], args[5])
  return read_cso(keys, args)
end

-- args: now, cso, '1' queues given, queues, '1' skills given, skills (`name:level …`), by. State and call stay.
function supervise.assign(keys, args)
  local p = open(keys, args)
  local cso = known_cso(p, args[2])
  local queues = args[3] == '1' and args[4] or cso.queues
  local skills = args[5] == '1' and args[6] or cso.skills
  known_queues(p, args[3] == '1' and queues or '')
  lanes.known_skills(p, args[5] == '1' and skills or '')
  if cso.state == 'logged_out' then
    fail('illegal-move', 'cso', cso.state, 'assign')
  end
  redis.call('HSET', key(p, ':cso:', cso.id), 'assigned', '1')
  if cso.queues ~= queues or cso.skills ~= skills then
    withdraw(p, cso)
    cso.by, cso.queues, cso.skills = args[7], queues, skills
    serve(p, cso)
    index(p, cso)
    show(p, cso)
  end
  return read_cso(keys, args)
end
