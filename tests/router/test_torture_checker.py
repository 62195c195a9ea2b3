"""The journal's checker finds each kind of fault: forged journals, one invariant broken in each."""

from __future__ import annotations

from typing import Any

import pytest

from router.events import Entry, Event
from router.store.audit_state import Live
from router.store.types import PartnerRules, QueueRules
from simulation.torture.journal import check
from simulation.torture.told import Rules

pytestmark = pytest.mark.unit

RULES = Rules(
    {"gangguan": QueueRules("gangguan", offer_ms=1, wrap_up_ms=1000)}, {"mitra": PartnerRules("mitra", cap=1)}, lines=2
)
E = Event
FIRST = "1-a"  # the first token


class Journal:
    """A journal written by hand; each line a millisecond after the one before."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def tell(self, event: Event, call: str = "", cso: str = "", token: str = "", **data: Any) -> Journal:
        number = len(self.entries) + 1
        about: dict[str, Any] = {"id": f"{number}-0", "at": number, "epoch": "1-a"}
        about |= {name: data.pop(name) for name in ("id", "at", "epoch") if name in data}
        queue = "gangguan" if call else ""
        self.entries.append(
            Entry(
                about["id"], event, about["at"], about["epoch"], call, cso, queue, token,
                carrier="asterisk", data=data,
            )
        )  # fmt: skip
        return self

    def arrives(self, call: str, score: float | None = None, **data: Any) -> Journal:
        """In the IVR; with a score in line."""
        self.tell(E.CALL_ARRIVED, call, ani=f"+62-{call}")
        return self if score is None else self.queued(call, score, **data)

    def queued(self, call: str, score: float, **data: Any) -> Journal:
        return self.tell(E.CALL_QUEUED, call, **{"score": score, "emergency": False, **data})

    def ready(self, cso: str, **data: Any) -> Journal:
        return self.tell(
            E.CSO_STATE, cso=cso, **{"state": "ready", "queues": "gangguan:3", "skills": "", "telephone": True, **data}
        )

    def offered(self, call: str, cso: str = "cso1", token: str = FIRST) -> Journal:
        self.tell(E.CALL_OFFERED, call, cso, token)
        return self.tell(E.CSO_STATE, call, cso, state="offered")

    def answered(self, call: str, cso: str = "cso1", token: str = FIRST) -> Journal:
        self.tell(E.CALL_ANSWERED, call, cso, token)
        return self.tell(E.CSO_STATE, call, cso, state="talking")

    def ended(self, call: str, state: str, outcome: str = "answered") -> Journal:
        return self.tell(E.CALL_ENDED, call, state=state, outcome=outcome)


def begun() -> Journal:
    return Journal().tell(E.STORE_STARTED)


def talking() -> Journal:
    return begun().ready("cso1").arrives("c1", 5).offered("c1").answered("c1")


def test_a_journal_in_order() -> None:
    journal = talking().ended("c1", "talking").tell(E.CSO_STATE, cso="cso1", state="wrap_up", since=1, wrap_until=1010)
    journal.arrives("c2", 9).arrives("c3", 7).tell(E.CALL_HANDED_OVER, "c3", token="2-b", partner="mitra")
    journal.tell(E.CALL_HANDED_BACK, "c3", token="2-b").queued("c3", 7 - 4e15, emergency=True)
    journal.ready("cso1", at=1012).tell(E.CALL_OFFERED, "c3", "cso1", "3-c", at=1012)
    assert check(journal.entries, RULES) == []


FORGED: list[tuple[str, Journal]] = [
    ("not after the entry", begun().tell(E.LEVEL, id="1-0")),
    ("before the entry before it", begun().tell(E.LEVEL, at=9).tell(E.LEVEL, at=5)),
    ("without a new epoch", begun().tell(E.STORE_STARTED)),
    ("another epoch", begun().tell(E.LEVEL, epoch="2-b")),
    ("without a name", begun().tell(E.UNKNOWN)),
    ("arrived again", begun().arrives("c1").arrives("c1")),
    ("nobody announced", begun().queued("c1", 5)),
    ("after its end", begun().arrives("c1").ended("c1", "ivr", "left_ivr").queued("c1", 5)),
    ("cannot happen", begun().arrives("c1").tell(E.CALL_ANSWERED, "c1")),
    ("3 calls on 2 lines", begun().arrives("c1").arrives("c2").arrives("c3")),
    ("the score was", begun().arrives("c1", 5).queued("c1", 6)),
    ("was an emergency", begun().arrives("c1", 5, emergency=True).queued("c1", 5)),
    ("who has c1", talking().arrives("c2", 6).tell(E.CALL_OFFERED, "c2", "cso1", "2-b")),
    ("who is paused", begun().ready("cso1", state="paused").arrives("c1", 5).offered("c1")),
    ("cannot be reached", begun().ready("cso1", telephone=False).arrives("c1", 5).offered("c1")),
    ("does not serve", begun().ready("cso1", queues="keluhan:3").arrives("c1", 5).offered("c1")),
    ("does not serve", begun().ready("cso1").arrives("c1", 5, skills="en:2").offered("c1")),
    ("in the same lane", begun().ready("cso1").arrives("c1", 5).arrives("c2", 6).offered("c2")),
    (
        "for the same CSO",
        begun().ready("cso1", skills="en:3").arrives("c1", 5, skills="en:2").arrives("c2", 6).offered("c2"),
    ),
    ("not the live one", begun().ready("cso1").arrives("c1", 5).offered("c1").answered("c1", token="2-b")),
    ("offered to cso1", begun().ready("cso1").ready("cso2").arrives("c1", 5).offered("c1").answered("c1", "cso2")),
    (
        "emergency handed to a partner",
        begun().arrives("c1", 5 - 4e15, emergency=True).tell(E.CALL_HANDED_OVER, "c1", token="t", partner="mitra"),
    ),
    (
        "2 calls at mitra",
        begun()
        .arrives("c1", 5)
        .arrives("c2", 6)
        .tell(E.CALL_HANDED_OVER, "c1", token="t", partner="mitra")
        .tell(E.CALL_HANDED_OVER, "c2", token="u", partner="mitra"),
    ),
    ("without an outcome", talking().ended("c1", "talking", "")),
    ("after it was taken in", talking().ended("c1", "talking", "refused")),
    ("as the journal tells", talking().ended("c1", "ivr")),
    ("but has c1", talking().tell(E.CSO_STATE, cso="cso1", state="ready")),
    ("was given", begun().ready("cso1").arrives("c1", 5).tell(E.CSO_STATE, "c1", "cso1", state="talking")),
    (
        "too long",
        begun()
        .tell(E.CSO_STATE, cso="cso1", state="wrap_up", since=1, wrap_until=9)
        .tell(E.CSO_STATE, cso="cso1", state="ready", at=500_000),
    ),
    ("without an end", begun().tell(E.CSO_STATE, cso="cso1", state="wrap_up", since=9, wrap_until=9)),
    ("as guest", begun().ready("cso1").arrives("c1", 5).offered("c1").tell(
        E.CALL_CONSULTED, "c1", "cso1", "1-a", guest="cso2")),
    ("the guest is nobody", talking().tell(E.CALL_GUEST_LEFT, "c1", "cso1", "1-a", guest="cso2")),
    ("consulted was nobody", talking().tell(E.CALL_TRANSFERRED, "c1", "cso2", "2-b", kind="attended")),
]  # fmt: skip


@pytest.mark.parametrize(("said", "journal"), FORGED, ids=[said.replace(" ", "-") for said, _ in FORGED])
def test_a_fault_is_found(said: str, journal: Journal) -> None:
    found = check(journal.entries, RULES)
    assert any(said in sentence for sentence in found), found
    assert not any("+62" in sentence for sentence in found)


def store(**keys: Any) -> Live:
    """What the store says at the end."""
    calls = keys.pop("calls", {})
    return Live({f":call:{name}": fields for name, fields in calls.items()} | keys)


END: list[tuple[str, Journal, Live]] = [
    ("lives, but the journal", begun(), store(calls={"c1": {"state": "ivr", "token": ""}})),
    ("is gone", begun().arrives("c1"), store()),
    (
        "should be ('waiting', '')",
        begun().arrives("c1", 5),
        store(calls={"c1": {"state": "ivr", "cso": "", "token": "", "score": "5"}}),
    ),
    (
        "changed without being told",
        begun().arrives("c1", 5),
        store(calls={"c1": {"state": "waiting", "cso": "", "token": "", "score": "6"}}),
    ),
    ("cannot be called back", begun().tell(E.CALL_REFUSED, "c1", ani="+62-1"), store()),
    ("should be ready", begun().ready("cso1"), store()),
]


@pytest.mark.parametrize(("said", "journal", "live"), END, ids=[one[0].replace(" ", "-") for one in END])
def test_the_end_is_compared_with_the_store(said: str, journal: Journal, live: Live) -> None:
    found = check(journal.entries, RULES, live)
    assert any(said in sentence for sentence in found), found
    assert not any("+62" in sentence for sentence in found)
