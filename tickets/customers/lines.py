"""One line of a file of customers: what it must look like, and what it means. Pure but for the operator's areas."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from config.errors import Invalid
from config.operator import operator
from tickets.customers.phones import normalise
from tickets.outages.scopes import FEEDER_CODE

# docs/search.md says what each means.
COLUMNS = (
    *("idpel", "meter", "name", "area", "street", "address", "tariff", "power_va"),
    *("phones", "lat", "lon", "life_support", "public_service"),
)
# A file may have them: what it does not tell stays as it is known.
OPTIONAL = ("feeder", "tariff_adjusted", "minimum_bill")
REJECTED = ("line", "field", "slug", "raw")  # what a file of rejects has beside; read again, it is passed over
MOST_PHONES = 10
MOST_POWER = MOST_BILL = 2_000_000_000  # VA and rupiah; what the columns hold
_AREA = re.compile(r"\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TARIFF = re.compile(r"[A-Za-z][A-Za-z0-9./-]{0,7}")
_FLAGS = {"": False, "0": False, "1": True, "tidak": False, "ya": True, "false": False, "true": True}


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A premises as the file tells it: all that is known of it from now on."""

    idpel: str
    meter: str | None
    name: str
    area: str
    unit: str
    ulp: str
    street: str
    address: str
    tariff: str
    power_va: int
    phones: tuple[str, ...]  # E.164
    lat: float | None
    lon: float | None
    life_support: bool
    public_service: bool
    told: frozenset[str] = frozenset()  # those of OPTIONAL that the file has
    feeder: str = ""
    tariff_adjusted: bool | None = None
    minimum_bill: int | None = None  # rupiah a month


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file; `fields` is None when it cannot be read as CSV. A value has no line breaks."""

    line: int  # from 1
    end: int  # where the next one begins, in bytes
    raw: str
    fields: list[str] | None


def records(file: BinaryIO, line: int) -> Iterator[Record]:
    """The lines from the file's present place on, the next one being number `line`; empty ones are passed over.

    The file is UTF-8. A quote that is not closed spoils its own line and no other.
    """
    end = file.tell()
    for at, part in enumerate(file, line):
        end += len(part)
        raw = part.decode().removesuffix("\n").removesuffix("\r")
        if raw:
            yield Record(at, end, raw, _fields(raw))


def _fields(raw: str) -> list[str] | None:
    try:
        return next(csv.reader([raw], strict=True))
    except csv.Error:
        return None


def header(fields: Sequence[str] | None) -> tuple[str, ...]:
    """The columns in the file's order. Raises Invalid `columns`: one is missing, unknown or there twice."""
    names = tuple(name.strip().lower() for name in fields or ())
    extra = set(names) - set(COLUMNS) - set(OPTIONAL) - set(REJECTED)
    missing = [name for name in COLUMNS if name not in names]
    if missing or extra or len(set(names)) != len(names):
        what = f"missing: {', '.join(missing)}" if missing else "one of them is unknown or there twice"
        raise Invalid(
            f"The first line must name the columns {','.join(COLUMNS)}; {what}.", slug="columns", field="columns"
        )
    return names


def customer(told: Mapping[str, str]) -> CustomerLine:
    """What a record says. Raises Invalid; slug and field say what is wrong, no text repeats a value."""
    fields = (*COLUMNS, *(field for field in OPTIONAL if field in told))
    for field in fields:
        if _CONTROL.search(told[field]):
            raise _wrong("characters", field)
    value = {field: told.get(field, "").strip() for field in (*COLUMNS, *OPTIONAL)}
    unit, ulp = _organisation(value["area"])
    lat, lon = _position(value["lat"], value["lon"])
    return CustomerLine(
        idpel=_digits(value, "idpel", 12),
        meter=_digits(value, "meter", 11) if value["meter"] else None,
        name=_text(value, "name", 120),
        area=value["area"],
        unit=unit,
        ulp=ulp,
        street=_text(value, "street", 120),
        address=_text(value, "address", 240),
        tariff=_matching(value, "tariff", _TARIFF).upper(),
        power_va=_count(value, "power_va", "power-va", least=1, most=MOST_POWER),
        phones=_phones(value["phones"]),
        lat=lat,
        lon=lon,
        life_support=_flag(value, "life_support"),
        public_service=_flag(value, "public_service"),
        told=frozenset(fields[len(COLUMNS) :]),
        feeder=_matching(value, "feeder", FEEDER_CODE) if value["feeder"] else "",
        tariff_adjusted=_flag(value, "tariff_adjusted") if value["tariff_adjusted"] else None,
        minimum_bill=_count(value, "minimum_bill", "minimum-bill", most=MOST_BILL) if value["minimum_bill"] else None,
    )


def _wrong(slug: str, field: str) -> Invalid:
    return Invalid("A line of the file is not as it must be.", slug=slug, field=field)


def _digits(value: Mapping[str, str], field: str, count: int) -> str:
    digits = value[field]
    if len(digits) != count or not (digits.isascii() and digits.isdigit()):
        raise _wrong(field, field)
    return digits


def _text(value: Mapping[str, str], field: str, longest: int) -> str:
    if not 0 < len(value[field]) <= longest:
        raise _wrong(field, field)
    return value[field]


def _matching(value: Mapping[str, str], field: str, shape: re.Pattern[str]) -> str:
    if not shape.fullmatch(value[field]):
        raise _wrong(field, field)
    return value[field]


def _organisation(area: str) -> tuple[str, str]:
    if not _AREA.fullmatch(area) or not area.isascii():
        raise _wrong("area", "area")
    try:
        return operator().unit_of(area)[0], operator().ulp_of(area)
    except KeyError:
        raise _wrong("unknown-area", "area") from None


def _count(value: Mapping[str, str], field: str, slug: str, *, least: int = 0, most: int) -> int:
    text = value[field]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise _wrong(slug, field)
    return int(text)


def _phones(text: str) -> tuple[str, ...]:
    told = [one for one in text.split(";") if one.strip()]
    if len(told) > MOST_PHONES:
        raise _wrong("phones", "phones")
    try:
        return tuple(dict.fromkeys(map(normalise, told)))
    except Invalid:
        raise _wrong("phone", "phones") from None


def _position(lat: str, lon: str) -> tuple[float | None, float | None]:
    if not lat and not lon:
        return None, None
    return _degrees(lat, "lat", 90), _degrees(lon, "lon", 180)


def _degrees(text: str, field: str, most: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _wrong("position", field) from None
    if not math.isfinite(value) or abs(value) > most:
        raise _wrong("position", field)
    return value


def _flag(value: Mapping[str, str], field: str) -> bool:
    try:
        return _FLAGS[value[field].lower()]
    except KeyError:
        raise _wrong("flag", field) from None
