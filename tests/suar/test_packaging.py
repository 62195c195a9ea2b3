"""Locks, licences, deployment files: what is shipped agrees with what is written."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from config.settings import Settings
from router.store.persistence import judged
from suar.main import app

pytestmark = pytest.mark.unit

REPOSITORY = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(name: str) -> list[str]:
    text = (REPOSITORY / name).read_text().splitlines()
    return [line.strip() for line in text if line.strip() and not line.startswith(("#", "-"))]


def test_the_script_for_the_packages_of_the_tests_reads_its_own_list() -> None:
    script = REPOSITORY / "scripts" / "test-deps.sh"
    stubs = "apt-get() { :; }; command() { return 1; }; compgen() { return 1; }; id() { echo 1; }; sudo() { return 1; }"
    asked = f"{stubs}; cd {REPOSITORY}; source <(sed '/^cd /d' {script})"
    said = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False)
    assert said.stderr == ""
    for package in ("chromium", "postgresql", "baresip-core", "redis-tools"):
        assert f"test: {package} is missing" in said.stdout


def test_what_is_locked_is_what_the_project_depends_on() -> None:
    assert lines("requirements.in") == PROJECT["dependencies"]
    wanted = {re.sub(r"\s", "", line.replace("'", '"')) for line in PROJECT["optional-dependencies"]["speech"]}
    assert {re.sub(r"\s", "", line) for line in lines("requirements-speech.in")} == wanted


def test_there_are_at_most_twenty_dependencies_each_with_a_reason() -> None:
    reasons = (REPOSITORY / "docs" / "decisions" / "0002-dependencies.md").read_text()
    names = [re.split(r"[\[;=<> ]", name)[0] for name in PROJECT["dependencies"]]
    assert len(names) <= 20
    assert [name for name in names if f"| `{name}" not in reasons] == []


@pytest.mark.parametrize("name", sorted(path.name for path in REPOSITORY.glob("requirements*.lock")))
def test_every_locked_package_has_a_hash_and_no_address(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    packages = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_no_locked_package_has_a_licence_outside_the_list() -> None:
    assert script("licences").refused() == []


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "deploy" / "compose.yaml").read_text())
    return found


def test_every_service_runs_an_existing_verb() -> None:
    verbs = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    ours = {name: service for name, service in compose()["services"].items() if "suar" in service.get("image", "")}
    assert set(ours) >= {"web", "agi", "connector", "dispatcher", "worker", "migrate"}
    for name, service in ours.items():
        assert service["command"][0] in verbs, name


def test_the_store_of_the_deployment_keeps_what_it_has_answered() -> None:
    command = compose()["services"]["store"]["command"]
    found = dict(zip((name.removeprefix("--") for name in command[1::2]), command[2::2], strict=True))
    assert judged({"maxmemory": "1gb", **found}, embedded=False, durability="everysec") == []


def test_the_night_tortures_with_a_million_events() -> None:
    said = subprocess.run(["make", "-n", "nightly"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert re.search(r"simulation\.torture --seed \d+ --events 1000000\n", said)


def test_every_setting_of_the_deployment_exists() -> None:
    known = {f"SUAR_{name.upper()}" for name in Settings.model_fields}
    text = "".join(
        (REPOSITORY / "deploy" / name).read_text() for name in ("compose.yaml", ".env.example", "suar.service")
    )
    used = {name.removesuffix("_FILE") for name in re.findall(r"\bSUAR_[A-Z_]+", text)} - {
        "SUAR_HEARTBEAT",
        "SUAR_",
    }
    assert used - known == set()


def test_no_deployment_file_holds_a_secret() -> None:
    text = (REPOSITORY / "deploy" / ".env.example").read_text()
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if sign and re.search(r"SECRET|TOKEN|PASSWORD", name) and not name.startswith("#"):
            assert value == "", name
