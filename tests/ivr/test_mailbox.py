"""Letters from a real IMAP server, answers over a real SMTP server: each answered once, whatever dies in between."""

from __future__ import annotations

import imaplib
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select

from config.clock import VirtualClock
from config.database import Database
from config.mail_url import mail_server
from config.redis import sync_redis
from config.settings import Settings
from ivr import jobs, mailbox, worker
from ivr.mail_servers import Imap, MailFailed, SmtpSender
from ivr.mailbox import Mailbox
from simulation.bench.exchange import free_ports
from tests.fixtures.mail import OURS, Mail
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.tickets import NOON, a_crew, a_premises, a_report
from tests.fixtures.wait import until
from tickets import outbox, reports
from tickets.dialogue import conversations
from tickets.jobs import relay_once
from tickets.models import Outbox, Premises, Report

pytestmark = [pytest.mark.database, pytest.mark.timeout(120)]
SEKAR = "sekar@contoh.id"


class Post:
    """A customer who writes letters, and us who read them."""

    def __init__(self, mail: Mail, db: Database, settings: Settings) -> None:
        self.mail, self.db = mail, db
        self.clock = VirtualClock(NOON)
        self.box = Mailbox(db, settings, self.clock)
        self._ids = count(1)

    def writes(self, text: str, *, subject: str = "Lapor", **headers: str) -> EmailMessage:
        letter = EmailMessage()
        told = {
            "From": f"Sekar <{SEKAR}>",
            "To": OURS,
            "Subject": subject,
            "Message-ID": f"<{next(self._ids)}@contoh.id>",
        }
        for name, value in {**told, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            letter[name] = value
        letter.set_content(text)
        self.mail.deliver(letter.as_bytes())
        return letter

    def answered(self) -> list[EmailMessage]:
        """Look for letters, and send what is to be sent."""
        self.box.look()
        return self.send()

    def send(self) -> list[EmailMessage]:
        before = len(self.mail.sent)
        with self.db.reading() as session:
            rows = session.scalars(select(Outbox).where(Outbox.kind == "email", Outbox.done_at.is_(None))).all()
        for row in rows:
            jobs.send_email(row.key, row.payload)
        return self.mail.sent[before:]

    def replies(self, to: EmailMessage, text: str) -> str:
        """The customer answers our letter; what we write back."""
        self.writes(f"{text}\n\nOn Sun, PLN 123 wrote:\n> {to.get_content()}", In_Reply_To=str(to["Message-ID"]))
        (answer,) = self.answered()
        return str(answer.get_content())

    def reports(self) -> list[Report]:
        with self.db.reading() as session:
            return list(session.scalars(select(Report).order_by(Report.id)))


@pytest.fixture
def ours(mail: Mail, tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path, imap_url=mail.imap_url, smtp_url=mail.smtp_url, mail_from=OURS, mail_poll_seconds=0.05
    )


@pytest.fixture
def post(mail: Mail, sqlite_db: Database, ours: Settings, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr(jobs, "settings", lambda: ours)
    monkeypatch.setattr(jobs, "database", lambda: sqlite_db)
    with sqlite_db.transaction() as session:
        a_crew(session)
    return Post(mail, sqlite_db, ours)


@pytest.fixture
def home(post: Post) -> Premises:
    with post.db.transaction() as session:
        return a_premises(session)


def test_one_letter_with_the_customer_number_is_a_report(post: Post, home: Premises) -> None:
    post.writes(
        f"Listrik di rumah saya mati sejak pagi.\nIDPEL {home.idpel}, hp 0812 3456 7890\n", subject="Listrik padam"
    )
    (answer,) = post.answered()
    (report,) = post.reports()
    words = str(answer.get_content())
    assert answer["To"] == SEKAR
    assert report.number in words
    assert "Kami jawab paling lambat besok pukul 12.00 WIB" in words
    assert home.street not in words
    assert (report.reporting_kind, report.premises_id, report.email) == ("email", home.id, SEKAR)
    assert report.phone == "+6281234567890"
    assert report.comment.startswith("Listrik padam\nListrik di rumah saya mati")
    assert post.mail.unread() == 0


def test_what_is_missing_is_asked_in_the_same_thread(post: Post, home: Premises) -> None:
    first = post.writes("Token yang saya beli tidak masuk.", subject="Keluhan token")
    (asked,) = post.answered()
    assert asked["In-Reply-To"] == first["Message-ID"]
    assert "IDPEL" in asked.get_content()
    told = post.replies(asked, f"IDPEL saya {home.idpel}")
    (report,) = post.reports()
    assert report.number in told
    assert (report.kind, report.trouble_code) == ("K", "token")
    assert "tidak masuk" in report.comment
    assert "wrote:" not in report.comment


def test_the_subject_alone_keeps_the_thread(post: Post, home: Premises) -> None:
    post.writes("Listrik padam di rumah saya")
    (asked,) = post.answered()
    post.writes(home.meter or "", subject=str(asked["Subject"]))
    (told,) = post.answered()
    assert post.reports()[0].number in told.get_content()


def test_a_letter_that_names_the_area_is_enough_for_a_fault(post: Post) -> None:
    post.writes("Satu kampung padam di Sungailiat sejak jam 3.")
    (told,) = post.answered()
    assert post.reports()[0].area == "19.01.01"
    assert post.reports()[0].number in told.get_content()


def test_a_request_is_completed_line_by_line(post: Post) -> None:
    post.writes("Saya mau sambungan baru di Menteng.\nAlamat yang akan disambung: Jl. Seroja 4\nDaya (VA): 2200")
    (asked,) = post.answered()
    words = asked.get_content()
    assert "Cara bayar (Prabayar / Pascabayar):" in words
    assert "Daya" not in words
    told = post.replies(asked, "Cara bayar: prabayar\nPeruntukan: Rumah tangga")
    (report,) = post.reports()
    assert report.number in told
    assert report.details["daya"] == "2200"
    assert report.details["produk"] == "prabayar"


def test_an_answer_to_the_report_goes_through_the_rules(post: Post, home: Premises) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}")
    (told,) = post.answered()
    post.clock.advance(seconds=timedelta(hours=3, minutes=1).total_seconds())
    assert "lapor ulang" in post.replies(told, "Masih padam, petugas belum datang.")
    assert post.reports()[0].repeats == 1
    assert len(post.reports()) == 1


def test_a_second_letter_about_the_same_premises_is_no_second_report(post: Post, home: Premises) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}")
    post.answered()
    post.writes(f"Listrik padam di sini, IDPEL {home.idpel}")
    (told,) = post.answered()
    (report,) = post.reports()
    assert report.number in told.get_content()


def test_a_number_that_stands_in_a_letter_proves_nothing(post: Post, home: Premises) -> None:
    with post.db.transaction() as session:
        told = a_report(premises_id=home.id, phone="+6281234567890")
        number = reports.file_report(session, told, now=NOON).number
    post.writes("Kabar laporan saya? Nomor saya 0812 3456 7890", subject="Kabar")
    (answer,) = post.answered()
    assert number not in answer.get_content()


def test_the_same_letter_twice_is_answered_once(post: Post, home: Premises) -> None:
    letter = post.writes(f"Listrik padam, IDPEL {home.idpel}")
    post.mail.deliver(letter.as_bytes())
    assert len(post.answered()) == 1
    assert len(post.reports()) == 1
    assert post.mail.unread() == 0


def test_killed_between_the_answer_and_the_mark_nothing_happens_twice(
    post: Post, home: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}")

    def die(self: Imap, uid: str, *, failed: bool = False) -> None:
        raise MailFailed("the process was killed here")

    with monkeypatch.context() as patch:
        patch.setattr(Imap, "done", die)
        with pytest.raises(MailFailed):
            post.box.look()
    assert post.mail.unread() == 1
    assert len(post.answered()) == 1  # what the first life wanted to send
    assert post.mail.unread() == 0
    assert len(post.reports()) == 1


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"From": "MAILER-DAEMON@contoh.id"}]
)
def test_a_machine_is_read_and_not_answered(post: Post, home: Premises, headers: dict[str, str]) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}", **headers)
    assert post.answered() == []
    assert post.reports() == []
    assert post.mail.unread() == 0


def test_a_sender_without_end_is_not_answered_without_end(post: Post) -> None:
    for _ in range(conversations.LOOP + 3):
        post.writes("Terima kasih atas surat Anda, kami sedang cuti.")
    assert len(post.answered()) == conversations.LOOP
    assert post.mail.unread() == 0


def test_a_letter_that_breaks_us_is_left_to_a_person_and_the_next_one_is_read(
    post: Post, home: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mailbox.read_letter

    def breaks(raw: bytes, *, own: str) -> Any:
        if b"rusak" in raw:
            raise ValueError("nobody can read this")
        return real(raw, own=own)

    monkeypatch.setattr(mailbox, "read_letter", breaks)
    post.writes("rusak")
    post.writes(f"Listrik padam, IDPEL {home.idpel}")
    assert len(post.answered()) == 1
    assert (post.mail.unread(), post.mail.flagged()) == (0, 1)


def test_a_server_that_goes_away_in_the_middle_is_no_fault_of_the_letter(
    post: Post, home: Premises, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}")

    def gone(self: Imap, uid: str) -> bytes:
        raise imaplib.IMAP4.abort("connection lost")

    with monkeypatch.context() as patch:
        patch.setattr(Imap, "letter", gone)
        with pytest.raises(MailFailed):
            post.box.look()
    assert (post.mail.unread(), post.mail.flagged(), caplog.records) == (1, 0, [])
    assert len(post.answered()) == 1


def test_without_a_mail_server_letters_become_files(
    post: Post, home: Premises, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "settings", lambda: Settings(data=tmp_path, mail_from=OURS))
    post.writes(f"Listrik padam, IDPEL {home.idpel}")
    assert post.answered() == []
    (file,) = (tmp_path / "mail").iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert post.reports()[0].number in cast(EmailMessage, letter).get_content()
    assert file.stat().st_mode & 0o077 == 0


def test_a_letter_that_cannot_be_sent_stays_in_the_outbox(post: Post, home: Premises) -> None:
    post.writes(f"Listrik padam, IDPEL {home.idpel}")
    post.mail.close()
    with pytest.raises(MailFailed):
        post.answered()
    with post.db.reading() as session:
        assert outbox.open_count(session) >= 1


def test_nothing_leaves_without_encryption(mail: Mail) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = OURS, SEKAR, "<x@y>"
    plain = Settings(smtp_url=f"smtp://127.0.0.1:{mail.smtp.port}").smtp_url
    sender = SmtpSender(mail_server(plain, "smtp"))
    with pytest.raises(MailFailed):
        sender.send(letter)
    assert mail.sent == []


@pytest.mark.store
def test_the_whole_way_through_thread_outbox_jobs_and_server(
    post: Post, home: Premises, ours: Settings, store: StoreUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "settings", lambda: ours.model_copy(update={"redis_url": store.url}))
    queue, work = worker.job_queue(sync_redis(store.url)), worker.Jobs(store.url)
    work.start()
    post.box.start()
    try:
        post.writes(f"Listrik padam, IDPEL {home.idpel}")
        until(lambda: relay_once(post.db, queue, now=NOON), 20, "the answer is asked for")
        until(lambda: post.mail.sent, 20, "the answer is sent")
    finally:
        post.box.stop()
        work.stop()
    assert post.reports()[0].number in post.mail.sent[0].get_content()
    assert post.box.ended.done()


def test_a_mailbox_that_is_away_is_waited_for_and_said_once(
    sqlite_db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports(1)
    gone = Settings(
        data=tmp_path, imap_url=f"imap://a:b@127.0.0.1:{port}?tls=off", mail_from=OURS, mail_poll_seconds=0.01
    )
    box = Mailbox(sqlite_db, gone, VirtualClock(NOON))
    box.start()
    until(lambda: caplog.records, 10, "it is said")
    box.stop()
    assert box.ended.done()
    assert box.ended.exception() is None
    assert len(caplog.records) == 1
    assert "127.0.0.1" not in caplog.text
