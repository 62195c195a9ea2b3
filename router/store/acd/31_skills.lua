-- The skills there are. A name that is in no list would make a line that nobody ever serves.

-- `text`: `en:3 prabayar:1`. An older process gives no list; then nothing is checked.
function lanes.known_skills(p, text)
  local known = text ~= '' and text ~= '-' and redis.call('HGET', key(p, ':pool'), 'skills')
  if known then
    for name in pairs(levels(text)) do
      if not string.find(known, ' ' .. name .. ' ', 1, true) then
        fail('unknown-skill')
      end
    end
  end
end
