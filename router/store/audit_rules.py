"""What must be true of a pool's structures, whatever happened before: one function per invariant, pure.

A rule is given everything (Live) and yields a sentence for each thing that is wrong. A part that adds a structure adds
its rule here, or in a module of its own that this table names.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from router.agents import CsoState
from router.calls import CallState, Outcome
from router.store import audit_surge
from router.store.answers import levels
from router.store.audit_state import Live

BAND = -4e15
HELD = ("offered", "calling", "talking")  # a CSO has the call
WITH_CSO = {"offered": ("offered",), "calling": ("talking", "offered"), "talking": ("talking",)}
AT_WORK = ("ready", "offered", "talking", "wrap_up")
TOKENED = (*HELD, "partner", "moving")

Call = Mapping[str, str]


def lane_of(call: Call) -> str:
    """The lane a call waits in."""
    lane = f"{call.get('queue', '')}@{call.get('carrier', '')}"
    return "+".join((lane, *call.get("skills", "").split()))


def is_virtual(call: Call) -> bool:
    """A callback: nobody holds the line."""
    return call.get("virtual") == "1"


def _member(name: str, call: Call) -> str:
    return f"{int(call.get('number', 0)):012}:{name}"


def places(live: Live) -> dict[str, list[str]]:
    """Where each call is found: `waiting:<lane>`, `virtual:<lane>`, `partner:<name>`, `cso:<name>`, `scheduled`."""
    found: dict[str, list[str]] = {}
    for kind in ("waiting", "virtual"):
        for lane, members in live.each(f":{kind}:"):
            for member in members:
                found.setdefault(member[13:], []).append(f"{kind}:{lane}")
    for partner, calls in live.each(":at:"):
        for name in calls:
            found.setdefault(name, []).append(f"partner:{partner}")
    for cso, fields in live.csos().items():
        if fields.get("state") in ("offered", "talking") and fields.get("call"):
            found.setdefault(fields["call"], []).append(f"cso:{cso}")
    for name in live.members(":scheduled"):
        found.setdefault(name, []).append("scheduled")
    return found


def _expected(call: Call) -> list[str]:
    state = call.get("state", "")
    if state == "waiting":
        return [f"{'virtual' if is_virtual(call) else 'waiting'}:{lane_of(call)}"]
    if state in HELD:
        return sorted(f"cso:{call[who]}" for who in ("cso", "guest") if call.get(who))
    return {"partner": [f"partner:{call.get('partner', '')}"], "scheduled": ["scheduled"]}.get(state, [])


def one_place(live: Live) -> Iterator[str]:
    """A call is in exactly one place, and that place is the one its state names."""
    found, calls = places(live), live.calls()
    for name, call in calls.items():
        expected, real = _expected(call), found.pop(name, [])
        if sorted(real) != expected:
            yield f"{name} is {call.get('state')} and should be in {expected or 'no line'}, but is in {sorted(real)}"
    for name, real in found.items():
        yield f"{name} is unknown, but is in {sorted(real)}"


def known_states(live: Live) -> Iterator[str]:
    """A call and a CSO are in a state there is; an ended call has one outcome and goes away, a live one does not."""
    for name, call in live.calls().items():
        state = call.get("state", "")
        if state not in set(CallState):
            yield f"{name} is in a state that there is not: {state!r}"
        if (state == "ended") != (call.get("outcome", "") in set(Outcome)):
            yield f"{name} is {state} with the outcome {call.get('outcome', '')!r}"
        over = state == "ended" and name not in live.members(":moving")  # its mover has yet to learn of it
        if over != (f":call:{name}" in live.expires):
            yield f"{name} is {state} and {'is kept for ever' if state == 'ended' else 'goes away by itself'}"
    for name, cso in live.csos().items():
        if cso.get("state") not in set(CsoState):
            yield f"{name} is in a state that there is not: {cso.get('state')!r}"


def one_call_each(live: Live) -> Iterator[str]:
    """A CSO holds at most one call, which says the same of the CSO: same token, fitting state."""
    calls = live.calls()
    holders = Counter(cso.get("call", "") for cso in live.csos().values() if cso.get("state") in ("offered", "talking"))
    for name, count in holders.items():
        if count > (2 if calls.get(name, {}).get("guest") else 1):
            yield f"{name} is with {count} CSOs"
    for name, cso in live.csos().items():
        busy = cso.get("state") in ("offered", "talking")
        if not busy:
            if cso.get("token"):
                yield f"{name} is {cso.get('state')} and has a token"
            if cso.get("call") and cso.get("state") != "wrap_up":
                yield f"{name} is {cso.get('state')} and has {cso['call']}"
            continue
        call = calls.get(cso.get("call", ""), {})
        if call.get("guest") == name:
            continue  # `guests` looks at them
        if call.get("cso") != name or cso.get("state") not in WITH_CSO.get(call.get("state", ""), ()):
            yield f"{name} is {cso.get('state')} with {cso.get('call')!r}, which is {call.get('state')}"
        elif call.get("token") != cso.get("token"):
            yield f"{name} and {cso.get('call')} have different tokens"


def tokens(live: Live) -> Iterator[str]:
    """A call has a token exactly while somebody was promised it."""
    for name, call in live.calls().items():
        if bool(call.get("token")) != (call.get("state") in TOKENED):
            yield f"{name} is {call.get('state')} {'with' if call.get('token') else 'without'} a token"


def lines(live: Live) -> Iterator[str]:
    """Who is on a line: every live call, a callback only while a CSO has it. The trunk's capacity holds."""
    pool, calls = live.hash(":pool"), live.live()
    expected = {name for name, call in calls.items() if not is_virtual(call) or call.get("state") in HELD}
    real = live.members(":lines")
    if real != expected:
        yield f"too many on a line: {sorted(real - expected)}, missing: {sorted(expected - real)}"
    # A channel that was adopted was there before it was counted.
    admitted = [name for name in expected & real if calls[name].get("admission") or is_virtual(calls[name])]
    if len(admitted) > int(pool.get("lines", 0)):
        yield f"{len(admitted)} calls on {pool.get('lines', 0)} lines"


def partners(live: Live) -> Iterator[str]:
    """A partner never has more calls than it said it can take; an emergency is only at a telephone kept for it."""
    rules = {name: json.loads(text) for name, text in live.hash(":partners").items()}
    known = live.calls()
    for name, calls in live.each(":at:"):
        if name in rules and not rules[name].get("outside") and len(calls) > rules[name]["cap"]:
            yield f"{name} has {len(calls)} calls, its most is {rules[name]['cap']}"
        for call in calls:
            if known.get(call, {}).get("emergency") == "1" and not rules.get(name, {}).get("outside"):
                yield f"{call} is an emergency and was handed to {name}"
    expected = {name for name, call in known.items() if call.get("state") == "partner" and _rings(call)}
    listed = {member[13:] for member in live.members(":leaving")}
    if listed != expected:
        yield f"at partners ring {sorted(expected)}, listed are {sorted(listed)}"


def scores(live: Live) -> Iterator[str]:
    """R5: arrival (of the callback whose place it took) minus a head start per priority, emergencies in a band of their
    own; lines stand in that order.
    """
    for name, call in live.calls().items():
        if call.get("score", "0") == "0":
            if call.get("state") in ("waiting", *HELD, "partner", "scheduled"):
                yield f"{name} is {call.get('state')} without a score"
            continue
        base = float(call["score"]) - (BAND if call.get("emergency") == "1" else 0)
        head_start, priority = int(call.get("stands") or call["arrived"]) - base, float(call.get("priority", 0))
        if head_start % priority if priority else head_start:
            yield f"{name} stands {head_start:.0f} ms before its arrival with priority {priority:g}"
    calls = live.calls()
    for kind in ("waiting", "virtual"):
        for lane, members in live.each(f":{kind}:"):
            for member, score in members.items():
                call = calls.get(member[13:], {})
                if call and (score != float(call["score"]) or member != _member(member[13:], call)):
                    yield f"{member[13:]} stands in {lane} at {score:.0f} as {member[:12]}"


def heads(live: Live) -> Iterator[str]:
    """The lanes in which somebody waits, with the score of the first; and the lanes of each queue are known."""
    expected = {}
    for kind, mark in (("waiting", ""), ("virtual", "!")):
        for lane, members in live.each(f":{kind}:"):
            expected[lane + mark] = min(members.values())
            if lane not in live.members(":lanes:" + lane.partition("@")[0]):
                yield f"somebody waits in {lane}, which is no lane of its queue"
    if expected != dict(live.scores(":heads")):
        yield f"the heads are {dict(live.scores(':heads'))}, waiting are {expected}"


def _fit(cso: Mapping[str, str], lane: str) -> int | None:
    parts = re.fullmatch(r"(.*?)@([^+]+)(.*)", lane)
    queues, skills = levels(cso.get("queues", "")), levels(cso.get("skills", ""))
    if not parts or parts[1] not in queues or parts[2] != cso.get("carrier"):
        return None
    asked = levels(parts[3].replace("+", " "))
    if any(skills.get(name, 0) < least for name, least in asked.items()):
        return None
    return queues[parts[1]] + sum(skills[name] for name in asked)


_TIER = 1e13


def _rank(cso: Mapping[str, str], strategy: str, fit: int) -> float:
    free = float(cso.get("free", 0))
    if strategy == "round-robin":
        return float(cso.get("turn", 0))
    if strategy == "best-skill":
        return (100 - fit) * _TIER + free
    if strategy == "fewest-calls":
        return min(int(cso.get("calls", 0)), 800) * _TIER + free
    return free


def ready(live: Live) -> Iterator[str]:
    """Who serves a lane, and who may be offered its next call in which order: exactly what the CSOs' hashes say."""
    away, strategies = live.hash(":telephones"), live.hash(":strategies")
    logged_in = {name: cso for name, cso in live.csos().items() if cso.get("state") != "logged_out"}
    if live.members(":csos") != set(logged_in):
        yield f"logged in are {sorted(logged_in)}, listed are {sorted(live.members(':csos'))}"
    lanes = {lane for _, known in live.each(":lanes:") for lane in known}
    lanes |= {f"{queue}@{cso['carrier']}" for cso in logged_in.values() for queue in levels(cso.get("queues", ""))}
    lanes |= {lane for prefix in (":ready:", ":serving:") for lane, _ in live.each(prefix)}
    for lane in sorted(lanes):
        fits = {name: fit for name, cso in logged_in.items() if (fit := _fit(cso, lane)) is not None}
        if live.members(f":serving:{lane}") != set(fits):
            yield f"{lane} is served by {sorted(fits)}, listed are {sorted(live.members(f':serving:{lane}'))}"
        strategy = strategies.get(lane.partition("@")[0], "longest-idle")
        may = {
            name: _rank(logged_in[name], strategy, fit)
            for name, fit in fits.items()
            if logged_in[name].get("state") == "ready" and name not in away
        }
        if dict(live.scores(f":ready:{lane}")) != may:
            yield f"free for {lane} are {may}, listed are {dict(live.scores(f':ready:{lane}'))}"


def wrap_ups(live: Live) -> Iterator[str]:
    """Wrap-up has one end for one CSO; a desk is watched unless it fell silent during a call."""
    expected = {
        name: float(cso.get("wrap_until", 0)) for name, cso in live.csos().items() if cso.get("state") == "wrap_up"
    }
    if expected != dict(live.scores(":wrapups")):
        yield f"in wrap-up are {expected}, listed are {dict(live.scores(':wrapups'))}"
    for name, cso in live.csos().items():
        state, watched = cso.get("state"), name in live.members(":alive")
        if state == "logged_out" and watched:
            yield f"{name} is logged out and watched"
        elif state != "logged_out" and watched == (cso.get("silent") == "1"):
            yield f"{name} is {state} and {'watched though silent' if watched else 'not watched'}"
        if (state == "logged_out") != (f":cso:{name}" in live.expires):
            yield f"{name} is {state} and {'is kept for ever' if state == 'logged_out' else 'goes away by itself'}"
    for name in sorted(live.members(":alive") - set(live.csos())):
        yield f"{name} is unknown and watched"


def staff(live: Live) -> Iterator[str]:
    """Who is at work is counted for each lane, for each two of them, and in all."""
    expected: Counter[str] = Counter()
    for name, cso in live.csos().items():
        works = cso.get("state") in AT_WORK and not cso.get("next") and name not in live.hash(":telephones")
        if works != (cso.get("at_work") == "1"):
            yield f"{name} is {cso.get('state')} and {'not ' if works else ''}counted as at work"
        if works:
            lanes = sorted(lane for lane, serving in live.each(":serving:") if name in serving)
            expected.update(["*", *lanes, *(f"{a}|{b}" for a, b in combinations(lanes, 2))])
    real = {lane: int(count) for lane, count in live.hash(":staff").items() if count != "0"}
    if real != expected:
        yield f"at work are {dict(expected)}, counted are {real}"


def _rings(call: Call) -> bool:
    return call.get("partner_answered") == "0"


def _has_deadline(call: Call) -> bool:
    return call.get("state") in ("offered", "calling") or (call.get("state") == "partner" and _rings(call))


def deadlines(live: Live) -> Iterator[str]:
    """A deadline stands for each call that is being rung somewhere, and for no other but one that talks with a partner
    (for a while, until that counts as lasting).
    """
    calls = live.live()
    expected = {name for name, call in calls.items() if _has_deadline(call)}
    talking = {name for name, call in calls.items() if call.get("state") == "partner"} - expected
    real = live.members(":offers") - talking
    if real != expected:
        yield f"deadlines without a ring: {sorted(real - expected)}, rings without one: {sorted(expected - real)}"


def guests(live: Live) -> Iterator[str]:
    """A guest, or a hold, is only where two talk; a deadline stands for each guest who is being rung."""
    for name, call in live.calls().items():
        if (call.get("guest") or call.get("held", "0") != "0") and call.get("state") != "talking":
            yield f"{name} is {call.get('state')}, with guest {call.get('guest')!r}, held {call.get('held')}"
        guest = live.csos().get(call.get("guest", ""), {}) if call.get("guest") else {}
        said = (name, call.get("guest_state"), call.get("guest_token"))
        if call.get("guest") and (guest.get("call"), guest.get("state"), guest.get("token")) != said:
            yield f"{call['guest']} is {guest.get('state')}, the guest of {name} should be {call.get('guest_state')}"
    expected = {name for name, call in live.live().items() if call.get("guest_state") == "offered"}
    if live.members(":guests") != expected:
        yield f"guests are rung for {sorted(expected)}, listed are {sorted(live.members(':guests'))}"


def due(live: Live) -> Iterator[str]:
    """Only a caller who waits in that very lane can become due for a partner; an emergency only for the telephone
    outside that its queue names.
    """
    calls = live.calls()
    rules = {name: json.loads(text) for name, text in live.hash(":queues").items()}
    for lane, members in live.each(":due:"):
        for name in members:
            call = calls.get(name, {})
            if call.get("state") != "waiting" or lane_of(call) != lane or is_virtual(call):
                yield f"{name} is due in {lane}, but is {call.get('state')}"
            elif call.get("emergency") == "1" and not rules.get(call.get("queue", ""), {}).get("outside"):
                yield f"{name} is an emergency and due for a partner"


def numbers(live: Live) -> Iterator[str]:
    """A callback is known by its number until they talk, and nothing else is."""
    expected = {call.get("dial", ""): name for name, call in live.live().items() if is_virtual(call)}
    listed = live.hash(":numbers")
    for number in expected.keys() | listed.keys():
        if expected.get(number) != listed.get(number):
            yield f"a number is that of {expected.get(number)}, listed is {listed.get(number)}"


def callbacks(live: Live) -> Iterator[str]:
    """The callbacks without a line are those that wait, have an hour or are on their way to another pool."""
    expected = {
        name
        for name, call in live.live().items()
        if is_virtual(call) and call.get("state") in ("waiting", "scheduled", "moving")
    }
    if live.members(":callbacks") != expected:
        yield f"callbacks are {sorted(expected)}, listed are {sorted(live.members(':callbacks'))}"


def flows(live: Live) -> Iterator[str]:
    """What the IVR keeps of a call goes away after the call, never before."""
    calls = {*live.live(), *live.members(":moving")}
    for name, _ in live.each(":flow:"):
        if (name in calls) == (f":flow:{name}" in live.expires):
            yield f"the flow of {name} {'goes away before' if name in calls else 'stays after'} the call"


def moving(live: Live) -> Iterator[str]:
    """Somebody finishes every move: the call is listed until the other pool has it, or has ended it."""
    calls, listed = live.calls(), live.members(":moving")
    for name, call in calls.items():
        if call.get("state") == "moving" and name not in listed:
            yield f"{name} is on its way to another pool and nobody will finish it"
    for name in listed:
        if calls.get(name, {}).get("state") not in ("moving", "ended"):
            yield f"{name} is listed as moving, but is {calls.get(name, {}).get('state')}"


RULES: dict[str, Callable[[Live], Iterator[str]]] = {
    "one-place": one_place,
    "known-states": known_states,
    "one-call-each": one_call_each,
    "tokens": tokens,
    "lines": lines,
    "partners": partners,
    "scores": scores,
    "heads": heads,
    "ready": ready,
    "wrap-ups": wrap_ups,
    "staff": staff,
    "deadlines": deadlines,
    "guests": guests,
    "due": due,
    "callbacks": callbacks,
    "numbers": numbers,
    "flows": flows,
    "moving": moving,
    "trunks": audit_surge.trunks,
    "refused": audit_surge.refused,
    "level": audit_surge.level,
}
