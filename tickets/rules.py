"""The rules of reports, pure: one table says what is done about a report that exists (docs/rules.md explains it).

Source: working instruction for CSO of PLN 123, 15 March 2018. `L122` is a line of it, `R11` a rule drawn from it, `C3`
a decision where it is silent or contradicts itself (docs/decisions/0023 to 0034).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product

from config.errors import Invalid, Refused
from config.schema.rules import RuleClock
from tickets.kinds import Intent, ReportKind, UrgentReason
from tickets.states import ReportStatus

# "± 3 (tiga) jam dari waktu lapor": the promise and the threshold count from the first report (L23, L302).
PROMISE = timedelta(hours=3)


class Elapsed(StrEnum):
    """How long ago the report was made, seen from this contact."""

    LT3H = "LT3H"
    GE3H = "GE3H"


class Action(StrEnum):
    """What can be done about a report: the icons of MONITORING TIKET, a comment and a new report."""

    LAPOR_ULANG = "LAPOR_ULANG"
    UPDATE_LAPORAN = "UPDATE_LAPORAN"
    TICKET_BARU = "TICKET_BARU"  # a new K or P that names the closed one
    COMMENT = "COMMENT"  # a note in the history; it changes nothing and is refused nowhere
    DETAIL = "DETAIL"
    TRACKING = "TRACKING"
    LOG = "LOG"  # Log Lapor Ulang
    HISTORY = "HISTORY"  # Issue History, "Buku Biru"


class Sentence(StrEnum):
    """What a row gives the CSO to say; tickets/scripts.py chooses the words from the facts."""

    PROMISE = "S1"  # ± 3 hours from the report
    PROGRESS = "S2/S3"  # S2 while the position of a crew under way is known, else S3
    MISSING_DATA = "S4"  # if the unit's completion note says data incomplete or telephone unreachable
    COMPLETED = "completed"  # how it was finished


# The rules that forbid something, as the person who is refused reads them.
WHY: Mapping[str, str] = {
    "R09": "Lapor Ulang gangguan hanya bila masih ada masalah di sisi PLN; penelepon ini hanya bertanya.",
    "R10": "Lapor Ulang keluhan hanya bila masih ada masalah di sisi PLN; penelepon ini hanya bertanya.",
    "R11": "Belum 3 jam sejak lapor: tambahkan keterangan lewat Update Laporan. Lapor Ulang hanya bila mendesak.",
    "R12": "Penelepon hanya melengkapi atau mengubah data: gunakan Update Laporan.",
    "R14": "Laporan gangguan tetap memakai nomor yang sama; yang sudah selesai diaktifkan lagi dengan Lapor Ulang.",
    "R16": "Keluhan diulang selama belum selesai; bila sudah selesai tetapi masih bermasalah, dibuat laporan baru.",
    "R18": "Update Laporan hanya untuk data yang ditambah atau diganti; penelepon ini hanya bertanya.",
    "R19": "Update Laporan hanya selama laporan belum selesai; gangguan diaktifkan dulu dengan Lapor Ulang.",
    "R21": "Lapor Ulang dulu, baru Update Laporan.",
    "R23": "Tracking hanya untuk laporan gangguan.",
}


class RuleForbids(Refused):
    """An action that the table forbids here; the slug names the rule (`rule-r11`), so does `extra`."""

    def __init__(self, rule: str) -> None:
        super().__init__(WHY[rule], slug=f"rule-{rule.lower()}", field="intent")
        self.rule = rule
        self.extra = {"rule": rule}


@dataclass(frozen=True)
class Decision:
    """What the table says about one contact."""

    row: str  # of the decision table, D01 to D64; a P has the row of the K
    required: tuple[Action, ...]  # the steps, in this order
    permitted: frozenset[Action]  # what may be done beside, or instead
    permitted_after_repeat: frozenset[Action]  # ... once this contact's Lapor Ulang has re-opened the report (C11)
    forbidden: Mapping[Action, str]  # → the rule that forbids it
    status_after: ReportStatus  # of this report, when the required steps are done
    new_number: bool  # the required steps make a new report, which is open
    sets_star: bool  # "data laporan yang perlu diperhatikan"; a second time changes nothing (C7)
    logs_repeat: bool  # an entry in Log Lapor Ulang
    sentence: Sentence | None
    source: str  # lines of the instruction


@dataclass(frozen=True)
class _Row:
    """One line of the table."""

    intents: tuple[Intent, ...]
    elapsed: Elapsed | None  # None: however long
    urgent: bool | None  # None: urgent or not
    required: tuple[Action, ...]
    forbidden: Mapping[Action, str]
    sentence: Sentence | None
    source: str

    def covers(self, intent: Intent, elapsed: Elapsed, urgent: bool) -> bool:
        return intent in self.intents and self.elapsed in (None, elapsed) and self.urgent in (None, urgent)


_G, _K = ReportKind.GANGGUAN, ReportKind.KELUHAN
_OPEN, _CLOSED = ReportStatus.BELUM_SELESAI, ReportStatus.SELESAI
_ASKS, _DATA, _PLN, _BOTH = Intent.ENQUIRY, Intent.CUST_DATA, Intent.PLN_SIDE, Intent.BOTH
_LT, _GE, _ANY = Elapsed.LT3H, Elapsed.GE3H, None
_REPEAT, _UPDATE, _NEW, _COMMENT = Action.LAPOR_ULANG, Action.UPDATE_LAPORAN, Action.TICKET_BARU, Action.COMMENT
_DETAIL, _TRACK = Action.DETAIL, Action.TRACKING
_S1, _S23, _S4, _HOW = Sentence.PROMISE, Sentence.PROGRESS, Sentence.MISSING_DATA, Sentence.COMPLETED

# Each contact is covered by exactly one row; what a row does not forbid is permitted.
#    who calls why | how long ago | urgent | the steps, in order | forbidden, by which rule | what is said | source
TABLE: Mapping[tuple[ReportKind, ReportStatus], tuple[_Row, ...]] = {
    (_G, _OPEN): (
        _Row((_ASKS,), _LT, _ANY, (_DETAIL, _TRACK), {_REPEAT: "R09", _UPDATE: "R18"}, _S1, "L182 L269-L307"),
        _Row((_ASKS,), _GE, _ANY, (_DETAIL, _TRACK), {_UPDATE: "R18"}, _S23, "L182 L269-L307"),  # C8
        _Row((_DATA,), _ANY, _ANY, (_UPDATE,), {_REPEAT: "R12"}, None, "L124 L145 L147"),
        _Row((_PLN, _BOTH), _LT, False, (_UPDATE,), {_REPEAT: "R11"}, _S1, "L122 L147"),
        _Row((_PLN,), _LT, True, (_REPEAT,), {}, _S1, "L122 urgent"),
        _Row((_BOTH,), _LT, True, (_REPEAT, _UPDATE), {}, _S1, "L122 urgent L159-L165"),
        _Row((_PLN,), _GE, _ANY, (_TRACK, _REPEAT), {}, _S23, "L120 L305-L307"),
        _Row((_BOTH,), _GE, _ANY, (_TRACK, _REPEAT, _UPDATE), {}, _S23, "L120 L305-L307 L159-L165"),
    ),
    (_G, _CLOSED): (  # C2: the time does not matter
        _Row((_ASKS,), _ANY, _ANY, (_DETAIL, _TRACK), {_REPEAT: "R09", _UPDATE: "R19"}, _HOW, "L182 L269-L307"),
        # C11: Update is possible afterwards.
        _Row((_DATA, _PLN, _BOTH), _ANY, _ANY, (_REPEAT,), {_UPDATE: "R19"}, _S4, "L132-L133 L147 L153 L308-L331"),
    ),
    (_K, _OPEN): (  # R10: the time does not matter
        _Row((_ASKS,), _ANY, _ANY, (_DETAIL,), {_REPEAT: "R10", _UPDATE: "R18", _NEW: "R16"}, None, "L172 L182"),
        _Row((_DATA,), _ANY, _ANY, (_UPDATE,), {_REPEAT: "R12", _NEW: "R16"}, None, "L124 L145 L147"),
        _Row((_PLN,), _ANY, _ANY, (_REPEAT,), {_NEW: "R16"}, None, "L120"),
        _Row((_BOTH,), _ANY, _ANY, (_REPEAT, _UPDATE), {_NEW: "R16"}, None, "L120 L159-L165"),
    ),
    (_K, _CLOSED): (
        _Row((_ASKS,), _ANY, _ANY, (_DETAIL,), {_REPEAT: "R16", _UPDATE: "R19", _NEW: "R16"}, _HOW, "L172 L182"),
        _Row((_DATA,), _ANY, _ANY, (_COMMENT,), {_REPEAT: "R16", _UPDATE: "R19"}, None, "L138 decision C3"),
        _Row((_PLN, _BOTH), _ANY, _ANY, (_NEW,), {_REPEAT: "R16", _UPDATE: "R19"}, None, "L138"),
    ),
}  # fmt: skip

# Forbidden in every row of a kind: a G keeps its number for ever, and a K has no crew on its way.
_BY_KIND: Mapping[ReportKind, Mapping[Action, str]] = {_G: {_NEW: "R14"}, _K: {_TRACK: "R23"}}
_ALWAYS = frozenset({_DETAIL, Action.LOG, Action.HISTORY})  # R22, R25, R26

# The rows of the decision table in its numbering, D01 to D64.
FACTS = tuple(product((_G, _K), ReportStatus, Intent, Elapsed, (False, True)))


def elapsed(reported_at: datetime, now: datetime) -> Elapsed:
    """Exactly 180 minutes counts as three hours or more (C1)."""
    return Elapsed.GE3H if now - reported_at >= PROMISE else Elapsed.LT3H


def clock_start(reported_at: datetime, reopened_at: datetime | None, clock: RuleClock) -> datetime:
    """From when the rules count: the first report or, where the operator says so, the last re-opening (C6).

    The clock of the law (Lama Gangguan) always starts with the first report.
    """
    return reopened_at if clock is RuleClock.LAST_REOPENING and reopened_at is not None else reported_at


def asked(intent: str | None, urgent: str | bool | None) -> tuple[Intent, UrgentReason | None]:
    """What a request says about its contact. `urgent` is the reason itself; None, False or "" is not urgent.

    Raises Invalid: `intent-missing`, `unknown-intent`, `urgent-reason` (urgent, but not for which known reason; C5).
    """
    if not intent:
        raise Invalid("Tujuan pelapor menghubungi kembali belum dipilih.", slug="intent-missing", field="intent")
    if intent not in set(Intent):
        raise Invalid("Tujuan itu tidak dikenal.", slug="unknown-intent", field="intent")
    if not urgent:
        return Intent(intent), None
    if urgent not in set(UrgentReason):
        raise Invalid("Kasus mendesak memerlukan alasan yang dikenal.", slug="urgent-reason", field="urgent")
    return Intent(intent), UrgentReason(urgent)


def decide(kind: ReportKind, status: ReportStatus, intent: Intent, elapsed: Elapsed, urgent: bool) -> Decision:
    """The row for these facts. A P follows the rows of the K."""
    kind = _G if kind is _G else _K
    row = next(row for row in TABLE[kind, status] if row.covers(intent, elapsed, urgent))
    forbidden = {**_BY_KIND[kind], **row.forbidden}
    repeats = _REPEAT in row.required
    reopens = repeats and status is _CLOSED
    return Decision(
        row=f"D{FACTS.index((kind, status, intent, elapsed, urgent)) + 1:02}",
        required=row.required,
        permitted=_ALWAYS | ({_REPEAT, _UPDATE, _NEW, _TRACK} - forbidden.keys()) | set(row.required),
        permitted_after_repeat=frozenset({_UPDATE}) if reopens else frozenset(),
        forbidden=forbidden,
        status_after=_OPEN if reopens else status,
        new_number=_NEW in row.required,
        sets_star=reopens,
        logs_repeat=repeats,
        sentence=row.sentence,
        source=row.source,
    )


def forbid(decision: Decision, action: Action, after_repeat: bool = False) -> None:
    """Raises RuleForbids when the action may not be done, or not yet; `after_repeat`: Lapor Ulang is done already."""
    if after_repeat and action in decision.permitted_after_repeat:
        return
    if action in decision.forbidden:
        raise RuleForbids(decision.forbidden[action])
    if action is _UPDATE and _REPEAT in decision.required and not after_repeat:
        raise RuleForbids("R21")


def excludes_second(kind: ReportKind) -> bool:
    """Whether an open report of this kind forbids a second one for the same premises.

    A G does: the caller's contact belongs to the open report (an enquiry, C12). Two complaints or two
    requests of one customer are two matters.
    """
    return kind is ReportKind.GANGGUAN


def needs_work_order(kind: ReportKind, *, attached: bool) -> bool:
    """A fault of one's own is sent to a crew; one that an outage explains is not."""
    return kind is ReportKind.GANGGUAN and not attached
