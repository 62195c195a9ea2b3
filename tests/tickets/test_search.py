"""Search as you type: customers and reports by the beginning of whatever is known of them."""

from __future__ import annotations

import random

import pytest
from alembic import command
from sqlalchemy import select

from config import migrate
from config.database import Database
from config.errors import Invalid
from tests.fixtures.tickets import NOON, a_premises, a_report, link_phone
from tickets import repeats, reports, words
from tickets.contacts import Contact
from tickets.customers import register, search
from tickets.kinds import Intent, ReportingKind, ReportKind
from tickets.models import Customer, Premises, PremisesEntry, Report, ReportEntry
from tickets.schemas import Changes
from tickets.states import ReportStatus
from tickets.worklists import Wanted

pytestmark = pytest.mark.database

ANI = "+6281201000001"
REGISTERS = (PremisesEntry, ReportEntry)
PEOPLE = [  # name, address
    ("Budi Santoso", "Jl. Kenanga Raya 12, Menteng"),
    ("Budiman Hartono", "Gg. Melati 3, Tebet"),
    ("Siti Budiarti", "Jl. Mawar 7, Menteng"),
    ("Agus Santoso", "Jl. Budi Utomo 1, Tebet"),
    ("Désirée O'Neal", "Jl. Kenanga Dalam 120, Koba"),
    ("Indira 100% Sumarwana", "Blok C_4, Koba"),
]


def _names(db: Database, q: str, limit: int = 20) -> list[str]:
    with db.reading() as session:
        return [view.customer_name for view in search.premises(session, q, limit=limit).rows]


@pytest.fixture
def town(db: Database) -> Database:
    """Where PEOPLE live."""
    with db.transaction() as session:
        for at, (name, address) in enumerate(PEOPLE):
            one = a_premises(session, name=name, idpel=f"5412340000{at:02}", meter=f"1412340000{at}")
            one.street, one.address = address.split(",", maxsplit=1)[0].rstrip(" 0123456789"), address
            register.premises(session, [one.id])
    return db


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("budi", ["Budi Santoso", "Siti Budiarti", "Budiman Hartono", "Agus Santoso"]),  # names, then streets
        ("BUDIM", ["Budiman Hartono"]),
        ("santoso", ["Agus Santoso", "Budi Santoso"]),
        ("budi san", ["Budi Santoso", "Agus Santoso"]),  # as typed first
        ("san budi", ["Budi Santoso", "Agus Santoso"]),
        ("kenanga", ["Désirée O'Neal", "Budi Santoso"]),
        ("jl. kenanga raya 12", ["Budi Santoso"]),
        ("kenanga 12", ["Désirée O'Neal", "Budi Santoso"]),  # 12 and 120
        ("menteng siti", ["Siti Budiarti"]),
        ("desiree oneal", ["Désirée O'Neal"]),
        ("sumarwana 100%", ["Indira 100% Sumarwana"]),
        ("bu%i", []),  # no wildcard of the database reaches it
        ("b_di", []),
        ("budi kenanga melati", []),
        ("541234000001", ["Budiman Hartono"]),
        ("54123400000", [person for person, _ in PEOPLE]),
        ("14123400003", ["Agus Santoso"]),
    ],
)
def test_customers_are_found_by_the_beginning_of_each_word_or_number(
    town: Database, typed: str, found: list[str]
) -> None:
    assert _names(town, typed) == found


@pytest.mark.parametrize("typed", ["0812", "0812 0100", "+62812", "62812010", "081201000001", ANI, "+62 812-0100-0001"])
def test_a_telephone_is_found_as_it_is_typed_and_by_its_beginning(db: Database, typed: str) -> None:
    with db.transaction() as session:
        a_premises(session, name="Elvira Surolaya", phone="+6281301000001")
        one = a_premises(session, name="Adira Wiratala", phone=ANI)
        two = a_premises(session, name="Bintari Wiratala")
        link_phone(session, "+6281201000002", one, two)
    whole = "".join(c for c in typed if c.isdigit()).endswith("1201000001")
    assert _names(db, typed) == ["Adira Wiratala", "Bintari Wiratala"][: 1 if whole else 2]


def test_the_exact_number_comes_before_longer_ones_and_a_name_before_a_street(db: Database) -> None:
    with db.transaction() as session:
        a_premises(session, name="Mawar Satu", idpel="141234000011")
        a_premises(session, name="Elvira", meter="14123400001")
        street = a_premises(session, name="Adira")
        street.address = "Jl. Mawar 1"
        register.premises(session, [street.id])
    assert _names(db, "14123400001") == ["Elvira", "Mawar Satu"]
    assert _names(db, "mawar") == ["Mawar Satu", "Adira"]


def test_more_than_fits_and_more_than_is_looked_at_are_said_so(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        for _ in range(6):
            a_premises(session, name="Budi Satu")
        a_premises(session, name="Siti Budi")
    with db.reading() as session:
        few = search.premises(session, "budi", limit=5)
        all_of_them = search.premises(session, "budi", limit=7)
        both = search.premises(session, "budi sit", limit=5)
    assert (len(few.rows), few.narrow) == (5, True)
    assert (len(all_of_them.rows), all_of_them.narrow) == (7, False)
    assert ([view.customer_name for view in both.rows], both.narrow) == (["Siti Budi"], False)

    monkeypatch.setattr(search, "SCAN", 3)
    with db.reading() as session:
        bounded = search.premises(session, "kenanga budi satu xyz", limit=5)
        rare = search.premises(session, "budi sit", limit=5)
    assert (bounded.rows, bounded.narrow) == ([], True)  # three words that everybody has: nothing says there is none
    assert ([view.customer_name for view in rare.rows], rare.narrow) == (["Siti Budi"], False)


@pytest.mark.parametrize("typed", ["no. 120", "rt 12 rw 3"])
def test_a_house_number_alone_is_not_looked_for_and_that_is_said_so(town: Database, typed: str) -> None:
    with town.reading() as session:
        assert search.premises(session, typed) == search.Found([], narrow=True)


def test_who_moves_or_is_renamed_is_found_anew_and_no_longer_as_before(town: Database) -> None:
    with town.transaction() as session:
        premises = session.scalars(select(Premises).where(Premises.idpel == "541234000000")).one()
        session.get_one(Customer, premises.customer_id).name = "Kirana Wanasela"
        premises.address = "Jl. Teratai 9, Mentok"
        register.premises(session, [premises.id])
    assert _names(town, "kirana") == _names(town, "teratai 9") == ["Kirana Wanasela"]
    assert _names(town, "budi santoso") == ["Agus Santoso"]


def test_reports_are_found_by_their_own_data_and_by_those_of_their_premises(db: Database) -> None:
    with db.transaction() as session:
        home = a_premises(session, name="Gantari Jenggarana", idpel="541234000012", meter="14123400001", phone=ANI)
        fault = reports.file_report(session, a_report(premises_id=home.id, phone="+6281301000001"), now=NOON)
        other = reports.file_report(session, a_report(kind=ReportKind.KELUHAN, area="31.71.06", phone=ANI), now=NOON)
        other.reporter, other.address, other.mobile = "Narendra Surolaya", "Jl. Seroja 4", "+622150000001"
        register.reports(session, [other.id])
        numbers = fault.number, other.number
    both, first, second = set(numbers), {numbers[0]}, {numbers[1]}
    expected = {
        numbers[0]: first,
        f"{numbers[0]}*": first,  # C10
        numbers[0][:8]: both,
        "0812": both,
        "0813 0100": first,
        "+62813": first,
        "021500": second,
        "541234": first,
        "14123400001": first,
        "gantari": first,
        "naren": second,
        "seroja 4": second,
        "kenanga": first,
        "kenanga naren": set(),
    }
    with db.reading() as session:
        got = {typed: {row.number for row in search.reports(session, typed).rows} for typed in expected}
        starred = search.reports(session, "0812", Wanted(status=ReportStatus.SELESAI).columns())
        elsewhere = search.reports(session, "gantari", Wanted(unit="bangka").columns())
        here = search.reports(session, "gantari", Wanted(unit="jakarta", status=ReportStatus.BELUM_SELESAI).columns())
    assert got == expected
    assert starred.rows == elsewhere.rows == []
    assert [row.number for row in here.rows] == [numbers[0]]


def test_what_an_update_tells_is_found_and_what_it_replaced_is_not(db: Database) -> None:
    with db.transaction() as session:
        told = a_report(kind=ReportKind.KELUHAN, area="31.71.06", phone=ANI, reporter="Narendra Surolaya")
        number = reports.file_report(session, told, now=NOON).number
        changes = Changes(reporter="Kirana Wanasela", phone="0813 0100 0001", address="Jl. Teratai 9")
        contact = Contact(by="cso1", channel=ReportingKind.CALL, key="test:update")
        repeats.update(
            session, number, intent=Intent.CUST_DATA, urgent=None, changes=changes, contact=contact, now=NOON
        )
    with db.reading() as session:
        for typed in ("kirana", "teratai 9", "0813"):
            assert [row.number for row in search.reports(session, typed).rows] == [number]
        for typed in ("narendra", "0812"):
            assert search.reports(session, typed).rows == []


def test_of_a_callers_many_reports_the_newest_come_first(db: Database) -> None:
    with db.transaction() as session:
        for _ in range(9):
            reports.file_report(session, a_report(kind=ReportKind.KELUHAN, area="31.71.06", phone=ANI), now=NOON)
    with db.reading() as session:
        found = search.reports(session, "081201000001", limit=2)  # of which fewer than nine are read
        ids = sorted(session.scalars(select(Report.id)), reverse=True)
    assert [row.id for row in found.rows] == ids[:2]
    assert found.narrow


def test_what_cannot_be_searched_is_refused(db: Database) -> None:
    with db.reading() as session, pytest.raises(Invalid):
        search.premises(session, "%")
    with db.reading() as session, pytest.raises(Invalid):
        search.reports(session, "a" * 61)


def test_who_was_there_before_the_register_is_found_too(db: Database) -> None:
    with db.transaction() as session:
        home = a_premises(session, name="Gantari Jenggarana", meter="14123400001", phone=ANI)
        told = a_report(premises_id=home.id, reporter="Narendra Surolaya", address="Jl. Seroja 4")
        number = reports.file_report(session, told, now=NOON).number
        reports.file_report(session, a_report(kind=ReportKind.KELUHAN, area="31.71.06"), now=NOON)
        before = [set(session.execute(select(table.kind, table.text, table.owner))) for table in REGISTERS]
    config = migrate.alembic_config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0008_first_told")
        command.upgrade(config, "head")
        connection.commit()
    with db.reading() as session:
        assert [set(session.execute(select(table.kind, table.text, table.owner))) for table in REGISTERS] == before
        assert [row.number for row in search.reports(session, "naren sero").rows] == [number]


def test_what_is_found_is_what_looking_at_everybody_finds(db: Database) -> None:
    """A model: every typed word begins a word of the name or the address, each another one."""
    draw = random.Random(4)  # noqa: S311 - no secret
    syllables = ["ba", "bu", "di", "ka", "ma", "sa", "si", "ti"]
    told = {}
    with db.transaction() as session:
        for _ in range(120):
            parts = ["".join(draw.choices(syllables, k=draw.randint(1, 3))) for _ in range(4)]
            one = a_premises(session, name=" ".join(parts[:2]))
            one.street, one.address = f"Jl. {parts[2]}", f"Jl. {parts[2]} {draw.randint(1, 99)}, {parts[3]}"
            register.premises(session, [one.id])
            told[one.id] = list(dict.fromkeys(words.told(one.address) + parts[:2]))
    for _ in range(150):
        person = draw.choice(list(told.values()))
        typed = [
            word[: draw.randint(1, len(word))] for word in draw.sample(person, min(len(person), draw.randint(1, 3)))
        ]
        if len("".join(typed)) < words.SHORTEST or all(map(words.is_number, typed)):
            continue
        wanted = {one for one, every in told.items() if _matches(every, list(dict.fromkeys(typed)))}
        with db.reading() as session:
            found = search.premises(session, " ".join(typed), limit=200)
        assert {view.id for view in found.rows} == wanted, typed
        assert not found.narrow


def _matches(every: list[str], typed: list[str]) -> bool:
    """The longest word drives the search; the others are looked for beside the word that it begins."""
    driver = max((word for word in typed if not words.is_number(word)), key=len)
    others = [word for word in typed if word != driver]
    return any(
        first.startswith(driver) and all(any(w.startswith(o) for w in every if w != first) for o in others)
        for first in every
        if not words.is_number(first)
    )
