"""An incident's life: ITIL's ten steps (itil.py) as they are done, and the customer who is told before it is
closed. A re-opened report goes its way again from the diagnosis on.

Most steps are written by the service in which they happen; people say the others (`diagnose`, `escalate`, `tell`,
`close`). Whatever is about many reports at once is a few statements for each `AT_ONCE` of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, literal, select, update
from sqlalchemy.orm import Session

from config.database import ROW_LOCK
from config.errors import Invalid, NotFound
from tickets import history, numbers
from tickets.incidents import alerts, itil
from tickets.kinds import AlertKind, AlertLevel, HistoryKind, IncidentStep, ReportingKind
from tickets.models import IncidentEntry, Outage, Report, ReportHistory
from tickets.notices import notices
from tickets.states import ReportStatus

AT_ONCE = 5_000  # rows of one statement
TOLD = "told"  # kind of timer: who is not told by then is somebody's to tell
ASKED = "Keputusan diminta; alasannya ada di riwayat laporan."
FINISHED = Report.status == ReportStatus.SELESAI
CHANNELS = {
    ReportingKind.CALL: "lewat telepon",
    ReportingKind.IVR: "lewat telepon otomatis",
    ReportingKind.SMS: "lewat SMS",
    ReportingKind.WHATSAPP: "lewat WhatsApp",
    ReportingKind.EMAIL: "lewat e-mail",
    ReportingKind.LETTER: "lewat surat",
    ReportingKind.APP: "lewat aplikasi",
    ReportingKind.WEB: "lewat web",
    ReportingKind.OTHER: "dengan cara lain",
}


def begin(session: Session, report: Report, *, now: datetime) -> None:
    """The report was filed: identified, logged, put into its category and prioritised in one go."""
    who, code = report.created_by, report.trouble_code
    told = {
        IncidentStep.IDENTIFIED: (who, ""),
        IncidentStep.LOGGED: ("system", ""),
        IncidentStep.CATEGORISED: (who, code),
        IncidentStep.PRIORITISED: ("system", f"prioritas {report.priority}"),
    }
    session.add_all(
        IncidentEntry(report_id=report.id, step=step, at=now, by=by, note=note) for step, (by, note) in told.items()
    )
    report.step = IncidentStep.PRIORITISED
    session.flush()


def reopen(session: Session, report: Report, *, by: str, now: datetime) -> None:
    """The report, locked, is open again: who told knows that it is not mended."""
    report.told_at = report.closed_at = None
    notices.no_news(session, [report.id], now=now)
    write(session, report, IncidentStep.IDENTIFIED, by=by, now=now, note="dibuka kembali")
    report.step = IncidentStep.PRIORITISED
    session.flush()


def write(session: Session, report: Report, step: IncidentStep, *, by: str, now: datetime, note: str = "") -> None:
    """A step is done; the report is locked. Nothing is asked: see `itil.check`."""
    session.add(IncidentEntry(report_id=report.id, step=step, at=now, by=by, note=note[:500]))
    report.step = step
    session.flush()


def write_all(
    session: Session, report_ids: Sequence[int], step: IncidentStep, *, by: str, now: datetime, note: str = ""
) -> None:
    """The same for many; those that have done it since they were opened are left alone."""
    since = func.coalesce(Report.reopened_at, Report.reported_at)
    done = exists().where(IncidentEntry.report_id == Report.id, IncidentEntry.step == step, IncidentEntry.at >= since)
    for part in parts(report_ids):
        ids = session.scalars(select(Report.id).where(Report.id.in_(part), ~done).order_by(Report.id)).all()
        if ids:
            enter(session, ids, step, by=by, now=now, note=note)
            session.execute(update(Report).where(Report.id.in_(ids)).values(step=step))


def enter(
    session: Session, report_ids: Sequence[int], step: IncidentStep, *, by: str, now: datetime, note: str = ""
) -> None:
    """The entries alone, of reports that are locked and whose `step` the caller sets."""
    columns = IncidentEntry.__table__.c
    same = {"step": step, "at": now, "by": by, "note": note}
    values = [literal(value, columns[name].type) for name, value in same.items()]
    for part in parts(report_ids):
        rows = select(Report.id, *values).where(Report.id.in_(part))
        session.execute(insert(IncidentEntry).from_select(["report_id", *same], rows))


def steps_of(session: Session, report: Report) -> list[IncidentEntry]:
    """All steps of a report, the oldest first."""
    rows = select(IncidentEntry).where(IncidentEntry.report_id == report.id)
    return list(session.scalars(rows.order_by(IncidentEntry.at, IncidentEntry.id)))


def done(session: Session, report: Report) -> set[IncidentStep]:
    """The steps of the present life of a report: those of its filing, and what came since it was opened (again)."""
    since = report.reopened_at or report.reported_at
    rows = select(IncidentEntry.step).where(IncidentEntry.report_id == report.id, IncidentEntry.at >= since)
    later = set(session.scalars(rows)) - {*itil.BEGUN}
    if report.status is ReportStatus.SELESAI:
        later.add(IncidentStep.RESOLVED)
    return {*itil.BEGUN, *later}


def take(session: Session, number: str, step: IncidentStep, *, by: str, note: str, now: datetime) -> Report:
    """A person has done a step: diagnosed, passed it on, investigated, asked the management (an alert until it is
    finished), closed.

    Raises Invalid (`note-missing`), NotFound (`unknown-report`), Refused (what `itil.check` raises).
    """
    if step is not IncidentStep.CLOSED and not note.strip():
        raise Invalid("Isi keterangannya.", slug="note-missing", field="note")
    report = locked(session, number)
    itil.check(
        step,
        done(session, report),
        finished=report.status is ReportStatus.SELESAI,
        told=report.told_at is not None,
    )
    write(session, report, step, by=by, now=now, note=note.strip())
    if step is IncidentStep.CLOSED:
        report.closed_at = now
    words = f"{itil.STEPS[step].word}. {note.strip()}".strip()
    history.comment(session, report.id, words, by=by, channel=ReportingKind.OTHER, now=now)
    if step is IncidentStep.MANAGEMENT_ESCALATED:
        told: dict[str, Any] = {"level": AlertLevel.SUPERVISOR, "unit": report.unit, "report_id": report.id}
        alerts.put(session, AlertKind.ASKED, f"report-{report.id}", text=ASKED, now=now, **told)
    return report


def decided(session: Session, report_ids: Collection[int], *, now: datetime) -> None:
    """These are finished: what the management was asked about them is over."""
    for part in parts(sorted(report_ids)):
        alerts.end_all(session, AlertKind.ASKED, [f"report-{one}" for one in part], now=now)


def tell(session: Session, number: str, *, by: str, how: ReportingKind, note: str, now: datetime) -> Report:
    """A person has told the customer that it is finished, or tried in vain (`other`, with a note). Told already,
    nothing changes. Raises Invalid (`note-missing`), NotFound (`unknown-report`), Refused (`not-finished`).
    """
    if how is ReportingKind.OTHER and not note.strip():
        raise Invalid(
            "Tulis bagaimana pelanggan diberi tahu, atau mengapa tidak bisa.", slug="note-missing", field="note"
        )
    report = locked(session, number)
    itil.check(IncidentStep.RESOLVED, [*itil.BEGUN], finished=report.status is ReportStatus.SELESAI, told=False)
    told(session, [report.id], by=by, how=how, now=now, note=note.strip())
    session.refresh(report)
    return report


def tell_all(session: Session, outage_id: int, *, by: str, note: str, now: datetime) -> int:
    """All who reported an outage and could not be reached one by one are told otherwise; the note says how. Answers how
    many. Raises NotFound (`unknown-outage`), Invalid (`note-missing`).
    """
    if session.get(Outage, outage_id) is None:
        raise NotFound("Padam itu tidak ada.", slug="unknown-outage")
    if not note.strip():
        raise Invalid("Tulis bagaimana para pelapor diberi tahu.", slug="note-missing", field="note")
    ids = session.scalars(select(Report.id).where(Report.outage_id == outage_id, FINISHED, Report.told_at.is_(None)))
    count = told(session, ids.all(), by=by, how=ReportingKind.OTHER, now=now, note=note.strip())
    alerts.end(session, AlertKind.NOT_TOLD, f"outage-{outage_id}", now=now)
    return count


def told(
    session: Session, report_ids: Collection[int], *, by: str, how: ReportingKind, now: datetime, note: str = ""
) -> int:
    """The customers of these reports know that they are finished; answers of how many that is news. Those that are open
    (again) are left alone. Few statements for each `AT_ONCE`; takes reports, then alerts, then notices.
    """
    count = 0
    for part in parts(sorted(set(report_ids))):
        rows = select(Report.id).where(Report.id.in_(part), FINISHED, Report.told_at.is_(None))
        ids = session.scalars(rows.order_by(Report.id).with_for_update(of=Report, **ROW_LOCK)).all()
        if not ids:
            continue
        words = f"Pelanggan diberi tahu {CHANNELS[how]}. {note}".strip()
        _history(session, ids, words, {"told": how.value}, by=by, at=now, channel=how)
        session.execute(update(Report).where(Report.id.in_(ids)).values(told_at=now))
        alerts.end_all(session, AlertKind.NOT_TOLD, [f"report-{one}" for one in ids], now=now)
        notices.no_news(session, ids, now=now)
        count += len(ids)
    return count


def close(session: Session, report_ids: Sequence[int], *, by: str, now: datetime, note: str = "") -> int:
    """These are closed, as far as they are finished and their customers know; answers how many."""
    count = 0
    for part in parts(report_ids):
        rows = select(Report.id).where(
            Report.id.in_(part), FINISHED, Report.told_at.is_not(None), Report.closed_at.is_(None)
        )
        ids = session.scalars(rows.order_by(Report.id).with_for_update(of=Report, **ROW_LOCK)).all()
        if ids:
            session.execute(update(Report).where(Report.id.in_(ids)).values(closed_at=now))
            write_all(session, ids, IncidentStep.CLOSED, by=by, now=now, note=note)
            _history(session, ids, f"Ditutup. {note}".strip(), {"closed": True}, by=by, at=now)
        count += len(ids)
    return count


def nobody_to_tell() -> Any:
    """In a query: the report names no way to reach its customer."""
    return (Report.phone == "") & (Report.mobile == "") & (Report.email == "")


def seen(session: Session, number: str) -> Report:
    """The report of a number. Raises NotFound (`unknown-report`)."""
    report = session.scalar(select(Report).where(numbers.names(number)))
    if report is None:
        raise NotFound("Nomor laporan itu tidak ada.", slug="unknown-report", field="number")
    return report


def locked(session: Session, number: str) -> Report:
    """The same, locked."""
    return session.get_one(Report, seen(session, number).id, with_for_update=ROW_LOCK, populate_existing=True)


def parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many at a time as one statement takes."""
    return (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE))


def _history(session: Session, ids: Sequence[int], note: str, new: dict[str, Any], **told: Any) -> None:
    same = {
        "channel": ReportingKind.OTHER, "call": "", "kind": HistoryKind.COMMENT, "note": note, "new": new, **told,
    }  # fmt: skip
    columns = ReportHistory.__table__.c
    values = [literal(value, columns[name].type) for name, value in same.items()]
    rows = select(Report.id, *values).where(Report.id.in_(ids))
    session.execute(insert(ReportHistory).from_select(["report_id", *same], rows))
