"""What is asked of the people at the board, and what ends it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_report
from tickets import completion, reports, timers
from tickets.clockwork import HANDLERS
from tickets.contacts import Contact
from tickets.incidents import alerts
from tickets.kinds import AlertKind, CompletionCode, ReportingKind
from tickets.models import Alert, Report
from tickets.outages import outages

pytestmark = pytest.mark.store


def not_told(web: Web, key: str, now: datetime) -> Alert:
    timers.run_due(web.db, HANDLERS, now=now)
    with web.db.reading() as session:
        return session.scalars(select(Alert).where(Alert.key == f"{AlertKind.NOT_TOLD}:{key}")).one()


def test_who_is_not_told_is_told_from_the_board_and_the_alert_is_over(web: Web) -> None:
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        report = reports.file_report(session, a_report(area="31.71.06", phone="+6281100000099"), now=now)
        number, key = report.number, f"report-{report.id}"
        contact = Contact("op1", ReportingKind.OTHER, "selesai")
        completion.resolve(session, number, code=CompletionCode.DONE, note="Sekring diganti.", contact=contact, now=now)
    alert = not_told(web, key, now + timedelta(minutes=31))
    operator = web.client("op1")
    assert "Pelanggan sudah tahu…" in operator.page("/papan/peringatan").text
    path = f"/papan/peringatan/{alert.id}/kabar"
    missing = operator.post(path, cara="other")
    assert (missing.status_code, missing.json()["slug"], missing.json()["field"]) == (422, "note-missing", "catatan")
    assert operator.post("/papan/peringatan/99999/kabar", cara="call").json()["slug"] == "unknown-alert"
    assert operator.post(path, cara="call").json() == {"alert": alert.id}
    with web.db.reading() as session:
        assert session.scalars(select(Report.told_at).where(Report.number == number)).one() is not None
        assert alert.id not in [one.id for one in alerts.open_alerts(session, limit=1000)]


def test_whom_no_notice_has_reached_is_told_otherwise_all_at_once(web: Web) -> None:
    """Numbers that do not exist, letters: nobody is to be asked about them for ever."""
    now = web.app.state.clock.now()
    with web.db.transaction() as session:
        outage = outages.confirm_outage(session, area="19.05.01", cause="", etr=None, by="op1", now=now).id
        told = [a_report(area="19.05.01", **who) for who in ({"phone": "+6281100000098"}, {"email": "a@example.org"})]
        ids = {reports.file_report(session, one, now=now).id for one in told}
        outages.restore_outage(session, outage, by="op1", now=now)
    alert = not_told(web, f"outage-{outage}", now + timedelta(minutes=31))
    assert alert.text == "2 pelapor belum tahu listrik menyala."
    operator, path = web.client("op1"), f"/papan/peringatan/{alert.id}/kabar"
    assert operator.post(path, cara="other").json()["slug"] == "note-missing"
    assert operator.post(path, cara="other", catatan="Diumumkan lewat radio.").json() == {"alert": alert.id}
    with web.db.reading() as session:
        rows = session.scalars(select(Report).where(Report.id.in_(ids))).all()
        assert [row.told_at is None for row in rows] == [False, False]
        assert alert.id not in [one.id for one in alerts.open_alerts(session, limit=1000)]
