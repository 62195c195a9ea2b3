"""The stand-in's conferences: found by name, their participants read, held and let go.

Source of the fields and rules: Twilio's OpenAPI document and its page of the participant resource. A participant is
there while its leg is in the conference: one whose call was given new TwiML is not found any more.
"""

from __future__ import annotations

import re
from typing import Any

from ivr.telephone.exchange import Exchange
from ivr.telephone.machine import Leg
from ivr.telephone.rest_answers import Body, RestFault, one, page, rfc2822
from ivr.telephone.room import Room


def conferences(exchange: Exchange, query: dict[str, str]) -> dict[str, Any]:
    """The list, the newest first; one that has ended is not kept."""
    found = [
        _conference(exchange, room)
        for room in reversed(exchange.rooms.values())
        if query.get("FriendlyName") in (None, room.name) and query.get("Status") in (None, _status(room))
    ]
    return page(found, "conferences", f"/2010-04-01/Accounts/{exchange.account}/Conferences.json", query)


def participants(exchange: Exchange, conference: str, query: dict[str, str]) -> dict[str, Any]:
    """Who is in a conference."""
    room = next((room for room in exchange.rooms.values() if room.sid == conference), None)
    if room is None:
        raise RestFault(404, 20404, "The requested resource was not found")
    address = f"/2010-04-01/Accounts/{exchange.account}/Conferences/{conference}/Participants.json"
    return page([_participant(exchange, room, leg) for leg in room.members], "participants", address, query)


def update_participant(exchange: Exchange, conference: str, sid: str, form: dict[str, list[str]]) -> tuple[int, Body]:
    """Hold and its end, and whether the leg's leaving ends the conference."""
    room, leg = _member(exchange, conference, sid)
    hold, ends = one(form, "Hold"), one(form, "EndConferenceOnExit")
    if hold == "true":
        if one(form, "HoldMethod") != "POST":
            raise RestFault(400, 21218, "this stand-in posts only")
        room.hold(leg, one(form, "HoldUrl"))
    elif hold:
        room.resume(leg)
    if ends:
        room.members[leg].ends = ends == "true"
    return 200, _participant(exchange, room, leg)


def _member(exchange: Exchange, conference: str, sid: str) -> tuple[Room, Leg]:
    room = next((room for room in exchange.rooms.values() if room.sid == conference), None)
    leg = exchange.legs.get(sid) if re.fullmatch(r"CA[0-9a-f]{32}", sid) else None
    if room is None or leg is None or leg not in room.members:
        raise RestFault(404, 20404, "The requested resource was not found")
    return room, leg


def _status(room: Room) -> str:
    return "in-progress" if room.started else "init"


def _conference(exchange: Exchange, room: Room) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{exchange.account}/Conferences/{room.sid}"
    return {
        "sid": room.sid,
        "account_sid": exchange.account,
        "api_version": "2010-04-01",
        "friendly_name": room.name,
        "status": _status(room),
        "region": "us1",
        "date_created": rfc2822(room.made),
        "date_updated": rfc2822(room.made),
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
    }


def _participant(exchange: Exchange, room: Room, leg: Leg) -> dict[str, Any]:
    member = room.members[leg]
    return {
        "account_sid": exchange.account,
        "call_sid": leg.sid,
        "conference_sid": room.sid,
        "label": member.label or None,
        "call_sid_to_coach": None,
        "coaching": False,
        "date_created": rfc2822(leg.started),
        "date_updated": rfc2822(leg.started),
        "end_conference_on_exit": member.ends,
        "muted": False,
        "hold": member.hold is not None,
        "start_conference_on_enter": True,
        "status": "connected",
        "queue_time": None,
        "uri": f"/2010-04-01/Accounts/{exchange.account}/Conferences/{room.sid}/Participants/{leg.sid}.json",
    }
