"""What a CSO must know of a caller, gathered in one short read; and the one line that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from agent_desk import words
from config.operator import operator
from router.store.types import Call
from tickets import recordings, workorders
from tickets.compensation import answers
from tickets.compensation import words as compensation_words
from tickets.models import Premises, Report
from tickets.outages import lookup
from tickets.outages.scopes import Place
from tickets.recordings import Heard
from tickets.tracking import Rung, crews_of, rungs, whereabouts
from tickets.views import KnownOutage, PremisesView, ReportView


@dataclass(frozen=True)
class Verdict:
    """Fact, what to do, and what stands beside it; `say` is the first sentence after the greeting."""

    fact: str
    number: str  # of the report the fact is about
    after_number: str
    head: str
    rest: str
    say: str = ""


@dataclass(frozen=True)
class Tracking:
    """A report and how far its work order is."""

    report: int
    number: str
    reported_at: datetime
    status: str
    attached: bool  # to an outage: no work order of its own
    crew: str
    plate: str
    no_mobile: bool  # the crew does not use the mobile application
    whereabouts: str  # a sentence; "" without a crew of its own
    rungs: tuple[Rung, ...]
    outage_crew: str  # attached: how far the outage's foremost crew is (WorkOrderStatus value); "" = nobody sent

    @property
    def word(self) -> str:
        """The state in the screen's words."""
        if self.attached:
            return words.PART_OF_OUTAGE
        return words.WORK_ORDER.get(self.status, words.NO_CREW)


@dataclass(frozen=True)
class Card:
    """Everything about one caller."""

    call: Call | None
    premises: tuple[PremisesView, ...]
    chosen: PremisesView | None
    searched: str  # "" | "found" | "unknown": the search by IDPEL or meter
    outage: KnownOutage | None
    reports: tuple[ReportView, ...]
    tracking: Tracking | None
    verdict: Verdict
    compensation: str  # of the chosen premises, in a sentence; "" = none is chosen
    notes: tuple[Heard, ...]  # voice notes of the report that is tracked


def card(
    session: Session,
    call: Call | None,
    *,
    now: datetime,
    premises_id: int | None = None,
    digits: str = "",
) -> Card:
    """`premises_id` was chosen on the screen or in the IVR; `digits` is an IDPEL or meter number being looked up."""
    known = lookup.premises_by_phone(session, call.ani) if call and call.ani else []
    extra = lookup.premises_by_number(session, digits) if digits else None
    if extra is None and premises_id and premises_id not in {p.id for p in known}:
        extra = lookup.premises_by_id(session, premises_id)
    if extra is not None and extra.id not in {p.id for p in known}:
        known = [extra, *known]
    chosen = _chosen(known, extra.id if extra else premises_id)
    area = chosen.area if chosen else (call.region if call else "")
    # An outage of a whole region is news for this caller; one somewhere in the region is not yet.
    place = Place(area, chosen.beside if chosen else ())
    outage = lookup.known_outage(session, place, now=now, need_audio=False) if area else None
    reports = lookup.open_reports(session, [p.id for p in known])
    own = [r for r in reports if chosen and r.premises_id == chosen.id]
    shown = own[0] if own else None
    return Card(
        call=call,
        premises=tuple(known),
        chosen=chosen,
        searched="" if not digits else "found" if extra else "unknown",
        outage=outage,
        reports=tuple(reports),
        tracking=tracking(session, shown.id, now=now) if shown else None,
        verdict=verdict(call, outage, shown, now=now, zone=zone_of(area)),
        compensation=_compensation(session, chosen, now=now),
        notes=tuple(recordings.notes_of(session, shown.id)) if shown else (),
    )


def _compensation(session: Session, chosen: PremisesView | None, *, now: datetime) -> str:
    """What the CSO answers to who asks for it (seed 003)."""
    if chosen is None:
        return ""
    return compensation_words.told(answers.of_premises(session, Premises.id == chosen.id, None, now=now))


def _chosen(known: Sequence[PremisesView], wanted: int | None) -> PremisesView | None:
    for premises in known:
        if premises.id == wanted:
            return premises
    return known[0] if len(known) == 1 else None


def zone_of(area: str) -> str:
    """The time zone of an area's UP3."""
    try:
        return operator().unit_of(area)[1].zone
    except KeyError:
        return "WIB"


def verdict(
    call: Call | None, outage: KnownOutage | None, report: ReportView | None, *, now: datetime, zone: str
) -> Verdict:
    """The rules of this first version, in order: danger, open report, known outage, nothing known."""
    if call is not None and call.emergency:
        return Verdict(
            "Penelepon menekan darurat.", "", "", "Pastikan keselamatan dulu", "— lokasi, lalu laporan bahaya"
        )
    if report is not None:
        since = f"belum selesai, {words.age(report.reported_at, now)} sejak lapor pertama"
        return Verdict(
            report.kind,
            report.number,
            f", {since} {words.clock(report.reported_at, zone)}:",
            "Sampaikan perkembangannya",
            "— jangan buat laporan kedua",
            outage.spoken if outage else "",
        )
    if outage is not None:
        source = "kalimat sementara" if outage.holding else f"pernyataan {words.clock(outage.published_at, zone)}"
        return Verdict(
            f"Padam meluas di {outage.area_name}, {source}:",
            "",
            "",
            "Sampaikan pernyataan",
            f"— perkiraan nyala {words.clock(outage.etr, zone)}",
            outage.spoken,
        )
    return Verdict(
        "Belum ada gangguan yang diketahui di sini:", "", "", "Buat laporan baru", "— tanya satu bangunan atau beberapa"
    )


def tracking(session: Session, report_id: int, *, now: datetime) -> Tracking | None:
    """A report's ladder and its crew; None when the report does not exist."""
    report = session.get(Report, report_id)
    if report is None:
        return None
    order, crew = workorders.newest(session, report)
    position, seen = whereabouts(order, crew, now=now)
    attached = order is None and report.outage_id is not None
    ahead = crews_of(session, report.outage_id) if attached and report.outage_id else None
    return Tracking(
        report=report.id,
        number=report.number,
        reported_at=report.reported_at,
        status=order.status.value if order is not None else "",
        attached=attached,
        crew=crew.name if crew else "",
        plate=crew.plate if crew else "",
        no_mobile=crew is not None and not crew.has_mobile,
        whereabouts=words.whereabouts(position, seen, now, zone_of(report.area)) if crew else "",
        rungs=rungs(session, report, order),
        outage_crew=ahead.value if ahead else "",
    )
