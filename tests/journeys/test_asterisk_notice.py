"""Power is back, on a real Asterisk: a telephone rings, the notice is heard, 2 is still dark."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fixtures.asterisk import Line
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
NOBODY = "+62217000099"  # a fixed line that no telephone of the test answers


def recipients(line: Line, outage: int) -> dict[str, dict[str, Any]]:
    rows = line.rows(
        "SELECT r.* FROM notice_recipient r JOIN notice n ON n.id = r.notice_id "
        "WHERE n.outage_id = :outage AND n.event = 'powerRestored'",
        outage=outage,
    )
    return {row["phone"]: row for row in rows}


def asks(line: Line, outage: int, phone: str) -> None:
    """Somebody wants to be called when power is back."""
    answer = httpx.post(
        f"{line.product.base_url}/api/v1/outages/{outage}/subscriptions",
        headers={"X-API-Key": line.product.seeded["api_key"]},
        json={"phone": phone, "byCall": True},
        timeout=15,
    )
    assert answer.status_code == 201, answer.text


def test_who_is_called_hears_that_power_is_back_and_says_that_it_is_not(line: Line) -> None:
    telephone = line.called("no_outage")
    number = str(line.product.seeded["no_outage"])
    supervisor = line.desk("spv1")
    outage = supervisor.post("/papan/padam", area="31.74.01", sebab="gangguan penyulang").json()["outage"]
    asks(line, outage, number)
    asks(line, outage, NOBODY)
    assert supervisor.post(f"/papan/padam/{outage}/nyala").status_code == 201
    telephone.wait("CALL_INCOMING", 60)
    telephone.answer()
    until(lambda: telephone.heard().loud_seconds() > 3, 20, "the notice is heard")
    assert recipients(line, outage)[number]["status"] == "sent"
    telephone.press("2")
    until(lambda: recipients(line, outage)[number]["answer"] == "StillOff", 15, "it is believed")
    telephone.wait("CALL_CLOSED", 25)
    (report,) = line.rows("SELECT * FROM report WHERE phone = :phone AND comment LIKE 'Masih padam%'", phone=number)
    assert report["status"] == "BELUM_SELESAI"

    def told() -> bool:
        return recipients(line, outage)[NOBODY]["reason"] in ("unreachable", "no-answer")

    until(told, 30, "Asterisk says that nobody is there")
    assert recipients(line, outage)[NOBODY]["status"] == "waiting"
