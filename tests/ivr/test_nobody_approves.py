"""4 August 2019 again, 11:50 to 16:20 WIB: nobody approves a sentence for four and a half hours (seeds 002 and 003).
Whoever calls from the dark hears something true within ten seconds of the pick-up, by the real length of its sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from config.operator import operator
from config.settings import Settings
from ivr import jobs
from ivr.carriers import asterisk_sounds
from ivr.carriers.asterisk_sounds import playable
from ivr.instructions import Ask, Fragment
from ivr.signals import Arrival
from ivr.speech import cache, prompts, render, voices
from tests.fixtures.ivr_service import AT_MENTENG, AT_TEBET, Ivr
from tests.fixtures.servers import missing
from tests.fixtures.tickets import a_premises
from tickets.models import Outbox
from tickets.outages import outages, phrases, scopes, statements
from tickets.outages.outages import Facts

pytestmark = [pytest.mark.anyio, pytest.mark.store]

JAKARTA, BANGKA = "021123", "0717123"
AT_GERUNGGANG, UNKNOWN = "+628120000003", "+628120000009"
CALLERS = (*((ani, JAKARTA) for ani in (AT_MENTENG, AT_TEBET, UNKNOWN, "")), (AT_GERUNGGANG, BANGKA), ("", BANGKA))
DARK = ("31.71.06", "31.74.01")  # Menteng and Tebet: no area, so its sentence must be rendered first
SPOKEN = ("outage.holding", "outage.news", "outage.announcement")
OPENING = {"greeting", "emergency", "emergency.short"}
DRAFT = "Gangguan transmisi Ungaran, listrik menyala dua jam lagi."
EVERY = timedelta(minutes=5)
LEVELS = {(12, 0): 1, (13, 0): 2, (14, 0): 3, (15, 30): 4, (16, 0): 2}  # of the surge ladder, as the hour went


def wib(hour: int, minute: int) -> datetime:
    return datetime(2019, 8, 4, hour - 7, minute, tzinfo=UTC)


BEGIN, FIRST_STATEMENT = wib(11, 50), wib(16, 20)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is rendered before the first call is taken, and nothing else."""
    if isinstance(voices.find_voice(), voices.Tones):
        missing("espeak-ng is not installed; `make test` installs it")
    now = Settings(data=tmp_path_factory.mktemp("speech"))
    with pytest.MonkeyPatch.context() as patch:
        for module in (cache, render, asterisk_sounds):
            patch.setattr(module, "settings", lambda: now)
        for language in operator().menu.languages:
            render.render((piece.text for piece in prompts.fixed() if piece.language == language), language=language)
        yield


class Day:
    """The hours as they went, and everything that was said in them."""

    def __init__(self, ivr: Ivr) -> None:
        self.ivr, self.calls = ivr, 0
        self.first: list[float] = []  # seconds until something was told, of each call
        self.said: set[str] = set()

    async def listens(self, ani: str, dialled: str) -> str:
        """One call: what its caller hears of the outage before he hangs up. Who is asked for the place says it."""
        self.calls += 1
        call = f"creplay{self.calls:05}"
        arrival = Arrival(call, "asterisk", f"PJSIP/{call}", ani, dialled=dialled, trunk="")
        answer = await self.ivr.service.arrived(arrival, f"{call}.0")
        assert isinstance(answer, Ask)
        self.first.append(self._heard(answer))
        told = [one.text for one in answer.say if one.key in SPOKEN]
        if not told:
            answer = await self.ivr.keys("1", call)
            assert isinstance(answer, Ask)
            self._heard(answer)
            told = [one.text for one in answer.say if one.key in SPOKEN]
        await self.ivr.service.hung_up(call)
        assert told, "never nothing"
        return " ".join(told)

    def _heard(self, answer: Ask) -> float:
        """Every piece has a sound; answers how long it takes to the first that tells something."""
        assert len(playable(answer.say)) == len(answer.say), "a piece that is not rendered is silence"
        self.said |= {one.text for one in answer.say}
        return sum(_seconds(one) for one in answer.say[: [one.key in OPENING for one in answer.say].index(False)])

    def works(self) -> None:
        """The worker makes the sounds that are asked for."""
        with self.ivr.db.reading() as session:
            rows = session.scalars(select(Outbox).where(Outbox.kind == "render", Outbox.done_at.is_(None))).all()
        for row in rows:
            jobs.render(row.key, row.payload)


def _seconds(fragment: Fragment) -> float:
    return cache.duration_ms(cache.path_for(fragment.text, fragment.language)) / 1000


@pytest.fixture
def day(ivr: Ivr, sounds: None, monkeypatch: pytest.MonkeyPatch) -> Day:
    monkeypatch.setattr(jobs, "database", lambda: ivr.db)
    with ivr.db.transaction() as session:
        a_premises(session, area="19.71.05", phone=AT_GERUNGGANG, idpel="160000000001")
    ivr.clock.advance(seconds=(BEGIN - ivr.clock.now()).total_seconds())
    return Day(ivr)


async def test_for_four_and_a_half_hours_whoever_calls_hears_something_true_and_approved(day: Day) -> None:
    ivr, since = day.ivr, wib(11, 48)
    with ivr.db.transaction() as session:
        java = outages.propose_outage(session, covers=DARK, since=since, evidence={}, by="deteksi", now=BEGIN)
        outages.propose_outage(session, area="19", since=since, evidence={}, by="deteksi", now=BEGIN)
    assert java is not None
    told: set[str] = set()
    while (now := ivr.clock.now()) < FIRST_STATEMENT:
        with ivr.db.transaction() as session:
            if now == wib(11, 55):
                facts = Facts(covers=DARK, cause="gangguan transmisi")
                outages.confirm_proposal(session, java.id, facts, by="spv1", now=now)
            if now == wib(12, 30):
                statements.draft(session, java.id, text=DRAFT, by="op1", now=now)
        if level := LEVELS.get((now.hour + 7, now.minute)):
            await ivr.pool.acd.set_level(level, reason="uji", by="ladder")
        if now >= wib(12, 0):  # the worker was down, too
            day.works()
        told |= {await day.listens(*caller) for caller in CALLERS}
        await ivr.wishes_done()
        ivr.clock.advance(seconds=EVERY.total_seconds())

    assert len(day.first) == 54 * len(CALLERS)
    assert max(day.first) <= 10.0
    places = {"DKI Jakarta", "Menteng dan Tebet", "Bangka Belitung"}
    holding = {" ".join(phrases.holding_pieces("31", place).said()) for place in places}
    unchanged = "Belum ada perubahan; perkiraan waktu nyala menyusul."
    heard = {one for text in told for one in ([text] if text in holding else _apart(text, holding))}
    assert heard == {*holding, unchanged}, "and of each at least once"
    approved = {piece.text for piece in prompts.fixed()} | {scopes.spoken(DARK, "31")}
    approved |= set(phrases.holding_pieces("31", "Menteng dan Tebet").said())
    assert day.said <= approved
    assert DRAFT not in day.said

    with ivr.db.transaction() as session:
        statements.publish(session, java.id, text=None, by="spv1", now=ivr.clock.now())
    before = await day.listens(UNKNOWN, JAKARTA)
    assert "transmisi" not in before, "its sound is not made yet"
    day.works()
    statement = "Area Menteng dan Tebet, padam sejak pukul 11 lewat 48 WIB karena gangguan transmisi."
    for caller in ((AT_MENTENG, JAKARTA), (AT_TEBET, JAKARTA), ("", JAKARTA)):
        assert (await day.listens(*caller)).startswith(statement), "also to who has called before"


def _apart(text: str, holding: set[str]) -> list[str]:
    """At some levels a region hears of its outages one after the other."""
    found = [one for one in holding if one in text]
    rest = text
    for one in found:
        rest = rest.replace(one, "")
    return [*found, *([rest.strip()] if rest.strip() else [])]
