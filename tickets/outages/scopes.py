"""What an outage covers, and where somebody is: codes of areas (`31.71.06`, with all below), of ULP (`ulp:menteng`) and
of feeders (`feeder:MTG-03`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.errors import Invalid, Refused
from config.operator import operator, prefixes
from tickets.models import LIVE_SCOPE, Outage, OutagePeriod, OutageScope, Premises

ULP, FEEDER = "ulp:", "feeder:"
FEEDER_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")  # no blanks: it stands in a list of codes
MOST_NAMES = 5  # in one sentence


@dataclass(frozen=True)
class Place:
    """Where somebody is: an area, and of a known premises (or of an outage that was chosen) the codes beside it."""

    area: str
    beside: tuple[str, ...] = ()

    def codes(self) -> list[str]:
        """Every code that covers it. The ULP of a whole region counts only where the region has no other."""
        found = [*prefixes(self.area), *self.beside]
        if not any(code.startswith(ULP) for code in self.beside):
            alone = operator().only_ulp(self.area)
            found += [f"{ULP}{alone}"] if alone else []
        return found


def beside(ulp: str, feeder: str) -> tuple[str, ...]:
    """The codes of a premises beside its area."""
    return (f"{ULP}{ulp}", f"{FEEDER}{feeder}") if feeder else (f"{ULP}{ulp}",)


def place_of(session: Session, area: str, premises_id: int | None, chosen: tuple[str, ...] = ()) -> Place:
    """The place of a known premises, or of an area alone with the codes of an outage that was chosen there."""
    premises = session.get(Premises, premises_id) if premises_id is not None else None
    return Place(area, chosen) if premises is None else Place(premises.area, beside(premises.ulp, premises.feeder))


def checked(session: Session, codes: Sequence[str]) -> list[str]:
    """The codes as an outage keeps them: in order, each once, none that another one contains.

    Raises Invalid (`scopes-missing`, `unknown-area`, `unknown-ulp`, `unknown-feeder`).
    """
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise Invalid("Sebutkan wilayah yang padam.", slug="scopes-missing", field="scopes")
    for code in wanted:
        _check(session, code)
    return largest(wanted)


def _check(session: Session, code: str) -> None:
    if code.startswith(ULP):
        if not operator().areas_of_ulp(code.removeprefix(ULP)):
            raise Invalid("ULP itu tidak dikenal.", slug="unknown-ulp", field="scopes")
    elif code.startswith(FEEDER):
        here = select(Premises.id).where(Premises.feeder == code.removeprefix(FEEDER)).limit(1)
        if not FEEDER_CODE.fullmatch(code.removeprefix(FEEDER)) or session.scalar(here) is None:
            raise Invalid("Penyulang itu tidak dikenal.", slug="unknown-feeder", field="scopes")
    elif code not in operator().areas.areas:
        raise Invalid("Wilayah itu tidak dikenal.", slug="unknown-area", field="area")


def area_of(session: Session, codes: Sequence[str]) -> str:
    """Where they are: the smallest known area around all of them, or around the first when they have none in common."""
    areas = [area for code in codes for area in _areas(session, code)]
    around = [code for code in prefixes(areas[0]) if all(code in prefixes(area) for area in areas)]
    return next((code for code in around or prefixes(areas[0]) if code in operator().areas.areas), areas[0])


def _areas(session: Session, code: str) -> list[str]:
    if code.startswith(ULP):
        return operator().areas_of_ulp(code.removeprefix(ULP))
    if code.startswith(FEEDER):
        # What the first and the last code share, all between them share.
        ends = select(func.min(Premises.area), func.max(Premises.area))
        return list(session.execute(ends.where(Premises.feeder == code.removeprefix(FEEDER))).one())
    return [code]


def name(outage: Outage) -> str:
    """Where an outage is, as it is spoken."""
    return outage.community or operator().area_name(outage.area)


def name_en(outage: Outage, codes: Sequence[str]) -> str:
    """The same in English, where it is made from the codes, those of which callers hear; "" where somebody has given it
    another one.
    """
    return spoken(codes, outage.area, "en") if codes and outage.community == spoken(codes, outage.area) else ""


_PART, _AND, _AROUND = (
    {"id": "sebagian", "en": "part of"},
    {"id": "dan", "en": "and"},
    {"id": "sekitarnya", "en": "nearby"},
)


def spoken(codes: Sequence[str], area: str, language: str = "id") -> str:
    """How the place is called by those who live there; nobody knows the name of his feeder: `sebagian Menteng`."""
    files = operator()
    names = []
    for code in codes[:MOST_NAMES]:
        if code.startswith(ULP):
            ulp = code.removeprefix(ULP)
            names.append(next(unit.ulp[ulp] for unit in files.areas.units.values() if ulp in unit.ulp))
        elif code.startswith(FEEDER):
            names.append(f"{_PART[language]} {files.area_name(area)}")
        else:
            names.append(files.area_name(code))
    names = list(dict.fromkeys(names))
    if len(codes) > MOST_NAMES:
        names.append(_AROUND[language])
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {_AND[language]} {names[-1]}"


def largest(codes: Collection[str]) -> list[str]:
    """The codes that no other one contains."""
    return sorted(code for code in codes if not any(code.startswith(f"{other}.") for other in codes))


def smallest(codes: Collection[str]) -> list[str]:
    """The codes that contain no other one: of an outage that was taken apart, its pieces."""
    return [code for code in codes if not any(other.startswith(f"{code}.") for other in codes)]


def of(session: Session, outage_id: int, *, live: bool | None = None) -> list[str]:
    """The codes of an outage, in the order of their names; those without power alone when `live`."""
    rows = select(OutageScope.code).where(OutageScope.outage_id == outage_id).order_by(OutageScope.code)
    return list(session.scalars(rows if live is None else rows.where(OutageScope.live == live)))


def dark(session: Session, outage_id: int) -> dict[str, datetime]:
    """The codes of an outage that are without power now, in the order of their names, and since when."""
    lasting = (OutagePeriod.outage_id == outage_id, OutagePeriod.lit_at.is_(None))
    rows = select(OutagePeriod.code, OutagePeriod.dark_from).where(*lasting).order_by(OutagePeriod.code)
    return {row.code: row.dark_from for row in session.execute(rows)}


def lit_before(session: Session, outage: Outage) -> datetime | None:
    """When power was last back before it went again; pieces that a re-opening takes together were dark until then."""
    if outage.reopened_at is None:
        return None
    mine = (OutagePeriod.outage_id == outage.id, OutagePeriod.lit_at < outage.reopened_at)
    return session.scalar(select(func.max(OutagePeriod.lit_at)).where(*mine))


def of_all(session: Session, outages: Sequence[Outage]) -> dict[int, list[str]]:
    """For each the codes of which callers hear; of one that is not live, the largest it covered."""
    found: dict[int, tuple[list[str], list[str]]] = {one.id: ([], []) for one in outages}
    rows = select(OutageScope).where(OutageScope.outage_id.in_(found)).order_by(OutageScope.code)
    for scope in session.scalars(rows):
        heard, every = found[scope.outage_id]
        every.append(scope.code)
        heard += [scope.code] if scope.live else []
    return {one: heard or largest(every) for one, (heard, every) in found.items()}


def children(session: Session, area: str) -> list[str]:
    """The areas next below one: those that are listed, and those where there are premises."""
    below = f"{area}."
    homes = session.scalars(select(Premises.area).where(Premises.area.startswith(below, autoescape=True)).distinct())
    depth = area.count(".") + 2
    inside = (*(code for code in operator().areas.areas if code.startswith(below)), *homes)
    return sorted({".".join(code.split(".")[:depth]) for code in inside})


def split(session: Session, covered: Collection[str], part: str) -> list[str]:
    """The covered codes with that which contains `part` taken apart, so that `part` is one of them. Raises Invalid
    (`scope-not-dark`): nothing covered is it or contains it.
    """
    found = set(covered)
    while part not in found:
        around = next((code for code in found if part.startswith(f"{code}.")), None)
        if around is None:
            raise Invalid("Bagian itu tidak termasuk padam ini.", slug="scope-not-dark", field="scopes")
        found.remove(around)
        found.update(children(session, around))
        if not any(part == code or part.startswith(f"{code}.") for code in found):
            found.add(part)
    return sorted(found)


def replace(session: Session, outage: Outage, codes: Collection[str]) -> None:
    """It covers these and no others, and callers there hear of it. Raises Refused (`outage-exists`)."""
    known = of(session, outage.id)
    gone = [OutageScope.outage_id == outage.id, OutageScope.code.not_in(codes)]
    session.execute(delete(OutageScope).where(*gone))
    add(session, outage, [code for code in codes if code not in known])
    announce(session, outage)


def add(session: Session, outage: Outage, codes: Collection[str]) -> None:
    """It has these too; nobody hears of it there yet."""
    session.add_all(OutageScope(outage_id=outage.id, code=code, live=False) for code in codes)
    session.flush()


def free(session: Session, codes: Collection[str]) -> list[str]:
    """Those of which no live outage has just this code."""
    taken = set(session.scalars(select(OutageScope.code).where(OutageScope.code.in_(codes), LIVE_SCOPE)))
    return [code for code in codes if code not in taken]


def announce(session: Session, outage: Outage, codes: Collection[str] | None = None) -> None:
    """Callers in these (all, when None) hear of the outage from now on. Raises Refused (`outage-exists`)."""
    mine = [OutageScope.outage_id == outage.id]
    if codes is not None:
        mine.append(OutageScope.code.in_(codes))
    try:
        with session.begin_nested():
            live = update(OutageScope).where(*mine).values(live=True)
            session.execute(live.execution_options(synchronize_session="fetch"))
    except IntegrityError:
        raise Refused("Wilayah itu sudah tercatat padam.", slug="outage-exists", field="area") from None


def hush(session: Session, outage: Outage, codes: Collection[str] | None = None) -> None:
    """Callers in these (all, when None) hear of it no more."""
    mine = [OutageScope.outage_id == outage.id]
    if codes is not None:
        mine.append(OutageScope.code.in_(codes))
    session.execute(update(OutageScope).where(*mine).values(live=False).execution_options(synchronize_session="fetch"))


def darken(session: Session, outage: Outage, codes: Collection[str], *, since: datetime) -> None:
    """These are without power since then: a period begins for each."""
    session.add_all(OutagePeriod(outage_id=outage.id, code=code, dark_from=since) for code in codes)
    session.flush()


def light(session: Session, outage: Outage, codes: Collection[str] | None = None, *, at: datetime) -> None:
    """These (all, when None) have power again."""
    lasting = [OutagePeriod.outage_id == outage.id, OutagePeriod.lit_at.is_(None)]
    if codes is not None:
        lasting.append(OutagePeriod.code.in_(codes))
    session.execute(update(OutagePeriod).where(*lasting).values(lit_at=at))
