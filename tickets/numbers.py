"""Report numbers: unit prefix (two digits) and nine digits, reserved in blocks before anybody needs one."""

from __future__ import annotations

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator
from tickets.models import NumberSequence

FIRST, LAST = 100_000_001, 999_999_999  # never a leading zero: it would be lost in a spreadsheet


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
