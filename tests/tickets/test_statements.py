"""What is officially said: by whom it is written and approved, what it says of a change, and when it ends."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from config.database import Database
from tests.fixtures.life import HOUR, ROOT, Life
from tests.fixtures.tickets import NOON
from tickets.kinds import AlertLevel
from tickets.models import OutageHistory
from tickets.states import StatementStatus

pytestmark = pytest.mark.database

HOLDING = "Kami menerima banyak laporan padam dari wilayah Gerunggang."
SECOND = timedelta(seconds=1)


def test_a_draft_is_heard_by_nobody_before_it_is_approved_and_published(life: Life) -> None:
    outage = life.confirm()
    life.by = "op1"
    draft = life.draft(outage, "Gardu terbakar, regu bekerja.")
    assert life.hears().startswith(HOLDING)
    life.by = "spv1"
    approved = life.approve(outage, draft.version)
    assert (approved.author, approved.approver, approved.approved_at) == ("op1", "spv1", NOON)
    assert life.hears().startswith(HOLDING)
    life.release(outage, draft.version)
    assert life.hears() == "Gardu terbakar, regu bekerja."
    assert life.refused(lambda: life.approve(outage, draft.version)) == "illegal-move"
    assert life.refused(lambda: life.approve(outage, 99)) == "unknown-statement"


def test_a_draft_is_not_said_unapproved(life: Life) -> None:
    outage = life.confirm()
    life.draft(outage, "Belum disetujui.")
    assert life.refused(lambda: life.release(outage, 1)) == "illegal-move"
    assert life.hears().startswith(HOLDING)


@pytest.mark.usefixtures("two_people")
def test_where_two_are_required_the_author_does_not_approve(life: Life) -> None:
    outage = life.confirm()
    assert life.refused(lambda: life.publish(outage, "Segera menyala.")) == "two-people"
    assert life.versions(outage) == []
    life.draft(outage, "Segera menyala.")
    assert life.refused(lambda: life.approve(outage, 1)) == "two-people"
    (draft,) = life.versions(outage)
    assert (draft.status, draft.approver) == (StatementStatus.DRAFT, None)
    assert life.hears().startswith(HOLDING)
    life.by = "spv2"
    life.approve(outage, 1)
    life.release(outage, 1)
    assert life.hears() == "Segera menyala."


@pytest.mark.usefixtures("two_people")
def test_where_two_are_required_a_revised_time_waits_for_the_second(life: Life) -> None:
    outage = life.confirm()
    life.draft(outage)
    life.by = "spv2"
    life.approve(outage, 1)
    life.release(outage, 1)
    life.revise(outage, NOON + 4 * HOUR)
    assert life.hears().startswith(HOLDING)  # the old time is not true any more, the new word not approved
    newest, old = life.versions(outage)
    assert (newest.status, old.status) == (StatementStatus.DRAFT, StatementStatus.WITHDRAWN)
    (alert,) = life.warned()
    assert "menunggu persetujuan" in alert.text
    life.by = "spv1"
    life.approve(outage, 2)
    life.release(outage, 2)
    assert "Perkiraan diperbarui: pukul 16 WIB, semula pukul 14 WIB." in life.hears()
    assert life.warned() == []


def test_a_statement_ends_with_the_time_it_promised(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    life.at(NOON + 2 * HOUR - SECOND)
    assert "Perkiraan menyala pukul 14 WIB." in life.hears()
    assert life.warned() == []
    life.at(NOON + 2 * HOUR)
    assert life.hears().startswith(HOLDING)
    (statement,) = life.versions(outage)
    assert (statement.status, statement.withdrawn_at) == (StatementStatus.WITHDRAWN, life.now)
    (alert,) = life.warned()
    assert (alert.level, alert.unit, alert.outage_id) == (AlertLevel.SUPERVISOR, "bangka", outage)
    life.revise(outage, NOON + 5 * HOUR)
    assert "Perkiraan diperbarui: pukul 17 WIB, semula pukul 14 WIB." in life.hears()
    assert life.warned() == []


def test_nobody_hears_a_passed_time_while_its_timer_is_late(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    life.now = NOON + 2 * HOUR  # no worker is at work
    assert life.hears().startswith(HOLDING)
    assert life.hears(need_audio=True).startswith(HOLDING)


def test_a_moved_time_moves_the_end_of_what_is_said(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    life.revise(outage, NOON + 4 * HOUR)
    life.at(NOON + 3 * HOUR)
    assert "diperbarui: pukul 16 WIB" in life.hears()
    life.at(NOON + 4 * HOUR)
    assert life.hears().startswith(HOLDING)
    assert len(life.warned()) == 1


def test_a_time_that_is_not_known_any_more_is_taken_back(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.publish(outage)
    life.revise(outage, None)
    assert "Perkiraan semula pukul 14 WIB tidak berlaku lagi, perkiraan baru menyusul." in life.hears()
    life.at(NOON + 9 * HOUR)
    assert "tidak berlaku lagi" in life.hears()  # promises nothing: nothing ends it
    assert life.warned() == []


def test_what_is_told_before_a_statement_names_the_time_that_others_are_written(life: Life) -> None:
    outage = life.confirm(etr=None)
    assert life.hears().endswith("Perkiraan waktu nyala menyusul.")
    life.revise(outage, NOON + 2 * HOUR)
    assert life.hears().endswith("Petugas sedang memeriksa. Perkiraan menyala pukul 14 WIB.")
    assert (known := life.known()) is not None
    assert known.etr == NOON + 2 * HOUR
    assert life.to_be_rendered() >= {life.hears(), life.hears().replace("menyala pukul 14 WIB", "waktu nyala menyusul")}
    life.at(NOON + 2 * HOUR)
    assert life.hears().endswith("Perkiraan waktu nyala menyusul.")
    life.revise(outage, NOON + 14 * HOUR)
    assert life.hears().endswith("Perkiraan menyala tanggal 23 November pukul 2 WIB.")


@pytest.mark.usefixtures("two_people")
def test_where_two_people_are_wanted_no_time_is_told_before_the_second_has_looked(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    assert life.hears().endswith("Perkiraan waktu nyala menyusul.")
    life.draft(outage)
    life.by = "spv2"
    life.approve(outage, 1)
    life.heard(life.release(outage, 1))
    assert "Perkiraan menyala pukul 14 WIB." in life.hears()


def test_before_anything_was_said_a_moved_time_is_no_news(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.revise(outage, NOON + 4 * HOUR)
    assert life.versions(outage) == []
    life.publish(outage)
    assert "Perkiraan menyala pukul 16 WIB." in life.hears()


def test_a_text_that_was_written_for_another_time_is_refused(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.draft(outage)
    life.revise(outage, NOON + 4 * HOUR)
    assert life.versions(outage)[0].status is StatementStatus.WITHDRAWN  # nobody can approve it by mistake
    for say in (life.publish, life.draft):
        assert life.refused(partial(say, outage, "Menyala pukul 14.", etr=NOON + 2 * HOUR)) == "statement-outdated"
    life.draft(outage)
    life.now = NOON + 4 * HOUR
    assert life.refused(lambda: life.approve(outage, 2)) == "statement-outdated"


def test_an_approved_text_whose_time_has_passed_is_not_published(life: Life) -> None:
    outage = life.confirm(etr=NOON + 2 * HOUR)
    life.draft(outage)
    life.approve(outage, 1)
    life.now = NOON + 2 * HOUR
    assert life.refused(lambda: life.release(outage, 1)) == "statement-outdated"
    assert life.versions(outage)[0].status is StatementStatus.APPROVED


def test_a_statement_is_withdrawn_by_hand_and_it_is_known_by_whose(db: Database, life: Life) -> None:
    outage = life.confirm()
    life.publish(outage, "Salah tulis.")
    life.by = "dir1"
    life.withdraw(outage, 1)
    with db.reading() as session:
        done = session.scalars(select(OutageHistory).order_by(OutageHistory.id.desc())).first()
    assert done is not None
    assert (done.by, done.event, done.note) == ("dir1", "withdraw", "pernyataan v1")
    assert life.hears().startswith(HOLDING)
    assert life.refused(lambda: life.withdraw(outage, 1)) == "illegal-move"
    life.at(NOON + 2 * HOUR)
    assert life.warned() == []


def test_a_time_on_another_day_is_said_with_its_date(life: Life) -> None:
    life.now = NOON + 10 * HOUR  # 22 WIB
    outage = life.confirm(etr=NOON + 14 * HOUR)
    life.publish(outage)
    said = life.hears()
    assert "Perkiraan menyala tanggal 23 November pukul 2 WIB." in said
    assert "padam sejak tanggal 22 November pukul 22 WIB" in said
    life.now = NOON + 13 * HOUR  # one o'clock at night: as true as before
    assert life.hears() == said


def test_an_older_version_can_be_said_again(life: Life) -> None:
    outage = life.confirm()
    life.draft(outage, "Satu.")
    life.publish(outage, "Dua.")
    life.approve(outage, 1)
    life.heard(life.release(outage, 1))
    life.now += SECOND
    assert life.hears() == "Satu."
    assert life.hears(need_audio=True) == "Satu."


def test_of_what_is_over_nothing_is_left_to_approve(life: Life) -> None:
    outage = life.confirm()
    life.publish(outage, "Segera.")
    life.draft(outage, "Nanti.")
    life.restore(outage)
    assert {one.status for one in life.versions(outage)} == {StatementStatus.WITHDRAWN}
    assert life.refused(lambda: life.draft(outage, "Lagi.")) == "outage-over"
    life.at(NOON + 2 * HOUR)
    assert life.warned() == []
    assert life.hears(ROOT) == ""
