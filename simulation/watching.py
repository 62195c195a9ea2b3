"""The detection at work on invented calls, minute by minute, without a database: what it proposes, and when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.schema.detection import Detection
from simulation.outage_calls import HOUR, START, WIB, Outage, Ulp, hours_of
from tickets.detection.baseline import Baseline, learn
from tickets.detection.judge import Finding, Network, find
from tickets.detection.people import Heard, distinct

MINUTE = timedelta(minutes=1)
JUDGED = timedelta(minutes=15)  # how long a supervisor takes to dismiss what is not true
ULPS = 100  # of the whole utility: they share the allowance of false alarms


@dataclass
class Seen:
    """What was proposed in one ULP."""

    ulp: Ulp
    found: list[tuple[datetime, Finding, Outage | None]] = field(default_factory=list)  # and what was true of it

    @property
    def false(self) -> list[Finding]:
        """Proposals without any outage in that place, nor in a part of it."""
        return [finding for _, finding, truth in self.found if truth is None]

    @property
    def too_wide(self) -> list[Finding]:
        """The whole ULP, when one feeder was dark."""
        return [one for _, one, truth in self.found if truth and truth.feeder and one.code.startswith("ulp:")]


class Watch:
    """One ULP being watched; baselines are learnt as time goes by."""

    def __init__(self, ulp: Ulp, rules: Detection) -> None:
        self.ulp, self.rules = ulp, rules
        self.baselines = {f"feeder:{name}": Baseline(size, WIB, START) for name, size in ulp.feeders.items()}
        self.baselines[f"ulp:{ulp.name}"] = Baseline(ulp.customers, WIB, START)
        self.network = Network(ULPS * (len(ulp.feeders) + 1), {ulp.name: len(ulp.feeders)})
        self._quiet: dict[str, datetime] = {}

    def run(self, *, since: datetime = START) -> Seen:
        """Learn from all of it; judge from `since` on."""
        seen = Seen(self.ulp)
        for hour, inside in hours_of(self.ulp.heard):
            if hour >= since:
                for now in sorted({_next_minute(one.at) for one in inside}):
                    seen.found += [(now, one, truth) for one, truth in self._tick(now)]
            self._learn(hour, inside)
        return seen

    def first(self, heard: list[Heard], outage: Outage, until: datetime) -> tuple[datetime, Finding] | None:
        """The first proposal that tells of an outage; nothing is learnt meanwhile, and nothing is quiet."""
        self._quiet.clear()
        for now in sorted({_next_minute(one.at) for one in heard if outage.since <= one.at < until}):
            for finding in self._judge(heard, now):
                if finding.code.startswith("ulp:") or finding.code == f"feeder:{outage.feeder}" or not outage.feeder:
                    return now, finding
        return None

    def _tick(self, now: datetime) -> list[tuple[Finding, Outage | None]]:
        found = []
        for finding in self._judge(self.ulp.heard, now):
            truth = self._truth(finding.code, now)
            settled = timedelta(minutes=self.rules.quiet.restored_minutes)
            dismissed = timedelta(minutes=self.rules.quiet.dismissed_minutes)
            self._quiet[finding.code] = truth.until + settled if truth else now + JUDGED + dismissed
            found.append((finding, truth))
        return found

    def _judge(self, heard: list[Heard], now: datetime) -> list[Finding]:
        window = timedelta(minutes=self.rules.longest)
        first, last = (
            bisect_right(heard, now - window, key=lambda one: one.at),
            bisect_right(heard, now, key=lambda one: one.at),
        )
        if last - first < self.rules.people_least:
            return []
        known = [one for one in heard[first:last] if not self._explained(one)]
        return find(known, self.baselines, self.network, now=now, rules=self.rules)

    def _explained(self, one: Heard) -> bool:
        codes = (f"feeder:{one.feeder}", f"ulp:{one.ulp}")
        return any(one.at <= self._quiet[code] for code in codes if code in self._quiet)

    def _truth(self, code: str, now: datetime) -> Outage | None:
        """The outage a proposal tells of: people go on ringing for a while."""
        live = [one for one in self.ulp.outages if one.since <= now <= one.until + HOUR]
        mine = [one for one in live if code.startswith("ulp:") or not one.feeder or code == f"feeder:{one.feeder}"]
        return mine[0] if mine else None

    def _learn(self, hour: datetime, inside: list[Heard]) -> None:
        recorded = [one for one in self.ulp.outages if one.recorded and one.since < hour + HOUR and one.until > hour]
        dark = {one.feeder for one in recorded}
        for name in {one.feeder for one in inside}:
            people = distinct(one for one in inside if one.feeder == name)
            code = f"feeder:{name}"
            self.baselines[code] = learn(
                self.baselines[code], hour, people, self.rules, dark=name in dark or "" in dark
            )
        rest = distinct(one for one in inside if one.feeder not in dark)
        code = f"ulp:{self.ulp.name}"
        self.baselines[code] = learn(self.baselines[code], hour, rest, self.rules, dark="" in dark)


def _next_minute(at: datetime) -> datetime:
    """When the next look falls."""
    full = at.replace(second=0, microsecond=0)
    return full if full == at else full + MINUTE
