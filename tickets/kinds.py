"""The vocabulary of reports and outages: PLN's letters and CIM's enumerations (IEC 61968-3)."""

from __future__ import annotations

from enum import StrEnum


class ReportKind(StrEnum):
    """APKT's kinds of application; requests are kept apart from complaints."""

    GANGGUAN = "G"
    KELUHAN = "K"
    PERMINTAAN = "P"


class ReportingKind(StrEnum):
    """CIM TroubleReportingKind: by which channel we were told."""

    CALL = "call"
    EMAIL = "email"
    LETTER = "letter"
    IVR = "ivr"
    APP = "app"
    SMS = "sms"
    WEB = "web"
    OTHER = "other"


class CauseKind(StrEnum):
    """CIM UnplannedOutage.causeKind, spelt as in the standard."""

    ANIMAL = "animal"
    LIGHTNING_STRIKE = "lightingStrike"
    LINE_DOWN = "lineDown"
    POLE_DOWN = "poleDown"
    TREE_DOWN = "treeDown"


class HistoryKind(StrEnum):
    """What an entry of a report's history tells (the tabs of Issue History)."""

    COMMENT = "comment"
    CHANGE = "change"
    TRANSITION = "transition"
    RATING = "rating"
    REPEAT = "repeat"  # a Lapor Ulang
