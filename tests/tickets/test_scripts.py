"""What the CSO says: the right sentence, in the instruction's words, and nothing that is not true."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.operator import load, operator
from config.settings import HERE
from config.yaml_file import ConfigError
from tests.suar.test_command_line import suar
from tickets.kinds import CompletionCode, Intent, ReportKind
from tickets.rules import FACTS, Decision, Elapsed, decide
from tickets.scripts import Facts, promise, related, sentences
from tickets.states import ReportStatus

pytestmark = pytest.mark.unit

G, K, P = ReportKind
OPEN, CLOSED = ReportStatus
ENQUIRY, CUST_DATA, PLN_SIDE, BOTH = Intent
LT3H, GE3H = Elapsed

CALLER = Facts(one_building=True)
ON_THE_WAY = Facts(one_building=True, crew_mobile=True, en_route=True, street="jl. Kenanga Raya")

# The CSO instruction, L28 and L307 (its street filled in).
SEED_S1 = (
    "estimasi waktu penyelesaiannya ± 3 (tiga) jam dari waktu lapor, namun jika {Bapak/Ibu} ingin melihat progress "
    "tindak lanjut laporannya atau posisi petugasnya, {Bapak/Ibu} dapat memantau melalui PLN Mobile di Handphone "
    "{Bapak/Ibu}"
)
SEED_S2 = (
    "baik {Bapak/Ibu}, saat ini petugasnya sedang dalam perjalanan ke lokasi yang {Bapak/Ibu} laporkan, petugasnya "
    "sudah di jl. Kenanga Raya, mohon untuk ditunggu, namun jika {Bapak/Ibu} ingin melihat langsung posisi petugasnya, "
    "{Bapak/Ibu} dapat memantau melalui PLN Mobile di Handphone {Bapak/Ibu}"
)


def as_said(seed: str, salutation: str) -> str:
    text = seed.replace("{Bapak/Ibu}", salutation)
    return text[0].upper() + text[1:] + "."


def told(decision: Decision, facts: Facts) -> list[tuple[str, str]]:
    return [(said.name, said.text) for said in sentences(decision, facts, operator().scripts)]


@pytest.mark.parametrize("salutation", ["Bapak", "Ibu", "Bapak/Ibu"])
def test_the_instructions_sentences_are_said_word_for_word(salutation: str) -> None:
    early, late = decide(G, OPEN, ENQUIRY, LT3H, False), decide(G, OPEN, PLN_SIDE, GE3H, False)
    assert told(early, replace(CALLER, salutation=salutation)) == [("S1", as_said(SEED_S1, salutation))]
    assert told(late, replace(ON_THE_WAY, salutation=salutation)) == [("S2", as_said(SEED_S2, salutation))]


def test_the_first_call_is_told_the_promise_too() -> None:
    assert promise(CALLER, operator().scripts).text == as_said(SEED_S1, "Bapak/Ibu")


@pytest.mark.parametrize(
    "missing", [{"crew_mobile": False}, {"crew_mobile": None}, {"en_route": False}, {"street": ""}]
)
def test_a_position_is_told_only_of_a_crew_that_is_seen_on_its_way(missing: dict[str, bool | str | None]) -> None:
    ((name, text),) = told(decide(G, OPEN, PLN_SIDE, GE3H, False), replace(ON_THE_WAY, **missing))
    assert name == "S3"
    assert "sedang dalam perjalanan" not in text
    assert "± 3" not in text, "it would be false by now"


def test_after_three_hours_the_repeat_is_told_where_it_is_made_and_offered_where_it_is_not() -> None:
    words = operator().scripts.late
    ((_, made),) = told(decide(G, OPEN, PLN_SIDE, GE3H, False), CALLER)
    ((_, offered),) = told(decide(G, OPEN, ENQUIRY, GE3H, False), CALLER)
    assert words.repeated in made
    assert words.repeated not in offered
    assert "jika Bapak/Ibu berkenan" in offered


def test_pln_mobile_is_not_praised_for_a_crew_that_it_cannot_show() -> None:
    ((_, text),) = told(decide(G, OPEN, ENQUIRY, LT3H, False), replace(CALLER, crew_mobile=False))
    assert text == "Estimasi waktu penyelesaiannya ± 3 (tiga) jam dari waktu lapor."


@settings(deadline=None)
@given(
    row=st.sampled_from(FACTS),
    mobile=st.sampled_from([True, False, None]),
    moving=st.booleans(),
    street=st.sampled_from(["", "jl. Melati"]),
    code=st.sampled_from([None, *CompletionCode]),
)
def test_pln_mobile_is_promoted_only_on_one_building_dark(
    row: tuple[ReportKind, ReportStatus, Intent, Elapsed, bool],
    mobile: bool | None,
    moving: bool,
    street: str,
    code: CompletionCode | None,
) -> None:
    facts = Facts(crew_mobile=mobile, en_route=moving, street=street, completion=code)
    assert not any("PLN Mobile" in text for _, text in told(decide(*row), facts))


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        (CompletionCode.DATA_INCOMPLETE, "melengkapi alamat"),
        (CompletionCode.PHONE_UNREACHABLE, "nomor yang tidak dikenal"),
    ],
)
def test_what_kept_the_unit_from_finishing_is_asked_for(code: CompletionCode, asks: str) -> None:
    ((name, text),) = told(decide(G, CLOSED, PLN_SIDE, LT3H, False), replace(CALLER, completion=code))
    assert name == "S4"
    assert asks in text


@pytest.mark.parametrize("code", [None, CompletionCode.DONE])
def test_a_report_closed_without_such_a_note_has_no_sentence_of_its_own(code: CompletionCode | None) -> None:
    assert told(decide(G, CLOSED, PLN_SIDE, LT3H, False), replace(CALLER, completion=code)) == []


@pytest.mark.parametrize("kind", [G, K, P])
def test_who_asks_about_a_closed_report_hears_when_and_how_it_was_finished(kind: ReportKind) -> None:
    facts = replace(CALLER, resolved="pukul 18 WIB", note="sekering {diganti}")
    ((name, text),) = told(decide(kind, CLOSED, ENQUIRY, LT3H, False), facts)
    assert name == "completed"
    assert text == ("Laporan Bapak/Ibu sudah selesai ditangani pukul 18 WIB, keterangan petugas: sekering {diganti}.")


def test_nothing_is_quoted_where_the_unit_wrote_nothing() -> None:
    ((_, text),) = told(decide(G, CLOSED, ENQUIRY, LT3H, False), replace(CALLER, resolved="pukul 18 WIB"))
    assert text == "Laporan Bapak/Ibu sudah selesai ditangani pukul 18 WIB."


def test_a_new_complaint_names_the_closed_one_and_who_took_it() -> None:
    facts = replace(CALLER, number="54100000001", prefix="54", cso="hana")
    assert told(decide(K, CLOSED, PLN_SIDE, GE3H, False), facts) == [
        ("N1", "CC.54.HANA Nomor Laporan Terkait G: 54100000001")
    ]
    assert related(operator().scripts, number="1", prefix="16", cso="cso1") == "CC.16.CSO1 Nomor Laporan Terkait G: 1"


# The file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "utility", tmp_path / "utility"))


FAULTS = [
    ("sudah di {street}", "sudah dekat", "7: position.say: Value error, must use the placeholders ['street']"),
    ("posisi petugasnya, {salutation}", "posisi petugasnya, {sapaan}", "5: promise.promotion: Value error, must use"),
    ("{resolved}", "{resolved!r}", "18: completed.say: Value error, a placeholder is a name in braces, nothing else"),
    ("{resolved}", "{resolved:%H}", "18: completed.say: Value error, a placeholder is a name in braces, nothing else"),
    ("jam dari waktu lapor", "jam dari waktu lapor.", "4: promise.say: Value error, must not end with '.'"),
    ("jam dari waktu lapor", "jam dari {waktu lapor", "4: promise.say: Value error, expected '}'"),
    ("Laporan Terkait G:", "Laporan Terkait K:", "22: related.number: Value error, must be 'Nomor Laporan Terkait G:"),
    ("  offered:", "  ofered:", "9: late.offered: Field required"),
]


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS)
def test_a_wrong_script_is_refused_with_file_line_and_reason(folder: Path, old: str, new: str, fault: str) -> None:
    spoil(folder / "scripts.yaml", old, new)
    with pytest.raises(ConfigError) as refused:
        load(folder)
    assert f"scripts.yaml:{fault}" in str(refused.value)


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_scripts_check_reads_everything_aloud() -> None:
    ended = suar("scripts", "check")
    assert ended.returncode == 0, ended.stderr
    for name in ("S1", "S2", "S3", "S4", "completed", "N1", "guide"):
        assert f"\n{name} " in f"\n{ended.stdout}"
    assert ended.stdout.endswith("scripts: no fault\n")


def test_scripts_check_names_what_is_wrong(folder: Path) -> None:
    spoil(folder / "scripts.yaml", "sudah di {street}", "sudah dekat")
    ended = suar("scripts", "check", SUAR_CONFIG_DIR=str(folder))
    assert ended.returncode in (1, 2)
    assert "scripts.yaml:7: position.say: " in ended.stderr
    assert "Traceback" not in ended.stderr
