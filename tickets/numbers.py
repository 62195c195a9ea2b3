"""Report numbers: unit prefix (two digits) and nine digits, reserved in blocks before anybody needs one."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator
from tickets.models import NumberSequence, Report, ToldNumber

FIRST, LAST = 100_000_001, 999_999_999  # never a leading zero: it would be lost in a spreadsheet


def names(number: str) -> ColumnElement[bool]:
    """In a query about reports: that of a number, with or without its star (C10), or the one it was told for."""
    plain = number.removesuffix("*")
    told = select(ToldNumber.report_id).where(ToldNumber.number == plain)
    return or_(Report.number == plain, Report.id == told.scalar_subquery())


def also(session: Session, report: Report, number: str) -> bool:
    """From now on the report is found by this number too; False when it is already. Its register is the caller's."""
    if number == report.number or session.get(ToldNumber, number) is not None:
        return False
    session.add(ToldNumber(number=number, report_id=report.id))
    session.flush()
    return True


def reserve(session: Session, prefix: str, count: int) -> list[str]:
    """The next `count` numbers of a unit, yours alone once this transaction commits. A block that is not used up
    leaves a gap and nothing else.
    """
    if prefix not in {unit.prefix for unit in operator().areas.units.values()}:
        raise Invalid("Tidak ada unit dengan awalan nomor itu.", slug="unknown-prefix", field="prefix")
    session.execute(
        text("INSERT INTO number_sequence (prefix, next) VALUES (:prefix, :first) ON CONFLICT (prefix) DO NOTHING"),
        {"prefix": prefix, "first": FIRST},
    )
    end = session.execute(
        update(NumberSequence)
        .where(NumberSequence.prefix == prefix)
        .values(next=NumberSequence.next + count)
        .returning(NumberSequence.next)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    if end - 1 > LAST:
        raise Refused("Nomor laporan unit ini sudah habis.", slug="numbers-exhausted", status=503)
    return [f"{prefix}{number}" for number in range(end - count, end)]
