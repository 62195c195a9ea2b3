"""messages.yaml and the addresses of mail servers are refused at start, with file, line and reason, and no password."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.mail_url import mail_server
from config.operator import load
from config.settings import HERE, Settings
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('nomor {number}.", en: "Your report', 'nomor.", en: "Your report', "same placeholders"),
        ("laporan di {link} dengan", "laporan di {link!x} dengan", "a name in braces, nothing else"),
        ("  greeting:", "  salam:", "greeting missing"),
        ("  subscribed:", "  extra: {id: x}\n  subscribed:", "nobody says extra"),
        ("  token: [token]", "  tokn: [token]", "no category 'tokn'"),
        ("  bahaya: [", "  bahaya-lain: [", "no category 'bahaya-lain'"),
        ("[batal,", "[Batal!,", "small letters"),
        ("  thanks: [", "  danke: [", "danke"),
        ("sms: 24,", "", "sms missing"),
        ("email: 168", "email: 0", "greater than 0"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    folder = Path(shutil.copytree(HERE / "utility", tmp_path / "utility"))
    file = folder / "messages.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as fault:
        load(folder)
    assert any("messages.yaml:" in one and reason in one for one in fault.value.faults), fault.value.faults


def test_addresses_of_mail_servers() -> None:
    server = mail_server("imaps://layanan%40pln.id:r%3Ahasia@mail.pln.id/Masuk", "imap")
    assert (server.user, server.password, server.port, server.folder) == ("layanan@pln.id", "r:hasia", 993, "Masuk")
    assert server.tls == "implicit"
    assert "hasia" not in repr(server)
    assert mail_server("smtp://a:b@h", "smtp").tls == "starttls"
    assert mail_server("smtp://h:25?tls=off", "smtp").tls == "off"


@pytest.mark.parametrize(
    "url",
    ["http://a:rahasia@h", "imap://", "smtps://a:rahasia@h", "imaps://a:rahasia@h?tls=off", "imap://a:rahasia@h:x"],
)
def test_a_wrong_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as fault:
        Settings(imap_url=url, mail_from="a@b.id")
    assert "rahasia" not in str([error["msg"] for error in fault.value.errors(include_input=False)])


def test_letters_need_an_address_of_ours() -> None:
    with pytest.raises(ValidationError, match="mail_from"):
        Settings(imap_url="imaps://a:b@h")
