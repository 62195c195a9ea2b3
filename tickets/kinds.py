"""The vocabulary of reports and outages: PLN's letters and CIM's enumerations (IEC 61968-3)."""

from __future__ import annotations

from enum import IntEnum, StrEnum


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
    WHATSAPP = "whatsapp"  # not in CIM


# Who writes cannot be answered at once: the 1×24 h clock runs (seed 004 L164).
WRITTEN = frozenset(
    {ReportingKind.EMAIL, ReportingKind.LETTER, ReportingKind.SMS, ReportingKind.WEB, ReportingKind.WHATSAPP}
)


class Intent(StrEnum):
    """Why somebody comes back about a report that exists (the columns of facts of the decision table)."""

    ENQUIRY = "ENQUIRY"  # only asks
    CUST_DATA = "CUST_DATA"  # wants to complete or change what was told
    PLN_SIDE = "PLN_SIDE"  # something is still wrong on the utility's side
    BOTH = "BOTH"


class UrgentReason(StrEnum):
    """What makes a contact urgent (C5)."""

    HAZARD = "hazard"
    LIFE_SUPPORT = "life_support"
    PUBLIC_SERVICE = "public_service"
    SUPERVISOR = "supervisor"  # a supervisor decided so


class CompletionCode(StrEnum):
    """How the unit closed a report; the last two make a CSO ask for the missing data (CSO instruction L325–L331)."""

    DONE = "done"
    DATA_INCOMPLETE = "data_incomplete"
    PHONE_UNREACHABLE = "phone_unreachable"


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


class EntryKind(IntEnum):
    """What an entry of the search register begins with; found in this order (ADR 38)."""

    NUMBER = 0
    NAME = 1
    PLACE = 2
