--[[ THE LIVE STATE OF ONE POOL

Every key is the pool's root key, `suar:{<pool>}`, plus a suffix. The braces are a hash tag: all keys of a pool lie in
one slot. Instants are milliseconds since the epoch. A *lane* is `<queue>@<carrier>`, the part of a queue that one
carrier can serve (an Asterisk call cannot ring a Twilio telephone), followed by what the caller asks of a CSO:
`gangguan@asterisk+en:3`. docs/redis-keys.md is made of this table.

KEYS
:pool            hash    epoch, run, starts (of the store); level (0 to 4), automatic (the ladder's), override (by hand, JSON), ladder (its state, JSON), ladder_turn; lines, emergency_lines, priority_step; arrivals, offers, withheld_refused (counters); clock (newest instant told), swept; rules (hash of those of the queues), lanes (another one when a lane is added); skills (those there are, each between two blanks; none is checked without it)
:queues          hash    queue → its rules, JSON (QueueRules)
:strategies      hash    queue → which of its free CSOs is next
:lanes:<queue>   set     the lanes in which somebody waited since the rules were given
:pace:<queue>    hash    how fast it moves (router/pace.py)
:staff           hash    lane → CSOs at work for it; `lane|lane` → for both (the lesser name first); `*` → all at work
:partners        hash    partner → its rules, JSON (PartnerRules)
:trunks          hash    trunk → its rules, JSON (TrunkRules)
:trunk:<trunk>   set     the calls on a line that came by this trunk
:refused         zset    number that did not get through → when first; kept a day, for calling back
:refusals        hash    the same number → its call, JSON {call, carrier, trunk, region}
:carriers        hash    carrier that begins only so many legs a second → ms between two; `next <carrier>` → when the next one begins
:gaps            hash    `hand:<area>` and `<level>:<area>` → how many callers of the area may come, JSON
:buckets         hash    the same name → tokens left and when
:rates           hash    `all`, `refused`, `region:<code>`, `area:<code>` → calls of the last minute, of the last five, when
:lines           zset    call → when its lease on the line expires; every live call is here, a callback only while it is offered or talking
:callbacks       zset    callback without a line (waiting, scheduled or moving) → when it was asked for
:scheduled       zset    callback out of the line → when it comes back into it
:numbers         hash    number that is to be called back → its callback
:call:<call>     hash    one call (Call); kept half an hour after its end, so that a late witness changes nothing
:flow:<call>     hash    what the IVR keeps of it: flow (opaque), step (token of the last one), answer, steps (older tokens)
:waiting:<lane>  zset    `<arrival number, 12 digits>:<call>` → score; the lowest is next
:virtual:<lane>  zset    the same for callbacks, which need a line of ours before they can be offered
:heads           zset    lane in which somebody waits (`<lane>!` for its callbacks) → score of its head
:due:<lane>      zset    waiting call → when a partner may have it; of an emergency: when the outside telephone may
:offers          zset    call being offered, or ringing at a partner → its deadline; answered there → when that counts as lasting
:moving          zset    call on its way to another pool → when another mover may go on with it
:handed:<call>:<token> string what this pool did with a call another one sent: received | refused; two days
:guests          zset    call whose CSO consults another one, whose telephone rings → the deadline of that
:at:<partner>    set     the calls a partner has now
:partner:<name>  hash    a partner's state: hours, hand (open, shut), by, reason, reachable; breaker (closed, open, half), failures, retry, until, trial; load, next
:leaving         zset    `<arrival number>:<call>` ringing at a partner → score
:cso:<cso>       hash    one CSO (Cso); kept a day after logging out
:csos            set     the CSOs that are logged in
:serving:<lane>  set     the CSOs logged in for it
:ready:<lane>    zset    CSO that may be offered a call → free since
:wrapups         zset    CSO in wrap-up → its end
:alive           zset    CSO → last heartbeat of the desk
:telephones      hash    CSO whose telephone cannot be reached → since
:cmd:<verb>:<id> string  the answer given to a command, ten minutes
:counts          hash    event → how many entries of that name the journal was given since the store's last start
:followers       hash    durable follower of the journal → the last entry it has committed; nothing newer is trimmed
:journal         stream  every change (router/events.py)
:bell            stream  the newest entry of the journal that somebody is waiting for: of a queue, a CSO or the pool
END KEYS ]]

local LEASE_MS = 900000 -- a line nobody renewed for so long has no call on it
local GRACE_MS = 2000 -- the carrier's own ring timer goes first; the reaper comes after it
local SETUP_MS = 5000 -- from the claim until the telephone rings
local HEARTBEAT_MS = 45000 -- a desk silent for longer is closed
local COMMAND_MS = 600000
local REFUSED_MS = 86400000 -- a number that did not get through is kept so long
local ENDED_CALL_S = 1800
local LOGGED_OUT_S = 86400
local EMERGENCY_BAND = -4e15
local BATCH = 100
local LOST_MS = 5000 -- more than a lost host can take of what was written
local CLOCK_MS = 2000 -- a caller's clock may be behind the pool's by so much
local JUMP_MS = 60000 -- the store's own clock jumped, or nobody swept for so long
-- What an older process does not give of a queue; all of them, of one that was taken out of the configuration while a
-- call was in it.
local DEFAULT_RULES = {
  offer_ms = 15000, wrap_up_ms = 30000, wrap_up_max_ms = 300000, strategy = 'longest-idle', max_waiting = 0,
  callback_attempts = 3, callback_retry_ms = 300000, callback_ring_ms = 30000, max_wait_ms = 0, partners = {}, pools = {},
  over_place = 0, over_estimate_ms = 0, over_ratio = 0, over_level = 0, drain_after_ms = 0, outside = '', outside_ms = 0,
}
