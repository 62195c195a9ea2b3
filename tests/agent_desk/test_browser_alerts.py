"""What somebody must look at, on the board, in a real Chromium."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from config.clock import SystemClock
from config.database import Database
from tests.fixtures.browser import enter
from tests.fixtures.product import Product
from tickets.incidents import alerts, escalation
from tickets.kinds import AlertKind, AlertLevel
from tickets.models import Alert

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LATE, SILENT = "Regu belum tiba sesudah 45 menit.", "Regu 3 tidak memberi kabar kemajuan selama 20 menit."


def put(db: Database, kind: AlertKind, text: str, level: AlertLevel = AlertLevel.OPERATOR) -> int:
    with db.transaction() as session:
        now = SystemClock().now() - timedelta(minutes=5)
        return alerts.put(session, kind, f"t:{kind}", unit="jakarta", text=text, level=level, now=now).id


def test_an_alert_appears_is_taken_with_the_keyboard_and_goes_when_its_reason_is_gone(
    suar_web: Product, context: BrowserContext
) -> None:
    """The board is told by itself: what another process writes stands there without a reload."""
    db = Database(f"sqlite:///{suar_web.data}/suar.db")
    board = enter(context, suar_web, "op1")
    card = board.locator("#peringatan")
    silent = put(db, AlertKind.CREW_SILENT, SILENT)
    late = put(db, AlertKind.RESPONSE_LATE, LATE, AlertLevel.SUPERVISOR)
    expect(card.locator(f"[data-alert='{late}']")).to_contain_text("Supervisor")
    expect(card.locator(f"[data-alert='{late}'] ~ [data-alert='{silent}']")).to_contain_text(SILENT)
    expect(card.get_by_role("status")).to_have_accessible_name(re.compile(r"^\d+ peringatan$"))

    button = card.locator(f"[data-alert='{silent}']").get_by_role("button", name=SILENT)
    button.focus()
    board.keyboard.press("Enter")
    expect(card.locator(f"[data-alert='{silent}']")).to_contain_text("Ditangani op1")
    with db.reading() as session:
        assert session.get_one(Alert, silent).taken_by == "op1"

    with db.transaction() as session:
        for kind in (AlertKind.CREW_SILENT, AlertKind.RESPONSE_LATE):
            alerts.end(session, kind, f"t:{kind}", now=SystemClock().now())
    expect(card.locator(f"[data-alert='{late}'], [data-alert='{silent}']")).to_have_count(0)
    db.dispose()


def test_two_who_take_the_same_one(suar_web: Product, context: BrowserContext) -> None:
    """The second is told that a colleague has it; nothing is taken from the first."""
    db = Database(f"sqlite:///{suar_web.data}/suar.db")
    board = enter(context, suar_web, "spv1")
    late = put(db, AlertKind.RECOVERY_LATE, "Pekerjaan belum menyala sesudah 3 jam.")
    button = board.locator(f"[data-alert='{late}']").get_by_role("button")
    button.focus()  # from now on the card stays as it is
    with db.transaction() as session:
        escalation.take(session, late, by="op1", now=SystemClock().now())
    board.keyboard.press("Enter")
    expect(board.get_by_text("Peringatan itu sudah ditangani rekan lain.")).to_be_visible()
    with db.reading() as session:
        assert session.get_one(Alert, late).taken_by == "op1"
    db.dispose()


def test_a_note_being_written_stays_when_another_alert_comes(suar_web: Product, context: BrowserContext) -> None:
    db = Database(f"sqlite:///{suar_web.data}/suar.db")
    board = enter(context, suar_web, "spv1")
    other = context.new_page()
    other.goto(suar_web.base_url + "/papan")
    untold = put(db, AlertKind.NOT_TOLD, "Pelanggan belum diberi tahu.")
    card = board.locator(f"[data-alert='{untold}']")
    card.get_by_text("Pelanggan sudah tahu…").click()
    card.get_by_label("Catatan").fill("ditelepon dua kali")
    board.get_by_role("heading", name="Peringatan").click()  # the focus is somewhere else now
    late = put(db, AlertKind.ANSWER_LATE, "Keluhan belum dijawab.")
    expect(other.locator(f"[data-alert='{late}']")).to_be_visible()
    assert board.locator(f"[data-alert='{late}']").count() == 0
    expect(card.get_by_label("Catatan")).to_have_value("ditelepon dua kali")
    db.dispose()
