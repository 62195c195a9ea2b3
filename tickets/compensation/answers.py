"""The compensation of one premises for whoever asks, and of a whole unit for billing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from config import csv_table
from config.database import Database
from config.errors import Invalid, NotFound
from config.operator import operator
from tickets.compensation import facts
from tickets.compensation.darkness import Month, minutes
from tickets.compensation.facts import Home
from tickets.compensation.rules import Assessment
from tickets.models import Premises
from tickets.outages import phrases
from tickets.views import CompensationView

CHUNK = 2_000  # premises that are read at once for a table
COLUMNS = (
    *("idpel", "month", "unit", "ulp", "tariff", "powerVa", "tariffAdjusted", "regulation", "darkMinutes"),
    *("exemptMinutes", "interruptions", "declaredHours", "declaredTimes", "percent", "minimumBill", "amount"),
    *("final", "missing", "provisional"),
)


def of_premises(session: Session, wanted: ColumnElement[bool], month: str | None, *, now: datetime) -> Assessment:
    """Of one premises; without a month the one it was dark in last, this or the one before. Raises NotFound
    (`unknown-premises`), Invalid (`month`: none, or one that has not begun).
    """
    home = next(iter(facts.homes(session, wanted, limit=1)), None)
    if home is None:
        raise NotFound("Pelanggan itu tidak ditemukan.", slug="unknown-premises", field="idpel")
    zone = operator().areas.units[home.unit].zone
    if month is not None:
        return _one(session, home, _begun(month, zone, now), now=now)
    this = Month.at(now, zone)
    found = _one(session, home, this, now=now)
    if found.dark.time or found.exempt:
        return found
    before = _one(session, home, this.previous(), now=now)
    return before if before.dark.time or before.exempt else found


def of_caller(session: Session, premises_id: int, *, now: datetime) -> CompensationView:
    """As it is told on the telephone: only what is certain. Raises NotFound (`unknown-premises`)."""
    found = of_premises(session, Premises.id == premises_id, None, now=now)
    sure = found.certain or found.percent == 0
    return CompensationView(
        month=phrases.MONTHS[found.month.number - 1],
        regulation=found.regulation.spoken if found.regulation else "",
        percent=found.percent if sure else None,
    )


def table(database: Database, unit: str, month: str, *, now: datetime) -> Iterator[str]:
    """The premises of a UP3 that are owed something, or could be when what is missing were known: CSV, in parts. Raises
    NotFound (`unknown-unit`) and Invalid (`month`) at once.
    """
    if unit not in operator().areas.units:
        raise NotFound("UP3 itu tidak dikenal.", slug="unknown-unit", field="unit")
    return _parts(database, unit, _begun(month, operator().areas.units[unit].zone, now), now=now)


def _parts(database: Database, unit: str, month: Month, *, now: datetime) -> Iterator[str]:
    yield csv_table.table(COLUMNS, [])
    last = 0
    while True:
        with database.reading() as session:
            wanted = facts.homes(session, Premises.unit == unit, Premises.id > last, limit=CHUNK)
            found = list(facts.assess(session, wanted, month, now=now))
        yield csv_table.lines(_row(home, owed) for home, owed in found if owed.percent != 0)
        if len(wanted) < CHUNK:
            return
        last = wanted[-1].id


def _row(home: Home, found: Assessment) -> list[object]:
    regulation = found.regulation
    return [
        *(home.idpel, found.month, home.unit, home.ulp, home.tariff, home.power_va, _flag(home.tariff_adjusted)),
        *(regulation.name if regulation else "", minutes(found.dark.time), minutes(found.exempt), found.dark.times),
        *(found.declared_hours, found.declared_times, found.percent, home.minimum_bill, found.amount),
        *(_flag(found.final), " ".join(found.missing), regulation.provisional if regulation else ""),
    ]


def _flag(value: bool | None) -> str:
    return "" if value is None else "ya" if value else "tidak"


def _one(session: Session, home: Home, month: Month, *, now: datetime) -> Assessment:
    return next(found for _, found in facts.assess(session, [home], month, now=now))


def _begun(text: str, zone: str, now: datetime) -> Month:
    month = Month.of(text, zone)
    if month.begin > now:
        raise Invalid("Bulan itu belum mulai.", slug="month", field="month")
    return month
