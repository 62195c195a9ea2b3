-- A call goes to a partner: by overflow, or because a CSO refers it there.

-- The partner and what this carrier dials, when it may be given a call now. The telephone outside of the house is not
-- asked for anything but an emergency that nobody takes.
local function room_at(p, call, name)
  local partner = centres.of(p, name)
  local address = partner and not partner.outside and partner.addresses[call.carrier] or ''
  if address ~= '' and centres.has_room(p, partner) then
    return partner, address
  end
  return nil
end

-- A call that stands in no line goes there; `why`: its `reason`, and what more the journal tells.
local function hand_over(p, call, partner, address, to, random, why)
  local token = token_of(p, random)
  centres.take_room(p, partner, call.id)
  set(p, call, 'state', to, 'partner', partner.name, 'token', token, 'partner_answered', '0', 'handed', int(p.now),
    'handed_why', why.reason)
  redis.call('ZADD', key(p, ':leaving'), call.score, member_of(call))
  redis.call('ZADD', key(p, ':offers'), p.now + SETUP_MS + partner.ring_ms + GRACE_MS, call.id)
  why.partner, why.address, why.channel = partner.name, address, call.channel
  tell(p, 'call.handed_over', names_of(call), why)
  return { call.id, partner.name, token, call.carrier, call.channel, address }
end
