"""How long a caller will wait, and what may be told of it. Pure: figures in, figures out. Seconds.

A caller with m - 1 callers ahead and n CSOs at work waits for m departures. While j are left ahead, the next departure
comes at the rate n/H + j·theta (H: mean time a CSO is taken up by a call, theta: how likely one who waits gives up), so

    mean = sum over j of 1 / (n/H + j·theta)

This is the state-dependent prediction of W. Whitt, "Predicting queueing delays", Management Science 45 (1999), with the
abandonment of the Erlang-A model (Garnett, Mandelbaum, Reiman, "Designing a call center with impatient customers",
M&SOM 4 (2002)); Ibrahim and Whitt (2009) found it the best of the simple ones. It reacts at once to who is ahead and to
CSOs who come and go, which a mean of past waits cannot. docs/decisions/0018 says where it is an approximation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from router.pace import FORGET, Pace
from router.store.types import Outlook

PRIOR_CALLS = 4.0  # before a queue has figures of its own it is taken for one that handled so many calls …
PRIOR_BUSY = 194.0  # … of the length measured on 4 August 2019 (seconds, as spread as an exponential)
DRIFT = 0.12  # what no formula knows: breaks, calls of another kind. Relative error, from simulation/waiting.py
EDGE = 1.2816  # the range goes from the 10 % to the 90 % quantile of a gamma distribution
RING = 5.0  # before anything was measured


@dataclass(frozen=True)
class Estimate:
    """Seconds from now until a CSO is on the line."""

    mean: float
    low: float  # one in ten waits less
    high: float  # one in ten waits longer


@dataclass(frozen=True)
class Promise:
    """What a caller was told. Instants in ms."""

    earliest: int
    until: int


@dataclass(frozen=True)
class Told:
    """What may be told now: minutes. `high` None = no end can be named; both None = nothing can be said."""

    low: int | None
    high: int | None
    new: bool = False  # a promise to be recorded before it is spoken: `low_ms` to `high_ms` from now
    broken: bool = False  # and it breaks the former one
    promise: Promise | None = None  # the one that holds from now on
    low_ms: int = 0
    high_ms: int = 0


def estimate(outlook: Outlook) -> Estimate | None:
    """The wait from here; None when nobody is at work, for then there is nothing to reckon with."""
    if outlook.csos <= 0:
        return None
    pace = _with_prior(outlook.pace)
    departures = outlook.ahead + 1 - outlook.ready - _free_soon(outlook, pace)
    if departures <= 0:
        return _range(pace.ring, pace.ring * pace.ring)
    served, leaving = outlook.csos / pace.busy, outlook.pace.leaving(outlook.now)
    mean = poisson = slope = 0.0
    left = departures
    while left > 0:
        share, left = min(1.0, left), left - 1
        step = 1 / (served + max(0.0, left) * leaving)
        mean += share * step
        poisson += share * step * step
        slope += share * step * step * served  # by how much of itself the wait grows with H
    spread = pace.spread / (pace.busy * pace.busy)
    # Departures of many CSOs together look Poisson over a short time and like each one's own over a long one.
    clumps = 1 + (spread - 1) * mean / (mean + pace.busy)
    unsure = spread / min(pace.handled, 2 / FORGET - 1) + DRIFT * DRIFT
    return _range(mean + pace.ring, poisson * max(clumps, 0.2) + slope * slope * unsure + pace.ring * pace.ring)


def _with_prior(pace: Pace) -> Pace:
    """The figures of a queue that has handled few calls, filled up with what is usual."""
    calls = pace.handled + PRIOR_CALLS
    own, prior = pace.handled / calls, PRIOR_CALLS / calls
    busy = own * pace.busy + prior * PRIOR_BUSY
    apart = pace.busy - PRIOR_BUSY
    spread = own * pace.spread + prior * PRIOR_BUSY**2 + own * prior * apart * apart
    return replace(pace, handled=calls, busy=busy, spread=spread, ring=pace.ring or RING)


def _free_soon(outlook: Outlook, pace: Pace) -> float:
    """CSOs in wrap-up beyond the usual number: so many departures come earlier than the mean says (fewer: later)."""
    usual = outlook.csos * pace.wrap / pace.busy
    return (outlook.wrapping - usual) * max(0.0, 1 - pace.wrap / pace.busy)


def _range(mean: float, variance: float) -> Estimate:
    """Quantiles of the gamma distribution with this mean and variance (Wilson and Hilferty 1931)."""
    shape = max(mean * mean / variance, 0.1) if variance > 0 else 1e9
    middle, step = 1 - 1 / (9 * shape), EDGE / (3 * math.sqrt(shape))
    low, high = (mean * max(0.0, middle + sign * step) ** 3 for sign in (-1, 1))
    return Estimate(mean, min(low, mean), max(high, mean))


# --- what is told

LONG = 20  # minutes: from here on "lebih dari dua puluh menit"
LAST = 60  # no end beyond this is named
SLACK_MS = 15_000  # a promise that ends so soon after its instant was kept


def minutes(low: float, high: float) -> tuple[int | None, int | None]:
    """A range in whole minutes, never narrower than it is: rounded outwards; (None, None) says nothing."""
    first, last = math.floor(low / 60), max(1, math.ceil(high / 60))
    if first >= LONG:
        return LONG, None
    if last > LAST:
        return (first, None) if first else (None, None)
    return first, last if last > first else first + 1


def next_promise(former: Promise | None, found: Estimate | None, now: int) -> Told:
    """What is told to a caller who was told `former` (None = nothing yet) and of whom `found` is thought now.

    The former promise holds while it can be kept: the caller hears what is left of it, which only shrinks. It is broken
    when its instant has passed, or when the wait to be expected now ends beyond it: then the new one is told at once,
    as such. Raises nothing; writes nothing.
    """
    if former is None:
        return _new(found, now, broken=False)
    late = now > former.until + SLACK_MS or (found is not None and now + found.mean * 1000 > former.until + SLACK_MS)
    if late:
        return _new(found, now, broken=True)
    low, high = (max(0, instant - now) / 1000 for instant in (former.earliest, former.until))
    if found is not None:  # the end is promised; that it may come sooner is no promise
        low = min(low, found.low)
    return Told(*minutes(low, high), promise=former)


def _new(found: Estimate | None, now: int, *, broken: bool) -> Told:
    if found is None:
        return Told(None, None, broken=broken)
    low, high = minutes(found.low, found.high)
    first = (low or 0) * 60_000
    last = (high if high is not None else math.ceil(found.high / 60)) * 60_000
    return Told(
        low, high, new=True, broken=broken, promise=Promise(now + first, now + last), low_ms=first, high_ms=last
    )
