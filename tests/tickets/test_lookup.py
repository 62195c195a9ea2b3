"""What a live call reads: who is at this number, and what may be said about this area."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.database import Database
from tests.fixtures.tickets import NOON, a_premises, a_report, link_phone
from tickets import reports, worklists
from tickets.kinds import ReportKind
from tickets.outages import lookup, outages, statements
from tickets.outages.scopes import Place
from tickets.worklists import Wanted

pytestmark = pytest.mark.database

ANI = "+6281201000001"


def test_a_number_gives_its_premises_with_area_and_special_need(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session, area="31.71.05", phone=ANI, life_support=True, name="Adira Wiratala")
    with db.reading() as session:
        (view,) = lookup.premises_by_phone(session, ANI)
    assert (view.id, view.area, view.area_name, view.unit_prefix) == (premises.id, "31.71.05", "Cempaka Putih", "54")
    assert (view.customer_name, view.life_support) == ("Adira Wiratala", True)


def test_a_number_with_many_premises_names_the_first_five(db: Database) -> None:
    with db.transaction() as session:
        premises = [a_premises(session) for _ in range(7)]
        link_phone(session, ANI, *premises)
    with db.reading() as session:
        found = [view.id for view in lookup.premises_by_phone(session, ANI)]
        assert found == [one.id for one in premises[:5]]
        assert lookup.streets_spoken(session) == ["Jl. Kenanga Raya"]


def test_an_unknown_or_withheld_number_gives_nothing(db: Database) -> None:
    with db.reading() as session:
        assert lookup.premises_by_phone(session, ANI) == []
        assert lookup.premises_by_phone(session, "") == []
        assert lookup.streets_spoken(session) == []


def test_twelve_digits_are_an_idpel_and_eleven_a_meter(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session, idpel="540000000012", meter="54000000001")
    with db.reading() as session:
        for digits in ("540000000012", "54000000001"):
            found = lookup.premises_by_number(session, digits)
            assert found is not None
            assert found.id == premises.id
        for digits in ("540000000013", "54000000002", "5400000000", "", "x"):
            assert lookup.premises_by_number(session, digits) is None
        assert lookup.premises_by_id(session, premises.id) is not None
        assert lookup.premises_by_id(session, 10**6) is None


def test_before_a_statement_the_holding_sentence_is_heard_and_then_the_statement(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31.71", cause="", etr=None, by="spv1", now=NOON)
    with db.reading() as session:
        known = lookup.known_outage(session, Place("31.71.06"), now=NOON)
    assert known is not None
    assert (known.holding, known.statement_id, known.area_name) == (True, None, "Jakarta Pusat")
    assert known.spoken.startswith("Kami menerima banyak laporan padam dari wilayah Jakarta Pusat.")

    with db.transaction() as session:
        statement = statements.publish(session, outage.id, text="Sudah kami tangani.", by="spv1", now=NOON)
    with db.reading() as session:
        unheard = lookup.known_outage(session, Place("31.71.06"), now=NOON)
        read_aloud_by_the_carrier = lookup.known_outage(session, Place("31.71.06"), now=NOON, need_audio=False)
    assert unheard is not None
    assert unheard.holding  # its sound does not exist yet
    assert read_aloud_by_the_carrier is not None
    assert read_aloud_by_the_carrier.spoken == "Sudah kami tangani."

    with db.transaction() as session:
        statements.mark_rendered(session, statement.id, now=NOON)
    with db.reading() as session:
        heard = lookup.known_outage(session, Place("31.71.06"), now=NOON)
    assert heard is not None
    assert (heard.spoken, heard.holding, heard.statement_id) == ("Sudah kami tangani.", False, statement.id)
    assert heard.published_at == NOON


def test_while_the_new_sound_is_made_the_old_word_is_heard_but_not_for_long(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="31", cause="", etr=None, by="spv1", now=NOON)
        first = statements.publish(session, outage.id, text="Satu.", by="spv1", now=NOON)
        statements.mark_rendered(session, first.id, now=NOON)
        statements.publish(session, outage.id, text="Dua.", by="spv1", now=NOON)
    with db.reading() as session:
        soon = lookup.known_outage(session, Place("31"), now=NOON + timedelta(seconds=59))
        later = lookup.known_outage(session, Place("31"), now=NOON + timedelta(seconds=61))
    assert soon is not None
    assert later is not None
    assert soon.spoken == "Satu."
    assert later.holding


@pytest.mark.parametrize(
    ("outage", "caller", "covered"),
    [
        ("19.71", "19.71.02", True),
        ("19", "19.71.02", True),
        ("19.71.02", "19.71.02", True),
        ("19.71.02", "19.71.01", False),
        ("19.71.02", "19.71", False),  # a caller known only by his town is not told about one district
        ("19.01", "19.03.01", False),
    ],
)
def test_an_outage_covers_its_area_and_all_below(db: Database, outage: str, caller: str, covered: bool) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area=outage, cause="", etr=None, by="spv1", now=NOON)
    with db.reading() as session:
        assert (lookup.known_outage(session, Place(caller), now=NOON) is not None) is covered


def test_the_newest_of_several_outages_is_told(db: Database) -> None:
    with db.transaction() as session:
        outages.confirm_outage(session, area="19.71.05", cause="", etr=None, by="spv1", now=NOON)
        wide = outages.confirm_outage(session, area="19", cause="", etr=None, by="spv1", now=NOON)
    with db.reading() as session:
        known = lookup.known_outage(session, Place("19.71.05"), now=NOON)
    assert known is not None
    assert known.id == wide.id


def test_a_region_lists_what_lies_in_it_or_over_it(db: Database) -> None:
    with db.transaction() as session:
        made = [
            outages.confirm_outage(session, area=area, cause="", etr=None, by="spv1", now=NOON).id
            for area in ("19.71.05", "19.03", "31.71.06")
        ]
    with db.reading() as session:
        assert {known.id for known in lookup.outages_in_region(session, "19", now=NOON)} == set(made[:2])
        assert {known.id for known in lookup.outages_in_region(session, "19.71", now=NOON)} == {made[0]}
        assert {known.id for known in lookup.outages_in_region(session, "31.71.06", now=NOON)} == {made[2]}
        said = set(lookup.live_spoken(session, now=NOON)["id"])
        for known in lookup.live_outages(session, now=NOON):
            assert {known.area_name, known.holding_text, *known.said["id"]} <= said


def test_a_restored_outage_is_not_told(db: Database) -> None:
    with db.transaction() as session:
        outage = outages.confirm_outage(session, area="19", cause="", etr=None, by="spv1", now=NOON)
        outages.restore_outage(session, outage.id, by="spv1", now=NOON)
    with db.reading() as session:
        assert lookup.known_outage(session, Place("19"), now=NOON) is None


def test_nobody_who_phones_first_is_told_that_all_is_well(db: Database) -> None:
    with db.transaction() as session:
        outages.propose_outage(session, area="19", since=NOON, evidence={}, by="system", now=NOON)
    with db.reading() as session:
        known = lookup.known_outage(session, Place("19.71.05"), now=NOON)
    assert known is not None
    assert known.holding


def test_open_reports_of_a_caller_come_with_the_state_of_their_work(db: Database) -> None:
    with db.transaction() as session:
        premises = a_premises(session)
        fault = reports.file_report(session, a_report(premises_id=premises.id), now=NOON)
        reports.file_report(
            session, a_report(kind=ReportKind.KELUHAN, premises_id=premises.id), now=NOON + timedelta(minutes=1)
        )
        reports.file_report(session, a_report(premises_id=a_premises(session).id), now=NOON)
    with db.reading() as session:
        found = lookup.open_reports(session, [premises.id])
        starred = reports.by_number(session, f"{fault.number}*")
        assert lookup.open_reports(session, []) == []
        assert len(worklists.newest(session, Wanted(unit="jakarta"))) == 3
        assert worklists.newest(session, Wanted(unit="bangka")) == []
    assert [(view.kind, view.work_order_status) for view in found] == [("K", None), ("G", "waiting")]
    assert starred.id == fault.id
