"""Customers from a CSV file: the good lines are in, the bad ones are told and set aside, a kill loses nothing."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import event, func, select

from config.database import Base, Database
from config.errors import Invalid, Problem, Refused
from tests.fixtures.tickets import NOON, a_report
from tests.fixtures.wait import until
from tickets import reports
from tickets.customers import importing as customer_import
from tickets.customers import search
from tickets.customers.importing import Imported, import_customers
from tickets.customers.lines import COLUMNS, customer
from tickets.models import Customer, ImportRun, Premises, SpecialNeed
from tickets.outages.lookup import premises_by_phone

pytestmark = pytest.mark.database

REPOSITORY = Path(__file__).parents[2]
LINE = {
    "idpel": "541234000000",
    "meter": "14123400000",
    "name": "Adira Wiratala",
    "area": "31.71.06",
    "street": "Jl. Kenanga Raya",
    "address": "Jl. Kenanga Raya 12, Menteng",
    "tariff": "R1",
    "power_va": "1300",
    "phones": "0812 0100 0001; 021-5000001",
    "lat": "-6.2",
    "lon": "106.83",
    "life_support": "",
    "public_service": "tidak",
}


def a_line(serial: int = 0, **extra: str) -> dict[str, str]:
    own = {
        "idpel": f"{541234000000 + serial}",
        "meter": f"{14123400000 + serial}",
        "phones": f"0812{2_000_000 + serial}",
        "name": f"Pelanggan {chr(97 + serial % 26)}a Nomor {serial}",
    }
    return {**LINE, **(own if serial else {}), **extra}


def write(path: Path, lines: Iterable[dict[str, str]], *, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        rows.writerows(lines)
    return path


def bring(db: Database, path: Path) -> Imported:
    return import_customers(db, path, path.with_suffix(".rejects.csv"), clock=lambda: NOON)


def rows_of(db: Database) -> dict[str, int]:
    with db.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_a_line_is_a_premises_with_all_that_belongs_to_it(db: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [a_line(life_support="ya")], encoding="utf-8-sig")
    assert bring(db, path) == Imported(added=1, changed=0, same=0, bad=0)
    with db.reading() as session:
        views = [premises_by_phone(session, phone) for phone in ("+6281201000001", "+62215000001")]
        found = [search.premises(session, typed).rows for typed in ("adira", "kenanga 12", "541234", "0215000")]
        row = session.scalars(select(Premises)).one()
        need = session.get_one(SpecialNeed, row.id)
    assert (row.unit, row.ulp, row.lat, row.power_va, row.tariff) == ("jakarta", "menteng", -6.2, 1300, "R1")
    assert (need.life_support, need.public_service) == (True, False)
    assert views[0] == views[1]
    assert all(rows == views[0] for rows in found)
    assert not (tmp_path / "a.rejects.csv").exists()


def test_the_same_file_again_changes_nothing_nor_do_the_same_lines_in_another_file(
    db: Database, tmp_path: Path
) -> None:
    lines = [a_line(serial) for serial in range(1, 300)]
    path = write(tmp_path / "a.csv", lines)
    assert bring(db, path).added == 299
    before = rows_of(db)
    assert bring(db, path) == Imported(added=299, changed=0, same=0, bad=0, before=True)
    assert rows_of(db) == before
    assert bring(db, write(tmp_path / "b.csv", lines[::-1])) == Imported(added=0, changed=0, same=299, bad=0)
    assert rows_of(db) == {**before, "import_run": 2}


def test_a_later_file_changes_what_is_different(db: Database, tmp_path: Path) -> None:
    bring(db, write(tmp_path / "a.csv", [a_line(life_support="1"), a_line(1)]))
    with db.transaction() as session:
        (home,) = premises_by_phone(session, "+6281201000001")
        number = reports.file_report(session, a_report(premises_id=home.id), now=NOON).number
    told = a_line(name="Kirana Wanasela", meter="14999900000", address="Jl. Teratai 9", phones="08130100001;0215000001")
    assert bring(db, write(tmp_path / "b.csv", [told, a_line(1)])) == Imported(0, 1, 1, 0)
    with db.reading() as session:
        assert premises_by_phone(session, "+6281201000001") == []
        (moved,) = premises_by_phone(session, "+628130100001")
        assert (moved.id, moved.customer_name, moved.meter) == (home.id, "Kirana Wanasela", "14999900000")
        assert not moved.life_support
        assert session.get(SpecialNeed, home.id) is None
        for typed in ("kirana", "teratai", "0813 0100", "021500", "149999"):
            assert search.premises(session, typed).rows == [moved]
            assert [one.number for one in search.reports(session, typed).rows] == [number]
        for typed in ("adira", "menteng 12", "0812 0100 0001", "14123400000"):
            assert moved not in search.premises(session, typed).rows


def test_a_customer_of_several_premises_is_renamed_for_one_only(db: Database, tmp_path: Path) -> None:
    bring(db, write(tmp_path / "a.csv", [a_line(), a_line(1)]))
    with db.transaction() as session:
        one, two = session.scalars(select(Premises).order_by(Premises.id))
        two.customer_id = one.customer_id
    bring(db, write(tmp_path / "b.csv", [a_line(name="Kirana Wanasela")]))
    with db.reading() as session:
        names = session.execute(
            select(Premises.idpel, Customer.name).join(Customer, Customer.id == Premises.customer_id)
        )
        assert dict(iter(names)) == {"541234000000": "Kirana Wanasela", "541234000001": "Adira Wiratala"}


def test_one_telephone_has_several_premises_and_a_premises_several_telephones(db: Database, tmp_path: Path) -> None:
    lines = [a_line(serial, phones=f"081201000001;+62 812 0100 00{10 + serial};081201000001") for serial in (1, 2, 3)]
    bring(db, write(tmp_path / "a.csv", lines))
    with db.reading() as session:
        assert len(premises_by_phone(session, "+6281201000001")) == 3
        assert [len(premises_by_phone(session, f"+62812010000{n}")) for n in (11, 12, 13)] == [1, 1, 1]
    assert rows_of(db)["phone"] == 4


def test_of_two_lines_for_one_premises_the_last_counts(db: Database, tmp_path: Path) -> None:
    done = bring(db, write(tmp_path / "a.csv", [a_line(name="Satu"), a_line(1), a_line(name="Dua")]))
    assert done == Imported(added=2, changed=0, same=1, bad=0)
    with db.reading() as session:
        assert [view.customer_name for view in search.premises(session, "541234000000").rows] == ["Dua"]


def test_a_meter_changes_hands_in_the_order_of_the_file(db: Database, tmp_path: Path) -> None:
    bring(db, write(tmp_path / "a.csv", [a_line(1), a_line(2)]))
    first, second = a_line(1)["meter"], a_line(2)["meter"]
    lines = [a_line(1, meter="14999900000"), a_line(2, meter=first), a_line(3, meter=second), a_line(4, meter=second)]
    assert bring(db, write(tmp_path / "b.csv", lines)) == Imported(added=1, changed=2, same=0, bad=1)
    assert _rejected(tmp_path / "b.rejects.csv") == [("5", "meter", "meter-taken")]


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"idpel": "54123400000"}, "idpel", "idpel"),
    ({"idpel": "5412340000x1"}, "idpel", "idpel"),
    ({"idpel": "٥٤١٢٣٤٠٠٠٠٠١"}, "idpel", "idpel"),
    ({"meter": "141234000001"}, "meter", "meter"),
    ({"name": " "}, "name", "name"),
    ({"name": "x" * 121}, "name", "name"),
    ({"name": "Adira\x07"}, "name", "characters"),
    ({"area": "Menteng"}, "area", "area"),
    ({"area": "77.01"}, "area", "unknown-area"),
    ({"street": ""}, "street", "street"),
    ({"address": "x" * 241}, "address", "address"),
    ({"tariff": "1"}, "tariff", "tariff"),
    ({"power_va": "1.300"}, "power_va", "power-va"),
    ({"power_va": "0"}, "power_va", "power-va"),
    ({"power_va": "9999999999"}, "power_va", "power-va"),
    ({"phones": "081201000001;12"}, "phones", "phone"),
    ({"phones": ";".join(f"0812010000{n}" for n in range(10, 21))}, "phones", "phones"),
    ({"lat": "91"}, "lat", "position"),
    ({"lat": "nan"}, "lat", "position"),
    ({"lon": ""}, "lon", "position"),
    ({"life_support": "mungkin"}, "life_support", "flag"),
    ({"feeder": "MTG 03"}, "feeder", "feeder"),
    ({"tariff_adjusted": "mungkin"}, "tariff_adjusted", "flag"),
    ({"minimum_bill": "Rp 45.192"}, "minimum_bill", "minimum-bill"),
    ({"minimum_bill": "2000000001"}, "minimum_bill", "minimum-bill"),
]


@pytest.mark.parametrize(("change", "field", "slug"), WRONG)
def test_a_value_of_the_wrong_shape_has_a_slug(change: dict[str, str], field: str, slug: str) -> None:
    with pytest.raises(Invalid) as fault:
        customer(a_line(**change))
    assert (fault.value.field, fault.value.slug) == (field, slug)
    assert not any(value.strip() and value in str(fault.value) for value in change.values())


def test_bad_lines_are_told_and_set_aside_and_the_others_go_on(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.csv", [a_line(1), a_line(2, idpel="12", name="Rahasia"), a_line(3, phones="x")])
    with path.open("a") as file:
        file.write('541234000009,"Tanpa tutup,31.71.06\n\nterlalu,sedikit\n')
        file.write(",".join(a_line(4, address="Jl. Melur 4").values()))  # the last line has no end
    assert bring(db, path) == Imported(added=2, changed=0, same=0, bad=4)
    aside = tmp_path / "a.rejects.csv"
    assert _rejected(aside) == [
        ("3", "idpel", "idpel"),
        ("4", "phones", "phone"),
        ("5", "line", "quote"),
        ("7", "line", "values"),
    ]
    assert "line 3: idpel: idpel" in caplog.text
    assert "Rahasia" not in caplog.text
    assert aside.stat().st_mode & 0o077 == 0  # personal data

    with aside.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[2]["raw"].startswith('541234000009,"Tanpa')
    rows[0]["idpel"], rows[1]["phones"] = "541234000002", ""
    corrected = tmp_path / "corrected.csv"
    with corrected.open("w", newline="") as file:
        again = csv.DictWriter(file, rows[0].keys())
        again.writeheader()
        again.writerows(rows[:2])
    assert bring(db, corrected) == Imported(added=2, changed=0, same=0, bad=0)


def test_a_line_of_another_shape_is_set_aside_as_it_stood_and_under_its_number(db: Database, tmp_path: Path) -> None:
    """One value too many: which one it is nobody can say. Empty lines before the columns are lines too."""
    line = ",".join(a_line(name="Adira, Wiratala").values())
    path = tmp_path / "a.csv"
    path.write_text(f"\n\n{','.join(COLUMNS)}\n{line}\n")
    assert bring(db, path).bad == 1
    with (tmp_path / "a.rejects.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["line"], row["slug"], row["raw"], row["idpel"]) == ("4", "values", line, "")


def test_who_is_overtaken_by_another_at_the_same_file_is_refused(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_import, "CHUNK", 10)
    path = write(tmp_path / "a.csv", [a_line(serial) for serial in range(1, 31)])

    def overtaken(done: int, size: int) -> None:
        assert bring(db, path).added == 30

    with pytest.raises(Refused) as fault:
        import_customers(db, path, tmp_path / "a.rejects.csv", clock=lambda: NOON, progress=overtaken)
    assert fault.value.slug == "import-running"
    assert rows_of(db)["premises"] == 30


def test_two_who_begin_with_one_file_at_once_have_one_place_in_it(postgres_db: Database, tmp_path: Path) -> None:
    """Neither has seen the other's when both write it."""
    path = write(tmp_path / "a.csv", [a_line(serial) for serial in range(1, 31)])
    both = Barrier(2, timeout=20)

    @event.listens_for(postgres_db.engine, "before_cursor_execute")
    def _together(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO import_run"):
            both.wait()

    def one(_: int) -> str:
        try:
            return f"{bring(postgres_db, path).added}"
        except Refused as fault:
            return fault.slug

    with ThreadPoolExecutor(2) as threads:
        assert "30" in set(threads.map(one, range(2))) <= {"30", "import-running"}
    assert rows_of(postgres_db)["premises"] == 30


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "columns"),
        (b"\n" * 3, "columns"),
        (b"idpel,nama\n1,2\n", "columns"),
        (",".join(COLUMNS[:-1]).encode(), "columns"),
        (",".join((*COLUMNS, "idpel")).encode(), "columns"),
        (",".join((*COLUMNS, "email")).encode(), "columns"),
        (";".join(COLUMNS).encode(), "columns"),
        (",".join(COLUMNS).encode() + b"\n" + b"x" * 100 + "é".encode("latin-1"), "not-utf8"),
        (",".join(COLUMNS).encode("utf-16"), "not-utf8"),
        (",".join(COLUMNS).encode() + b"\n\xc3", "not-utf8"),
        (None, "no-file"),
    ],
)
def test_wrong_columns_or_another_encoding_are_refused_at_once(
    db: Database, tmp_path: Path, content: bytes | None, slug: str
) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    before = rows_of(db)
    with pytest.raises(Problem) as fault:
        bring(db, path)
    assert fault.value.slug == slug
    assert rows_of(db) == before


def test_columns_may_stand_in_any_order(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    line = dict(reversed(a_line().items()))
    path.write_text("\r\n".join([",".join(line), ",".join(f'"{value}"' for value in line.values())]))
    assert bring(db, path).added == 1


def test_an_import_that_breaks_off_goes_on_where_it_was(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_import, "CHUNK", 10)
    path = write(
        tmp_path / "a.csv", [a_line(serial, **({"tariff": ""} if serial % 7 == 0 else {})) for serial in range(1, 96)]
    )

    def breaks(done: int, size: int) -> None:
        if done > size / 2:
            raise KeyboardInterrupt

    rejects = tmp_path / "a.rejects.csv"
    with pytest.raises(KeyboardInterrupt):
        import_customers(db, path, rejects, clock=lambda: NOON, progress=breaks)
    with db.reading() as session:
        run = session.scalars(select(ImportRun)).one()
        assert 0 < run.added < 82
        assert run.finished_at is None
    with rejects.open("a") as file:
        file.write("what a kill left behind\n" * 1000)  # longer than all that is still to come
    assert bring(db, path) == Imported(added=82, changed=0, same=0, bad=13)
    assert [int(line) for line, _, _ in _rejected(rejects)] == [serial + 1 for serial in range(7, 96, 7)]


def test_a_killed_import_goes_on_and_ends_as_if_nothing_had_been(db: Database, tmp_path: Path) -> None:
    """The real command, killed with -9 between its first and its last chunk."""
    count = 30_000
    lines = (a_line(serial, **({"phones": "?"} if serial % 1000 == 0 else {})) for serial in range(1, count + 1))
    path = write(tmp_path / "customers.csv", lines)
    url = db.engine.url.render_as_string(hide_password=False)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SUAR_")}
    environ |= {"SUAR_DATABASE_URL": url, "SUAR_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "suar", "import", "customers", str(path)]

    def come_so_far() -> int:
        with db.reading() as session:
            run = session.scalars(select(ImportRun)).one_or_none()
            return run.added if run else 0

    killed = subprocess.Popen(
        command, cwd=REPOSITORY, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(come_so_far, 60, "the first chunk is in")
    finally:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    before = come_so_far()
    assert 0 < before < count - 30

    ended = subprocess.run(
        command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 1, ended.stderr  # bad lines were set aside
    assert f"{count - 30} added, 0 changed, 0 the same, 30 bad." in ended.stdout
    assert [line for line, _, _ in _rejected(tmp_path / "customers.rejects.csv")] == [
        str(serial + 1) for serial in range(1000, count + 1, 1000)
    ]
    tables = rows_of(db)
    assert (tables["premises"], tables["customer"], tables["phone"], tables["import_run"]) == (*[count - 30] * 3, 1)
    with db.reading() as session:
        assert len(search.premises(session, f"{541234000000 + count - 1}").rows) == 1


def _rejected(path: Path) -> list[tuple[Any, Any, Any]]:
    with path.open(newline="") as file:
        return [(row["line"], row["field"], row["slug"]) for row in csv.DictReader(file)]
