"""How far notices are, over HTTP; who wants to be told, and who wants nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.notices import Memory, Post, a_street, dark, lit
from tests.fixtures.reports_http import ReportsHttp
from tests.fixtures.tickets import NOON, a_premises, a_report
from tickets import reports, timers
from tickets.kinds import RecipientStatus
from tickets.models import NoticeRecipient, NoticeRefusal, Report, Subscription
from tickets.notices import batches, notified
from tickets.notices.batches import Outcome

pytestmark = pytest.mark.database
PHONE = "+628120000001"


def test_the_figures_of_each_notice_and_no_numbers(db: Database, reports_http: ReportsHttp) -> None:
    with db.transaction() as session:
        numbers = a_street(session, 5)
    outage, carrier = dark(db), Memory()
    carrier.answers[numbers[0]] = [Outcome(RecipientStatus.FAILED, "21211")]
    Post(db, carrier).run()
    lit(db, outage)
    answer = reports_http.get(f"/api/v1/outages/{outage}/notices")
    assert not any(number in answer.text for number in numbers)
    back, start = answer.json()
    assert {key: start[key] for key in ("trigger", "recipients", "sent", "failed", "waiting", "stillOff")} == {
        "trigger": "powerOut",
        "recipients": 5,
        "sent": 4,
        "failed": 1,
        "waiting": 0,
        "stillOff": 0,
    }
    assert start["supersededDateTime"]
    assert (back["trigger"], back["recipients"], back["collectedDateTime"]) == ("powerRestored", 0, None)
    assert reports_http.get("/api/v1/outages/999/notices").json()["slug"] == "unknown-outage"


def test_who_asks_is_told_as_he_wants(db: Database, reports_http: ReportsHttp) -> None:
    outage = dark(db)
    for by_call in (False, True):
        body = {"phone": "0812 0000 001", "byCall": by_call}
        answer = reports_http.post(f"/api/v1/outages/{outage}/subscriptions", json=body)
        assert (answer.status_code, answer.json()) == (201, {"outage": outage, "byCall": by_call})
    with db.reading() as session:
        (row,) = session.scalars(select(Subscription)).all()
        assert (row.phone, row.by_call) == (PHONE, True)


@pytest.mark.parametrize(("outage", "phone", "slug"), [(0, "", "phone"), (999, PHONE, "unknown-outage")])
def test_who_cannot_be_told_is_refused(
    db: Database, reports_http: ReportsHttp, outage: int, phone: str, slug: str
) -> None:
    answer = reports_http.post(f"/api/v1/outages/{outage or dark(db)}/subscriptions", json={"phone": phone})
    assert answer.json()["slug"] == slug
    with db.reading() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_a_number_refuses_notices_and_wants_them_again(db: Database, reports_http: ReportsHttp) -> None:
    for refused in (True, True, False, False, True):
        body = {"phone": PHONE, "refused": refused}
        assert reports_http.post("/api/v1/notice-refusals", json=body).json() == {"refused": refused}
        with db.reading() as session:
            assert session.scalars(select(NoticeRefusal.phone)).all() == [PHONE] * refused
    assert reports_http.post("/api/v1/notice-refusals", json={"phone": "", "refused": True}).json()["slug"] == "phone"


def test_the_reports_of_those_who_were_told_know_it_and_the_others_do_not(db: Database) -> None:
    with db.transaction() as session:
        homes = [a_premises(session, area="19.71.05") for _ in range(3)]
    outage, carrier = dark(db), Memory()
    phones = (PHONE, "", "+628120000003")
    with db.transaction() as session:
        for home, phone in zip(homes, phones, strict=True):
            reports.file_report(session, a_report(premises_id=home.id, phone=phone), now=NOON)
    lit(db, outage)
    carrier.answers[phones[2]] = [Outcome(RecipientStatus.FAILED, "21211")]
    post = Post(db, carrier)
    post.run()
    post.wait(minutes=1)
    with db.reading() as session:
        known = {row.phone: row.told_at is not None for row in session.scalars(select(Report))}
    assert known == {PHONE: True, "": False, phones[2]: False}


def test_who_is_told_while_nobody_is_found_is_not_forgotten_and_then_it_ends(db: Database) -> None:
    with db.transaction() as session:
        home = a_premises(session, area="19.71.05")
    outage, post = dark(db), Post(db, Memory())
    with db.transaction() as session:
        reports.file_report(session, a_report(premises_id=home.id, phone=PHONE), now=NOON)
    notice = lit(db, outage)
    post.run()
    for status in (RecipientStatus.SENDING, RecipientStatus.SENT):
        with db.transaction() as session:
            session.get_one(NoticeRecipient, (notice.id, PHONE)).status = status
        post.wait(seconds=30)
    with db.reading() as session:
        assert [row.told_at is not None for row in session.scalars(select(Report))] == [True]
    post.wait(seconds=30)
    with db.reading() as session:
        assert not timers.armed(session, notified.TOLD, str(notice.id))


@pytest.mark.parametrize("how", ["late", "uncertain"])
def test_who_was_told_while_the_reports_were_marked_or_told_of_later_is_not_forgotten(db: Database, how: str) -> None:
    with db.transaction() as session:
        homes = [a_premises(session, area="19.71.05") for _ in range(2)]
    outage, carrier, second = dark(db), Memory(), "+628120000003"
    with db.transaction() as session:
        for home, phone in zip(homes, (PHONE, second), strict=True):
            reports.file_report(session, a_report(premises_id=home.id, phone=phone), now=NOON)
    notice = lit(db, outage)
    carrier.answers[second] = [Outcome(RecipientStatus.UNCERTAIN, "no-answer")]
    post = Post(db, carrier)
    post.run()
    post.wait(seconds=30)
    if how == "uncertain":
        post.wait(minutes=1)
    with db.transaction() as session:
        row = session.get_one(NoticeRecipient, (notice.id, second))
        if how == "late":
            row.status = RecipientStatus.SENT
        else:
            batches.news(session, row.reference or "", RecipientStatus.DELIVERED, now=post.clock.now())
    post.wait(seconds=30)
    with db.reading() as session:
        assert [row.told_at is not None for row in session.scalars(select(Report))] == [True, True]
