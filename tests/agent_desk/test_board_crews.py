"""The command centre says at the board who is on duty and who commands a crew."""

from __future__ import annotations

import pytest

from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_crew
from tickets.models import Crew

pytestmark = pytest.mark.store


def test_a_crew_is_put_off_duty_lent_and_taken_back(web: Web) -> None:
    with web.db.transaction() as session:
        made = a_crew(session, unit="bangka", ulp="koba")
        crew, name = made.id, made.name
    board, path = web.client("op1"), f"/papan/regu/{crew}"

    def seen() -> tuple[str, str, bool]:
        with web.db.reading() as session:
            row = session.get_one(Crew, crew)
            return row.unit, row.home_unit, row.on_duty

    def offered() -> str:
        rows = board.page("/papan/regu").text.split("<tr>")
        return next(row for row in rows if f">{name}<" in row)

    assert ("Selesai bertugas" in offered(), "Kembalikan ke" in offered()) == (True, False)
    assert board.post(f"{path}/tugas", bertugas="tidak").json() == {"crew": crew}
    assert (seen(), "Mulai bertugas" in offered()) == (("bangka", "", False), True)
    nowhere = board.post(f"{path}/pinjamkan", up3="monas")
    assert (nowhere.status_code, nowhere.json()["slug"], nowhere.json()["field"]) == (422, "unknown-unit", "up3")
    assert board.post(f"{path}/kembalikan").json()["slug"] == "not-lent"
    assert board.post(f"{path}/pinjamkan", up3="jakarta").is_success
    assert (seen(), "Kembalikan ke UP3 Bangka" in offered()) == (("jakarta", "bangka", False), True)
    assert board.post(f"{path}/kembalikan").is_success
    assert seen() == ("bangka", "", False)


def test_who_does_not_command_is_offered_nothing(web: Web) -> None:
    director = web.client("dir1")
    assert "Selesai bertugas" not in director.page("/papan/regu").text
    assert director.post("/papan/regu/1/tugas", bertugas="tidak").status_code == 403
