"""What one entry of the journal changes in the record of its call: pure, one function per event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from router.calls import Outcome
from router.events import Entry, Event
from router.history.models import CallRecord

Change = dict[str, Any]


def moment(ms: int) -> datetime:
    """Milliseconds since the epoch as an instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _arrived(_record: CallRecord, entry: Entry) -> Change:
    words = {name: entry.data.get(name, "") for name in ("ani", "trunk", "region", "dialled", "menu")}
    # A call that nobody told of when it came says itself when that was.
    return {**words, "carrier": entry.carrier, "arrived_at": moment(entry.data.get("arrived", entry.at))}


def _refused(record: CallRecord, entry: Entry) -> Change:
    return {
        **_arrived(record, entry),
        "outcome": Outcome.REFUSED.value,
        "reason": entry.data.get("reason", ""),
        "ended_at": moment(entry.data.get("arrived", entry.at)),
    }


def _resumed(record: CallRecord, entry: Entry) -> Change:
    """Also what ends a conversation ends a hold, and says how long that was."""
    return {"held_s": (record.held_s or 0.0) + entry.data.get("held_ms", 0) / 1000}


def _passed_on(record: CallRecord, entry: Entry) -> Change:
    """A CSO passed the call on: to a colleague, to a queue, to a partner."""
    return {**_resumed(record, entry), "transfers": (record.transfers or 0) + 1}


def _transferred(record: CallRecord, entry: Entry) -> Change:
    talks = {"cso": entry.cso} if entry.data.get("kind") == "attended" else {}
    return {**_passed_on(record, entry), **talks}


def _queued(record: CallRecord, entry: Entry) -> Change:
    passed_on = _passed_on(record, entry) if entry.data.get("from") == "talking" else {}
    return {
        **passed_on,
        "queue": entry.queue,
        "priority": entry.data.get("priority", 0),
        "emergency": bool(entry.data.get("emergency")),
        "queued_at": record.queued_at or moment(entry.at),
    }


def _adopted(record: CallRecord, entry: Entry) -> Change:
    words = {name: entry.data.get(name, "") for name in ("ani", "trunk", "region")}
    arrived = record.arrived_at or moment(entry.data.get("arrived", entry.at))
    back = _callback(record, entry) if entry.data.get("virtual") else {}
    return {**_queued(record, entry), **back, **words, "carrier": entry.carrier, "arrived_at": arrived}


def _callback(record: CallRecord, entry: Entry) -> Change:
    data = entry.data
    return {
        "callback": True,
        "callback_number": data.get("number", ""),
        "callback_at": record.callback_at or moment(entry.at),
        "queue": entry.queue,
        "priority": data.get("priority", 0),
        "skills": data.get("skills", ""),
        "queued_at": record.queued_at or moment(data.get("queued", entry.at)),
    }


def _recalled(record: CallRecord, entry: Entry) -> Change:
    words = {name: entry.data.get(name, "") for name in ("ani", "trunk", "region")}
    arrived = moment(entry.data.get("arrived", entry.at))
    return {
        **_callback(record, entry),
        **words,
        "carrier": entry.carrier,
        "arrived_at": arrived,
        "recalled_from": entry.data.get("of", ""),
    }


def _unreached(_record: CallRecord, entry: Entry) -> Change:
    return {"callback_attempts": entry.data.get("attempts", 0)}


def _noted(_record: CallRecord, entry: Entry) -> Change:
    if entry.data.get("what") != "emergency":
        return {}
    return {"emergency": True, **({"queue": entry.queue} if entry.queue else {})}


def _offered(record: CallRecord, entry: Entry) -> Change:
    return {"offered_at": moment(entry.at), "offers": record.offers + 1}


def _answered(record: CallRecord, entry: Entry) -> Change:
    return {"cso": entry.cso, "answered_at": record.answered_at or moment(entry.at)}


def _handed_over(record: CallRecord, entry: Entry) -> Change:
    passed_on = _passed_on(record, entry) if entry.data.get("reason") == "referred" else {}
    return {**passed_on, "partner": entry.data.get("partner", ""), "handed_over_at": moment(entry.at)}


def _partner_answered(record: CallRecord, entry: Entry) -> Change:
    return {"partner_answered_at": record.partner_answered_at or moment(entry.at)}


def _received(record: CallRecord, entry: Entry) -> Change:
    words = {name: entry.data.get(name, "") for name in ("dialled", "menu", "skills")}
    return {**_adopted(record, entry), **words, "queued_at": moment(entry.data.get("queued", entry.at))}


def _promised(record: CallRecord, entry: Entry) -> Change:
    broken = (record.promises_broken or 0) + bool(entry.data.get("broken"))
    if record.promised_at is not None:
        return {"promises_broken": broken}
    low, high = (entry.data.get(name, 0) / 1000 for name in ("low", "high"))
    return {
        "promised_at": moment(entry.at),
        "promised_low_s": low,
        "promised_high_s": high,
        "promises_broken": broken,
    }


def _departed(_record: CallRecord, entry: Entry) -> Change:
    return {"moved_to": entry.data.get("pool", "")}


def _stayed(_record: CallRecord, _entry: Entry) -> Change:
    return {"moved_to": ""}


def _ended(record: CallRecord, entry: Entry) -> Change:
    outcome = entry.data.get("outcome", "")
    # Of a conversation that nobody saw begin, the end tells; it waited no longer than until then.
    unseen = {Outcome.ANSWERED: "answered_at", Outcome.PARTNER_ANSWERED: "partner_answered_at"}.get(outcome)
    return {
        **_resumed(record, entry),
        **({unseen: getattr(record, unseen) or moment(entry.at)} if unseen else {}),
        "outcome": outcome,
        "moved_to": record.moved_to if outcome == Outcome.MOVED else "",
        "ended_by": entry.data.get("by", ""),
        "ended_at": moment(entry.at),
    }


FOLDS: Mapping[Event, Callable[[CallRecord, Entry], Change]] = {
    Event.CALL_ARRIVED: _arrived,
    Event.CALL_REFUSED: _refused,
    Event.CALL_QUEUED: _queued,
    Event.CALL_ADOPTED: _adopted,
    Event.CALL_NOTED: _noted,
    Event.CALL_CALLBACK: _callback,
    Event.CALL_RECALLED: _recalled,
    Event.CALL_UNREACHED: _unreached,
    Event.CALL_REACHED: _answered,
    Event.CALL_OFFERED: _offered,
    Event.CALL_ANSWERED: _answered,
    Event.CALL_RESUMED: _resumed,
    Event.CALL_TRANSFERRED: _transferred,
    Event.CALL_HANDED_OVER: _handed_over,
    Event.CALL_PARTNER_ANSWERED: _partner_answered,
    Event.CALL_PROMISED: _promised,
    Event.CALL_DEPARTED: _departed,
    Event.CALL_STAYED: _stayed,
    Event.CALL_RECEIVED: _received,
    Event.CALL_ENDED: _ended,
}
