"""A demo utility: UP3 Bangka and a part of Jakarta, invented from end to end. The same every time it is made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from config.clock import SystemClock
from config.database import database
from config.operator import operator
from tickets import numbers, reports
from tickets.customers import register
from tickets.kinds import CauseKind, ReportingKind, ReportKind
from tickets.models import Crew, Customer, Outage, Phone, Premises, PremisesPhone, SpecialNeed
from tickets.outages import outages, phrases, planned, statements
from tickets.schemas import NewReport

CUSTOMERS = 3_200
OUT = "19.71.05"  # Gerunggang: the live outage
WORK = "19.05.01"  # Mentok: planned work tomorrow
# Sample callers; the key is what `suar seed --demo` prints.
SAMPLES = {
    "in_outage": "+6281201000101",
    "no_outage": "+6281201000102",
    "several_premises": "+6281201000103",
    "unknown": "+6281201000104",
    "life_support": "+6281201000105",
    "has_open_report": "+6281201000106",
}
_SAMPLE_AREAS = {
    "in_outage": (OUT,),
    "no_outage": ("31.71.06",),
    "several_premises": ("19.71.02", "19.01.01", "19.04.01"),
    "life_support": ("31.71.05",),
    "has_open_report": ("19.03.01",),
}

_FIRST = (
    *("Adira", "Bintari", "Cakrana", "Danela", "Elvira", "Farela", "Gantari"),
    *("Harsita", "Indira", "Jelita", "Kirana", "Laksita", "Mayang", "Narendra"),
)
_LAST = (
    *("Wiratala", "Kandaloka", "Sumarwana", "Antaboga", "Pradelta"),
    *("Jenggarana", "Mandarela", "Surolaya", "Tirtawana", "Wanasela"),
)
_STREETS = (
    *("Kenanga", "Melur", "Cempaka", "Flamboyan", "Anggrek", "Teratai"),
    *("Bakung", "Dahlia", "Seroja", "Kemuning", "Mawar", "Tanjung"),
)
# Where each ULP has its posko, degrees; its customers are strewn around.
_POSKO = {
    "pangkalpinang": (-2.130, 106.113), "sungailiat": (-1.855, 106.121), "mentok": (-2.062, 105.163),
    "koba": (-2.489, 106.418), "toboali": (-3.006, 106.454),
    "menteng": (-6.196, 106.832), "cempaka-putih": (-6.181, 106.869), "tebet": (-6.229, 106.858),
}  # fmt: skip
_WIDE = {"bangka": 0.03, "jakarta": 0.01}  # degrees to each side
_SKILLS = (["meter", "tm"], ["meter"], ["tm"])  # of the crews of a ULP, in turn
_PLATES = {"bangka": "BN", "jakarta": "B"}
_CREWS_PER_ULP = 3
_FEEDERS = 4  # of each ULP


def seed_demo() -> dict[str, Any]:
    """Fill an empty, migrated database; on a filled one change nothing. Returns the sample numbers (E.164)."""
    with database().transaction() as session:
        seed(session, now=SystemClock().now())
    return dict(SAMPLES)


def seed(session: Session, *, now: datetime) -> None:
    """The demo data in one transaction, through the services where there is one."""
    if session.scalar(select(Crew.id).limit(1)) is not None:
        return
    _crews(session)
    _customers(session)
    _samples(session)
    register.premises(session, session.scalars(select(Premises.id)))
    _outage(session, now)
    _work(session, now)
    _open_report(session, now)


def _crews(session: Session) -> None:
    # Menteng first: `regu1` is the crew that gets the demo caller's work order.
    units = sorted(operator().areas.units.items(), key=lambda item: item[0] != "jakarta")
    for unit, facts in units:
        for at, ulp in enumerate(facts.ulp):
            for n in range(1, _CREWS_PER_ULP + 1):
                serial = at * _CREWS_PER_ULP + n
                first = unit == "jakarta" and serial == 1
                session.add(
                    Crew(
                        name=f"Regu {facts.ulp[ulp].removeprefix('ULP ')} {n}",
                        unit=unit,
                        ulp=[ulp],
                        plate=f"{_PLATES.get(unit, 'X')} {9400 + serial} SR",
                        has_mobile=n < _CREWS_PER_ULP,
                        on_duty=True,
                        login="regu1" if first else None,
                        skills=_SKILLS[n - 1],
                        base_lat=_POSKO[ulp][0],
                        base_lon=_POSKO[ulp][1],
                    )
                )
                session.flush()


def _customers(session: Session) -> None:
    codes = sorted(code for code in operator().areas.areas if code.count(".") == 2)
    serials = range(1, CUSTOMERS + 1)
    customers = _insert(session, Customer, [{"name": _name(serial)} for serial in serials])
    rows = [_row(serial, codes[serial % len(codes)]) for serial in serials]
    premises = _insert(
        session, Premises, [{**row, "customer_id": one} for row, one in zip(rows, customers, strict=True)]
    )
    phones = _insert(session, Phone, [{"e164": f"+62812010{serial + 1000:05}"} for serial in serials])
    links = [{"phone_id": phone, "premises_id": one} for phone, one in zip(phones, premises, strict=True)]
    session.execute(insert(PremisesPhone), links)
    # About 218 in 100,000 depend on electricity for life.
    needs = [
        {"premises_id": premises[at], "life_support": at % 2 == 0, "public_service": at % 2 == 1}
        for at in range(456, CUSTOMERS, 457)
    ]
    session.execute(insert(SpecialNeed), needs)


def _insert(session: Session, table: type[Customer | Premises | Phone], rows: list[dict[str, Any]]) -> list[int]:
    """Many rows at once; their ids in the same order."""
    statement = insert(table).returning(table.id, sort_by_parameter_order=True)
    return list(session.scalars(statement, rows))


def _row(serial: int, area: str) -> dict[str, Any]:
    (unit, facts), ulp = operator().unit_of(area), operator().ulp_of(area)
    street = f"Jl. {_STREETS[serial * 7 % len(_STREETS)]}"
    if serial % 3:
        street += f" {('Raya', 'Dalam', 'Indah')[serial % 3]}"
    (lat, lon), wide = _POSKO[ulp], _WIDE[unit]
    power = (900, 1300, 2200)[serial % 3]
    return {
        "idpel": f"{facts.prefix}{serial * 48271 % 10**10:010}",
        "meter": f"{10**10 + serial * 69621 % 10**10}",
        "area": area,
        "unit": unit,
        "ulp": ulp,
        "feeder": f"{ulp[:3].upper()}-{serial % _FEEDERS + 1:02}",
        "street": street,
        "address": f"{street} {serial % 97 + 1}, {operator().area_name(area)}",
        "lat": round(lat + (serial * 37 % 200 - 100) / 100 * wide, 5),
        "lon": round(lon + (serial * 53 % 200 - 100) / 100 * wide, 5),
        "tariff": "B2" if serial % 11 == 0 else "R1",
        "power_va": power,
        "tariff_adjusted": power > 900,
        # 40 hours at what a kWh costs in the demo; of one premises in fifty nobody has told it.
        "minimum_bill": None if serial % 50 == 0 else power * 40 * (1_500 if power > 900 else 600) // 1000,
    }


def _name(serial: int) -> str:
    return f"{_FIRST[serial * 5 % len(_FIRST)]} {_LAST[serial * 3 % len(_LAST)]}"


def _samples(session: Session) -> None:
    serial = CUSTOMERS
    for key, areas in _SAMPLE_AREAS.items():
        customer, phone = Customer(name=_name(serial + 1)), Phone(e164=SAMPLES[key])
        session.add_all([customer, phone])
        session.flush()
        for area in areas:
            serial += 1
            premises = Premises(**_row(serial, area), customer_id=customer.id)
            session.add(premises)
            session.flush()
            session.add(PremisesPhone(phone_id=phone.id, premises_id=premises.id))
            if key == "life_support":
                session.add(SpecialNeed(premises_id=premises.id, life_support=True, public_service=False))
    session.flush()


def _outage(session: Session, now: datetime) -> Outage:
    outage = outages.confirm_outage(
        session,
        area=OUT,
        cause="pohon tumbang menimpa jaringan",
        cause_kind=CauseKind.TREE_DOWN,
        reported_start=now - timedelta(minutes=50),
        etr=now + timedelta(hours=2, minutes=10),
        by="spv1",
        now=now - timedelta(minutes=40),
    )
    statements.publish(session, outage.id, text=None, by="spv1", now=now - timedelta(minutes=20))
    return outage


def _work(session: Session, now: datetime) -> Outage:
    nine = phrases.local(now + timedelta(days=1), "WIB").replace(hour=9, minute=0, second=0, microsecond=0)
    return planned.schedule(
        session,
        covers=[WORK],
        cause="pemeliharaan gardu distribusi",
        starts=nine,
        ends=nine + timedelta(hours=3),
        by="spv1",
        now=now - timedelta(minutes=30),
    )


def _open_report(session: Session, now: datetime) -> None:
    premises = session.scalars(
        select(Premises)
        .join(PremisesPhone, PremisesPhone.premises_id == Premises.id)
        .join(Phone, Phone.id == PremisesPhone.phone_id)
        .where(Phone.e164 == SAMPLES["has_open_report"])
    ).one()
    told = NewReport(
        kind=ReportKind.GANGGUAN,
        key="demo:open-report",
        reporting_kind=ReportingKind.CALL,
        by="cso1",
        premises_id=premises.id,
        phone=SAMPLES["has_open_report"],
        comment="Satu bangunan padam, tetangga menyala.",
        only_me=True,
        number=numbers.reserve(session, operator().unit_of(premises.area)[1].prefix, 1)[0],
    )
    reports.file_report(session, told, now=now - timedelta(minutes=72))
