"""The states of a report, a work order, an outage and a statement. All of them, and nothing else: no I/O.

A move that is not listed raises IllegalMove and changes nothing. Whether a listed move may be made now (who, when,
which kind) is decided in tickets/rules.py and in the services.
"""

from __future__ import annotations

from enum import StrEnum

from config.table import Table


class ReportStatus(StrEnum):
    """PLN's own words."""

    BELUM_SELESAI = "BELUM_SELESAI"
    SELESAI = "SELESAI"


class ReportEvent(StrEnum):
    """What can happen to a report."""

    RESOLVE = "resolve"
    REOPEN = "reopen"


REPORT = Table[ReportStatus, ReportEvent](
    "report",
    {
        ReportStatus.BELUM_SELESAI: {ReportEvent.RESOLVE: ReportStatus.SELESAI},
        ReportStatus.SELESAI: {ReportEvent.REOPEN: ReportStatus.BELUM_SELESAI},
    },
)


class WorkOrderStatus(StrEnum):
    """From APKT's ladder; `CREW_STATUS` gives CIM's word for each."""

    WAITING = "waiting"  # no crew yet
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    ENROUTE = "enroute"
    ARRIVED = "arrived"
    WORKING = "working"
    TEMPORARY = "temporary"  # nyala sementara: power is on by other means, the fault is not mended
    POWER_ON = "power_on"
    DONE = "done"
    CANCELLED = "cancelled"


class WorkOrderEvent(StrEnum):
    """What can happen to a work order."""

    ASSIGN = "assign"
    ACCEPT = "accept"
    DECLINE = "decline"
    DEPART = "depart"
    ARRIVE = "arrive"
    START = "start"
    TEMPORARY = "temporary"
    POWER_ON = "power_on"
    COMPLETE = "complete"
    RETURN = "return"  # the crew gives an accepted order back
    CANCEL = "cancel"
    LAPSE = "lapse"  # the crew was silent: it is taken from it and given to another one


_W, _E = WorkOrderStatus, WorkOrderEvent
_UNDO = {_E.RETURN: _W.WAITING, _E.CANCEL: _W.CANCELLED}
_AWAY = {**_UNDO, _E.LAPSE: _W.WAITING}  # nobody has seen the crew at the place yet

WORK_ORDER = Table[WorkOrderStatus, WorkOrderEvent](
    "work order",
    {
        _W.WAITING: {_E.ASSIGN: _W.ASSIGNED, _E.CANCEL: _W.CANCELLED},
        _W.ASSIGNED: {
            _E.ACCEPT: _W.ACCEPTED,
            _E.DECLINE: _W.WAITING,
            _E.CANCEL: _W.CANCELLED,
            _E.LAPSE: _W.WAITING,
        },
        _W.ACCEPTED: {_E.DEPART: _W.ENROUTE, **_AWAY},
        _W.ENROUTE: {_E.ARRIVE: _W.ARRIVED, **_AWAY},
        _W.ARRIVED: {_E.START: _W.WORKING, **_UNDO},
        _W.WORKING: {_E.TEMPORARY: _W.TEMPORARY, _E.POWER_ON: _W.POWER_ON, **_UNDO},
        _W.TEMPORARY: {_E.POWER_ON: _W.POWER_ON, **_UNDO},
        _W.POWER_ON: {_E.COMPLETE: _W.DONE},
        _W.DONE: {},
        _W.CANCELLED: {},
    },
)

# Orders that keep a crew busy.
WITH_CREW = (_W.ASSIGNED, _W.ACCEPTED, _W.ENROUTE, _W.ARRIVED, _W.WORKING, _W.TEMPORARY, _W.POWER_ON)
# Orders that are neither done nor cancelled.
UNFINISHED = (_W.WAITING, *WITH_CREW)

# CIM CrewStatusKind.
CREW_STATUS = {
    _W.WAITING: "awaitingCrewAssignment",
    _W.ASSIGNED: "assigned",
    _W.ACCEPTED: "assigned",
    _W.ENROUTE: "enroute",
    _W.ARRIVED: "arrived",
    _W.WORKING: "arrived",
    _W.TEMPORARY: "arrived",
    _W.POWER_ON: "arrived",
    _W.DONE: "fieldComplete",
    _W.CANCELLED: "fieldComplete",
}


class OutageStatus(StrEnum):
    """CIM OutageStatusKind, and MultiSpeak's word for work that is announced."""

    SCHEDULED = "scheduled"  # planned, not begun
    PREDICTED = "predicted"
    CONFIRMED = "confirmed"
    PARTIALLY_RESTORED = "partiallyRestored"
    RESTORED = "restored"
    CLOSED = "closed"


class OutageEvent(StrEnum):
    """What can happen to an outage."""

    PROPOSE = "propose"  # its first entry, when it is predicted
    CONFIRM = "confirm"
    DISMISS = "dismiss"  # predicted wrongly; planned work that is called off
    BEGIN = "begin"  # planned work begins
    RESTORE_PARTIALLY = "restore_partially"
    RESTORE = "restore"
    REOPEN = "reopen"  # power went again
    CLOSE = "close"


_O, _F = OutageStatus, OutageEvent

OUTAGE = Table[OutageStatus, OutageEvent](
    "outage",
    {
        _O.SCHEDULED: {_F.BEGIN: _O.CONFIRMED, _F.DISMISS: _O.CLOSED},
        _O.PREDICTED: {_F.CONFIRM: _O.CONFIRMED, _F.DISMISS: _O.CLOSED},
        _O.CONFIRMED: {_F.RESTORE_PARTIALLY: _O.PARTIALLY_RESTORED, _F.RESTORE: _O.RESTORED},
        _O.PARTIALLY_RESTORED: {_F.RESTORE: _O.RESTORED, _F.REOPEN: _O.CONFIRMED},
        _O.RESTORED: {_F.REOPEN: _O.CONFIRMED, _F.CLOSE: _O.CLOSED},
        _O.CLOSED: {},
    },
)

# Outages of which a caller is told.
LIVE = (_O.PREDICTED, _O.CONFIRMED, _O.PARTIALLY_RESTORED)
# Those whose time without power counts.
DARK = (_O.CONFIRMED, _O.PARTIALLY_RESTORED)


class StatementStatus(StrEnum):
    """A version of what is officially said about an outage."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"  # no longer true: callers hear the holding statement again


class StatementEvent(StrEnum):
    """What can happen to a statement."""

    APPROVE = "approve"
    PUBLISH = "publish"
    REPLACE = "replace"
    WITHDRAW = "withdraw"


_S, _P = StatementStatus, StatementEvent

STATEMENT = Table[StatementStatus, StatementEvent](
    "statement",
    {
        _S.DRAFT: {_P.APPROVE: _S.APPROVED, _P.WITHDRAW: _S.WITHDRAWN},
        _S.APPROVED: {_P.PUBLISH: _S.PUBLISHED, _P.REPLACE: _S.REPLACED, _P.WITHDRAW: _S.WITHDRAWN},
        _S.PUBLISHED: {_P.REPLACE: _S.REPLACED, _P.WITHDRAW: _S.WITHDRAWN},
        _S.REPLACED: {},
        _S.WITHDRAWN: {},
    },
)
