"""The search register: the one place that writes what premises and reports are found by (ADR 38)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tickets import bulk, words
from tickets.kinds import EntryKind
from tickets.models import Customer, Phone, Premises, PremisesEntry, PremisesPhone, Report, ReportEntry, ToldNumber

AT_ONCE = 5_000  # values in one statement
Entry = tuple[EntryKind, str]


def premises(session: Session, ids: Iterable[int]) -> None:
    """Whoever adds or changes a premises, its customer or its telephones says so here, in the same transaction."""
    for part in _parts(ids):
        facts = _premises_facts(session, part)
        _replace(session, PremisesEntry, {one: words.entries(**fact) for one, fact in facts.items()})


def reports(session: Session, ids: Iterable[int]) -> None:
    """Whoever files a report or changes who reported, where and how to call back says so here, in the same transaction.

    A report is found by its own data and by those of its premises.
    """
    for part in _parts(ids):
        _reports(session, part)


def _reports(session: Session, ids: list[int]) -> None:
    session.flush()
    columns = (Report.number, Report.phone, Report.mobile, Report.reporter, Report.address)
    facts = select(Report.id, Report.premises_id, *columns).where(Report.id.in_(ids)).order_by(Report.id)
    # Locked: two who change one report write its entries one after the other.
    rows = session.execute(facts.with_for_update()).all()
    told: dict[int, list[str]] = defaultdict(list)
    for owner, number in session.execute(
        select(ToldNumber.report_id, ToldNumber.number).where(ToldNumber.report_id.in_(ids))
    ):
        told[owner].append(number)
    known = _premises_facts(session, [row.premises_id for row in rows if row.premises_id is not None])
    found = {}
    for row in rows:
        own = known.get(row.premises_id, {"name": "", "place": "", "numbers": []})
        numbers = [row.number, *told[row.id], row.phone, row.mobile, *own["numbers"]]
        found[row.id] = words.entries(f"{row.reporter} {own['name']}", f"{row.address} {own['place']}", numbers)
    _replace(session, ReportEntry, found)


def reports_of_premises(session: Session, premises_ids: Sequence[int]) -> None:
    """After a change of premises: their reports are found by the new data too."""
    reports(session, session.scalars(select(Report.id).where(Report.premises_id.in_(premises_ids))))


def place(street: str, address: str) -> str:
    """Both, where the address does not begin with its street."""
    return address if address.startswith(street) else f"{street} {address}"


def phones_of(session: Session, premises_ids: Sequence[int]) -> dict[int, list[str]]:
    """Premises → its telephones (E.164); of one without there is an empty list."""
    phones: dict[int, list[str]] = defaultdict(list)
    links = select(PremisesPhone.premises_id, Phone.e164).join(Phone, Phone.id == PremisesPhone.phone_id)
    for one, e164 in session.execute(links.where(PremisesPhone.premises_id.in_(premises_ids))):
        phones[one].append(e164)
    return phones


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    every = sorted(set(ids))
    return (every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE))


def _premises_facts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    session.flush()
    phones = phones_of(session, ids)
    columns = (Premises.idpel, Premises.meter, Premises.street, Premises.address, Customer.name)
    rows = select(Premises.id, *columns).join(Customer, Customer.id == Premises.customer_id)
    return {
        row.id: {
            "name": row.name,
            "place": place(row.street, row.address),
            "numbers": [row.idpel, row.meter or "", *phones[row.id]],
        }
        for row in session.execute(rows.where(Premises.id.in_(ids)))
    }


def _replace(session: Session, model: type[PremisesEntry | ReportEntry], wanted: Mapping[int, set[Entry]]) -> None:
    old: dict[int, set[Entry]] = defaultdict(set)
    rows = select(model.owner, model.kind, model.text).where(model.owner.in_(list(wanted)))
    for owner, kind, text in session.execute(rows):
        old[owner].add((EntryKind(kind), text))
    gone = [(kind, text, owner) for owner in wanted for kind, text in old[owner] - wanted[owner]]
    for kind, text, owner in gone:
        session.execute(delete(model).where(model.kind == kind, model.text == text, model.owner == owner))
    new = [(int(kind), text, owner) for owner in wanted for kind, text in sorted(wanted[owner] - old[owner])]
    bulk.write(session, model, ("kind", "text", bulk.table(model).c[2].name), new)
