"""/lapor: a customer without a login reports in two steps: what and where, then what is known about it and the rest.

The same table and the same words as the other written channels (tickets/dialogue/reports.py). A premises is shown by
its area alone; wrong numbers are few, as on /lacak, and so are reports from one address.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from agent_desk import accounts
from agent_desk.accounts import TooManyAttempts
from agent_desk.pages import render
from agent_desk.security import clock, database
from config.errors import Invalid, Problem
from config.operator import operator
from config.schema.messages import HAZARD
from config.schema.reports import ReportCategory
from config.settings import settings
from tickets.customers.phones import normalise
from tickets.dialogue import hearing
from tickets.dialogue import reports as dialogue_reports
from tickets.dialogue.channel_facts import Facts, drive
from tickets.dialogue.conversations import readable
from tickets.dialogue.turn import About, Again, Comment, File, OutageIn, ReportsAt, Sender, State, Turn, kind_of
from tickets.kinds import Intent, ReportingKind, ReportKind, UrgentReason
from tickets.outages import lookup
from tickets.views import KnownOutage

router = APIRouter(include_in_schema=False)

MOST = 30  # reports from one address within five minutes: many customers may share one
NEW = "baru"
TRAP = "situs"  # a field nobody sees: what is filled in there was filled in by a machine


@dataclass
class Filled:
    """The form as far as it is filled in."""

    category: str = ""
    place: str = ""  # IDPEL or meter number
    area: str = ""
    phone: str = ""
    text: str = ""
    scope: str = ""  # `saya`: only this building
    intent: str = ""  # about a report that exists, or NEW
    number: str = ""  # of that report
    key: str = ""
    details: dict[str, str] = field(default_factory=dict)
    premises: int | None = None

    @property
    def kind(self) -> str:
        return kind_of(operator(), self.category)

    @property
    def hazard(self) -> bool:
        return self.category == HAZARD

    @property
    def wanted(self) -> ReportCategory:
        return operator().reports.of(self.kind)[self.category]


@dataclass(frozen=True)
class Known:
    """What there is to say before anything is filed."""

    area: str
    outage: KnownOutage | None
    report: About | None  # of these premises, open or lately finished


@router.get("/lapor")
async def form(request: Request) -> Response:
    """The first step."""
    return _first(request, Filled())


@router.post("/lapor")
async def second(request: Request) -> Response:
    """What is known about the place, and what is still to be told."""
    filled = _read(await request.form())
    try:
        known = await asyncio.to_thread(_look, request, filled)
    except TooManyAttempts as fault:
        return _first(request, filled, fault, 429)
    except Problem as fault:
        return _first(request, filled, fault, 422)
    return _second(request, filled, known)


@router.post("/lapor/kirim")
async def send(request: Request) -> Response:
    """File it, or do what the table of rules says about the report that exists."""
    form = await request.form()
    filled = _read(form)
    known: Known | None = None
    try:
        if form.get(TRAP):
            raise Invalid("Isian tersembunyi harus kosong. Kosongkan lalu kirim lagi, atau telepon 123.", field=TRAP)
        known = await asyncio.to_thread(_look, request, filled)
        said = await asyncio.to_thread(_write, request, filled, known.area)
    except TooManyAttempts as fault:
        return _first(request, filled, fault, 429)
    except Problem as fault:
        if known is None:
            return _first(request, filled, fault, 422)
        return _second(request, filled, known, fault)
    return render(request, "lapor_hasil.html", number=said[0], said=said[1:], place=filled.premises is not None)


def _first(request: Request, filled: Filled, fault: Problem | None = None, code: int = 200) -> Response:
    until = fault.until if isinstance(fault, TooManyAttempts) else None
    areas = sorted((area.name, code) for code, area in operator().areas.areas.items() if code.count(".") == 2)
    kinds = [("Gangguan", operator().reports.faults), ("Keluhan", operator().reports.complaints)]
    kinds.append(("Permintaan", operator().reports.requests))
    shown: dict[str, Any] = {"filled": filled, "areas": areas, "kinds": kinds, "until": until}
    return render(request, "lapor.html", code, fault=fault, **shown)


def _second(request: Request, filled: Filled, known: Known, fault: Problem | None = None) -> Response:
    shown: dict[str, Any] = {"filled": filled, "known": known, "new": NEW, "trap": TRAP}
    shown["area"] = operator().area_name(known.area)
    return render(request, "lapor_lanjut.html", 422 if fault else 200, fault=fault, **shown)


def _read(form: FormData) -> Filled:
    def text(name: str, most: int) -> str:
        value = form.get(name, "")
        return readable(value[:most]) if isinstance(value, str) else ""

    digits = "".join(char for char in text("pelanggan", 40) if char.isascii() and char.isdigit())
    category, told = text("kategori", 40), text("keterangan", 1000)
    details = {name[2:]: text(name, 300) for name in form if name.startswith("d_")}
    if hearing.longest(hearing.plain(told), operator().messages.categories[HAZARD]):
        category, details = HAZARD, {}  # danger goes before whatever was chosen
    return Filled(
        category=category,
        place=digits,
        area=text("wilayah", 13),
        phone=text("telepon", 24),
        text=told,
        scope=text("lingkup", 8),
        intent=text("tujuan", 12),
        number="".join(char for char in text("nomor", 24) if char.isascii() and char.isdigit()),
        key="".join(char for char in text("kunci", 40) if char.isalnum()) or uuid4().hex,
        details=details,
    )


def _look(request: Request, filled: Filled) -> Known:
    """Checks the first step; raises Problem with the field."""
    if not filled.kind:
        raise Invalid("Pilih dulu apa yang dilaporkan.", slug="unknown-category", field="kategori")
    _phone(filled)
    now = clock(request).now()
    with database(request).reading() as session:
        accounts.check_throttle(session, _who(request, "kirim"), now=now, most=MOST)
        area = _place(request, session, filled, now)
        if area:
            return _known(session, filled, area, now)
    with database(request).transaction() as session:
        accounts.count_failure(session, _who(request, "nomor"), now=now)
    raise Invalid("Nomor itu tidak kami temukan. Periksa lagi, atau pilih wilayah.", slug="unknown", field="pelanggan")


def _place(request: Request, session: Session, filled: Filled, now: datetime) -> str:
    """The area; "" for a number that leads nowhere."""
    if filled.place:
        accounts.check_throttle(session, _who(request, "nomor"), now=now)
        found = lookup.premises_by_number(session, filled.place)
        filled.premises = found.id if found else None
        return found.area if found else ""
    if filled.wanted.premises:
        raise Invalid("Untuk ini isi IDPEL atau nomor meter.", slug="premises-missing", field="pelanggan")
    if filled.area not in operator().areas.areas:
        raise Invalid("Isi IDPEL atau nomor meter, atau pilih wilayah.", slug="area-missing", field="wilayah")
    return filled.area


def _known(session: Session, filled: Filled, area: str, now: datetime) -> Known:
    facts = _facts(session, filled, now)
    outage = facts.fulfil(OutageIn(area, filled.premises)) if filled.kind == ReportKind.GANGGUAN else None
    reports: list[About] = []
    if filled.kind == ReportKind.GANGGUAN and filled.premises is not None:
        reports = facts.fulfil(ReportsAt(filled.premises))
    still_open = next((about for about in reports if about.open), None)
    return Known(area, outage, still_open or (reports[0] if reports else None))


def _write(request: Request, filled: Filled, area: str) -> list[str]:
    """The number and the sentences about it. Everything in one transaction; raises Problem."""
    now, db = clock(request).now(), database(request)
    if filled.kind != ReportKind.GANGGUAN and not filled.phone:
        raise Invalid("Tulis nomor telepon: ke sana kami menjawab.", slug="phone", field="telepon")
    with db.transaction() as session:
        accounts.count_failure(session, _who(request, "kirim"), now=now)
    with db.transaction() as session:
        facts = _facts(session, filled, now)
        known = _known(session, filled, area, now)
        turn = Turn(operator(), State(), facts.sender)
        if filled.hazard:
            turn.say("hazard")
        report = known.report
        fresh = report is None or (filled.intent == NEW and not report.open) or facts.filed()  # sent twice, it is one
        if report is not None and not fresh:
            number = _again(turn, facts, filled, report)
        else:
            number = _file(turn, facts, filled, known)
        return [number, *turn.said]


def _file(turn: Turn, facts: Facts, filled: Filled, known: Known) -> str:
    turn.state = State(
        kind=filled.kind,
        category=filled.category,
        urgent=filled.hazard,
        premises=filled.premises,
        area=known.area,
        only_me=filled.scope == "saya",
        text=filled.text,
        answers=dict(filled.details),
        outage=known.outage.id if known.outage else None,
    )
    about = facts.fulfil(File(turn.state))
    if isinstance(about, Problem):
        raise about
    drive(dialogue_reports.filed(turn, about), facts)
    return str(about.number)


def _again(turn: Turn, facts: Facts, filled: Filled, report: About) -> str:
    """Only who has the number too may do something about a report, or learn its number (R04); danger waits for none."""
    known = filled.number == report.number
    if not known and not filled.hazard:
        facts.fulfil(Comment(report.number, filled.text or "Pelapor lain menghubungi lewat /lapor."))
        turn.said.append("Catatan Anda disimpan pada laporan yang sudah ada di alamat itu, dan dapat dibaca petugas.")
        return ""
    if filled.intent not in set(Intent) and not filled.hazard:
        raise Invalid("Pilih dulu apa yang Anda perlukan dari laporan itu.", slug="intent-missing", field="tujuan")
    intent = Intent.PLN_SIDE if filled.hazard else Intent(filled.intent)  # who asks about danger does not only ask
    urgent = UrgentReason.HAZARD if filled.hazard else None
    answered = facts.fulfil(Again(report.number, intent, urgent, filled.text, filled.phone if known else ""))
    if isinstance(answered, Problem):
        raise answered
    if not known:
        turn.said.append("Bahaya di alamat itu diteruskan ke petugas pada laporan yang sudah ada.")
        return ""
    dialogue_reports.tell(turn, answered, intent)
    return str(answered.about.number)


def _facts(session: Session, filled: Filled, now: datetime) -> Facts:
    link = f"{settings().base_url}/lacak"
    # A number that was typed here proves nothing: what belongs to it is not shown.
    reachable = bool(filled.phone)
    sender = Sender(now=now, text=filled.text, phone=filled.phone, letter=True, link=link, reachable=reachable)
    return Facts(session, ReportingKind.WEB, filled.key, sender, "")


def _phone(filled: Filled) -> None:
    try:
        filled.phone = normalise(filled.phone)
    except Invalid as fault:
        raise Invalid(fault.title, slug=fault.slug, field="telepon") from None


def _who(request: Request, what: str) -> str:
    return f"lapor:{what}:{request.client.host if request.client else ''}"
