"""The life of an outage: proposed, confirmed, back in part, restored, dark again, closed; planned work."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from config.database import Database
from tests.fixtures.life import HOUR, ROOT, Life
from tests.fixtures.tickets import NOON, a_report
from tickets import reports
from tickets.incidents import clocks
from tickets.kinds import CauseKind, NoticeEvent, OutageKind
from tickets.models import Notice, Outage, OutageHistory, OutagePeriod, Report, Timer, WorkOrder
from tickets.outages import estimates, fault_locations, outages, scopes
from tickets.outages.fault_locations import Where
from tickets.states import OutageStatus, ReportStatus, StatementStatus

pytestmark = pytest.mark.database

PLANNED = "Di wilayah Gerunggang sedang ada pekerjaan terencana"


def periods(db: Database) -> list[tuple[str, datetime, datetime | None]]:
    with db.reading() as session:
        rows = session.scalars(select(OutagePeriod).order_by(OutagePeriod.id))
        return [(one.code, one.dark_from, one.lit_at) for one in rows]


def told(db: Database) -> list[NoticeEvent]:
    with db.reading() as session:
        return list(session.scalars(select(Notice.event).order_by(Notice.id)))


def test_a_proposal_is_confirmed_as_it_really_is(db: Database, life: Life) -> None:
    outage = life.propose(ROOT)
    assert outage is not None
    assert life.hears().startswith("Kami menerima banyak laporan padam dari wilayah Gerunggang.")
    assert periods(db) == []
    life.now = NOON + HOUR / 2
    life.agree(
        outage,
        covers=("19.71",),
        cause="gardu induk",
        cause_kind=CauseKind.TREE_DOWN,
        etr=NOON + HOUR,
        reported_start=NOON - HOUR,
    )
    assert "Kota Pangkalpinang" in life.hears("19.71.01")
    row = life.row(outage)
    assert (row.status_kind, row.confirmed_by, row.etr) == (OutageStatus.CONFIRMED, "spv1", NOON + HOUR)
    assert periods(db) == [("19.71", NOON - HOUR, None)]
    assert told(db) == [NoticeEvent.START]


def test_a_proposal_is_not_confirmed_with_facts_that_cannot_be(life: Life) -> None:
    outage = life.propose(ROOT)
    assert outage is not None
    assert life.refused(lambda: life.agree(outage, etr=NOON - HOUR)) == "etr-before-start"
    assert life.refused(lambda: life.agree(outage, covers=("99",))) == "unknown-area"
    assert life.row(outage).status_kind is OutageStatus.PREDICTED


def test_a_proposal_that_was_wrong_is_forgotten_and_may_come_again(db: Database, life: Life) -> None:
    outage = life.propose(ROOT)
    assert outage is not None
    assert life.propose(ROOT) is None
    assert life.propose("19.71.05", "19.71.01") is None
    life.dismiss(outage, "gladi")
    assert (life.hears(), life.row(outage).status_kind) == ("", OutageStatus.CLOSED)
    assert periods(db) == []
    assert told(db) == []  # nobody was told that it was dark
    assert life.propose(ROOT) not in (None, outage)


def test_nothing_is_proposed_inside_what_is_dark_already(life: Life) -> None:
    life.confirm("19")
    assert life.propose(ROOT) is None


def test_what_began_at_the_same_moment_is_not_proposed_or_confirmed_as_well(
    db: Database, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    life.confirm()
    monkeypatch.setattr(outages, "_live_on", lambda *_: [])  # as it is when neither has seen the other's transaction
    assert life.refused(lambda: life.propose(ROOT)) == "outage-exists"
    assert life.refused(life.confirm) == "outage-exists"
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outage)) == 1


@pytest.mark.parametrize(
    ("etr", "reason", "slug"),
    [
        (NOON - HOUR, "x", "etr-before-start"),
        (NOON, "x", "etr-before-start"),
        (NOON + HOUR / 4, "x", "etr-past"),
        (NOON + 2 * HOUR, "x", "estimate-same"),
        (NOON + 3 * HOUR, " ", "reason-missing"),
    ],
)
def test_an_estimate_that_cannot_be_changes_nothing(
    db: Database, life: Life, etr: datetime, reason: str, slug: str
) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.now = NOON + HOUR / 2
    assert life.refused(lambda: life.revise(outage, etr, reason)) == slug
    with db.reading() as session:
        assert len(estimates.versions(session, outage)) == 1
    assert life.row(outage).etr == NOON + 2 * HOUR


def test_every_estimate_is_kept_with_its_reason(db: Database, life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.now = NOON + HOUR
    life.by = "spv2"
    life.revise(outage, NOON + 4 * HOUR, "trafo rusak")
    with db.reading() as session:
        kept = [(one.version, one.etr, one.reason, one.by, one.at) for one in estimates.versions(session, outage)]
    assert kept == [
        (2, NOON + 4 * HOUR, "trafo rusak", "spv2", NOON + HOUR),
        (1, NOON + 2 * HOUR, "", "spv1", NOON),
    ]
    assert told(db) == [NoticeEvent.START, NoticeEvent.ESTIMATE]
    life.restore(outage)
    assert life.refused(lambda: life.revise(outage, NOON + 5 * HOUR)) == "outage-over"


def test_power_comes_back_district_by_district(db: Database, life: Life) -> None:
    outage = life.confirm("31", etr=NOON + 5 * HOUR)
    life.publish(outage)
    with db.transaction() as session:
        mine = {
            area: reports.file_report(session, a_report(area=area), now=NOON).id for area in ("31.74.01", "31.71.06")
        }
    life.now = NOON + HOUR
    life.lit(outage, "31.74.01")
    assert life.hears("31.74.01") == ""
    said = life.hears("31.71.06")
    assert "Area Jakarta Pusat" in said
    assert "Sebagian wilayah sudah menyala. Perkiraan menyala pukul 17 WIB." in said
    assert life.row(outage).status_kind is OutageStatus.PARTIALLY_RESTORED
    with db.reading() as session:
        status = {area: session.get_one(Report, one).status for area, one in mine.items()}
    assert status == {"31.74.01": ReportStatus.SELESAI, "31.71.06": ReportStatus.BELUM_SELESAI}

    life.now = NOON + 2 * HOUR
    life.lit(outage, "31.71.06")
    assert (life.hears("31.71.06"), "Cempaka Putih" in life.hears("31.71.05")) == ("", True)
    assert life.refused(lambda: life.lit(outage, "31.71.05")) == "nothing-left"
    assert life.refused(lambda: life.lit(outage, "31.74.01")) == "scope-not-dark"
    assert life.refused(lambda: life.lit(outage, "19.71.05")) == "scope-not-dark"
    life.now = NOON + 3 * HOUR
    life.restore(outage)
    # Whoever adds up what covers him has no gap: Cempaka Putih was dark for three hours, Tebet for one.
    assert periods(db) == [
        ("31", NOON, NOON + HOUR),
        ("31.71", NOON, NOON + 2 * HOUR),
        ("31.71.05", NOON, NOON + 3 * HOUR),
    ]
    assert told(db)[:1] + told(db)[-1:] == [NoticeEvent.START, NoticeEvent.RESTORED]
    assert told(db).count(NoticeEvent.RESTORED) == 3


def test_for_those_who_stay_dark_no_clock_begins_anew(db: Database, life: Life) -> None:
    outage = life.confirm("31.71", etr=None)
    life.now = NOON + 2 * HOUR
    life.lit(outage, "31.71.06")
    with db.transaction() as session:
        promise = clocks.of_outage(session, session.get_one(Outage, outage))
        assert promise is not None
        assert promise.started == NOON
        place = fault_locations.add(session, outage, Where("Gardu 7", "menteng"), by="op1", now=life.now)
        (order,) = session.scalars(select(WorkOrder).where(WorkOrder.fault_location_id == place.id))
        assert order.reported_at == NOON


def test_the_fourth_of_august_on_off_on_off(db: Database, life: Life) -> None:
    """Meruya: on at 20, off at 2, on at dawn, off at 5.40."""
    outage = life.confirm(etr=NOON + 8 * HOUR)
    life.publish(outage)
    life.now = NOON + 7 * HOUR
    life.restore(outage)
    assert life.hears() == ""
    life.now = NOON + 7.5 * HOUR
    life.reopen(outage)
    said = life.hears()
    assert "Listrik sempat menyala pukul 19 WIB dan padam lagi pukul 19 lewat 30 WIB." in said
    assert "Perkiraan semula pukul 20 WIB tidak berlaku lagi, perkiraan baru menyusul." in said
    row = life.row(outage)
    assert (row.status_kind, row.etr, row.restored_at, row.reopened_at) == (
        OutageStatus.CONFIRMED, None, None, life.now,
    )  # fmt: skip
    newest, old = life.versions(outage)
    assert (newest.status, old.status) == (StatementStatus.PUBLISHED, StatementStatus.WITHDRAWN)

    life.revise(outage, NOON + 9 * HOUR, "jaringan dibebani lagi")
    assert "Perkiraan diperbarui: pukul 21 WIB, semula pukul 20 WIB." in life.hears()
    life.at(NOON + 9 * HOUR)
    assert life.hears().startswith("Kami menerima banyak laporan")
    life.restore(outage)
    life.now = NOON + 10 * HOUR
    life.reopen(outage)
    assert "Listrik sempat menyala pukul 21 WIB dan padam lagi pukul 22 WIB." in life.hears()
    assert [(begin, end) for _, begin, end in periods(db)] == [
        (NOON, NOON + 7 * HOUR),
        (NOON + 7.5 * HOUR, NOON + 9 * HOUR),
        (NOON + 10 * HOUR, None),
    ]
    assert told(db).count(NoticeEvent.START) == 3
    life.restore(outage)
    with db.transaction() as session:
        outages.close_outage(session, outage, by="op1", now=life.now)
    assert life.refused(lambda: life.reopen(outage)) == "illegal-move"
    with db.reading() as session:
        steps = list(session.scalars(select(OutageHistory.event).order_by(OutageHistory.id)))
    # Its alerts and their escalation stand there too (test_clocks).
    lived = ["confirm", "restore", "reopen", "estimate", "restore", "reopen", "restore", "close"]
    assert [step for step in steps if step not in ("alert", "escalated")] == lived


def test_dark_again_the_three_hours_run_from_there(db: Database, life: Life) -> None:
    outage = life.confirm(etr=NOON + 12 * HOUR)
    life.now = NOON + HOUR
    life.restore(outage)
    life.now = NOON + 2 * HOUR
    life.reopen(outage)
    with db.reading() as session:
        mine = (Timer.kind == clocks.TIMER, Timer.key == f"promise:outage-{outage}")
        assert session.scalar(select(Timer.due_at).where(*mine)) == NOON + 4.5 * HOUR


def test_only_a_part_goes_dark_again(db: Database, life: Life) -> None:
    outage = life.confirm("31.71.05", "31.71.06")
    life.now = NOON + HOUR
    life.restore(outage)
    life.now = NOON + 2 * HOUR
    life.reopen(outage, "31.71.06")
    assert life.row(outage).status_kind is OutageStatus.PARTIALLY_RESTORED
    assert "Menteng" in life.hears("31.71.06")
    assert life.hears("31.71.05") == ""
    assert life.refused(lambda: life.reopen(outage, "19.71.05")) == "scope-not-dark"
    life.now = NOON + 3 * HOUR
    life.reopen(outage)
    assert life.row(outage).status_kind is OutageStatus.CONFIRMED
    assert "Cempaka Putih dan Menteng" in life.hears("31.71.05")
    assert [(code, begin) for code, begin, end in periods(db) if end is None] == [
        ("31.71.06", NOON + 2 * HOUR),
        ("31.71.05", NOON + 3 * HOUR),
    ]


def test_what_is_dark_again_piece_by_piece_is_dark_as_a_whole(db: Database, life: Life) -> None:
    outage = life.confirm("31.71", etr=None)
    life.publish(outage)
    life.now = NOON + HOUR
    life.restore(outage)
    life.now = NOON + 2 * HOUR
    life.reopen(outage, "31.71.06")
    assert life.row(outage).status_kind is OutageStatus.PARTIALLY_RESTORED
    assert "Sebagian wilayah sudah menyala." in life.hears("31.71.06")
    life.reopen(outage, "31.71.05")
    assert life.row(outage).status_kind is OutageStatus.CONFIRMED
    assert "Sebagian" not in life.hears("31.71.06")
    assert "Area Jakarta Pusat" in life.hears("31.71")
    with db.reading() as session:
        assert list(scopes.dark(session, outage)) == ["31.71"]


def test_a_piece_that_comes_and_goes_does_not_darken_the_rest(life: Life) -> None:
    outage = life.confirm("31.71")
    for turn in range(1, 4):
        life.now = NOON + turn * HOUR
        life.restore(outage)
        life.reopen(outage, "31.71.06")
    assert life.row(outage).status_kind is OutageStatus.PARTIALLY_RESTORED
    assert life.hears("31.71.05") == ""


def test_what_came_back_in_part_is_said_at_its_own_time(life: Life) -> None:
    outage = life.confirm("31.71", etr=None)
    life.publish(outage)
    life.now = NOON + HOUR
    life.lit(outage, "31.71.06")
    life.now = NOON + 2 * HOUR
    life.reopen(outage)
    assert "Listrik sempat menyala pukul 13 WIB dan padam lagi pukul 14 WIB." in life.hears("31.71.06")


def test_its_name_is_that_of_what_is_dark_unless_it_was_given_one(life: Life) -> None:
    made = life.confirm("31.74.01", "31.71")
    own = life.confirm("19.71", community="Pangkalpinang dan sekitarnya")
    for outage, part in ((made, "31.71.06"), (own, "19.71.05")):
        life.now = NOON + HOUR
        life.lit(outage, part)
        life.now = NOON + 2 * HOUR
        life.restore(outage)
        life.reopen(outage)
    assert "wilayah Jakarta Pusat dan Tebet." in life.hears("31.71.06")
    assert "wilayah Pangkalpinang dan sekitarnya." in life.hears("19.71.05")


def test_what_another_outage_covers_by_now_is_not_opened_again(life: Life) -> None:
    first = life.confirm(ROOT)
    life.restore(first)
    second = life.confirm(ROOT)
    assert life.refused(lambda: life.reopen(first)) == "outage-exists"
    assert life.row(first).status_kind is OutageStatus.RESTORED
    life.restore(second)
    life.reopen(first)
    known = life.known()
    assert known is not None
    assert known.id == first


def test_planned_work_begins_by_itself_with_what_was_approved(db: Database, life: Life) -> None:
    outage = life.schedule(starts=NOON + HOUR, ends=NOON + 3 * HOUR)
    row = life.row(outage)
    assert (row.kind, row.status_kind, row.etr) == (OutageKind.PLANNED, OutageStatus.SCHEDULED, NOON + 3 * HOUR)
    assert life.hears() == ""
    life.draft(outage)
    life.approve(outage, 1)
    assert life.refused(lambda: life.release(outage, 1)) == "outage-not-begun"
    life.at(NOON + HOUR)
    said = life.hears()
    assert "padam sejak pukul 13 WIB karena pemeliharaan gardu. Perkiraan menyala pukul 15 WIB." in said
    assert life.row(outage).status_kind is OutageStatus.CONFIRMED
    assert periods(db) == [(ROOT, NOON + HOUR, None)]
    assert told(db) == [NoticeEvent.PLANNED, NoticeEvent.START]
    life.at(NOON + 3 * HOUR)
    assert life.hears().startswith(PLANNED)  # it lasts longer; its holding sentence speaks of no reports
    assert len(life.warned()) == 1


def test_planned_work_without_an_approved_word_has_its_holding_sentence(life: Life) -> None:
    outage = life.schedule()
    life.draft(outage, "Belum disetujui.")
    life.at(NOON + HOUR)
    assert life.hears().startswith(PLANNED)


def test_work_that_begins_when_it_should_have_ended_promises_nothing(life: Life) -> None:
    outage = life.schedule(starts=NOON + HOUR, ends=NOON + 3 * HOUR)
    life.draft(outage)
    life.approve(outage, 1)
    life.at(NOON + 4 * HOUR)  # no worker was there before
    assert life.row(outage).status_kind is OutageStatus.CONFIRMED
    assert life.hears().startswith(PLANNED)


def test_work_that_is_called_off_never_begins(db: Database, life: Life) -> None:
    outage = life.schedule()
    life.dismiss(outage, "hujan")
    life.at(NOON + 2 * HOUR)
    assert (life.hears(), life.row(outage).status_kind) == ("", OutageStatus.CLOSED)
    assert told(db) == [NoticeEvent.PLANNED, NoticeEvent.CALLED_OFF]
    assert periods(db) == []


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"starts": NOON}, "start-past"),
        ({"ends": NOON + HOUR}, "etr-before-start"),
        ({"cause": " \x00"}, "cause-missing"),
    ],
)
def test_work_that_cannot_be_is_not_announced(db: Database, life: Life, changed: dict[str, object], slug: str) -> None:
    assert life.refused(lambda: life.schedule(**changed)) == slug
    assert told(db) == []


def test_work_where_it_is_dark_already_adds_its_own_time(db: Database, life: Life) -> None:
    dark = life.confirm(ROOT)
    work = life.schedule(ROOT, starts=NOON + HOUR)
    life.at(NOON + HOUR)
    known = life.known()
    assert known is not None
    assert known.id == dark  # its word is heard
    assert life.row(work).status_kind is OutageStatus.CONFIRMED
    with db.reading() as session:
        assert scopes.of(session, work, live=True) == []
    assert (ROOT, NOON + HOUR, None) in periods(db)
