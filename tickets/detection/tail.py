"""How unlikely so many people are: the upper tail of the negative binomial distribution.

Counts of calls vary more than Poisson's (weather, weekdays, news; Brown et al. 2005, facts of the field §4.5): their
rate itself is taken as gamma distributed, which makes the counts negative binomial with variance μ + μ²/size.
"""

from __future__ import annotations

from math import exp, lgamma, log

MINUTES_A_YEAR = 365 * 24 * 60
_NEGLIGIBLE = 1e-12  # of the sum


def tail(count: int, mean: float, size: float) -> float:
    """P(X ≥ count). `mean` > 0, `size` > 0; a large size is Poisson's."""
    if count <= 0:
        return 1.0
    if count <= mean:  # the sum from above would be long, and nobody asks how likely the ordinary is
        return max(0.0, 1.0 - sum(exp(_log_mass(k, mean, size)) for k in range(count)))
    odds = mean / (mean + size)
    mass = total = exp(_log_mass(count, mean, size))
    at = count
    while mass > total * _NEGLIGIBLE:
        mass *= (at + size) / (at + 1) * odds
        total += mass
        at += 1
    return min(1.0, total)


def _log_mass(count: int, mean: float, size: float) -> float:
    ways = lgamma(count + size) - lgamma(size) - lgamma(count + 1)
    return ways + size * log(size / (size + mean)) + count * log(mean / (size + mean))


def highest_usual(mean: float, size: float, unlikely: float) -> int:
    """The largest count whose chance of being reached, P(X ≥ it), is not below `unlikely`."""
    count, above = 0, 1.0
    while (above := above - exp(_log_mass(count, mean, size))) >= unlikely:
        count += 1
    return count


def limit(false_alarms_per_year: float, *, places: int, windows: int) -> float:
    """How unlikely a count must be to count: each place asks each minute with each window, and the chances of all these
    tests together may not exceed what is allowed in a year (union bound, Bonferroni). Tests that follow each other
    share most of their minutes, so fewer alarms come than are allowed.
    """
    return min(1.0, false_alarms_per_year / (MINUTES_A_YEAR * max(1, places) * windows))
