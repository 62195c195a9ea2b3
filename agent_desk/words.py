"""The words of the screens: states, results, ages, instants, numbers with most digits covered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from config.languages import LANGUAGES
from config.operator import operator
from router.agents import CsoState
from router.calls import Outcome
from router.store.types import Breaker, Partner
from tickets import categories
from tickets.kinds import ReportKind
from tickets.outages import phrases
from tickets.tracking import WHY, Position, Seen


@dataclass(frozen=True)
class Look:
    """A state as it is shown: word, glyph, letter of the grid cell, colour class of the call bar."""

    word: str
    glyph: str
    cell: str
    css: str


STATES: dict[CsoState, Look] = {
    CsoState.READY: Look("Siap", "○", "S", "is-ok"),
    CsoState.OFFERED: Look("Berdering", "◎", "R", "is-lamp"),
    CsoState.TALKING: Look("Bicara", "●", "B", "is-act"),
    CsoState.WRAP_UP: Look("Wrap-up", "◐", "W", "is-wrap"),
    CsoState.NOT_ANSWERING: Look("Tidak menjawab", "✕", "N", "is-bad"),
    CsoState.PAUSED: Look("Istirahat", "▬", "I", "is-rest"),
    CsoState.LOGGED_OUT: Look("Luar", "×", "O", "is-rest"),
}

CALLING = "Menelepon"  # the CSO is on the line, the telephone of the caller rings

REASONS = {
    "salat": "Salat",
    "makan": "Makan",
    "kamar-kecil": "Kamar kecil",
    "pengarahan": "Pengarahan",
    "teknis": "Kendala teknis",
}

# Why a CSO is in a state that nobody asked for.
RETURNED = {
    "no-answer": "tidak dijawab",
    "unreachable": "telepon tak terjangkau",
    "expired": "penawaran lewat batas",
    "declined": "menolak",
    "busy": "telepon sibuk",
    "failed": "sambungan gagal",
}

OUTCOMES: dict[Outcome, str] = {
    Outcome.REFUSED: "Ditolak, saluran penuh",
    Outcome.ANNOUNCED: "Selesai oleh pengumuman",
    Outcome.LEFT_IVR: "Menutup di menu",
    Outcome.ABANDONED: "Menutup saat antre",
    Outcome.ANSWERED: "Dijawab CSO",
    Outcome.PARTNER_ANSWERED: "Dijawab mitra",
    Outcome.PARTNER_LOST: "Terputus di mitra",
    Outcome.UNREACHED: "Telepon balik tak terjawab",
    Outcome.CANCELLED: "Telepon balik dibatalkan",
    Outcome.MOVED: "Dipindah ke pool lain",
    Outcome.LOST: "Terputus tanpa kabar",
}

RESULTS = {
    "laporan": "Laporan dibuat",
    "info": "Informasi diterima",
    "keluhan": "Keluhan diteruskan",
    "terputus": "Terputus",
    "salah-sambung": "Salah sambung",
    "iseng": "Iseng",
}

PART_OF_OUTAGE = "Bagian dari padam meluas"
NO_CREW = "Belum ada regu"
NO_MOBILE = "Tanpa APKT Mobile"  # marks a crew whose position is never known
REPORT_STATUS = {"BELUM_SELESAI": "Belum selesai", "SELESAI": "Selesai"}

WORK_ORDER = {
    "waiting": "Menunggu regu",
    "assigned": "Ditugaskan",
    "accepted": "Diterima regu",
    "enroute": "Dalam perjalanan",
    "arrived": "Tiba di lokasi",
    "working": "Dalam pengerjaan",
    "temporary": "Nyala sementara",
    "power_on": "Nyala",
    "done": "Selesai",
    "cancelled": "Dibatalkan",
}

# The crew's one large button: which event comes next, and what it says.
NEXT_STEP = {
    "assigned": ("accept", "Terima tugas"),
    "accepted": ("depart", "Berangkat"),
    "enroute": ("arrive", "Tiba di lokasi"),
    "arrived": ("start", "Mulai pengerjaan"),
    "working": ("power_on", "Listrik menyala"),
    "temporary": ("power_on", "Listrik menyala"),
    "power_on": ("complete", "Selesai"),
}


def faults() -> dict[str, str]:
    """What may be reported as a fault, as the CSO chooses it: code → label."""
    return {code: category.label for code, category in operator().reports.faults.items()}


def fault(code: str) -> str:
    """A fault in the screen's words."""
    return categories.label(ReportKind.GANGGUAN, code)


def partner_look(partner: Partner) -> tuple[str, str]:
    """(word, colour class) of a partner's chip."""
    if not partner.open:
        return "Tutup", ""
    if partner.reachable is False:
        return "Tak terjangkau", "bad"
    broken = {Breaker.OPEN: ("Diputus", "bad"), Breaker.HALF: ("Dicoba", "warn")}
    return broken.get(partner.breaker, ("Buka", "ok"))


MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
LEVELS = {0: "Tenang", 1: "Sibuk", 2: "Lonjakan", 3: "Genting", 4: "Penuh"}


def ms_to_instant(ms: int) -> datetime:
    """Milliseconds of the store as an instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def clock(instant: datetime | None, zone: str = "WIB", *, named: bool = True) -> str:
    """`19.43 WIB`; the zone stands wherever the time is a promise."""
    if instant is None:
        return "menyusul"
    there = phrases.local(instant, zone)
    return f"{there:%H.%M} {zone}" if named else f"{there:%H.%M}"


def moment(instant: datetime, now: datetime, zone: str = "WIB") -> str:
    """`19.43 WIB` today, else with its day: `4 Agu 19.43 WIB`."""
    there = phrases.local(instant, zone)
    if there.date() == phrases.local(now, zone).date():
        return clock(instant, zone)
    return f"{there.day} {MONTHS[there.month - 1]} {clock(instant, zone)}"


def figure(number: float) -> str:
    """A number with the comma that is used here: `2,5`."""
    return f"{number:g}".replace(".", ",")


def age(since: datetime, now: datetime) -> str:
    """`1 j 12 m`, `4 m`, `< 1 m`."""
    seconds = max(0, int((now - since).total_seconds()))
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 48:
        return f"{hours // 24} hari"
    if hours:
        return f"{hours} j {minutes} m"
    return f"{minutes} m" if minutes else "< 1 m"


def whereabouts(position: Position | None, seen: Seen, now: datetime, zone: str = "WIB") -> str:
    """Where a crew is, as a street and how long ago that was told, or why that cannot be said."""
    if position is None:
        return WHY[seen]
    place = f"di {position.street}" if position.street else "jauh dari jalan yang kami kenal"
    minutes = int((now - position.at).total_seconds() // 60)
    ago = f"{minutes} menit lalu" if minutes > 0 else "baru saja"
    return f"Posisi regu: {place}, {ago} ({clock(position.at, zone)})."


def running(seconds: float) -> str:
    """A running clock: `02.14`, `1.02.14`."""
    total = max(0, int(seconds))
    hours, rest = divmod(total, 3600)
    return f"{hours}.{rest // 60:02d}.{rest % 60:02d}" if hours else f"{rest // 60:02d}.{rest % 60:02d}"


def local_number(phone: str) -> str:
    """E.164 as people here dial it: `+62812…` → `0812…`."""
    return "0" + phone[3:] if phone.startswith("+62") else phone


def masked_phone(phone: str) -> str:
    """`0812 •••• 4417`: enough to recognise, not to call."""
    if not phone:
        return "Nomor tersembunyi"
    number = local_number(phone)
    if len(number) < 9:
        return "•••• " + number[-2:]
    return f"{number[:4]} •••• {number[-4:]}"


def masked_idpel(number: str) -> str:
    """`•••• •••• 4417`."""
    return f"•••• •••• {number[-4:]}"


def grouped(number: str) -> Markup:
    """A report number grouped 2-3-3-3 for the eye; copied, it is the plain digits."""
    star = number.startswith("*")
    digits = number.lstrip("*")
    parts = [digits[:2], *(digits[at : at + 3] for at in range(2, len(digits), 3))]
    rest = "".join(f"<i>{escape(part)}</i>" for part in parts[1:])
    return Markup('<span class="no">{}{}{}</span>').format("*" if star else "", parts[0], Markup(rest))  # noqa: S704


def greeting(now: datetime, name: str) -> str:
    """The first sentence of every conversation."""
    hour = phrases.local(now, "WIB").hour
    part = "pagi" if 4 <= hour < 11 else "siang" if 11 <= hour < 15 else "sore" if 15 <= hour < 18 else "malam"
    return f"Selamat {part}, PLN 123, dengan {name}. Ada yang bisa kami bantu?"


HEARD = {
    "keyed": ("digits", "Menekan tombol"),
    "located": ("pin", "Lokasi dikenal"),
    "told": ("sound", "Mendengar pengumuman padam"),
    "others": ("sound", "Mendengar ada laporan lain dari wilayahnya"),
    "language": ("sound", "Memilih bahasa"),
    "emergency": ("warn", "Menekan darurat"),
    "triage": ("sound", "Saluran hampir penuh: ditanya darurat"),
    "elsewhere": ("pin", "Menyatakan bukan di tempat itu"),
    "own-number": ("warn", "Menelepon lewat nomor prioritas"),
    "status": ("sound", "Mendengar status laporannya"),
    "finished": ("sound", "Mendengar bahwa laporannya sudah selesai"),
    "information": ("sound", "Mendengar jawaban atas pertanyaannya"),
    "still-dark": ("doc", "Menyatakan masih padam lewat IVR"),
    "compensation": ("sound", "Mendengar kompensasi tempatnya"),
    "report": ("doc", "Membuat laporan lewat IVR"),
    "subscribe": ("doc", "Minta dikabari saat menyala"),
    "voice-note": ("doc", "Menambah catatan suara"),
    "callback": ("call", "Minta ditelepon kembali"),
    "queue-full": ("sound", "Mendengar antrean penuh"),
    "recording-notice": ("sound", "Mendengar bahwa percakapan direkam"),
}


def heard(note: dict[str, Any]) -> tuple[str, str, str]:
    """(icon, sentence, key pressed) of one note for the card *Sudah didengar dan ditekan*."""
    what = str(note["what"])
    icon, sentence = HEARD[what]
    if what == "language" and note.get("language") in LANGUAGES:
        sentence = f"{sentence} {LANGUAGES[str(note['language'])].title}"
    if what == "told" and "version" in note:
        sentence = _announced(int(note["version"]), news=bool(note.get("news")))
    return icon, sentence, str(note.get("key", "")) if what == "keyed" else ""


def _announced(version: int, *, news: bool) -> str:
    """Which version of the official word was heard."""
    said = f"pernyataan padam v{version}" if version else "kalimat sementara tentang padam"
    return f"Mendengar apa yang baru sejak panggilannya yang lalu ({said})" if news else f"Mendengar {said}"


def area_name(code: str) -> str:
    """The area as people call it."""
    return operator().area_name(code) if code else "Lokasi belum diketahui"
