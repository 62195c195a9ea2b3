"""A wrong setting or operator's file is refused at start, with the place and the reason, never with a secret."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import startup
from config.operator import load, operator
from config.settings import settings
from config.yaml_file import ConfigError, YamlFile

pytestmark = pytest.mark.unit

UTILITY = Path(__file__).parents[2] / "config" / "utility"


@pytest.fixture(autouse=True)
def _read_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name == "REDIS_URL" or name.startswith("SUAR_")]:
        monkeypatch.delenv(name)
    settings.cache_clear()
    operator.cache_clear()
    yield
    settings.cache_clear()
    operator.cache_clear()


@pytest.fixture
def utility(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped files that a test may spoil."""
    folder = tmp_path / "utility"
    shutil.copytree(UTILITY, folder)
    monkeypatch.setenv("SUAR_CONFIG_DIR", str(folder))
    return folder


def refused(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as told:
        load(folder)
    return told.value.faults


def test_the_shipped_files_have_no_fault() -> None:
    assert load(UTILITY).queues.queues


@pytest.mark.parametrize("name", ["SUAR_PROT", "SUAR_REDIS", "SUAR_REDIS_URL_FIEL"])
def test_a_setting_nobody_reads_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=f"{name}: there is no such setting"):
        startup.check()


def test_a_misspelt_setting_is_told_the_right_one() -> None:
    (fault,) = startup.unknown_names({"SUAR_PROT": "1", "PATH": "/bin", "SUAR_PORT": "8123"})
    assert fault.endswith("did you mean SUAR_PORT?")


def test_a_wrong_value_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUAR_PORT", "70000")
    monkeypatch.setenv("SUAR_LOG_LEVEL", "LOUD")
    with pytest.raises(ConfigError) as told:
        startup.check()
    assert [fault.split(":")[1].strip() for fault in told.value.faults] == ["SUAR_PORT", "SUAR_LOG_LEVEL"]


def test_a_secret_never_stands_in_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUAR_RTP_START", "20000")
    monkeypatch.setenv("SUAR_RTP_END", "10000")
    monkeypatch.setenv("SUAR_TWILIO_AUTH_TOKEN", "s3cret-token")
    with pytest.raises(ConfigError) as told:
        startup.check()
    assert "s3cret-token" not in str(told.value)


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    monkeypatch.setenv("SUAR_TWILIO_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    assert startup.check().twilio_auth_token == "abc"


def test_a_secrets_file_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SUAR_AMI_SECRET_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="cannot be read"):
        startup.check()


def test_redis_url_is_read_too_and_ours_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://a:1/0")
    assert startup.check().store_url == "redis://a:1/0"
    settings.cache_clear()
    monkeypatch.setenv("SUAR_REDIS_URL", "redis://b:1/0")
    assert startup.check().store_url == "redis://b:1/0"


def test_an_unknown_key_is_refused_with_file_and_line(utility: Path) -> None:
    path = utility / "queues.yaml"
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + "nonsense: 1\n")
    (fault,) = refused(utility)
    assert fault.startswith(f"{path}:{lines + 1}: nonsense: ")


def test_a_key_written_twice_is_refused(utility: Path) -> None:
    path = utility / "queues.yaml"
    path.write_text(path.read_text() + "emergency: other\n")
    (fault,) = refused(utility)
    assert "stands twice" in fault
    assert f"{path}:" in fault


def test_a_file_that_is_not_there_is_refused(utility: Path) -> None:
    (utility / "partners.yaml").unlink()
    assert "cannot be read" in refused(utility)[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: 1\nb: [1, 2\n", 3), ("a: 1\nb: x\x00y\n", 2), ("a: 1\n? [b, c]\n: 2\n", 2), ("a: 1\n? {b: c}\n: 2\n", 2)],
)
def test_broken_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rf"x\.yaml:{line}: "):
        YamlFile(tmp_path / "x.yaml")


def test_two_files_that_contradict_each_other_are_refused(utility: Path) -> None:
    path = utility / "partners.yaml"
    path.write_text("partners: {}\n")
    faults = refused(utility)
    assert any("queues.yaml:" in fault and "no partner" in fault for fault in faults)


def test_every_fault_of_a_file_is_told_at_once(utility: Path) -> None:
    path = utility / "areas.yaml"
    path.write_text(path.read_text() + "one: 1\ntwo: 2\n")
    assert len(refused(utility)) == 2
