"""What a finding becomes: a proposed outage with its evidence, which a supervisor confirms or dismisses."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import Refused
from config.operator import operator
from tickets.detection.covers import LAPSED
from tickets.detection.judge import Finding, codes_of
from tickets.detection.people import Heard, distinct
from tickets.incidents import alerts
from tickets.kinds import AlertKind, AlertLevel
from tickets.models import Outage, PlaceBaseline, Statement
from tickets.outages import attached, outages, scopes, spoken
from tickets.outages.moves import locked, remember
from tickets.outages.scopes import FEEDER, ULP
from tickets.states import OutageStatus

log = logging.getLogger(__name__)

BY = "detection"
WIDENED = "widened"
SMALLEST = 1e-99  # in words: of a blackout the chance is too small for a float, and would be told as 0e+00


def propose(session: Session, finding: Finding, proposed: Sequence[tuple[str, int]], *, now: datetime) -> None:
    """Propose a place. `proposed` are the scopes and outages of proposals that are alive: the first inside this place
    grows to it, so that it keeps its reports and who wants to be told; the others become part of it.
    """
    inside = [outage for code, outage in proposed if code != finding.code and _inside(session, code, finding.code)]
    mine = [one for one in (locked(session, outage) for outage in sorted(set(inside))) if _untouched(session, one)]
    evidence = {**asdict(finding), "since": finding.since.isoformat(), "name": _name(finding.code)}
    evidence["place"] = evidence.pop("code")
    try:
        with session.begin_nested():
            outage = _grown(session, mine[0], finding, evidence, now) if mine else _new(session, finding, evidence, now)
    except Refused as fault:  # somebody has just said that it is dark there
        log.info("a proposal was not needed: %s", fault.slug)
        return
    if outage is None:
        return
    for other in mine[1:]:
        _absorbed(session, other, outage, now)
    unit = operator().unit_of(outage.area)[0]
    alerts.put(
        session,
        AlertKind.OUTAGE_PROPOSED,
        str(outage.id),
        unit=unit,
        text=words(evidence)[:240],
        now=now,
        level=AlertLevel.SUPERVISOR,
        outage_id=outage.id,
    )


def lapse(session: Session, heard: Sequence[Heard], *, now: datetime) -> None:
    """Proposals nobody has decided on for long, and of which hardly anybody tells any more, end: their holding
    statement is no longer true, and the reports in them must not wait for a decision. `heard`: in the last hour.
    """
    rules = operator().detection
    old = select(Outage.id).where(
        Outage.status_kind == OutageStatus.PREDICTED,
        Outage.created_by == BY,
        Outage.created_at <= now - timedelta(minutes=rules.lapse_minutes),
    )
    for outage in session.scalars(old.order_by(Outage.id)).all():
        codes = set(scopes.of(session, outage))
        if distinct(one for one in heard if not codes.isdisjoint(codes_of(one))) < rules.people_least:
            row = locked(session, outage)
            if _untouched(session, row):
                _ends(session, row, "Tidak ada lagi yang melapor.", now)


def words(evidence: dict[str, Any]) -> str:
    """The evidence of a proposal for the supervisor: how many, how many it usually is, how likely that is by chance."""
    usual = f"{evidence['expected']:.1f}".replace(".", ",")
    chance = f"{max(evidence['p'], SMALLEST):.0e}".replace("e-0", "e-")
    return (
        f"Usulan padam {evidence['name']}: {evidence['people']} orang dalam {evidence['minutes']} menit"
        f" ({evidence['reports']} melapor); biasanya {usual}. Peluang kebetulan {chance}."
    )


def _new(session: Session, finding: Finding, evidence: dict[str, Any], now: datetime) -> Outage | None:
    return outages.propose_outage(
        session, covers=[finding.code], since=finding.since, evidence=evidence, by=BY, now=now
    )


def _grown(session: Session, outage: Outage, finding: Finding, evidence: dict[str, Any], now: datetime) -> Outage:
    codes = [finding.code]
    scopes.replace(session, outage, codes)
    outage.area = scopes.area_of(session, codes)
    outage.community, outage.evidence = scopes.spoken(codes, outage.area), evidence
    outage.reported_start = min(outage.reported_start, finding.since)
    remember(session, outage, WIDENED, by=BY, now=now, note=words(evidence))
    spoken.prepare_holding(session, outage, now=now)
    return outage


def _absorbed(session: Session, other: Outage, outage: Outage, now: datetime) -> None:
    """Who wanted to be told of a part is told of the whole, and its reports are the whole's."""
    attached.hand_over(session, other.id, outage.id, by=BY, now=now)
    _ends(session, other, f"Bagian dari usulan padam {outage.id}.", now)


def _ends(session: Session, outage: Outage, note: str, now: datetime) -> None:
    """By itself: nobody has said that it was wrong."""
    outage.evidence = {**(outage.evidence or {}), LAPSED: True}
    outages.dismiss_outage(session, outage.id, note=note, by=BY, now=now)


def _untouched(session: Session, outage: Outage) -> bool:
    """Still a proposal of ours, of which nobody has written anything."""
    if outage.status_kind is not OutageStatus.PREDICTED or outage.created_by != BY:
        return False
    return session.scalar(select(Statement.id).where(Statement.outage_id == outage.id).limit(1)) is None


def _inside(session: Session, code: str, wide: str) -> bool:
    """Whether a scope lies in another one."""
    if code.startswith(FEEDER):
        ulp = session.scalar(select(PlaceBaseline.ulp).where(PlaceBaseline.code == code))
        return ulp is not None and (wide == ULP + ulp or _inside(session, ULP + ulp, wide))
    if code.startswith(ULP):
        return code.removeprefix(ULP) in operator().shared_areas.get(wide, ())
    return code.startswith(f"{wide}.")


def _name(code: str) -> str:
    """For the people at work: they know their feeders."""
    if code.startswith(FEEDER):
        return f"penyulang {code.removeprefix(FEEDER)}"
    return scopes.spoken([code], code)
