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


class OutageKind(StrEnum):
    """CIM Outage.outageKind."""

    UNPLANNED = "unplanned"
    PLANNED = "planned"


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


class RecordingKind(StrEnum):
    """What was recorded (docs/recording.md)."""

    NOTE = "note"  # a caller's words about a report, on the caller's wish
    CALL = "call"  # a conversation with a CSO


class RecordingState(StrEnum):
    """How far a recording is. All but the first are final."""

    EXPECTED = "expected"  # asked for; its sound is still being made, or at the carrier
    KEPT = "kept"
    EMPTY = "empty"  # nothing was said
    LOST = "lost"  # the sound never came
    REMOVED = "removed"  # too old, or by a person


class IncidentStep(StrEnum):
    """ITIL's ten steps of an incident, in their order (seed 004 L124–L133)."""

    IDENTIFIED = "identified"
    LOGGED = "logged"
    CATEGORISED = "categorised"
    PRIORITISED = "prioritised"
    DIAGNOSED = "diagnosed"  # by the first line
    FUNCTIONALLY_ESCALATED = "escalated_functional"  # to who can do it
    MANAGEMENT_ESCALATED = "escalated_management"  # to who decides
    INVESTIGATED = "investigated"  # by who was sent
    RESOLVED = "resolved"
    CLOSED = "closed"


class Clock(StrEnum):
    """What runs for a report, an order or an outage (incidents.yaml)."""

    RESPONSE = "response"  # report → a crew has arrived
    RECOVERY = "recovery"  # start of work → power is on
    PROMISE = "promise"  # first report → power is on
    ANSWER = "answer"  # complaints, requests, whatever comes in writing → somebody has answered
    TOLD = "told"  # finished → the customer knows


class AlertKind(StrEnum):
    """What somebody must look at."""

    OUTAGE_PROPOSED = "outage-proposed"
    STATEMENT_EXPIRED = "statement-expired"  # its time has passed; callers hear the holding statement
    ALL_LIT = "all-lit"  # every fault location of an outage is mended: is power back?
    NO_CREW = "no-crew"
    CREW_SILENT = "crew-silent"
    RESPONSE_LATE = "response-late"
    RECOVERY_LATE = "recovery-late"
    PROMISE_LATE = "promise-late"
    ANSWER_LATE = "answer-late"  # the 1×24 h of complaints and letters
    NOT_TOLD = "not-told"  # resolved, and its customer does not know
    ASKED = "asked"  # somebody asks the management to decide


class AlertLevel(StrEnum):
    """Whom an alert has reached: functional escalation first, then management (seed 004 L244–L249)."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    DIRECTOR = "director"


class NoticeEvent(StrEnum):
    """Of what about an outage or a report people are told; CIM's NotificationTriggerKind where it has a word."""

    START = "powerOut"
    ESTIMATE = "etrChange"
    PLANNED = "plannedWork"
    CALLED_OFF = "plannedWorkCancelled"
    RESTORED = "powerRestored"
    FINISHED = "reportFinished"  # of one report


class NoticeChannel(StrEnum):
    """How a number is told."""

    SMS = "sms"
    CALL = "call"


class RecipientStatus(StrEnum):
    """How far a number is."""

    WAITING = "waiting"
    SENDING = "sending"  # the carrier is being asked
    SENT = "sent"  # the carrier has taken it; a call: somebody has picked up
    DELIVERED = "delivered"  # the carrier says that it has arrived
    FAILED = "failed"  # for good; `reason` says why
    UNCERTAIN = "uncertain"  # a process died over it: it may have been told and is not told again


class NoticeAnswer(StrEnum):
    """What somebody answers to "is your power back?" (MultiSpeak callBackStatus)."""

    LIT = "On"
    DARK = "StillOff"


class EntryKind(IntEnum):
    """What an entry of the search register begins with; found in this order (ADR 38)."""

    NUMBER = 0
    NAME = 1
    PLACE = 2
