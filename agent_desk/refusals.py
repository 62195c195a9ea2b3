"""What the operations of the API refuse beside what every operation may: one table for the API's description.

A fuzz test fails when an answer has a slug that is not described here, in agent_desk/openapi.py or at its route.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

Slugs = dict[int, str]  # status → slugs, with blanks between

_FILING: Slugs = {
    404: "unknown-premises",
    409: "report-open",
    422: "area-missing unknown-area phone premises-missing category-missing unknown-category "
    "detail-missing detail-wrong detail-unknown",
    503: "numbers-exhausted",
}
_RULES = "rule-r09 rule-r10 rule-r11 rule-r12 rule-r14 rule-r16 rule-r18 rule-r19 rule-r21 rule-r23"
_CONTACT: Slugs = {403: "supervisor-only", 409: _RULES, 422: "intent-missing unknown-intent urgent-reason"}

_SEARCH = "query-short query-long query-characters phone number"

# Method and path (`*` stands for anything) → what is refused; everything that covers an operation counts.
REFUSALS: tuple[tuple[str, Slugs], ...] = (
    ("POST /api/v1/reports", _FILING),
    ("POST /api/v1/reports", {422: "premises-twice reporting-kind premises-by-number phone-missing"}),
    ("GET /api/v1/reports", {404: "unknown-report", 422: _SEARCH}),
    ("GET /api/v1/customers", {422: _SEARCH}),
    ("* /api/v1/reports/{number}*", {404: "unknown-report"}),
    ("* /api/v1/reports/{number}/lapor-ulang", {**_CONTACT, 422: f"{_CONTACT[422]} note-missing phone"}),
    ("* /api/v1/reports/{number}/lapor-ulang", {409: "report-open"}),
    ("* /api/v1/reports/{number}/update", {**_CONTACT, 422: f"{_CONTACT[422]} changes-missing phone"}),
    ("* /api/v1/reports/{number}/follow-up", _CONTACT),
    ("* /api/v1/reports/{number}/follow-up", {**_FILING, 422: f"{_FILING[422]} note-missing"}),
    ("* /api/v1/reports/{number}/contacts", {**_CONTACT, 422: f"{_CONTACT[422]} phone"}),
    ("* /api/v1/reports/{number}/decision", {422: _CONTACT[422]}),
    ("* /api/v1/reports/{number}/resolve", {409: "illegal-move", 422: "note-missing"}),
    ("* /api/v1/reports/{number}/comments", {422: "note-missing"}),
    ("* /api/v1/reports/{number}/tracking", {409: "rule-r23"}),
    ("* /api/v1/outages/{outage}*", {404: "unknown-outage"}),
    ("POST /api/v1/outages/{outage}/*", {409: "illegal-move"}),
    ("GET /api/v1/calls", {403: "numbers-covered", 404: "unknown-queue", 422: "zone-missing"}),
    ("* /api/v1/calls/{call}*", {404: "unknown-call"}),
    (
        "POST /api/v1/calls/{call}/*",
        {403: "not-your-call", 404: "unknown-cso", 409: "illegal-move stale-token not-waiting clock-back"},
    ),
    ("DELETE /api/v1/calls/{call}/*", {403: "not-your-call", 409: "illegal-move stale-token clock-back"}),
    ("* /api/v1/calls/{call}/consult", {409: "cso-not-free consult-running"}),
    ("* /api/v1/calls/{call}/complete", {409: "no-guest"}),
    ("* /api/v1/calls/{call}/transfer", {404: "unknown-queue", 409: "cso-not-free queue-full"}),
    ("* /api/v1/calls/{call}/refer", {404: "unknown-partner", 409: "partner-full emergency-stays"}),
    ("PUT /api/v1/level", {422: "level-range reason-missing until-past"}),
    ("DELETE /api/v1/level/override", {422: "reason-missing"}),
    ("PUT /api/v1/gaps/{area}", {404: "unknown-area", 422: "rate-range reason-missing until-past"}),
    ("POST /api/v1/partners/{name}", {404: "unknown-partner", 422: "reason-missing"}),
    ("POST /api/v1/agents/{cso}/wrap-up", {403: "not-your-desk", 409: "wrap-up-limit"}),
    ("* /api/v1/agents/{cso}*", {404: "unknown-cso unknown-queue", 409: "illegal-move", 422: "unknown-skill"}),
    ("PATCH /api/v1/agents/{cso}", {422: "unknown-level nothing-to-change"}),
)


def refusals(method: str, path: str) -> dict[int, list[str]]:
    """Status → slugs of one operation; `path` with its parameters' names."""
    found: dict[int, list[str]] = {}
    for pattern, slugs in REFUSALS:
        if fnmatchcase(f"{method} {path}", pattern):
            for status, words in slugs.items():
                found.setdefault(status, []).extend(words.split())
    return found
