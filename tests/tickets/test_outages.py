"""Outages, their statements, and who wants to be told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.database import Database
from config.errors import IllegalMove, Invalid, NotFound, Problem, Refused
from tests.fixtures.contacts import waits_for_us
from tests.fixtures.tickets import NOON, a_report
from tests.fixtures.wait import until
from tickets import history, reports
from tickets.models import Outage, Outbox, Report, Statement, Subscription
from tickets.notices import subscriptions
from tickets.outages import lookup, outages, statements
from tickets.outages.scopes import Place
from tickets.states import OutageStatus, ReportStatus, StatementStatus

pytestmark = pytest.mark.database

ANI = "+6281201000001"


def _confirm(db: Database, area: str = "19.71.05", **extra: object) -> Outage:
    values: dict[str, object] = {"cause": "pohon tumbang", "etr": NOON + timedelta(hours=2), **extra}
    with db.transaction() as session:
        return outages.confirm_outage(session, area=area, by="spv1", now=NOON, **values)  # type: ignore[arg-type]


def _outbox(db: Database) -> list[tuple[str, str, dict[str, object]]]:
    with db.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == "render").order_by(Outbox.id))
        return [(row.kind, row.key, row.payload) for row in rows]


def test_confirming_makes_the_holding_sentence_ready_to_be_heard(db: Database) -> None:
    outage = _confirm(db)
    assert outage.status_kind is OutageStatus.CONFIRMED
    ((kind, key, payload),) = _outbox(db)
    assert (kind, payload["statement"]) == ("render", None)
    assert key.startswith(f"holding:{outage.id}:")
    assert "Gerunggang" in str(payload["texts"])


@pytest.mark.parametrize(
    ("area", "etr", "slug"),
    [
        ("19.71.99", None, "unknown-area"),
        ("77", None, "unknown-area"),
        ("19", NOON - timedelta(minutes=1), "etr-before-start"),
        ("19", NOON, "etr-before-start"),
    ],
)
def test_an_outage_that_cannot_be_changes_nothing(db: Database, area: str, etr: object, slug: str) -> None:
    with pytest.raises(Invalid) as fault:
        _confirm(db, area, etr=etr)
    assert fault.value.slug == slug
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outage)) == 0


def test_an_area_is_confirmed_once(db: Database) -> None:
    _confirm(db)
    with pytest.raises(Refused) as fault:
        _confirm(db)
    assert fault.value.slug == "outage-exists"


def test_an_area_is_confirmed_once_also_when_two_confirm_it_at_the_same_time(db: Database) -> None:
    def confirm(_: int) -> str:
        try:
            _confirm(db)
        except Refused as fault:
            return fault.slug
        return "confirmed"

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(confirm, range(8)))
    assert answers == ["confirmed"] + ["outage-exists"] * 7


def test_an_area_that_is_lit_again_may_be_dark_again(db: Database) -> None:
    for _ in range(2):
        outage = _confirm(db)
        with db.transaction() as session:
            outages.restore_outage(session, outage.id, by="spv1", now=NOON)


def test_an_outage_does_not_begin_in_the_future(db: Database) -> None:
    with pytest.raises(Invalid) as fault:
        _confirm(db, reported_start=NOON + timedelta(minutes=1), etr=None)
    assert fault.value.slug == "start-in-future"


def test_what_is_spoken_holds_only_what_can_be_spoken(db: Database) -> None:
    outage = _confirm(db, cause=" pohon\x00 tumbang\n\x1b[31m ")
    assert outage.cause == "pohon tumbang [31m"
    with db.transaction() as session:
        said = statements.publish(
            session, outage.id, text="Segera\x0b menyala.\r\nMohon\u200b maaf.\x01", by="spv1", now=NOON
        )
        assert said.text == "Segera menyala. Mohon maaf."
        with pytest.raises(Invalid):
            statements.publish(session, outage.id, text="\u200b\x00", by="spv1", now=NOON)


def test_a_predicted_outage_is_confirmed_in_place(db: Database) -> None:
    with db.transaction() as session:
        since = NOON - timedelta(minutes=9)
        predicted = outages.propose_outage(session, area="19.71.05", since=since, evidence={}, by="system", now=NOON)
    assert predicted is not None
    confirmed = _confirm(db)
    assert (confirmed.id, confirmed.status_kind) == (predicted.id, OutageStatus.CONFIRMED)
    assert confirmed.reported_start == NOON - timedelta(minutes=9)


def test_each_publication_is_a_version_and_replaces_the_last(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        first = statements.publish(session, outage.id, text=None, by="spv1", now=NOON)
        second = statements.publish(session, outage.id, text="  Segera menyala. ", by="spv2", now=NOON)
    with db.reading() as session:
        newest, oldest = statements.versions(session, outage.id)
    assert (newest.version, newest.text, newest.status) == (2, "Segera menyala.", StatementStatus.PUBLISHED)
    assert (newest.author, newest.approver, newest.published_at) == ("spv2", "spv2", NOON)
    assert (oldest.version, oldest.status, oldest.replaced_at) == (1, StatementStatus.REPLACED, NOON)
    assert oldest.text.startswith("Area Gerunggang, padam sejak pukul 12 WIB karena pohon tumbang.")
    asked = _outbox(db)[1:]
    assert [(kind, key) for kind, key, _ in asked] == [("render", f"statement:{one.id}") for one in (first, second)]
    assert [payload["statement"] for _, _, payload in asked] == [first.id, second.id]
    pieces = ["Area Gerunggang, padam sejak pukul 12 WIB karena pohon tumbang.", "Informasi pukul 12 WIB."]
    assert {oldest.text, *pieces, "Perkiraan menyala pukul 14 WIB."} <= set(asked[0][2]["texts"]["id"])
    assert {newest.text, pieces[1]} <= set(asked[1][2]["texts"]["id"])


def test_a_statement_without_words_or_without_an_outage_is_refused(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        with pytest.raises(Invalid):
            statements.publish(session, outage.id, text="  ", by="spv1", now=NOON)
        with pytest.raises(NotFound):
            statements.publish(session, 999, text="Ada.", by="spv1", now=NOON)
        outages.restore_outage(session, outage.id, by="spv1", now=NOON)
        with pytest.raises(Refused) as fault:
            statements.publish(session, outage.id, text="Ada.", by="spv1", now=NOON)
        assert fault.value.slug == "outage-over"
        assert session.scalar(select(func.count()).select_from(Statement)) == 0


def test_power_back_finishes_every_attached_report_and_no_other(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        attached = [reports.file_report(session, a_report(area="19.71.05"), now=NOON).id for _ in range(3)]
        own = reports.file_report(session, a_report(area="19.71.05", only_me=True), now=NOON).id
    later = NOON + timedelta(hours=1)
    with db.transaction() as session:
        done = outages.restore_outage(session, outage.id, by="spv1", now=later)
    assert (done.status_kind, done.restored_at) == (OutageStatus.RESTORED, later)
    with db.reading() as session:
        for one in attached:
            report = session.get_one(Report, one)
            assert (report.status, report.resolved_at) == (ReportStatus.SELESAI, later)
            told = history.of(session, one)[0]
            assert (told.old, told.new) == ({"status": "BELUM_SELESAI"}, {"status": "SELESAI"})
        assert session.get_one(Report, own).status is ReportStatus.BELUM_SELESAI


def test_a_report_filed_while_power_comes_back_is_finished_or_sent_to_a_crew(db: Database) -> None:
    outage = _confirm(db)

    def file(_: int) -> None:
        with db.transaction() as session:
            reports.file_report(session, a_report(area="19.71.05"), now=NOON)

    def restore(_: int) -> None:
        with db.transaction() as session:
            outages.restore_outage(session, outage.id, by="spv1", now=NOON)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: restore(n) if n == 20 else file(n), range(40)))
    with db.reading() as session:
        for report in session.scalars(select(Report)):
            attached, open_still = report.outage_id is not None, report.status is ReportStatus.BELUM_SELESAI
            assert attached != open_still


@pytest.mark.parametrize("wider", [True, False])
def test_who_waited_for_an_outage_to_end_is_not_attached_to_it(db: Database, wider: bool) -> None:
    around = _confirm(db, "19").id if wider else None
    outage = _confirm(db)

    def file() -> int | None:
        with db.transaction() as session:
            return reports.file_report(session, a_report(area="19.71.05"), now=NOON).outage_id

    with ThreadPoolExecutor(1) as thread:
        with db.transaction() as session:
            outages.restore_outage(session, outage.id, by="spv1", now=NOON)
            filing = thread.submit(file)
            until(lambda: waits_for_us(db))
        assert filing.result() == around


def test_what_is_over_is_not_restored_again(db: Database) -> None:
    outage = _confirm(db)
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="spv1", now=NOON)
    with db.transaction() as session, pytest.raises(IllegalMove):
        outages.restore_outage(session, outage.id, by="spv1", now=NOON)


def test_a_caller_is_on_the_list_once_however_often_he_asks(db: Database) -> None:
    outage = _confirm(db)
    for call, phone in (("c1", ANI), ("c1", ANI), ("c2", "0812 0100 0001")):
        with db.transaction() as session:
            subscriptions.subscribe(
                session, outage_id=outage.id, phone=phone, call=call, key=f"{call}:subscribe", now=NOON
            )
    with db.reading() as session:
        (one,) = session.scalars(select(Subscription)).all()
    assert (one.phone, one.call) == (ANI, "c1")


def test_a_subscription_needs_a_number_and_a_living_outage(db: Database) -> None:
    outage = _confirm(db)

    def subscribe(outage_id: int, phone: str) -> str:
        try:
            with db.transaction() as session:
                subscriptions.subscribe(session, outage_id=outage_id, phone=phone, call="c", key="k", now=NOON)
        except Problem as fault:
            return fault.slug
        return ""

    assert subscribe(outage.id, "") == "phone"
    assert subscribe(outage.id, "12") == "phone"
    assert subscribe(999, ANI) == "unknown-outage"
    with db.transaction() as session:
        outages.restore_outage(session, outage.id, by="spv1", now=NOON)
    assert subscribe(outage.id, ANI) == "outage-over"


def test_a_newer_holding_sentence_does_not_hide_what_was_published(db: Database) -> None:
    whole = _confirm(db, "31")
    with db.transaction() as session:
        statements.publish(session, whole.id, text=None, by="spv1", now=NOON)
    part = _confirm(db, "31.71.06")
    with db.reading() as session:
        known = lookup.known_outage(session, Place("31.71.06"), now=NOON, need_audio=False)
        assert known is not None
        assert (known.id, known.holding) == (whole.id, False)
    with db.transaction() as session:
        statements.publish(session, part.id, text=None, by="spv1", now=NOON)
    with db.reading() as session:
        known = lookup.known_outage(session, Place("31.71.06"), now=NOON, need_audio=False)
        assert known is not None
        assert known.id == part.id
