"""What each kind of node does: when it is entered, and when something was keyed there.

A kind of the menu's file (config/schema/menu.py) is one function with `@entering`, and one with `@answering` where it
asks; the tables they stand in are in ivr/nodes/going.py.
"""

from ivr.nodes import ends, outage, place, self_service, voice_note
from ivr.nodes.ends import FRONT, TRIAGE, triage
from ivr.nodes.going import go, keyed, once_more
from ivr.nodes.voice_note import recorded

__all__ = [
    "FRONT",
    "TRIAGE",
    "ends",
    "go",
    "keyed",
    "once_more",
    "outage",
    "place",
    "recorded",
    "self_service",
    "triage",
    "voice_note",
]
