"""How long a call lasts, by the real length of its sounds: from the pick-up to what the caller wants to know, and to
the goodbye. Every path on which a caller serves himself, at each level of the surge ladder, in each language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache as remembered

import pytest

from config import operator as operator_files
from config.settings import Settings
from ivr.instructions import Bye, Fragment
from ivr.menu import Menu
from ivr.speech import cache, render, voices
from simulation.caller import ScriptedCaller, World
from tests.fixtures.callers import DARK, IDPEL, IN_OUTAGE, NO_OUTAGE, NOON, UNKNOWN, UTILITY, outage, report
from tests.fixtures.servers import missing
from tickets import scripts
from tickets.kinds import CauseKind, Intent, ReportKind
from tickets.outages import phrases
from tickets.rules import Elapsed, decide
from tickets.states import ReportStatus
from tickets.views import CompensationView

pytestmark = pytest.mark.unit

FIRST_WORD, KNOWN, KEYED = 10.0, 75.0, 110.0  # seconds
FILES = operator_files.load(UTILITY)
LANGUAGES = FILES.menu.languages
IDPEL_IN_THE_DARK = "540000000001"


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A language with a cache of sounds of its own."""
    if isinstance(voices.find_voice(), voices.Tones):
        missing("espeak-ng is not installed; `make test` installs it")
    now = Settings(data=tmp_path_factory.mktemp(f"speech-{request.param}"))
    with pytest.MonkeyPatch.context() as patch:
        for module in (cache, render):
            patch.setattr(module, "settings", lambda: now)
        yield request.param


@pytest.fixture(scope="module")
def seconds(language: str) -> Callable[[Fragment], float]:
    """How long a fragment really is."""

    @remembered
    def length(text: str, voice: str) -> float:
        render.render([text], language=voice)
        return cache.duration_ms(cache.path_for(text, voice)) / 1000

    return lambda fragment: length(fragment.text, fragment.language)


@pytest.fixture
def dial(language: str, seconds: Callable[[Fragment], float], world: World) -> Callable[..., ScriptedCaller]:
    """A call in that language. What is announced is as long as it gets: a long cause, a moved estimate, a crew."""
    menu = Menu(
        FILES.menu.model_copy(update={"languages": [language, *(one for one in LANGUAGES if one != language)]}),
        FILES.prompts,
    )
    told = phrases.Told(
        area=DARK,
        since=NOON - timedelta(minutes=72),
        cause="gangguan transmisi 500 kV Ungaran dan Pemalang",
        cause_kind=CauseKind.LIGHTNING_STRIKE,
        etr=NOON + timedelta(hours=7, minutes=35),
        before=NOON + timedelta(hours=4, minutes=25),
        as_of=NOON + timedelta(minutes=47),
    )
    said = {one: phrases.pieces(told, one).said(crew=phrases.crew("enroute", one)) for one in phrases.LANGUAGES}
    world.outages[:] = [outage(said=said)]
    world.compensation = CompensationView("November", FILES.compensation.regulations[-1].spoken, 75)

    def call(ani: str, level: int, region: str = "31") -> ScriptedCaller:
        world.level = level
        caller = ScriptedCaller(menu, world, ani=ani, region=region, seconds=seconds)
        caller.dials()
        return caller

    return call


@dataclass(frozen=True)
class Walk:
    """What a caller keys ("" = nothing), at which levels, and how long it may last."""

    name: str
    ani: str
    keys: tuple[str, ...]
    levels: tuple[int, ...] = (0, 1, 2, 3)
    limit: float = KNOWN
    region: str = "31"
    reported: bool = False
    late: bool = False  # three hours ago
    ends_with: str = "goodbye"  # "" = the caller hangs up


WALKS = (
    Walk("told, and wants to be told", IN_OUTAGE, ("1",), (0, 1, 2), ends_with="goodbye.subscribed"),
    Walk("told, and hangs up", IN_OUTAGE, (), ends_with=""),
    Walk("told, and is released", IN_OUTAGE, ("",), (3,)),
    Walk("only my building", IN_OUTAGE, ("2", "")),
    Walk("reports", NO_OUTAGE, ("1", "")),
    Walk("reports what is reported already", NO_OUTAGE, ("1", ""), reported=True),
    Walk("asks for the status", NO_OUTAGE, ("2", ""), reported=True),
    Walk("asks for the status of a late one, and repeats it", NO_OUTAGE, ("2", "1"), reported=True, late=True),
    Walk("asks for the compensation", NO_OUTAGE, ("5", "1", ""), (0, 1)),
    Walk("chooses the area, and wants to be told", UNKNOWN, ("1", "1"), (0, 1, 2), KEYED,
         ends_with="goodbye.subscribed"),
    Walk("chooses the area, and is released", UNKNOWN, ("1", ""), (3,), KEYED),
    Walk("keys a number and reports", UNKNOWN, ("1", IDPEL, ""), (0, 1, 2, 3), KEYED, "19"),
    Walk("keys a number for the status", UNKNOWN, ("2", IDPEL, ""), (0, 1, 2, 3), KEYED, "19", reported=True),
    Walk("keys a number for the compensation", UNKNOWN, ("5", "1", IDPEL, ""), (0, 1), KEYED, "19"),
    Walk(
        "keys a number in the dark, and wants to be told",
        *(UNKNOWN, ("1", IDPEL_IN_THE_DARK, "1"), (0, 1, 2), KEYED, "19"),
        ends_with="goodbye.subscribed",
    ),
    Walk("keys a number in the dark: still dark", UNKNOWN, ("1", IDPEL_IN_THE_DARK, "2", ""), limit=KEYED,
         region="19"),
    Walk("the front of level 4", IN_OUTAGE, ("",), (4,), ends_with="triage.bye"),
)  # fmt: skip
CALLS = [pytest.param(walk, level, id=f"{level}-{walk.name}") for walk in WALKS for level in walk.levels]


@pytest.mark.parametrize(("walk", "level"), CALLS)
def test_a_caller_is_told_within_ten_seconds_and_served_in_time(
    dial: Callable[..., ScriptedCaller], world: World, walk: Walk, level: int
) -> None:
    if walk.reported:
        world.reports.append(report(2, said=promised(Elapsed.GE3H if walk.late else Elapsed.LT3H)))
    caller = dial(walk.ani, level, walk.region)
    opening = {"greeting", "emergency", "emergency.short", "locate.here"}
    first = next(at for at, fragment in heard(caller) if fragment.key not in opening)
    for keys in walk.keys:
        caller.presses(keys) if keys else caller.keeps_silent()
    if walk.ends_with:
        assert isinstance(caller.instruction, Bye), caller.transcript()
        assert caller.keys[-1] == walk.ends_with
    assert first <= FIRST_WORD, caller.transcript()
    assert caller.seconds <= walk.limit, caller.transcript()


def promised(elapsed: Elapsed) -> dict[str, tuple[scripts.Said, ...]]:
    """What the caller is told of an open report, at its longest."""
    row = decide(ReportKind.GANGGUAN, ReportStatus.BELUM_SELESAI, Intent.ENQUIRY, elapsed, False)
    facts = scripts.Facts(scripts.ALOUD, one_building=True)
    return {language: scripts.told(row, facts, FILES.scripts.of(language)) for language in LANGUAGES}


def heard(caller: ScriptedCaller) -> list[tuple[float, Fragment]]:
    """What was said last, each piece with its instant."""
    lines = [line for line in caller.lines if line.who == "suar"][-len(caller.said) :]
    return list(zip((line.at for line in lines), caller.said, strict=True))


def test_that_nothing_is_new_is_said_in_five_seconds(language: str, seconds: Callable[[Fragment], float]) -> None:
    ahead = [None, *(NOON + timedelta(minutes=minutes) for minutes in range(10, 30 * 60, 10))]
    said = {phrases.unchanged(etr, NOON, language) for etr in ahead}
    lengths = {text: seconds(Fragment("outage.news", text, language)) for text in said}
    assert len(said) > 30
    assert max(lengths.values()) <= 5.0, lengths
