"""The whole API, asked by its own description: every operation, every role and key, values of any form, real ones among
them. No fault of ours, no answer that the description does not name, no problem without a slug that it names.

`SUAR_FUZZ=500 pytest tests/agent_desk/test_fuzz.py` asks more of each operation, and not the same every time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.errors import FailureGroup
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from agent_desk import keys
from agent_desk.keys import WantedKey
from agent_desk.permissions import EVERY_SCOPE
from config.clock import SystemClock
from config.operator import operator
from tests.fixtures.desk import Web
from tests.fixtures.tickets import a_report
from tickets import completion, reports
from tickets.contacts import Contact
from tickets.kinds import CompletionCode, Intent, ReportingKind, ReportKind, UrgentReason
from tickets.models import Outage, Premises, Report, WorkOrder

pytestmark = [pytest.mark.store, pytest.mark.timeout(1200)]

EXAMPLES = int(os.environ.get("SUAR_FUZZ", "8"))  # of each operation, of right and of wrong form
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    allow_header_conformance,
]
STAFF = ("cso1", "spv1", "dir1", "op1", "regu1", "mitra1", "eng1")


@pytest.fixture(params=["web", "web_postgres"])
def fuzzed(request: pytest.FixtureRequest) -> Web:
    """The application on either database."""
    found: Web = request.getfixturevalue(request.param)
    return found


def programs(web: Web) -> dict[str, str]:
    """Who asks → the key; a visitor has none."""
    found = {"visitor": "", "pln-mobile": web.mobile_key, "unknown": "suar_tidak-dikenal"}
    with web.db.transaction() as session:
        for login in STAFF:
            wanted = WantedKey(f"{login}-semua", (EVERY_SCOPE,), account=login, per_minute=1_000_000)
            found[login] = keys.create(session, wanted, now=SystemClock().now())
    return found


def reported(web: Web) -> list[str]:
    """Numbers: a G and a K that are open, and one of each that is finished."""
    now, numbers = SystemClock().now(), []
    with web.db.transaction() as session:
        quiet = Premises.id.not_in(select(Report.premises_id).where(Report.premises_id.is_not(None)))
        homes = session.scalars(select(Premises.id).where(quiet).order_by(Premises.id.desc()).limit(4)).all()
        for kind, home, done in zip("GGKK", homes, (False, True, False, True), strict=True):
            told = a_report(kind=ReportKind(kind), premises_id=home, only_me=kind == "G")
            numbers.append(reports.file_report(session, told, now=now).number)
            if done:
                staff = Contact("op1", ReportingKind.OTHER, f"fuzz:{numbers[-1]}")
                completion.resolve(
                    session, numbers[-1], code=CompletionCode.DONE, note="Selesai.", contact=staff, now=now
                )
    return numbers


def real(web: Web) -> dict[str, list[Any]]:
    """Values that exist, by the names that parameters and fields have."""
    rules, numbers = operator(), reported(web)
    with web.db.transaction() as session:
        homes = session.scalars(select(Premises).order_by(Premises.id.desc()).limit(5)).all()
        return {
            "number": numbers,
            "outage": list(session.scalars(select(Outage.id).limit(3))),
            "order": list(session.scalars(select(WorkOrder.id).limit(3))),
            "premises": [home.id for home in homes],
            "idpel": [home.idpel for home in homes],
            "meter": [home.meter for home in homes],
            "area": ["31.71.06", "19.71", "31"],
            "cso": ["cso1"],
            "name": list(rules.partners.partners),
            "queue": list(rules.queues.queues),
            "phone": ["+6281201000001", ""],
            "intent": [intent.value for intent in Intent],
            "urgent": [None, *(reason.value for reason in UrgentReason)],
            "note": ["Masih gelap."],
            "troubleCode": ["", "padam", "tagihan", "ubah-daya"],
            "q": ["Gantari", "0812", numbers[0][:6]],
        }


def operations(web: Web) -> Iterator[Any]:
    schema = schemathesis.openapi.from_url(f"{web.base_url}/api/v1/openapi.json")
    for found in schema.get_all_operations():
        yield found.ok()


def slugs(response: Response, case: Case) -> None:
    """A problem names itself by a slug that the description gives for this operation and status."""
    if response.status_code < 400:
        return
    told = case.operation.definition.raw["responses"][str(response.status_code)]
    slug = response.json()["slug"]
    assert slug in told["content"]["application/problem+json"]["examples"], f"{response.status_code} {slug}"


def test_whatever_is_asked_of_the_api_is_answered_as_described(fuzzed: Web) -> None:
    people, values, faults = programs(fuzzed), real(fuzzed), list[str]()
    with requests.Session() as session:
        for operation in operations(fuzzed):
            for mode in GenerationMode:
                try:
                    _ask(operation, mode, session, people, values)
                except (Exception, FailureGroup) as fault:  # the next operation may have another one
                    faults.append(f"{operation.label} ({mode.value}): {type(fault).__name__} {fault}")
    assert not faults, f"{len(faults)} faults\n" + "\n\n".join(faults)


def _ask(
    operation: Any,
    mode: GenerationMode,
    session: requests.Session,
    people: dict[str, str],
    values: dict[str, list[Any]],
) -> None:
    @given(draw=some.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="SUAR_FUZZ" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(draw: some.DataObject) -> None:
        case: Case = draw.draw(operation.as_strategy(generation_mode=mode))
        key = people[draw.draw(some.sampled_from(sorted(people)))]
        for part in (case.path_parameters, case.query, case.body):
            if isinstance(part, dict):
                for name in sorted(part.keys() & values.keys()):
                    if draw.draw(some.booleans()):
                        part[name] = draw.draw(some.sampled_from(values[name]))
        response = case.call(session=session, headers={"X-API-Key": key} if key else {}, timeout=20)
        case.validate_response(response, checks=CHECKS)
        slugs(response, case)

    ask()
