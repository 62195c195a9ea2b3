"""A menu that would strand a caller is refused at load, with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from config import operator as operator_files
from config.menu_faults import SENTENCES
from config.schema import menu as shapes
from config.settings import settings
from config.yaml_file import ConfigError
from ivr import menu_check
from ivr.menu import Menu, Menus
from tests.fixtures.callers import UTILITY

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The operator's files, to be spoiled."""
    shutil.copytree(UTILITY, tmp_path / "utility")
    return tmp_path / "utility"


def spoil(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text, f"the shipped file does not hold {before!r}"
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


def refused(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        operator_files.load(folder)
    return caught.value.faults


FAULTS = {
    "no such target": ("clear: utama", "clear: utma", "nodes.lokasi.clear: no node 'utma'"),
    "no such start": ("start: lokasi", "start: lokas", "start: no node 'lokas'"),
    "key to nowhere": ('"3": keluhan', '"3": keluha', "nodes.utama.keys.3: no node 'keluha'"),
    "no such queue": ("queue: keluhan,", "queue: keluhn,", "nodes.keluhan.queue: no queue 'keluhn'"),
    "no such skill": (
        "queue: keluhan,",
        "skills: {inggris: 3}, queue: keluhan,",
        "nodes.keluhan.skills.inggris: no skill 'inggris' in queues.yaml",
    ),
    "emergency queue is none": ("queue: darurat", "queue: gangguan", "'gangguan' is not an emergency queue"),
    "no such sentence": ("short, menu.main]", "short, menu.min]", "no sentence 'menu.min' in prompts.yaml"),
    "emergency not first": ("[emergency.short, menu.main]", "[menu.main]", "must start with an emergency sentence"),
    "triage without emergency": ("[emergency, triage.others]", "[triage.others]", "triage.say: must start with"),
    "emergency key taken": ('"0": petugas}\n    silent: petugas   #', '"9": petugas}\n    silent: petugas   #', "key"),
    "nothing fills it in": ("short, after.report]", "short, waiting.place]", "{place}, which nothing fills in here"),
    "level of no node": (
        "{lokasi: lokasi_ramai}",
        "{loksi: lokasi_ramai}",
        "levels.1.everybody.loksi: no node 'loksi'",
    ),
    "level to nowhere": ("petugas: petugas_balik}", "petugas: balik}", "levels.2.affected.petugas: no node 'balik'"),
    "no such level": ("levels:\n  1:", "levels:\n  5:", "less than or equal to 4"),
    "callback in no queue": ("kind: callback, queue: gangguan", "kind: callback, queue: x", "no queue 'x'"),
    "own number nobody dials": ('"0211239":', '"0211230":', "own_numbers.0211230: no trunk of areas.yaml has it"),
    "own number to nowhere": ("start: prioritas,", "start: prio,", "own_numbers.0211239.start: no node 'prio'"),
    "finished report unsaid": (
        "finished: sudah_selesai\n    closed: [status.number]\n    number: [report.filed]",
        "finished: sudah_selesai\n    number: [report.filed]",
        "must say `closed`",
    ),
    "no place to report anew": ("fresh: lapor_baru", "fresh: pamit", "must be a node of kind report"),
    "an answer that is not there": ("[prepaid.rejected]", "[prepaid.rejecte]", "no sentence 'prepaid.rejecte'"),
    "an answer that goes round": (
        "say: [prepaid.rejected], then: sesudah_prabayar",
        "say: [prepaid.rejected], then: token_ditolak",
        "nodes.token_ditolak: goes round in a circle",
    ),
    "withheld to nowhere": ("withheld: menunggu", "withheld: mengantre", "petugas_balik.withheld: no node 'mengantre'"),
    "withheld goes round": ("withheld: menunggu", "withheld: petugas_balik", "nodes.petugas_balik: goes round"),
    "repeated goes nowhere": ("late_then: lewat", "late_then: telat", "status.late_then: no node 'telat_tiga_jam'"),
    "repeated goes round": ("late_then: lewat_tiga_jam", "late_then: lapor", "nodes.lapor: goes round in a circle"),
    "no sentence for what is not read": ("[status.unread]", "[status.unred]", "no sentence 'status.unred'"),
    "no sentence for who shows no number": ("[triage.no_number]", "[triage.nonumber]", "triage.no_number.0: no sent"),
    "unknown word": ("repeat_key:", "repeat_keys:", "Extra inputs are not permitted"),
    "unknown kind": ("kind: locate", "kind: guess", "nodes.lokasi"),
}


@pytest.mark.parametrize(("before", "after", "reason"), FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_menu_is_refused_with_file_line_and_reason(folder: Path, before: str, after: str, reason: str) -> None:
    spoil(folder / "menu.yaml", before, after)
    faults = refused(folder)
    assert any(reason in fault for fault in faults), faults
    path, line, *_ = faults[0].split(":")
    assert path == str(folder / "menu.yaml")
    assert int(line) > 1


def test_a_node_nobody_can_reach(folder: Path) -> None:
    (folder / "menu.yaml").open("a").write("  terlupa: {kind: bye, say: [goodbye]}\n")
    assert refused(folder)[0].endswith("nodes.terlupa: nobody can reach it")


def test_a_dead_end(folder: Path) -> None:
    """Two menus that lead only to each other."""
    spoil(folder / "menu.yaml", "keluhan: {kind: queue, queue: keluhan, say: [queue.officer]}", "\n".join((
        'keluhan: {kind: menu, say: [emergency], keys: {"1": jebakan}, silent: jebakan, invalid: jebakan}',
        '  jebakan: {kind: menu, say: [emergency], keys: {"1": keluhan}, silent: keluhan, invalid: keluhan}',
    )))  # fmt: skip
    assert [fault.partition("nodes.")[2].partition(":")[0] for fault in refused(folder)] == ["keluhan", "jebakan"]


def test_a_circle_without_a_question(folder: Path) -> None:
    spoil(
        folder / "menu.yaml",
        "    otherwise: [status.open]\n    then: tercatat",
        "    otherwise: [status.open]\n    then: lapor",
    )
    assert any("goes round in a circle" in fault for fault in refused(folder))


def test_a_dead_end_at_one_level_alone(folder: Path) -> None:
    """Calm it leads to a person, at level 3 to itself."""
    jebakan = '{kind: menu, say: [emergency], keys: {"1": keluhan}, silent: keluhan, invalid: keluhan}'
    spoil(folder / "menu.yaml", "  keluhan: {kind", f"  jebakan: {jebakan}\n  keluhan: {{kind")
    spoil(folder / "menu.yaml", "everybody: {petugas: petugas_penuh}", "everybody: {keluhan: jebakan}")
    assert [fault.partition("nodes.")[2] for fault in refused(folder) if "dead end" in fault] == [
        "jebakan: a dead end: neither a person nor a goodbye follows"
    ]


def test_a_circle_at_one_level_alone(folder: Path) -> None:
    spoil(folder / "menu.yaml", "affected: {padam: padam_penuh}", "affected: {menunggu: telepon_balik}")
    faults = refused(folder)
    assert any("nodes.telepon_balik: goes round in a circle" in fault for fault in faults), faults


def test_a_wrong_sentence(folder: Path) -> None:
    spoil(folder / "prompts.yaml", "Untuk {name}, tekan {key}.", "Untuk {nama}, tekan {key}.")
    fault = refused(folder)[0]
    assert fault.startswith(f"{folder / 'prompts.yaml'}:")
    assert "no such placeholder: nama" in fault


def test_check_tells_the_operator(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(menu_check, "settings", lambda: settings().model_copy(update={"config_dir": folder}))
    assert menu_check.check() == 0
    drawing = menu_check.draw()
    assert drawing.startswith("flowchart TD")
    assert "n_petugas -. " in drawing, "what a level changes is drawn too"
    assert all(f"n_{name}" in drawing.replace("_5f", "_") for name in ("lokasi", "padam", "hanya_saya"))
    spoil(folder / "menu.yaml", "clear: utama", "clear: utma")
    assert menu_check.check() == 1
    assert "menu.yaml:" in capsys.readouterr().err


def test_a_changed_menu_is_taken_up_and_old_calls_keep_theirs(folder: Path, tmp_path: Path) -> None:
    menus = Menus(folder, tmp_path / "menus")
    first = menus.current()
    spoil(folder / "prompts.yaml", "Selamat datang di PLN", "Anda terhubung dengan PLN")
    assert menus.refresh()
    second = menus.current()
    assert first.version != second.version

    another_process = Menus(folder, tmp_path / "menus")
    assert another_process.version(first.version) == first
    assert another_process.current() == second


def test_a_spoiled_file_leaves_the_last_good_menu(folder: Path, tmp_path: Path) -> None:
    menus = Menus(folder, tmp_path / "menus")
    good = menus.current()
    spoil(folder / "menu.yaml", "clear: utama", "clear: utma")
    assert not menus.refresh()
    assert menus.current() is good


def test_what_was_wrong_in_another_file_is_taken_up_once_that_is_right(folder: Path, tmp_path: Path) -> None:
    menus = Menus(folder, tmp_path / "menus")
    spoil(folder / "menu.yaml", '"0211239": {', '"0211238": {')
    assert not menus.refresh(), "no trunk has that number"
    spoil(folder / "areas.yaml", '"0211239"]', '"0211239", "0211238"]')
    assert menus.refresh()


def test_a_queue_that_the_router_does_not_know_yet_waits_for_a_start(folder: Path, tmp_path: Path) -> None:
    menus = Menus(folder, tmp_path / "menus")
    good = menus.current()
    spoil(folder / "queues.yaml", "queues:\n", "queues:\n  baru: {title: Baru}\n")
    spoil(folder / "menu.yaml", "queue: gangguan", "queue: baru")
    assert not menus.refresh()
    assert menus.current() is good
    assert Menus(folder, tmp_path / "menus").current() != good


def test_a_changed_menu_waits_for_its_sounds(folder: Path, tmp_path: Path) -> None:
    rendered = {piece.text for piece in Menus(folder, tmp_path / "menus").current().texts()}
    menus = Menus(
        folder,
        tmp_path / "menus",
        audible=lambda menu: {piece.text for piece in menu.texts() if piece.text} <= rendered,
    )
    spoil(folder / "prompts.yaml", "Selamat datang di PLN", "Anda terhubung dengan PLN")
    assert not menus.refresh(), "callers would not hear the greeting"
    rendered.add("Anda terhubung dengan PLN satu dua tiga.")
    assert menus.refresh()
    assert not menus.refresh(), "once"


def test_the_version_is_the_content(menu: Menu) -> None:
    assert Menu.loads(menu.dumps()).version == menu.version


def test_every_sentence_that_the_menu_names_is_looked_up() -> None:
    """A field of sentences that the cross-check does not know would let a wrong name through, until somebody calls."""
    kinds = [*get_args(get_args(shapes.Node)[0]), shapes.Waiting, shapes.Triage, shapes.Emergency]
    kinds += [shapes.Fallback, shapes.CallbackOffer]
    fields = {name for kind in kinds for name, field in kind.model_fields.items() if field.annotation == list[str]}
    assert {"say", "unread", "no_number", "thanks"} <= fields
    assert fields <= SENTENCES
