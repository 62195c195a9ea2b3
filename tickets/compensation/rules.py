"""What a month of a premises is owed, by the regulation in force: pure. Nothing is guessed: a fact that is not known
and would matter is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from config.schema.compensation import Compensation, Penalty, Regulation
from tickets.compensation.darkness import Dark, Month


class Missing(StrEnum):
    """A fact that would be needed."""

    REGULATION = "regulation"  # none was in force yet
    DECLARED_HOURS = "declared-hours"
    DECLARED_TIMES = "declared-times"
    TARIFF_ADJUSTED = "tariff-adjusted"
    MINIMUM_BILL = "minimum-bill"


@dataclass(frozen=True)
class Customer:
    """What must be known of a premises."""

    unit: str
    ulp: str
    tariff_adjusted: bool | None
    minimum_bill: int | None  # rupiah a month; biaya beban where the tariff has one


@dataclass(frozen=True)
class Assessment:
    """`percent` and `amount` are None while something is missing that would change them."""

    month: Month
    regulation: Regulation | None
    dark: Dark
    exempt: timedelta  # dark as well, and not held against the utility
    final: bool  # the month is over and power is on
    declared_hours: float | None
    declared_times: int | None
    percent: int | None
    amount: int | None  # rupiah
    missing: tuple[Missing, ...]

    @property
    def certain(self) -> bool:
        """It may be told to a customer as it is."""
        return self.percent is not None and self.regulation is not None and not self.regulation.provisional


@dataclass(frozen=True)
class _Judged:
    """An indicator: its percent, or why it is not known and what it could be at most."""

    percent: int | None
    most: int = 0
    missing: Missing | None = None


def assess(
    table: Compensation, customer: Customer, month: Month, dark: Dark, *, exempt: timedelta, final: bool
) -> Assessment:
    """One of the indicators, the one that gives most, is paid (Permen ESDM 18/2019 Pasal 6 ayat 6)."""
    day = month.first_day
    regulation = table.in_force(day)
    hours = table.declared_hours(customer.unit, customer.ulp, day)
    times = table.declared_times(customer.unit, customer.ulp, day)
    if regulation is None:
        found = [_Judged(None, 1, Missing.REGULATION) if dark.times or dark.time else _Judged(0)]
    else:
        real = dark.time / timedelta(hours=1)
        above = regulation.tolerance
        found = [
            _judge(regulation.duration, customer, real, hours, tolerance=above, fact=Missing.DECLARED_HOURS),
            _judge(regulation.count, customer, dark.times, times, tolerance=above, fact=Missing.DECLARED_TIMES),
        ]
    percent, missing = _largest(found)
    amount = _amount(percent, customer.minimum_bill)
    if percent and amount is None:
        missing = (*missing, Missing.MINIMUM_BILL)
    return Assessment(month, regulation, dark, exempt, final, hours, times, percent, amount, missing)


def _judge(
    penalty: Penalty, customer: Customer, real: float, declared: float | None, *, tolerance: float, fact: Missing
) -> _Judged:
    if not real:
        return _Judged(0)
    if declared is None:
        return _Judged(None, max(penalty.percents), fact)
    if round(real - declared * (1 + tolerance / 100), 9) <= 0:
        return _Judged(0)
    if penalty.steps:
        above = round(real - declared, 9)  # hours
        return _Judged(next(step.percent for step in penalty.steps if step.up_to is None or above <= step.up_to))
    if customer.tariff_adjusted is None:
        return _Judged(None, max(penalty.percents), Missing.TARIFF_ADJUSTED)
    return _Judged(penalty.adjusted if customer.tariff_adjusted else penalty.other)


def _largest(found: Iterable[_Judged]) -> tuple[int | None, tuple[Missing, ...]]:
    """The largest that is known, unless one that is not could be larger."""
    found = list(found)
    known = max((one.percent for one in found if one.percent is not None), default=0)
    larger = [one for one in found if one.percent is None and one.most > known]
    if not larger:
        return known, ()
    return None, tuple(dict.fromkeys(one.missing for one in larger if one.missing))


def _amount(percent: int | None, minimum_bill: int | None) -> int | None:
    """Rupiah, half a rupiah up."""
    if percent is None:
        return None
    if not percent:
        return 0
    return None if minimum_bill is None else (minimum_bill * percent * 2 + 100) // 200
