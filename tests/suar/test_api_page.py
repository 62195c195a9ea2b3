"""docs/api.md: its commands are run as they stand there, against a running application."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent_desk.permissions import FOR_APPLICATIONS
from config.clock import SystemClock
from config.database import Database
from suar.main import app as command_line
from tests.fixtures.desk import Web
from tests.fixtures.servers import need
from tickets import completion
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, ReportingKind
from tickets.outages import lookup
from tickets.seed import SAMPLES

pytestmark = pytest.mark.store

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def run(block: str, **names: str) -> list[dict[str, Any]]:
    """What each command of a block answered."""
    script = "\n".join(
        [*(f"{name}={value}" for name, value in names.items()), block.replace("curl -sS", "echo; curl -sS")]
    )
    said = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in said.stdout.splitlines() if line.strip()]


def finish(db: Database, number: str) -> None:
    with db.transaction() as session:
        staff = Contact("op1", ReportingKind.OTHER, f"uji:{number}")
        now = SystemClock().now()
        completion.resolve(session, number, code=CompletionCode.DONE, note="Selesai.", contact=staff, now=now)


def test_the_way_of_a_report_as_the_page_tells_it(web: Web) -> None:
    need("curl")
    _key, report, contact, track, answers = BLOCKS
    with web.db.reading() as session:
        idpel = lookup.premises_by_phone(session, SAMPLES["no_outage"])[0].idpel
    names = {"SUAR": web.base_url, "KEY": web.mobile_key, "IDPEL": idpel}
    (filed,) = run(report, **names)
    assert (filed["reportingKind"], filed["status"]) == ("app", "BELUM_SELESAI")
    assert run(report, **names) == [filed]  # the page's Idempotency-Key
    (open_,) = run(report.replace("8e03978e", "9f03978e"), **names)
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    assert open_.keys() == example.keys()
    assert (open_["slug"], open_["title"], open_["actions"]) == tuple(example[k] for k in ("slug", "title", "actions"))
    names["NUMBER"] = filed["number"]
    assert run(contact, **names)[0]["steps"] == ["UPDATE_LAPORAN"]
    assert run(track, **names)[0]["number"] == filed["number"]
    finish(web.db, filed["number"])
    confirmed, rated = run(answers, **names)
    assert (confirmed["status"], rated["stars"]) == ("SELESAI", 5)


def test_the_page_names_the_scopes_and_verbs_that_there_are() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+:[a-z]+)` \|", PAGE, re.MULTILINE))
    assert rows == set(FOR_APPLICATIONS)
    verbs = {
        group.name: {c.name for c in group.typer_instance.registered_commands}
        for group in command_line.registered_groups
    }
    assert set(re.findall(r"suar key (\w+)", PAGE)) <= verbs["key"]
