"""Which places are dark, as it seems: each place against its own usual, and what lies inside one another named once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from config.operator import prefixes
from config.schema.detection import Detection
from tickets.detection.baseline import Baseline, expected
from tickets.detection.people import Heard, distinct
from tickets.detection.tail import limit, tail


@dataclass(frozen=True)
class Finding:
    """A place that seems dark, and why."""

    code: str  # of the scope: `feeder:…`, `ulp:…`, or an area
    people: int
    reports: int  # of them with a report
    expected: float
    minutes: int
    p: float
    limit: float
    since: datetime  # the first of them was heard


@dataclass(frozen=True)
class Network:
    """Which places there are, and what lies in what."""

    places: int  # how many are watched
    feeders: Mapping[str, int] = field(default_factory=dict)  # of an ULP
    areas: Mapping[str, frozenset[str]] = field(default_factory=dict)  # area → its ULPs, two or more


def codes_of(heard: Heard) -> list[str]:
    """Every scope that covers where somebody was heard from."""
    own = [f"feeder:{heard.feeder}"] if heard.feeder else []
    return [*own, f"ulp:{heard.ulp}", *prefixes(heard.area)]


def measure(
    code: str, heard: Sequence[Heard], baselines: Sequence[Baseline], *, now: datetime, rules: Detection, limit: float
) -> Finding:
    """The least likely of the windows that hold enough people; some baselines together are one place."""
    found = []
    for minutes in rules.windows:
        since = now - timedelta(minutes=minutes)
        inside = [one for one in heard if since < one.at <= now]
        people = distinct(inside)
        if people < rules.people_least and minutes != rules.longest:
            continue
        usual = [expected(one, since, now, rules) for one in baselines]
        mean, size = sum(one.mean for one in usual), min(one.size for one in usual)
        reports = distinct(one for one in inside if one.reported)
        first = min((one.at for one in inside), default=now)
        p = tail(people, mean, size)
        found.append(Finding(code, people, reports, round(mean, 3), minutes, p, limit, first))
    return min(found, key=lambda one: one.p)


def seems_dark(finding: Finding, rules: Detection) -> bool:
    """Too unlikely to be chance, told by enough people."""
    enough = finding.people >= rules.people_least and finding.reports >= rules.reports_least
    return enough and finding.p <= finding.limit


def find(
    heard: Iterable[Heard],
    baselines: Mapping[str, Baseline],
    network: Network,
    *,
    proposed: Iterable[str] = (),
    now: datetime,
    rules: Detection,
) -> list[Finding]:
    """The places to propose, none inside another. `heard` holds nobody whom a confirmed outage explains; those whom a
    proposal explains count only when a wider place is looked at. `proposed`: the codes of proposals that are alive.
    """
    search = _Search(list(heard), baselines, network, frozenset(proposed), now, rules)
    return search.run()


@dataclass
class _Search:
    heard: list[Heard]
    baselines: Mapping[str, Baseline]
    network: Network
    proposed: frozenset[str]
    now: datetime
    rules: Detection

    def run(self) -> list[Finding]:
        fresh = [one for one in self.heard if self.proposed.isdisjoint(codes_of(one))]
        feeders = self._feeders(fresh)
        explained = {finding.code for finding in feeders.values()}
        ulps = self._ulps([one for one in fresh if f"feeder:{one.feeder}" not in explained], feeders)
        areas = self._areas(ulps)
        inside = {ulp for area in areas for ulp in self.network.areas[area.code]}
        alone = [finding for ulp, finding in ulps.items() if ulp not in inside]
        covered = inside | set(ulps)
        return [*areas, *alone, *(finding for (ulp, _), finding in feeders.items() if ulp not in covered)]

    def _feeders(self, fresh: list[Heard]) -> dict[tuple[str, str], Finding]:
        """(ULP, feeder) → what was found."""
        by_feeder: dict[tuple[str, str], list[Heard]] = defaultdict(list)
        for one in fresh:
            if one.feeder:
                by_feeder[one.ulp, one.feeder].append(one)
        found = {place: self._judged(f"feeder:{place[1]}", told) for place, told in by_feeder.items()}
        return {place: finding for place, finding in found.items() if finding}

    def _ulps(self, rest: list[Heard], feeders: Mapping[tuple[str, str], Finding]) -> dict[str, Finding]:
        """Dark beyond its feeders that were found, or so many of them that it is the ULP."""
        by_ulp: dict[str, list[Heard]] = defaultdict(list)
        for one in rest:
            by_ulp[one.ulp].append(one)
        dark = {ulp for ulp, told in by_ulp.items() if self._judged(f"ulp:{ulp}", told)}
        for ulp in {ulp for ulp, _ in feeders if f"ulp:{ulp}" in self.baselines} - dark:
            known = {one.feeder for one in self.heard if one.ulp == ulp and f"feeder:{one.feeder}" in self.proposed}
            known |= {feeder for at, feeder in feeders if at == ulp}
            if len(known) >= max(2, ceil(self.rules.feeder_share * self.network.feeders.get(ulp, 0))):
                dark.add(ulp)
        # As it stands on the screen: with those whom its feeders explain.
        return {ulp: self._measured(f"ulp:{ulp}", [ulp]) for ulp in dark}

    def _areas(self, ulps: Mapping[str, Finding]) -> list[Finding]:
        """ULPs together make an area, the one that fits them best."""
        proposed = {code.removeprefix("ulp:") for code in self.proposed if code.startswith("ulp:")}
        proposed |= {ulp for code in self.proposed for ulp in self.network.areas.get(code, ())}
        fresh = set(ulps)
        found: list[Finding] = []
        while True:
            fits = [
                (len(dark), -len(members), area)
                for area, members in self.network.areas.items()
                if fresh & members and area not in self.proposed
                for dark in [members & (fresh | proposed)]
                if len(dark) >= max(2, ceil(self.rules.area_share * len(members)))
            ]
            if not fits:
                return found
            area = max(fits)[2]
            members = self.network.areas[area]
            found.append(self._measured(area, sorted(members & (fresh | proposed))))
            fresh -= members

    def _judged(self, code: str, told: list[Heard]) -> Finding | None:
        if len(told) < self.rules.people_least or code not in self.baselines:
            return None
        finding = measure(code, told, [self.baselines[code]], now=self.now, rules=self.rules, limit=self._limit)
        return finding if seems_dark(finding, self.rules) else None

    def _measured(self, code: str, ulps: list[str]) -> Finding:
        told = [one for one in self.heard if one.ulp in ulps]
        known = [self.baselines[f"ulp:{ulp}"] for ulp in ulps if f"ulp:{ulp}" in self.baselines]
        return measure(code, told, known, now=self.now, rules=self.rules, limit=self._limit)

    @property
    def _limit(self) -> float:
        windows = len(self.rules.windows)
        return limit(self.rules.false_alarms_per_year, places=self.network.places, windows=windows)
