"""The store's replies as values, and its refusals as Problems."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from config.errors import IllegalMove, Invalid, NotFound, Problem, Refused
from router.agents import CsoState
from router.calls import CallState
from router.events import Entry, Event
from router.pace import Pace
from router.store.types import (
    Admission,
    Breaker,
    Call,
    Cso,
    Gap,
    Gauges,
    Outlook,
    Override,
    Partner,
    Place,
    QueueGauge,
    Rate,
    RefusedNumber,
    Snapshot,
)


class StoreFault(Problem):
    """The store refused for a reason that no verb names: a fault of ours or of its set-up."""

    slug = "store-fault"
    status = 500


_SENTENCES: dict[str, tuple[type[Problem], str]] = {
    "unknown-call": (NotFound, "Panggilan itu tidak dikenal."),
    "unknown-cso": (NotFound, "Petugas itu tidak dikenal."),
    "unknown-area": (NotFound, "Wilayah itu tidak dikenal."),
    "level-range": (Invalid, "Tingkat lonjakan: 0 sampai 4."),
    "rate-range": (Invalid, "Laju dan jatah panggilan tidak boleh negatif; jatah sedikitnya 1."),
    "reason-missing": (Invalid, "Tulis alasannya."),
    "until-past": (Invalid, "Batas waktu itu sudah lewat."),
    "unknown-trunk": (NotFound, "Trunk itu tidak dikenal."),
    "unknown-queue": (NotFound, "Antrean itu tidak dikenal."),
    "unknown-skill": (Invalid, "Keahlian itu tidak dikenal."),
    "emergency-no-callback": (Refused, "Keadaan darurat tidak ditelepon balik: penelepon tetap di saluran."),
    "callback-exists": (Refused, "Nomor itu sudah menunggu telepon balik."),
    "not-callback": (Refused, "Panggilan itu bukan telepon balik."),
    "no-caller": (Refused, "Tidak ada penelepon di saluran itu."),
    "number-invalid": (Invalid, "Nomor telepon harus dalam bentuk internasional, mulai dengan +."),
    "queue-full": (Refused, "Antrean itu penuh."),
    "clock-back": (Refused, "Jam pemanggil tertinggal dari jam antrean."),
    "unknown-pool": (NotFound, "Pool itu tidak dikenal, atau antrean ini tidak boleh pindah ke sana."),
    "emergency-stays": (Refused, "Panggilan darurat tidak dipindahkan."),
    "move-refused": (Refused, "Pool tujuan sudah menolak perpindahan ini."),
    "already-here": (Refused, "Pool tujuan sudah memiliki panggilan itu."),
    "lines-full": (Refused, "Semua saluran terpakai."),
    "cso-not-free": (Refused, "Petugas itu sedang tidak bebas."),
    "consult-running": (Refused, "Masih ada petugas lain yang diajak bicara."),
    "no-guest": (Refused, "Belum ada petugas lain yang tersambung."),
    "unknown-partner": (NotFound, "Mitra itu tidak dikenal."),
    "partner-full": (Refused, "Mitra itu tidak dapat menerima panggilan sekarang."),
    "wrap-up-limit": (Refused, "Waktu penyelesaian sudah sampai batasnya."),
    "not-waiting": (Refused, "Panggilan itu tidak sedang menunggu."),
    "stale-token": (Refused, "Penawaran panggilan itu sudah tidak berlaku."),
}


def problem(text: str) -> Problem:
    """The Problem that an error reply means: `SUAR <slug> …`."""
    words = text.split()
    if words[:1] != ["SUAR"]:
        return StoreFault("Sistem antrean menolak perintah." + f" ({words[0]})" if words else "")
    if words[1] == "illegal-move":
        return IllegalMove(words[2], words[3], words[4])
    kind, sentence = _SENTENCES[words[1]]
    return kind(sentence, slug=words[1])


def pairs(flat: Sequence[str]) -> dict[str, str]:
    """A flat list of names and values as a mapping."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def admission(text: str) -> Admission:
    """From JSON [admitted, level, lines, reason, reserve, lines of the trunk, kept]."""
    return Admission(*json.loads(text))


def refused(reply: Sequence[str]) -> list[RefusedNumber]:
    """From [number, when, JSON, …]."""
    rows = zip(reply[::3], reply[1::3], reply[2::3], strict=True)
    return [RefusedNumber(number=name, at=int(float(at)), **json.loads(text)) for name, at, text in rows]


def gauges(text: str) -> Gauges:
    """From the JSON of acd_v1_gauges; an empty table of Lua is an empty object, whatever it was to hold."""
    raw = json.loads(text)
    pool, rates = raw["pool"], {name: Rate(*pair) for name, pair in raw["rates"].items()}
    override = json.loads(pool["override"]) if "override" in pool else None
    if override and 0 < override["until"] <= raw["at"]:
        override = None
    automatic = int(pool.get("automatic", 0))
    return Gauges(
        at=int(raw["at"]),
        level=override["level"] if override else automatic,
        automatic=automatic,
        override=Override(**override) if override else None,
        lines=raw["used"],
        capacity=int(pool.get("lines", 0)),
        emergency_lines=int(pool.get("emergency_lines", 0)),
        trunks={name: (used, lines) for name, (used, lines) in raw["trunks"].items()},
        queues={
            name: QueueGauge(waiting, virtual, int(raw["at"] - queued) if queued else 0)
            for name, (waiting, virtual, queued) in raw["queues"].items()
        },
        serving=raw["csos"]["serving"],
        working=raw["csos"]["working"],
        arrivals=rates.get("all", Rate()),
        refusals=rates.get("refused", Rate()),
        regions={name[7:]: rate for name, rate in rates.items() if name.startswith("region:")},
        areas={name[5:]: rate for name, rate in rates.items() if name.startswith("area:")},
        gaps=tuple(Gap(**gap) for gap in raw["gaps"] or ()),
        refused=raw["refused"],
        withheld_refused=int(pool.get("withheld_refused", 0)),
        ladder=pool.get("ladder", ""),
        ladder_turn=int(pool.get("ladder_turn", 0)),
    )


def place(reply: Sequence[int]) -> Place:
    """From [place, ready, serving]."""
    return Place(*reply)


def outlook(reply: Sequence[Any]) -> Outlook:
    """From what acd_v1_place and acd_v1_outlook answer."""
    fields = dict(zip(reply[::2], reply[1::2], strict=True))
    told = {name: float(value) for name, value in pairs(fields.pop("pace")).items()}
    known = {one.name for one in dataclass_fields(Pace)}
    whole = {name: int(told.pop(name, 0)) for name in ("line", "at")}
    pace = Pace(**whole, **{name: value for name, value in told.items() if name in known})  # type: ignore[arg-type]
    return Outlook(ahead=float(fields.pop("ahead")), pace=pace, **{name: int(n) for name, n in fields.items()})


def call(name: str, fields: dict[str, str], flow: dict[str, str] | None = None) -> Call:
    """From the hash of a call and, when it was read, the hash of its flow."""
    flow = flow or {}
    this_wait = fields.get("promised_wait") == fields.get("queued")  # another wait has its own promise
    numbers = ("priority", "arrived", "queued", "offered", "answered", "ended", "partner_answered", "held")
    words = (
        "carrier", "channel", "ani", "trunk", "region", "queue", "cso", "token", "partner", "outcome", "by", "menu",
        "guest", "guest_token", "guest_state", "guest_leg", "passed",
    )  # fmt: skip
    return Call(
        id=name,
        state=CallState(fields["state"]),
        emergency=fields.get("emergency") == "1",
        score=float(fields.get("score", 0)),
        dialled=fields.get("dialled", ""),
        leg=fields.get("leg", ""),
        step=flow.get("step", ""),
        answer=flow.get("answer", ""),
        flow=flow.get("flow", ""),
        level=int(flow.get("level", 0)),
        skills=levels(fields.get("skills", "")),
        virtual=fields.get("virtual") == "1",
        moved_to=fields.get("moved_to", ""),
        area=fields.get("area", ""),
        gapped=fields.get("gapped") == "1" and fields.get("emergency") != "1",
        dial=fields.get("dial", ""),
        until=int(fields.get("until", 0)),
        attempts=int(fields.get("attempts", 0)),
        kept=fields.get("kept", ""),
        promised_from=int(fields.get("promised_low", 0)) if this_wait else 0,
        promised_until=int(fields.get("promised_until", 0)) if this_wait else 0,
        broken=int(fields.get("broken", 0)),
        **{word: fields.get(word, "") for word in words},  # type: ignore[arg-type]
        **{number: int(fields.get(number, 0)) for number in numbers},  # type: ignore[arg-type]
    )


def levels(text: str) -> dict[str, int]:
    """From `en:3 prabayar:1`; a level that is not given is 3."""
    parts = (word.partition(":") for word in text.split())
    return {name: int(level or 3) for name, _, level in parts}


def cso(name: str, fields: dict[str, str], *, reachable: bool) -> Cso:
    """From the hash of a CSO."""
    return Cso(
        id=name,
        state=CsoState(fields["state"]),
        since=int(fields["since"]),
        queues=tuple(levels(fields["queues"])),
        levels=levels(fields["queues"]),
        skills=levels(fields.get("skills", "")),
        calls=int(fields.get("calls", 0)),
        endpoint=fields["endpoint"],
        carrier=fields["carrier"],
        reason=fields["reason"],
        next=fields["next"],
        next_reason=fields["next_reason"],
        call=fields["call"],
        token=fields["token"],
        wrap_until=int(fields["wrap_until"]),
        telephone=reachable,
    )


def partner(name: str, rules: str, state: dict[str, str], calls: int) -> Partner:
    """From the rules and the state of a partner."""
    hand = state.get("hand", "")
    return Partner(
        name=name,
        calls=calls,
        cap=int(json.loads(rules)["cap"]),
        open=hand == "open" if hand else state.get("hours") != "0",
        reachable={"0": False, "1": True}.get(state.get("reachable", "")),
        breaker=Breaker(state.get("breaker", "closed")),
        until=int(state.get("until", 0)),
        failures=int(state.get("failures", 0)),
        by_hand=hand,
        by=state.get("by", "") if hand else "",
        reason=state.get("reason", "") if hand else "",
    )


def snapshot(reply: Sequence[Any]) -> Snapshot:
    """From what acd_v1_snapshot answers."""
    now, pool_flat, calls, csos, partners, unreachable, journal, callbacks = reply
    pool = pairs(pool_flat)
    away = set(unreachable)
    return Snapshot(
        at=int(now),
        level=int(pool.get("level", 0)),
        lines=len(calls),
        calls=tuple(call(name, pairs(flat)) for name, flat in calls),
        csos=tuple(sorted((cso(n, pairs(f), reachable=n not in away) for n, f in csos), key=lambda one: one.id)),
        partners={name: int(count) for name, count in pairs(partners).items()},
        journal=journal,
        callbacks=tuple(call(name, pairs(flat)) for name, flat in callbacks),
        extra={
            "epoch": pool.get("epoch", ""),
            "lines": int(pool.get("lines", 0)),
            "emergency_lines": int(pool.get("emergency_lines", 0)),
        },
    )


def entry(ident: str, flat: Sequence[str]) -> Entry:
    """From one entry of the stream. What only a newer version tells must not stop a reader of this one."""
    fields = pairs(flat)
    data = json.loads(fields["d"]) if "d" in fields else {}
    try:
        event = Event(fields["e"])
    except ValueError:
        event, data = Event.UNKNOWN, {"event": fields["e"], **data}
    return Entry(
        id=ident,
        event=event,
        at=int(fields["t"]),
        epoch=fields["ep"],
        call=fields.get("call", ""),
        cso=fields.get("cso", ""),
        queue=fields.get("queue", ""),
        token=fields.get("token", ""),
        carrier=fields.get("carrier", ""),
        data=data,
    )
