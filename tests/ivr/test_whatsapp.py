"""WhatsApp through the real web application: signed as Twilio signs, answered in TwiML, once."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agent_desk.app import create_app
from config.clock import VirtualClock
from config.database import Database
from config.settings import settings
from ivr.carriers import twilio_messages
from ivr.telephone.webhooks import signature
from router.store.acd import Acd
from router.store.figures import Figures
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.tickets import NOON, a_crew, a_premises
from tickets.models import Premises, Report

pytestmark = [pytest.mark.store, pytest.mark.database]
ACCOUNT, TOKEN, PUBLIC = "AC" + "1" * 32, "secret", "https://suar.example"
FROM, PHONE = "whatsapp:+6281234567890", "+6281234567890"
BROKEN = "belum dapat kami catat"


class WhatsApp:
    """A customer's telephone, and Twilio between us."""

    def __init__(self, http: TestClient, db: Database) -> None:
        self.http, self.db = http, db
        self._ids = count(1)

    def posts(self, text: str, *, token: str = TOKEN, **form: str) -> Any:
        told = {
            "MessageSid": f"SM{next(self._ids):032x}", "AccountSid": ACCOUNT, "From": FROM,
            "To": "whatsapp:+6221123", "Body": text, "NumMedia": "0", "ProfileName": "Sekar",
        } | form  # fmt: skip
        signed = signature(token, f"{PUBLIC}/twilio/whatsapp", told)
        headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signed}
        return self.http.post("/twilio/whatsapp", content=urlencode(told), headers=headers)

    def writes(self, text: str, **form: str) -> str:
        answer = self.posts(text, **form)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        return "\n".join(message.text or "" for message in ET.fromstring(answer.text))  # noqa: S314 - our own

    def reports(self) -> list[Report]:
        with self.db.reading() as session:
            return list(session.scalars(select(Report)))


@pytest.fixture
def whatsapp(
    sqlite_db: Database, store: StoreUnderTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[WhatsApp]:
    values = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC, "DATA": str(tmp_path)}
    for name, value in values.items():
        monkeypatch.setenv(f"SUAR_{name}", value)
    settings.cache_clear()
    with sqlite_db.transaction() as session:
        a_crew(session)
    figures = Figures(store.url, store.pool)
    app = create_app(db=sqlite_db, acd=Acd(store.url, store.pool), clock=VirtualClock(NOON), figures=figures)
    yield WhatsApp(TestClient(app), sqlite_db)
    settings.cache_clear()


@pytest.fixture
def home(whatsapp: WhatsApp) -> Premises:
    with whatsapp.db.transaction() as session:
        return a_premises(session, phone=PHONE)


def test_a_customer_reports_by_whatsapp(whatsapp: WhatsApp, home: Premises) -> None:
    assert "Jl. Kenanga Raya" in whatsapp.writes("listrik padam")
    told = whatsapp.writes("1")
    (report,) = whatsapp.reports()
    assert report.number in told
    assert (report.reporting_kind, report.phone, report.premises_id) == ("whatsapp", PHONE, home.id)


def test_a_message_delivered_twice_gets_the_same_answer_and_files_once(whatsapp: WhatsApp, home: Premises) -> None:
    whatsapp.writes("listrik padam")
    sid = "SM" + "f" * 32
    assert whatsapp.writes("1", MessageSid=sid) == whatsapp.writes("1", MessageSid=sid)
    assert len(whatsapp.reports()) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"NumMedia": "1", "MessageSid": "MM" + "a" * 32, "MediaUrl0": "https://x", "MediaContentType0": "image/jpeg"},
        {"Latitude": "-6.2", "Longitude": "106.8"},
    ],
)
def test_what_is_no_text_is_answered_in_words(whatsapp: WhatsApp, home: Premises, form: dict[str, str]) -> None:
    assert "hanya dapat membaca teks" in whatsapp.writes("", **form)


def test_a_short_message_is_understood_too(whatsapp: WhatsApp, home: Premises) -> None:
    whatsapp.writes("listrik padam", From=PHONE)
    whatsapp.writes("1", From=PHONE)
    assert whatsapp.reports()[0].reporting_kind == "sms"


@pytest.mark.parametrize(
    "wrong",
    [{"token": "another"}, {"AccountSid": "AC" + "2" * 32}, {"MessageSid": "CA" + "a" * 32}, {"MessageSid": ""}],
)
def test_what_is_not_twilios_is_refused(whatsapp: WhatsApp, home: Premises, wrong: dict[str, str]) -> None:
    assert whatsapp.posts("listrik padam", **wrong).status_code == 403
    assert whatsapp.reports() == []


def test_a_message_that_cannot_be_kept_is_answered_and_changes_nothing(
    whatsapp: WhatsApp, home: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    whatsapp.writes("listrik padam")
    with monkeypatch.context() as patch:
        patch.setattr(twilio_messages, "receive", lambda *_a, **_k: 1 / 0)
        assert BROKEN in whatsapp.writes("1")
    assert whatsapp.reports() == []
    whatsapp.writes("1")
    assert len(whatsapp.reports()) == 1


def test_a_database_that_does_not_answer_in_time_is_no_silence(
    whatsapp: WhatsApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio_messages, "DEADLINE", 0.0)
    assert BROKEN in whatsapp.writes("listrik padam")


def test_a_long_answer_leaves_in_pieces_that_whatsapp_takes() -> None:
    long = "\n".join(["Baris pernyataan."] * 300) + "\n" + "x" * 4000
    parts = [part.text or "" for part in ET.fromstring(twilio_messages.document(long))]  # noqa: S314 - our own
    assert all(0 < len(part) <= 1600 for part in parts)
    assert "".join(parts).count("x") == 4000
    assert "".join(parts).count("Baris") == 300


def test_characters_that_xml_cannot_hold_do_not_break_the_answer() -> None:
    assert ET.fromstring(twilio_messages.document("padam\x0b\x00!"))[0].text  # noqa: S314 - our own


def test_many_at_once_are_all_answered(whatsapp: WhatsApp, home: Premises) -> None:
    async def burst() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(whatsapp.writes, "kabar") for _ in range(8)))

    assert all(asyncio.run(burst()))
