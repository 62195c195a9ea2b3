"""The board says how far the notices of an outage are."""

from __future__ import annotations

import pytest

from agent_desk.board_notices import sentence
from tests.fixtures.desk import Web
from tests.fixtures.tickets import NOON
from tickets.kinds import NoticeAnswer, NoticeEvent, RecipientStatus
from tickets.models import Notice
from tickets.outages.progress import Progress


@pytest.mark.unit
def test_a_notice_in_a_sentence() -> None:
    sent = Progress(
        Notice(event=NoticeEvent.RESTORED, collected_at=NOON),
        {RecipientStatus.DELIVERED: 12_000, RecipientStatus.SENT: 340, RecipientStatus.FAILED: 12},
        {NoticeAnswer.DARK: 3, NoticeAnswer.LIT: 9},
    )
    assert sentence(sent) == "Kabar menyala: 12.340 dari 12.352 nomor, 12 gagal; 3 masih padam."
    assert sentence(Progress(Notice(event=NoticeEvent.START))) == "Kabar padam: 0 dari 0 nomor, berjalan."


@pytest.mark.store
def test_an_outage_on_the_board_says_whom_it_has_told(web: Web) -> None:
    supervisor = web.client("spv1")
    supervisor.post("/papan/padam", area="31.74.01", sebab="gangguan penyulang")
    assert "Kabar padam: 0 dari 0 nomor, berjalan." in supervisor.http.get("/papan/padam").text
