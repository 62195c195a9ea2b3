"""The board sends a crew to the place where an outage must be mended."""

from __future__ import annotations

import pytest

from tests.fixtures.desk import Web
from tickets.outages import fault_locations

pytestmark = pytest.mark.store


def test_a_place_of_an_outage_is_told_on_the_board_and_a_crew_is_sent(web: Web) -> None:
    supervisor = web.client("spv1")
    outage = supervisor.post("/papan/padam", area="31.74.01", sebab="gangguan penyulang").json()["outage"]
    assert "belum ada titik gangguan" in supervisor.page("/papan/padam").text
    path = f"/papan/padam/{outage}/titik"
    nowhere = supervisor.post(path, tempat=" ", ulp="tebet")
    assert (nowhere.status_code, nowhere.json()["slug"], nowhere.json()["field"]) == (422, "place-missing", "tempat")
    assert supervisor.post(path, tempat="Gardu T12", ulp="tebet").json() == {"outage": outage}
    card = supervisor.page("/papan/padam").text
    assert "0 laporan terbuka" in card
    assert "Gardu T12: " in card
    with web.db.reading() as session:
        ((place, order),) = fault_locations.of(session, outage)
    assert (place.created_by, order is not None) == ("spv1", True)
