"""Letters as they really come: encodings, HTML, quotations, machines. Whatever the bytes are, something is read."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.mail_message import answer_to, compose, read_letter

pytestmark = pytest.mark.unit
OURS = "layanan@suar.example"


def letter(text: str = "Listrik padam", *, subtype: str = "plain", **headers: str) -> EmailMessage:
    message = EmailMessage()
    told = {"From": "Sekar <Sekar@Contoh.id>", "To": OURS, "Subject": "Padam", "Message-ID": "<a1@contoh.id>"}
    for name, value in {**told, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        message[name] = value
    message.set_content(text, subtype=subtype)
    return message


def read(message: EmailMessage | MIMEMultipart | bytes) -> str:
    return read_letter(message if isinstance(message, bytes) else message.as_bytes(), own=OURS).text


def test_a_plain_letter() -> None:
    found = read_letter(letter("Listrik padam.\nIDPEL 540000000001").as_bytes(), own=OURS)
    assert (found.sender, found.subject, found.id) == ("sekar@contoh.id", "Padam", "<a1@contoh.id>")
    assert found.text == "Listrik padam.\nIDPEL 540000000001"
    assert (found.machine, found.thread, found.attachments) == (False, "", 0)


def test_html_alone_is_read_as_it_is_shown() -> None:
    page = (
        "<head><style>p{color:red}</style></head><p>Listrik <b>padam</b> &amp; gelap</p><p>IDPEL:<br>540000000001</p>"
    )
    assert read(letter(page + "<script>x()</script>", subtype="html")) == "Listrik padam & gelap\nIDPEL:\n540000000001"


def test_of_two_versions_the_plain_one_is_read_and_attachments_are_counted() -> None:
    message = letter("versi teks")
    message.add_alternative("<p>versi html</p>", subtype="html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="meter.png")
    found = read_letter(message.as_bytes(), own=OURS)
    assert (found.text, found.attachments) == ("versi teks", 1)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_encodings(charset: str) -> None:
    message = MIMEMultipart()
    message["From"] = "a@b.id"
    message.attach(MIMEText("Désa Ñgawi padam", "plain", charset))
    assert read(message) == "Désa Ñgawi padam"


def test_an_unknown_encoding_is_read_as_well_as_it_goes() -> None:
    raw = b"From: a@b.id\r\nContent-Type: text/plain; charset=klingon-8\r\n\r\nListrik padam \xff\r\n"
    assert read(raw).startswith("Listrik padam")


@pytest.mark.parametrize(
    "behind",
    [
        "On Sun, 22 Nov 2026 at 12:00, PLN 123 <layanan@suar.example> wrote:\n> Laporan Anda 54100000001",
        "On Sun, 22 Nov 2026 at 12:00, PLN 123 <layanan@suar.example>\nwrote:\n\n> Laporan Anda 54100000001",
        "Pada Min, 22 Nov 2026 pukul 12.00 PLN 123 menulis:\n\n> Laporan Anda 54100000001\n> lain",
        "-----Original Message-----\nFrom: PLN\nLaporan Anda 54100000001",
        "________________________________\nDari: PLN 123\nLaporan Anda 54100000001",
        "-- \nSekar, 54100000001",
    ],
)
def test_what_is_quoted_is_cut_off(behind: str) -> None:
    assert read(letter(f"Masih padam.\n\n{behind}\n")) == "Masih padam."


def test_an_answer_below_the_quotation_is_read() -> None:
    text = "On Sun, 22 Nov 2026, PLN <a@b.id> wrote:\n> Kabar apa?\n> ...\n\nMasih padam."
    assert read(letter(text)) == "Masih padam."


def test_a_quotation_in_html_is_none_of_the_customers_words() -> None:
    page = "<div>Masih padam</div><blockquote><p>Laporan 54100000001</p></blockquote>"
    assert read(letter(page, subtype="html")) == "Masih padam"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=1"},
        {"Precedence": "bulk"},
        {"Precedence": "list"},
        {"List_Id": "<warga.contoh.id>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"From": "Mail Delivery System <MAILER-DAEMON@contoh.id>"},
        {"From": "no-reply@contoh.id"},
        {"From": OURS},
        {"From": "nobody at all"},
    ],
)
def test_machines_are_known(headers: dict[str, str]) -> None:
    assert read_letter(letter(**headers).as_bytes(), own=OURS).machine


def test_a_bounce_is_a_machine() -> None:
    raw = b"From: a@b.id\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nfailed\r\n--x--\r\n"
    assert read_letter(raw, own=OURS).machine


def test_a_person_who_says_no_to_machines_is_none() -> None:
    assert not read_letter(letter(Auto_Submitted="no").as_bytes(), own=OURS).machine


def test_our_answer_continues_the_letter_and_stops_machines() -> None:
    found = read_letter(letter(Subject="Re: Bls: Padam", References="<a0@contoh.id>").as_bytes(), own=OURS)
    payload = answer_to(found, "Laporan dicatat.", thread="0123456789abcdef", key="f" * 64, own=OURS)
    ours = compose(payload, own=OURS)
    assert ours["To"] == "sekar@contoh.id"
    assert ours["Subject"] == "Re: Padam [suar-0123456789abcdef]"
    assert ours["In-Reply-To"] == "<a1@contoh.id>"
    assert ours["References"] == "<a0@contoh.id> <a1@contoh.id>"
    assert ours["Auto-Submitted"] == "auto-replied"
    back = read_letter(letter("Baik", References=str(ours["Message-ID"])).as_bytes(), own=OURS)
    assert back.thread == "0123456789abcdef"
    assert read_letter(compose(payload, own=OURS).as_bytes(), own="").machine  # we would not answer ourselves


def test_no_header_of_a_customer_adds_one_to_ours() -> None:
    raw = b"From: a@b.id\r\nSubject: =?utf-8?q?x=0D=0ABcc:_c=40d.id?=\r\nMessage-ID: <a\r\n b@c>\r\n\r\npadam"
    payload = answer_to(read_letter(raw), "x", thread="0" * 16, key="f" * 64, own=OURS)
    assert "Bcc" not in compose(payload, own=OURS)


@pytest.mark.parametrize("opening", ["<![", "<![[", "<![if !supportLists]>", "<![x>"])
def test_a_page_that_pythons_parser_would_not_read_is_read(opening: str) -> None:
    assert read(letter(f"<p>Listrik padam</p>{opening}<p>dekat pasar</p>", subtype="html")).startswith("Listrik padam")


@pytest.mark.parametrize(
    "head",
    [
        b"From: a@b.id\r\nSubject: =?utf-8?b?base64/text/html?= x",
        b"From: a@b.id\r\nSubject: =?klingon?q?a?=",
        b"From: a@b.id\r\nMessage-ID: <=?utf-8?q?x)>@\r\nReferences: <a<\r\nIn-Reply-To: <",
        b"From: a@b.id\r\nContent-Disposition: ;\x00*",
        b"From: a@b.id\r\nContent-Type: text/plain; charset=\x00x",
        b"From: a@b.id\r\nContent-Type: text/plain; filename*=utf-8''%ff; filename*1*=x",
        b'From: "Sekar" <"=0D=0A.:*"@b.id>, a@b.id',
    ],
)
def test_a_letter_with_a_broken_head_is_read_and_can_be_answered(head: bytes) -> None:
    found = read_letter(head + b"\r\n\r\nListrik padam\r\n", own=OURS)
    assert (found.sender, found.text, found.machine) == ("a@b.id", "Listrik padam", False)
    payload = answer_to(found, "x", thread="0" * 16, key="f" * 64, own=OURS)
    assert compose(payload, own=OURS).as_bytes()


def test_a_subject_that_is_not_encoded_is_read() -> None:
    found = read_letter("From: a@b.id\r\nSubject: Désa padam\r\n\r\nx".encode(), own=OURS)
    assert found.subject == "Désa padam"


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: a@b.id\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n"]),
)
def test_any_bytes_are_read(raw: bytes, head: bytes) -> None:
    found = read_letter(head + raw, own=OURS)
    assert found.id
    assert isinstance(found.text, str)
