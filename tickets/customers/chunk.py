"""Some thousand premises written at once: what is new, what is different, what is the same (ADR 39)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from config.errors import Invalid
from tickets import bulk, words
from tickets.customers import register
from tickets.customers.lines import OPTIONAL, CustomerLine
from tickets.models import Customer, Phone, Premises, PremisesEntry, PremisesPhone, SpecialNeed

# What stands in the row of the premises itself, under the same names.
OWN = (
    *("idpel", "meter", "area", "unit", "ulp", "street", "address", "tariff", "power_va", "lat", "lon"),
    *OPTIONAL,
)


@dataclass
class Written:
    """Counts of lines; `refused` by place in the list."""

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: dict[int, Invalid] = field(default_factory=dict)


@dataclass(frozen=True)
class _Known:
    """A premises as it is in the database."""

    id: int
    customer_id: int
    line: CustomerLine


_Pair = tuple[_Known, CustomerLine]


def alone(session: Session) -> None:
    """Until the end of this transaction nobody else adds or changes customers; calls and reports go on."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE customer, premises, phone, premises_phone IN SHARE ROW EXCLUSIVE MODE"))


def write(session: Session, lines: Sequence[CustomerLine]) -> Written:
    """Add and change by IDPEL; of several lines for one the last counts. The caller is `alone`.

    A line is refused (`meter-taken`) when its meter hangs at another premises.
    """
    done = Written()
    last = {line.idpel: at for at, line in enumerate(lines)}
    known = _known(session, list(last))
    lines = [_completed(line, known[line.idpel].line) if line.idpel in known else line for line in lines]
    done.refused = _meters_taken(session, lines, sorted(last.values()), known)
    wanted = [lines[at] for at in sorted(last.values()) if at not in done.refused]
    different = [(known[line.idpel], line) for line in wanted if line.idpel in known]
    different = [(old, line) for old, line in different if not _alike(old.line, line)]
    fresh = [line for line in wanted if line.idpel not in known]
    _change(session, different)
    _add(session, fresh)
    done.added, done.changed = len(fresh), len(different)
    done.same = len(lines) - len(fresh) - len(different) - len(done.refused)
    return done


def _completed(line: CustomerLine, known: CustomerLine) -> CustomerLine:
    """With what is known where the file has no column for it."""
    untold = [name for name in OPTIONAL if name not in line.told]
    return replace(line, **{name: getattr(known, name) for name in untold}) if untold else line


def _alike(old: CustomerLine, new: CustomerLine) -> bool:
    names = [each.name for each in fields(CustomerLine) if each.name not in ("phones", "told")]
    return set(old.phones) == set(new.phones) and all(getattr(old, one) == getattr(new, one) for one in names)


def _known(session: Session, idpels: list[str]) -> dict[str, _Known]:
    needs = (SpecialNeed.life_support, SpecialNeed.public_service)
    own = [getattr(Premises, name) for name in OWN]
    rows = (
        select(Premises.id, Premises.customer_id, Customer.name, *needs, *own)
        .join(Customer, Customer.id == Premises.customer_id)
        .outerjoin(SpecialNeed, SpecialNeed.premises_id == Premises.id)
        .where(Premises.idpel.in_(idpels))
    )
    found = session.execute(rows).mappings().all()
    phones = register.phones_of(session, [row["id"] for row in found])
    return {
        row["idpel"]: _Known(
            row["id"],
            row["customer_id"],
            CustomerLine(
                **{name: row[name] for name in OWN},
                name=row["name"],
                phones=tuple(phones[row["id"]]),
                life_support=bool(row["life_support"]),
                public_service=bool(row["public_service"]),
            ),
        )
        for row in found
    }


def _meters_taken(
    session: Session, lines: Sequence[CustomerLine], order: list[int], known: dict[str, _Known]
) -> dict[int, Invalid]:
    """In the order of the file: a meter is free from the line on in which its premises gets another one."""
    meters = [lines[at].meter for at in order if lines[at].meter]
    rows = session.execute(select(Premises.meter, Premises.idpel).where(Premises.meter.in_(meters)))
    holder: dict[str | None, str] = dict(iter(rows))
    refused = {}
    for at in order:
        line = lines[at]
        if line.meter and holder.get(line.meter, line.idpel) != line.idpel:
            refused[at] = Invalid("The meter hangs at another premises.", slug="meter-taken", field="meter")
            continue
        before = known[line.idpel].line.meter if line.idpel in known else None
        if before and before != line.meter:
            holder.pop(before, None)
        if line.meter:
            holder[line.meter] = line.idpel
    return refused


def _add(session: Session, lines: list[CustomerLine]) -> None:
    customers, ids = bulk.new_ids(session, Customer, len(lines)), bulk.new_ids(session, Premises, len(lines))
    pairs = list(zip(ids, lines, strict=True))
    bulk.write(
        session, Customer, ("id", "name"), [(one, line.name) for one, line in zip(customers, lines, strict=True)]
    )
    rows = [
        (one, customer, *(getattr(line, name) for name in OWN))
        for (one, line), customer in zip(pairs, customers, strict=True)
    ]
    bulk.write(session, Premises, ("id", "customer_id", *OWN), rows)
    needs = [(one, line.life_support, line.public_service) for one, line in pairs if _special(line)]
    bulk.write(session, SpecialNeed, ("premises_id", "life_support", "public_service"), needs)
    _link(session, [(one, e164) for one, line in pairs for e164 in line.phones])
    entries = [(int(kind), said, one) for one, line in pairs for kind, said in _entries(line)]
    bulk.write(session, PremisesEntry, ("kind", "text", "premises_id"), entries)


def _entries(line: CustomerLine) -> set[register.Entry]:
    place = register.place(line.street, line.address)
    return words.entries(line.name, place, [line.idpel, line.meter or "", *line.phones])


def _special(line: CustomerLine) -> bool:
    return line.life_support or line.public_service


def _link(session: Session, pairs: list[tuple[int, str]]) -> None:
    """Telephones that are not yet known are added; `pairs` are links that do not exist yet."""
    numbers = list(dict.fromkeys(e164 for _, e164 in pairs))
    known = {e164: one for one, e164 in session.execute(select(Phone.id, Phone.e164).where(Phone.e164.in_(numbers)))}
    unknown = [e164 for e164 in numbers if e164 not in known]
    fresh = list(zip(bulk.new_ids(session, Phone, len(unknown)), unknown, strict=True))
    bulk.write(session, Phone, ("id", "e164"), fresh)
    known |= {e164: one for one, e164 in fresh}
    bulk.write(session, PremisesPhone, ("phone_id", "premises_id"), [(known[e164], one) for one, e164 in pairs])


def _change(session: Session, pairs: list[_Pair]) -> None:
    if not pairs:
        return
    _rename(session, [(old, line) for old, line in pairs if old.line.name != line.name])
    table = bulk.table(Premises)
    own = update(table).where(table.c.id == bindparam("_id")).values({name: bindparam(name) for name in OWN})
    session.execute(own, [{"_id": old.id, **{name: getattr(line, name) for name in OWN}} for old, line in pairs])
    _need(session, [(old, line) for old, line in pairs if _needs(old.line) != _needs(line)])
    _phone(session, pairs)
    ids = [old.id for old, _ in pairs]
    register.premises(session, ids)
    register.reports_of_premises(session, ids)


def _rename(session: Session, pairs: list[_Pair]) -> None:
    """A customer of several premises stays who he is for the others."""
    ids = [old.customer_id for old, _ in pairs]
    owners = select(Premises.customer_id).where(Premises.customer_id.in_(ids)).group_by(Premises.customer_id)
    shared = set(session.scalars(owners.having(func.count() > 1)))
    for old, line in pairs:
        if old.customer_id not in shared:
            session.execute(update(Customer).where(Customer.id == old.customer_id).values(name=line.name))
            continue
        customer = Customer(name=line.name)
        session.add(customer)
        session.flush()
        session.execute(update(Premises).where(Premises.id == old.id).values(customer_id=customer.id))


def _needs(line: CustomerLine) -> tuple[bool, bool]:
    return line.life_support, line.public_service


def _need(session: Session, pairs: list[_Pair]) -> None:
    session.execute(delete(SpecialNeed).where(SpecialNeed.premises_id.in_([old.id for old, _ in pairs])))
    rows: list[dict[str, Any]] = [
        {"premises_id": old.id, "life_support": line.life_support, "public_service": line.public_service}
        for old, line in pairs
        if _special(line)
    ]
    if rows:
        session.execute(insert(SpecialNeed), rows)


def _phone(session: Session, pairs: list[_Pair]) -> None:
    for old, line in pairs:
        gone = set(old.line.phones) - set(line.phones)
        if gone:
            numbers = select(Phone.id).where(Phone.e164.in_(gone))
            links = delete(PremisesPhone).where(
                PremisesPhone.premises_id == old.id, PremisesPhone.phone_id.in_(numbers)
            )
            session.execute(links)
    _link(session, [(old.id, e164) for old, line in pairs for e164 in line.phones if e164 not in old.line.phones])
