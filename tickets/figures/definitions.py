"""The figures of service: each with its name, its unit, what it is counted from and its source. All of it pure.

Sources: `000 L118` is a line of the paper on the Bangka command centre (JPRO 5/2, 2024), `004 L260` one of the paper on
customer support by ITIL v3 (2022), `CSO L23` one of the working instruction for CSO of PLN 123, `APKT` PLN's training
on APKT. Targets and thresholds are the operator's (kpi.yaml).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median

from config.schema.kpi import MORE_IS_BETTER, Aim, Figure, Kpi
from tickets.figures.sample import Sample
from tickets.kinds import ReportKind
from tickets.rules import PROMISE

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Value:
    """A figure: `count` is how many it was counted from; without any there is no value. Median and p90 of times."""

    count: int
    value: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class Definition:
    """What a figure is; the words are those of the screen."""

    label: str
    unit: str
    counted_from: str
    source: str
    count: Callable[[Sample, Kpi], Value]


@dataclass(frozen=True)
class Judged:
    """A figure against its aim. `achieved` is 1 when the target is just met; None without a value."""

    figure: Figure
    value: Value
    aim: Aim
    achieved: float | None
    reached: bool | None  # the target
    beyond: bool | None  # the threshold: somebody must act

    @property
    def more_is_better(self) -> bool:
        """The direction."""
        return self.figure in MORE_IS_BETTER


def _times(times: Iterable[timedelta], unit: timedelta) -> Value:
    """Mean, median, and the smallest that nine in ten do not exceed. What is before its beginning (a clock that was put
    right) counts as nothing.
    """
    found = sorted(max(time, timedelta(0)) / unit for time in times)
    if not found:
        return Value(0)
    return Value(len(found), fmean(found), median(found), found[math.ceil(0.9 * len(found)) - 1])


def _share(kept: Sequence[bool]) -> Value:
    return Value(len(kept), 100 * sum(kept) / len(kept)) if kept else Value(0)


def _within(spans: Iterable[tuple[datetime | None, datetime | None]], limit: timedelta, now: datetime) -> Value:
    """Of those whose limit has passed or that are done. Who has not begun is not asked."""
    kept = []
    for begin, end in spans:
        if begin is not None and (end is not None or now - begin > limit):
            kept.append(end is not None and end - begin <= limit)
    return _share(kept)


def _response_time(sample: Sample, _: Kpi) -> Value:
    return _times((job.arrived_at - job.reported_at for job in sample.jobs if job.arrived_at), MINUTE)


def _response_within(sample: Sample, kpi: Kpi) -> Value:
    spans = ((job.reported_at, job.arrived_at) for job in sample.jobs if not job.given_up)
    return _within(spans, kpi.response_minutes * MINUTE, sample.now)


def _recovery_time(sample: Sample, _: Kpi) -> Value:
    both = ((job.started_at, job.power_on_at) for job in sample.jobs)
    return _times((end - begin for begin, end in both if begin and end), MINUTE)


def _recovery_within(sample: Sample, kpi: Kpi) -> Value:
    spans = ((job.started_at, job.power_on_at) for job in sample.jobs)
    return _within(spans, kpi.recovery_minutes * MINUTE, sample.now)


def _promise_kept(sample: Sample, _: Kpi) -> Value:
    faults = (report for report in sample.reports if report.kind is ReportKind.GANGGUAN)
    return _within(((report.reported_at, report.resolved_at) for report in faults), PROMISE, sample.now)


def _repeated_reports(sample: Sample, _: Kpi) -> Value:
    return _share([report.repeats > 0 for report in sample.reports if report.kind is ReportKind.GANGGUAN])


def _negative_ratings(sample: Sample, kpi: Kpi) -> Value:
    return _share([stars <= kpi.negative_stars for stars in sample.stars])


def _satisfaction(sample: Sample, _: Kpi) -> Value:
    stars = sorted(sample.stars)
    return Value(len(stars), fmean(stars), float(median(stars))) if stars else Value(0)


def _first_response(sample: Sample, _: Kpi) -> Value:
    both = ((report.respond_from, report.responded_at) for report in sample.reports)
    return _times((end - begin for begin, end in both if begin and end), MINUTE)


def _first_response_within(sample: Sample, _: Kpi) -> Value:
    kept = []
    for report in sample.reports:
        if report.respond_by and (report.responded_at or sample.now > report.respond_by):
            kept.append(report.responded_at is not None and report.responded_at <= report.respond_by)
    return _share(kept)


def _complaints_per_day(sample: Sample, _: Kpi) -> Value:
    complaints = sum(report.kind is ReportKind.KELUHAN for report in sample.reports)
    return Value(complaints, complaints / sample.days if sample.days else None)


def _resolution_time(sample: Sample, _: Kpi) -> Value:
    complaints = (report for report in sample.reports if report.kind is ReportKind.KELUHAN)
    return _times((one.resolved_at - one.reported_at for one in complaints if one.resolved_at), HOUR)


def _documentation(sample: Sample, _: Kpi) -> Value:
    return _share([one.has_note for one in sample.reports if one.kind is ReportKind.KELUHAN and one.resolved_at])


_ERRANDS = "tugas dari laporan yang masuk pada masa itu; padam meluas dan laporan yang digabung dihitung satu tugas"
_FAULTS = "laporan gangguan yang masuk pada masa itu"
_COMPLAINTS = "keluhan yang masuk pada masa itu"
_STARS = "penilaian regu yang diberikan pada masa itu"
_CLOCKED = "laporan pada masa itu yang harus dijawab (keluhan, permintaan, tertulis)"

DEFINITIONS: Mapping[Figure, Definition] = {
    Figure.RESPONSE_TIME: Definition(
        "Response Time", "menit", f"lapor sampai regu tiba; {_ERRANDS}", "000 L118 L179; APKT", _response_time
    ),
    Figure.RESPONSE_WITHIN: Definition(
        "Response Time tepat waktu", "%", f"lapor sampai regu tiba; {_ERRANDS}", "APKT: 45 menit", _response_within
    ),
    Figure.RECOVERY_TIME: Definition(
        "Recovery Time", "menit", f"mulai kerja sampai nyala; {_ERRANDS}", "000 L118 L179; APKT", _recovery_time
    ),
    Figure.RECOVERY_WITHIN: Definition(
        "Recovery Time tepat waktu", "%", f"mulai kerja sampai nyala; {_ERRANDS}", "APKT: 180 menit", _recovery_within
    ),
    Figure.PROMISE_KEPT: Definition(
        "Janji 3 jam ditepati", "%", f"lapor sampai selesai; {_FAULTS}", "CSO L23 L302", _promise_kept
    ),
    Figure.REPEATED_REPORTS: Definition(
        "Pengaduan Gangguan Berulang", "%", f"yang dilapor ulang, masing-masing sekali; {_FAULTS}", "000 L118",
        _repeated_reports,
    ),
    Figure.NEGATIVE_RATINGS: Definition("Rating Negatif Gangguan", "%", _STARS, "000 L118 L137", _negative_ratings),
    Figure.SATISFACTION: Definition("Kepuasan pelanggan", "bintang", _STARS, "000 L137", _satisfaction),
    Figure.FIRST_RESPONSE: Definition(
        "First Response Time", "menit", f"sampai dijawab; {_CLOCKED}", "004 L265", _first_response
    ),
    Figure.FIRST_RESPONSE_WITHIN: Definition(
        "Dijawab dalam 1x24 jam", "%", _CLOCKED, "004 L164", _first_response_within
    ),
    Figure.COMPLAINTS_PER_DAY: Definition("Keluhan per hari", "per hari", _COMPLAINTS, "004 L260", _complaints_per_day),
    Figure.RESOLUTION_TIME: Definition(
        "Waktu penyelesaian keluhan", "jam", f"lapor sampai selesai; {_COMPLAINTS}", "004 L261", _resolution_time
    ),
    Figure.DOCUMENTATION: Definition(
        "Dokumentasi keluhan", "%", f"yang selesai dengan keterangan; {_COMPLAINTS}", "004 L262", _documentation
    ),
}  # fmt: skip


def achieved(value: float, target: float, *, more_is_better: bool) -> float:
    """1 where the target is just met: real/target, or 2 - real/target where less is better; never below 0 (ADR 59)."""
    if not target:
        return 1.0 if more_is_better or not value else 0.0
    return max(0.0, value / target if more_is_better else 2 - value / target)


def judge(sample: Sample, kpi: Kpi) -> list[Judged]:
    """Every figure of a sample against its aim, in the order of the definitions."""
    return [_judged(figure, definition.count(sample, kpi), kpi) for figure, definition in DEFINITIONS.items()]


def _judged(figure: Figure, value: Value, kpi: Kpi) -> Judged:
    aim, more = kpi.figures[figure], figure in MORE_IS_BETTER
    if value.value is None:
        return Judged(figure, value, aim, None, None, None)
    real = value.value
    return Judged(
        figure,
        value,
        aim,
        achieved(real, aim.target, more_is_better=more),
        reached=real >= aim.target if more else real <= aim.target,
        beyond=real < aim.threshold if more else real > aim.threshold,
    )
