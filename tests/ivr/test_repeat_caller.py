"""Who calls again about the same outage, over a real store and a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from agent_desk import words
from ivr import arrivals
from ivr.instructions import Fragment, Instruction
from ivr.intents import Intents
from ivr.turn import State
from router.events import Entry, Event
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import ANNOUNCEMENT, IN_OUTAGE, UNKNOWN, outage
from tests.fixtures.ivr_service import AT_MENTENG, MENTENG, Ivr
from tickets.models import OutageHeard
from tickets.outages import estimates, statements
from tickets.outages.outages import confirm_outage

Said = Callable[[Instruction], str]
Dial = Callable[..., ScriptedCaller]
store = pytest.mark.store
WHOLE, NOTHING = "Area Menteng, padam sejak", "Belum ada perubahan; perkiraan 3 jam lagi."


@pytest.fixture
def dark(ivr: Ivr) -> int:
    """Menteng, with a statement that promises three hours."""
    now = ivr.clock.now()
    with ivr.db.transaction() as session:
        etr = now + timedelta(hours=3)
        outage = confirm_outage(session, area=MENTENG, cause="transmisi", etr=etr, by="spv1", now=now)
        statement = statements.publish(session, outage.id, text=None, by="spv1", now=now)
        statements.mark_rendered(session, statement.id, now=now)
        return outage.id


async def calls(ivr: Ivr, call: str, ani: str, **extra: str) -> Instruction:
    """A whole call; what it heard is kept when it is over."""
    answer = await ivr.arrives(call, ani, **extra)
    await ivr.service.hung_up(call)
    await ivr.wishes_done()
    ivr.clock.advance(seconds=60)
    return answer


@store
@pytest.mark.anyio
@pytest.mark.parametrize("carrier", ["asterisk", "twilio"])
async def test_the_second_call_hears_what_is_new_and_the_star_says_everything(
    ivr: Ivr, dark: int, sentence: Said, carrier: str
) -> None:
    assert WHOLE in sentence(await calls(ivr, "ccall0001", AT_MENTENG, carrier=carrier))
    again = sentence(await ivr.arrives("ccall0002", AT_MENTENG, carrier=carrier))
    assert NOTHING in again
    assert WHOLE not in again
    assert WHOLE in sentence(await ivr.keys("*", "ccall0002"))
    assert WHOLE in sentence(await ivr.keys("*", "ccall0002"))
    with ivr.db.transaction() as session:
        moved = ivr.clock.now() + timedelta(hours=5)
        estimates.revise(session, dark, moved, reason="alat", by="spv1", now=ivr.clock.now())
        statements.mark_rendered(session, 2, now=ivr.clock.now())
    assert "Perkiraan diperbarui" in sentence(await calls(ivr, "ccall0003", AT_MENTENG, carrier=carrier))


@store
@pytest.mark.anyio
async def test_a_withheld_number_hears_everything_each_time(ivr: Ivr, dark: int, sentence: Said) -> None:
    await ivr.pool.acd.set_level(1, reason="uji", by="ladder")
    for call in ("ccall0001", "ccall0002"):
        assert WHOLE in sentence(await calls(ivr, call, ""))
    with ivr.db.reading() as session:
        assert session.scalars(select(OutageHeard)).all() == []


@store
@pytest.mark.anyio
async def test_two_calls_at_once_and_a_follower_that_begins_anew(ivr: Ivr, dark: int, sentence: Said) -> None:
    """Neither has been kept yet: both hear everything; the batch that is done twice changes nothing."""
    for call in ("ccall0001", "ccall0002"):
        assert WHOLE in sentence(await ivr.arrives(call, AT_MENTENG))
        ivr.clock.advance(seconds=1)
    entries = await ivr.pool.told()
    for order in (entries, entries, list(reversed(entries))):
        Intents(ivr.pool.acd, ivr.db)._execute(order)
    with ivr.db.reading() as session:
        (row,) = session.scalars(select(OutageHeard)).all()
    assert (row.outage_id, row.phone, row.version) == (dark, AT_MENTENG, 1)
    assert row.at == ivr.clock.now() - timedelta(seconds=1)


@store
@pytest.mark.anyio
async def test_the_desk_sees_which_version_was_heard(ivr: Ivr, dark: int) -> None:
    await calls(ivr, "ccall0001", AT_MENTENG)
    await calls(ivr, "ccall0002", AT_MENTENG)
    notes = [entry.data for entry in await ivr.pool.told() if entry.data.get("what") == "told"]
    assert [words.heard(note)[1] for note in notes] == [
        "Mendengar pernyataan padam v1",
        "Mendengar apa yang baru sejak panggilannya yang lalu (pernyataan padam v1)",
    ]
    assert words.heard({**notes[0], "version": 0, "holding": True})[1] == "Mendengar kalimat sementara tentang padam"
    assert words.heard({"what": "told"})[1] == "Mendengar pengumuman padam", "a note of the former release"


# --- the flow alone

unit = pytest.mark.unit
NEWS = ("Perkiraan diperbarui: pukul 16 WIB, semula pukul 14 WIB.",)


@unit
def test_what_is_new_is_said_instead_of_the_announcement(call: Dial, world: World) -> None:
    world.outages[:] = [outage(news={"id": NEWS})]
    caller = call(IN_OUTAGE)
    assert caller.keys == [
        *("greeting", "emergency", "locate.here", "outage.news"),
        *("outage.options", "locate.another"),
    ]
    assert Fragment("outage.news", *NEWS) in caller.said
    caller.presses("*")
    assert ANNOUNCEMENT in caller.heard
    assert [note["news"] for note in caller.notes if note["what"] == "told"] == [True, False]


@unit
def test_what_was_announced_to_a_region_is_not_said_again_to_who_chooses_it(call: Dial, world: World) -> None:
    world.level = 1
    caller = call(UNKNOWN)
    assert ANNOUNCEMENT in caller.heard
    caller.presses("1")
    assert caller.keys == ["emergency.short", "outage.options"]
    caller.presses("*")
    assert ANNOUNCEMENT in caller.heard


@unit
def test_each_language_hears_its_own_pieces_and_indonesian_where_there_are_none(world: World, call: Dial) -> None:
    said = {"id": ("Area Menteng.", "Menyusul."), "en": ("Area Menteng, dark.",)}
    world.outages[:] = [outage(said=said, news={"en": ("No change.",)})]
    caller = call(IN_OUTAGE)
    assert [one.text for one in caller.said if one.key == "outage.announcement"] == [*said["id"]]
    assert outage(said={"id": ("Hanya ini.",)}).pieces("en") == ("Hanya ini.",)
    assert outage().pieces("en") == (ANNOUNCEMENT,)


@unit
def test_a_state_of_the_former_release_has_heard_nothing() -> None:
    assert State.loads('{"node":"padam","outage":7}').told == []


@unit
def test_a_note_that_cannot_be_read_is_not_remembered() -> None:
    good = {"what": "told", "outage": 7, "version": 1, "facts": {"name": "Menteng", "etr": None}}
    broken: list[dict[str, object]] = [
        {"facts": None},
        {"facts": {}},
        {"version": "x"},
        {"outage": None},
        {"what": "x"},
    ]
    notes = [{"what": "told"}, *({**good, **one} for one in broken), good]
    entries = [Entry(f"{at}-0", Event.CALL_NOTED, at, "e", "ccall0001", data=note) for at, note in enumerate(notes)]
    (told,) = arrivals.told(entries)
    assert (told.outage, told.version, told.facts.name) == (7, 1, "Menteng")
