"""`suar scripts check`."""

from __future__ import annotations

import sys
from dataclasses import replace

from config import operator as operator_files
from config.schema.scripts import Scripts
from config.settings import settings
from config.yaml_file import ConfigError
from tickets.kinds import CompletionCode, Intent, ReportKind
from tickets.rules import Decision, Elapsed, decide
from tickets.scripts import Facts, Said, sentences
from tickets.states import ReportStatus

_CALLED = Facts(one_building=True, number="54100000001", prefix="54", cso="HANA")
_MOVING = replace(_CALLED, crew_mobile=True, en_route=True, street="Jl. Kenanga Raya")
_CLOSED = replace(_CALLED, resolved="pukul 18 lewat 58 WIB", note="sekering diganti")


def check() -> int:
    """Read every sentence aloud, or tell every fault of the operator's files; the answer is the exit code."""
    try:
        words = operator_files.load(settings().config_dir).scripts
    except ConfigError as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    for said in _everything(words):
        sys.stdout.write(f"{said.name:<10} {said.text}\n")
    for entry in words.guide:
        sys.stdout.write(f"{'guide':<10} {entry.question}: {' '.join(entry.answer)}\n")
    sys.stdout.write("scripts: no fault\n")
    return 0


def _everything(words: Scripts) -> list[Said]:
    """Each sentence in each of its forms, by way of the table."""
    fault, complaint = ReportKind.GANGGUAN, ReportKind.KELUHAN
    contacts: list[tuple[Decision, Facts]] = [
        (_row(fault, Intent.ENQUIRY, Elapsed.LT3H), _CALLED),
        (_row(fault, Intent.ENQUIRY, Elapsed.LT3H), replace(_CALLED, one_building=False)),
        (_row(fault, Intent.PLN_SIDE, Elapsed.GE3H), _MOVING),
        (_row(fault, Intent.PLN_SIDE, Elapsed.GE3H), _CALLED),
        (_row(fault, Intent.ENQUIRY, Elapsed.GE3H), _CALLED),
        *((_row(fault, Intent.PLN_SIDE, closed=True), replace(_CLOSED, completion=code)) for code in CompletionCode),
        (_row(fault, Intent.ENQUIRY, closed=True), _CLOSED),
        (_row(complaint, Intent.PLN_SIDE, closed=True), _CLOSED),
    ]
    return [said for decision, facts in contacts for said in sentences(decision, facts, words)]


def _row(kind: ReportKind, intent: Intent, elapsed: Elapsed = Elapsed.LT3H, *, closed: bool = False) -> Decision:
    return decide(kind, ReportStatus.SELESAI if closed else ReportStatus.BELUM_SELESAI, intent, elapsed, False)
