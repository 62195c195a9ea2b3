"""The tables of the durable state, by use. Column names follow CIM where it has a word; instants are UTC."""

from __future__ import annotations

from tickets.models.arrivals import Arrival, PlaceBaseline
from tickets.models.customers import Customer, ImportRun, Phone, Premises, PremisesEntry, PremisesPhone, SpecialNeed
from tickets.models.figures import Exemption, ScoreEntry
from tickets.models.notices import CarrierPace, Notice, NoticeRecipient, NoticeRefusal
from tickets.models.outages import (
    LIVE_SCOPE,
    FaultLocation,
    Outage,
    OutageEstimate,
    OutageHeard,
    OutageHistory,
    OutagePeriod,
    OutageScope,
    Statement,
    Subscription,
)
from tickets.models.recordings import Recording, RecordingAccess
from tickets.models.reports import IncidentEntry, NumberSequence, Rating, Report, ReportEntry, ReportHistory, ToldNumber
from tickets.models.upkeep import Alert, Conversation, FollowerPosition, InboundMessage, KeptAnswer, Outbox, Timer
from tickets.models.work import Command, Crew, CrewHistory, WorkOrder, WorkOrderHistory

__all__ = [
    "LIVE_SCOPE",
    "Alert",
    "Arrival",
    "CarrierPace",
    "Command",
    "Conversation",
    "Crew",
    "CrewHistory",
    "Customer",
    "Exemption",
    "FaultLocation",
    "FollowerPosition",
    "ImportRun",
    "InboundMessage",
    "IncidentEntry",
    "KeptAnswer",
    "Notice",
    "NoticeRecipient",
    "NoticeRefusal",
    "NumberSequence",
    "Outage",
    "OutageEstimate",
    "OutageHeard",
    "OutageHistory",
    "OutagePeriod",
    "OutageScope",
    "Outbox",
    "Phone",
    "PlaceBaseline",
    "Premises",
    "PremisesEntry",
    "PremisesPhone",
    "Rating",
    "Recording",
    "RecordingAccess",
    "Report",
    "ReportEntry",
    "ReportHistory",
    "ScoreEntry",
    "SpecialNeed",
    "Statement",
    "Subscription",
    "Timer",
    "ToldNumber",
    "WorkOrder",
    "WorkOrderHistory",
]
