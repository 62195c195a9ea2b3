"""/papan: how far the notices of an outage are, in a sentence."""

from __future__ import annotations

from tickets.kinds import NoticeAnswer, NoticeEvent, RecipientStatus
from tickets.outages.progress import Progress

EVENTS = {
    NoticeEvent.START: "padam",
    NoticeEvent.ESTIMATE: "perkiraan baru",
    NoticeEvent.PLANNED: "pekerjaan terencana",
    NoticeEvent.CALLED_OFF: "pekerjaan batal",
    NoticeEvent.RESTORED: "menyala",
}


def sentence(one: Progress) -> str:
    """`Kabar menyala: 12.340 dari 80.000 nomor, 12 gagal; 3 masih padam.`"""
    counts = [f"{_number(one.told)} dari {_number(one.recipients)} nomor"]
    failed, unsure = one.by_status.get(RecipientStatus.FAILED, 0), one.by_status.get(RecipientStatus.UNCERTAIN, 0)
    counts += [f"{_number(failed)} gagal"] if failed else []
    counts += [f"{_number(unsure)} tidak pasti"] if unsure else []
    dark = one.by_answer.get(NoticeAnswer.DARK, 0)
    said = f"Kabar {EVENTS[one.notice.event]}: {', '.join(counts)}"
    said += f"; {_number(dark)} masih padam" if dark else ""
    return f"{said}." if one.over else f"{said}, berjalan."


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")
