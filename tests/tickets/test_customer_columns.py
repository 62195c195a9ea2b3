"""Columns that a file of customers may have: what it has no column for stays as it is known."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.tickets import NOON
from tickets.customers.importing import Imported, import_customers
from tickets.models import Premises

pytestmark = pytest.mark.database
HOME = {
    "idpel": "541234000000", "meter": "", "name": "Adira Wiratala", "area": "31.71.06", "street": "Jl. Kenanga Raya",
    "address": "Jl. Kenanga Raya 12", "tariff": "R1", "power_va": "1300", "phones": "", "lat": "", "lon": "",
    "life_support": "", "public_service": "",
}  # fmt: skip


def bring(db: Database, path: Path, **told: str) -> Imported:
    line = {**HOME, **told}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, list(line))
        rows.writeheader()
        rows.writerow(line)
    return import_customers(db, path, path.with_suffix(".rejects.csv"), clock=lambda: NOON)


def known(db: Database) -> tuple[int, str, bool | None, int | None]:
    with db.reading() as session:
        row = session.scalars(select(Premises)).one()
        return row.power_va, row.feeder, row.tariff_adjusted, row.minimum_bill


def test_what_a_file_has_no_column_for_stays_as_it_is_known(db: Database, tmp_path: Path) -> None:
    bring(db, tmp_path / "a.csv", feeder="MTG-03", tariff_adjusted="ya", minimum_bill="129121")
    assert bring(db, tmp_path / "b.csv").same == 1
    assert bring(db, tmp_path / "c.csv", power_va="2200").changed == 1
    assert known(db) == (2200, "MTG-03", True, 129_121)


def test_an_empty_field_empties_it(db: Database, tmp_path: Path) -> None:
    bring(db, tmp_path / "a.csv", feeder="MTG-03", tariff_adjusted="ya", minimum_bill="129121")
    assert bring(db, tmp_path / "b.csv", tariff_adjusted="tidak", minimum_bill="").changed == 1
    assert known(db) == (1300, "MTG-03", False, None)


def test_without_the_column_nothing_is_known(db: Database, tmp_path: Path) -> None:
    bring(db, tmp_path / "a.csv")
    assert known(db) == (1300, "", None, None)
