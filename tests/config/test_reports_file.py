"""reports.yaml: refused with file, line and reason; what it asks for is checked and kept in one form."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from config.errors import Invalid
from config.operator import load, operator
from config.settings import HERE
from config.yaml_file import ConfigError
from tickets import categories
from tickets.kinds import ReportKind

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("  padam: {", "  gelap: {", "faults:", "needs 'padam'"),
        ("  lain: {", "  lainnya: {", "complaints:", "needs 'lain'"),
        ("Keluhan lain}", "Keluhan lain, premises: true}", "lain: {label", "nothing can be asked"),
        ("response_hours: 24", "response_hours: 0", "response_hours", "greater than 0"),
        ("kind: number, least: 0", "kind: bilangan, least: 0", "name: stand", "'text', 'number'"),
        ("least: 1, most: 90", "least: 91, most: 90", "name: hari", "least is more than most"),
        ("pattern: '[0-9]{20}'", "pattern: '([0-9]{20}'", "name: token", "no regular expression"),
        ("kind: text, pattern: '[0-9]{20}'", "kind: number, pattern: '[0-9]{20}'", "name: token", "pattern belongs"),
        ("required: true, choices: *daya", "required: true", "name: daya, label: Daya yang", "needs choices"),
        ("{name: hari, ", "{name: mulai, ", "pasang-sementara:", "'mulai' stands twice"),
        ("{name: nama, ", "{name: Nama Baru, ", "name: Nama Baru", "match pattern"),
        ("  kedip: {", "  Kedip Kedip: {", "Kedip Kedip", "match pattern"),
    ],
)
def test_a_category_that_cannot_be_asked_for_is_refused_at_start(
    tmp_path: Path, old: str, new: str, at: str, reason: str
) -> None:
    folder = shutil.copytree(HERE / "utility", tmp_path / "utility")
    file = folder / "reports.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(folder)
    named = [one for one in told.value.faults if reason in one]
    assert named, told.value.faults
    line = int(named[0].partition("reports.yaml:")[2].partition(":")[0])
    assert at in file.read_text(encoding="utf-8").splitlines()[line - 1]


def test_each_kind_has_categories_of_its_own() -> None:
    reports = operator().reports
    assert {"padam", "bahaya"} <= reports.of("G").keys()
    assert {"tagihan", "lain"} <= reports.of("K").keys()
    assert {"sambungan-baru", "ubah-daya"} <= reports.of("P").keys()
    assert reports.response_hours == 24


def test_who_does_not_say_has_a_fault_or_a_complaint_and_never_a_request() -> None:
    assert categories.category(ReportKind.GANGGUAN, "")[0] == "padam"
    assert categories.category(ReportKind.KELUHAN, "")[0] == "lain"
    with pytest.raises(Invalid) as fault:
        categories.category(ReportKind.PERMINTAAN, "")
    assert (fault.value.slug, fault.value.field) == ("category-missing", "troubleCode")


def test_a_category_of_another_kind_is_unknown_and_one_taken_out_is_still_shown() -> None:
    with pytest.raises(Invalid) as fault:
        categories.category(ReportKind.KELUHAN, "padam")
    assert fault.value.slug == "unknown-category"
    assert categories.label(ReportKind.KELUHAN, "tagihan") == "Tagihan atau rekening"
    assert categories.label(ReportKind.KELUHAN, "dari-dulu") == "dari-dulu"


NEW = {"alamat": " Jl. Melur 4 ", "daya": "2200", "produk": "prabayar", "peruntukan": "rumah"}
EVENT = {"alamat": "Lapangan", "daya": 10000, "mulai": "2026-12-01", "hari": 3}


@pytest.mark.parametrize(
    ("code", "told", "kept"),
    [
        ("sambungan-baru", NEW, {**NEW, "alamat": "Jl. Melur 4"}),
        ("pasang-sementara", EVENT, EVENT),
        ("pasang-sementara", {**EVENT, "daya": "10.000", "hari": "3", "mulai": "2026-12-01 "}, EVENT),
        ("ubah-daya", {"daya": "lebih"}, {"daya": "lebih"}),
    ],
)
def test_answers_are_kept_in_one_form(code: str, told: dict[str, Any], kept: dict[str, Any]) -> None:
    _, wanted = categories.category(ReportKind.PERMINTAAN, code)
    assert categories.details(wanted, told) == kept


def test_what_need_not_be_answered_may_be_left_out() -> None:
    _, wanted = categories.category(ReportKind.KELUHAN, "baca-meter")
    assert categories.details(wanted, {}) == categories.details(wanted, {"stand": " "}) == {}
    assert categories.details(wanted, {"stand": 0}) == {"stand": 0}


@pytest.mark.parametrize(
    ("code", "told", "slug", "field"),
    [
        ("sambungan-baru", {}, "detail-missing", "alamat"),
        ("sambungan-baru", {**NEW, "alamat": "  "}, "detail-missing", "alamat"),
        ("sambungan-baru", {**NEW, "daya": "2201"}, "detail-wrong", "daya"),
        ("sambungan-baru", {**NEW, "daya": 2200}, "detail-wrong", "daya"),
        ("sambungan-baru", {**NEW, "alamat": "Jl.\nMelur"}, "detail-wrong", "alamat"),
        ("sambungan-baru", {**NEW, "alamat": "x" * 241}, "detail-wrong", "alamat"),
        ("sambungan-baru", {**NEW, "warna": "biru"}, "detail-unknown", "details"),
        ("pasang-sementara", {**EVENT, "hari": 91}, "detail-wrong", "hari"),
        ("pasang-sementara", {**EVENT, "hari": True}, "detail-wrong", "hari"),
        ("pasang-sementara", {**EVENT, "hari": 1.5}, "detail-wrong", "hari"),
        ("pasang-sementara", {**EVENT, "hari": "tiga"}, "detail-wrong", "hari"),
        ("pasang-sementara", {**EVENT, "hari": ["3"]}, "detail-wrong", "hari"),
        ("pasang-sementara", {**EVENT, "daya": 10**30}, "detail-wrong", "daya"),
        ("pasang-sementara", {**EVENT, "mulai": "besok"}, "detail-wrong", "mulai"),
        ("pasang-sementara", {**EVENT, "mulai": "2026-99-99"}, "detail-wrong", "mulai"),
    ],
)
def test_an_answer_of_the_wrong_shape_names_its_field(code: str, told: dict[str, Any], slug: str, field: str) -> None:
    _, wanted = categories.category(ReportKind.PERMINTAAN, code)
    with pytest.raises(Invalid) as fault:
        categories.details(wanted, told)
    assert (fault.value.slug, fault.value.field) == (slug, field)


def test_the_rules_count_as_one_building_only_faults_that_exist(tmp_path: Path) -> None:
    folder = shutil.copytree(HERE / "utility", tmp_path / "utility")
    (folder / "rules.yaml").write_text("one_building: [padam, gelap]\n", encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load(folder)
    assert told.value.faults == [f"{folder / 'rules.yaml'}:1: one_building.1: no fault 'gelap' in reports.yaml"]
