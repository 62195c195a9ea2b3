"""The table of roles, read as a supervisor would read it aloud."""

from __future__ import annotations

import pytest

from agent_desk.permissions import Role, who_may

pytestmark = pytest.mark.unit

R = Role


@pytest.mark.parametrize("path", ["/api/v1/outages/1/statements", "/papan/padam/1/pernyataan"])
def test_only_supervisors_publish(path: str) -> None:
    assert who_may("POST", path) == {R.SUPERVISOR}


@pytest.mark.parametrize(
    "path", ["/api/v1/outages", "/api/v1/outages/1/restored", "/papan/padam", "/papan/padam/1/nyala"]
)
def test_the_command_centre_says_what_is_dark_and_what_is_lit_again(path: str) -> None:
    assert who_may("POST", path) == {R.SUPERVISOR, R.OPERATOR}


def test_orders_are_moved_by_the_command_centre_and_by_crews_on_their_own_page() -> None:
    assert who_may("POST", "/api/v1/work-orders/1/cancel") == {R.SUPERVISOR, R.OPERATOR}
    assert who_may("POST", "/regu/1/langkah") == {R.CREW}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/level"),
        ("DELETE", "/api/v1/level/override"),
        ("PUT", "/api/v1/gaps/31"),
        ("POST", "/papan/tingkat"),
    ],
)
def test_only_supervisors_set_the_surge_level(method: str, path: str) -> None:
    assert who_may(method, path) == {R.SUPERVISOR}


def test_customers_are_read_by_those_who_serve_them() -> None:
    assert who_may("GET", "/api/v1/customers") == {R.CSO, R.SUPERVISOR, R.OPERATOR}
    assert R.DIRECTOR not in who_may("GET", "/api/v1/calls/c0000000000000001")


@pytest.mark.parametrize("path", ["", "/starred", "/54100000001", "/54100000001/log", "/54100000001/tracking"])
def test_reports_are_read_by_those_who_serve_their_customers(path: str) -> None:
    assert who_may("GET", f"/api/v1/reports{path}") == {R.CSO, R.SUPERVISOR, R.OPERATOR}


def test_a_cso_tells_a_report_again_and_the_command_centre_finishes_it() -> None:
    for step in ("lapor-ulang", "update", "follow-up", "comments"):
        assert who_may("POST", f"/api/v1/reports/54100000001/{step}") == {R.CSO, R.SUPERVISOR, R.OPERATOR}
    assert who_may("POST", "/api/v1/reports/54100000001/resolve") == {R.SUPERVISOR, R.OPERATOR}


def test_an_engineer_and_a_director_change_nothing() -> None:
    for path in ("/api/v1/reports", "/api/v1/outages", "/api/v1/outages/1/statements", "/api/v1/work-orders/1/accept"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert not who_may(method, path) & {R.ENGINEER, R.DIRECTOR, R.PARTNER, R.CREW}


@pytest.mark.parametrize("path", ["/sesuatu", "/api/v2/queues", "/mejalain", "/regu/1"])
def test_what_is_not_in_the_table_is_closed(path: str) -> None:
    assert who_may("GET", path) == frozenset()
