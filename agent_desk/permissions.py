"""Who may do what: one table. A route that is not in it is closed to everyone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class Role(StrEnum):
    """What an account is for."""

    CSO = "cso"
    SUPERVISOR = "supervisor"
    DIRECTOR = "director"
    OPERATOR = "operator"
    CREW = "crew"
    PARTNER = "partner"
    ENGINEER = "engineer"


R = Role
ANYONE = "anyone"  # also without a login
PUBLIC: frozenset[str] = frozenset({ANYONE, *Role})
STAFF: frozenset[str] = frozenset({R.CSO, R.SUPERVISOR, R.DIRECTOR, R.OPERATOR, R.ENGINEER})
APPROVERS: frozenset[str] = frozenset({R.SUPERVISOR, R.DIRECTOR})  # the other person, where two are required
CONTROL: frozenset[str] = frozenset({R.SUPERVISOR, R.OPERATOR})  # the command centre
PUBLISHERS: frozenset[str] = frozenset({R.SUPERVISOR})  # one approved statement, one who answers for it
SERVING: frozenset[str] = frozenset({R.CSO, R.SUPERVISOR, R.OPERATOR})  # need the personal data of callers
CALLS: frozenset[str] = frozenset({R.CSO, R.SUPERVISOR})  # a CSO only the own one: router/talk_api.py
LISTENERS: frozenset[str] = frozenset({R.SUPERVISOR})  # to recorded conversations (docs/decisions/0068-recording.md)
TAKERS: frozenset[str] = frozenset({R.SUPERVISOR, R.OPERATOR, R.DIRECTOR})  # of alerts: whom they may reach
BOARD: frozenset[str] = frozenset({R.SUPERVISOR, R.OPERATOR, R.DIRECTOR, R.ENGINEER})
ANSWERABLE: frozenset[str] = frozenset({R.SUPERVISOR, R.DIRECTOR})  # who stand for the figures
DESK: frozenset[str] = frozenset({R.CSO})
CREW: frozenset[str] = frozenset({R.CREW})
WRITE = "POST PUT PATCH DELETE"


class Scope(StrEnum):
    """What the key of a program is for."""

    REPORTS_CREATE = "reports:create"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    REPORTS_RATE = "reports:rate"
    TRACKING_READ = "tracking:read"
    CUSTOMERS_READ = "customers:read"
    OUTAGES_READ = "outages:read"
    OUTAGES_WRITE = "outages:write"
    WORK_ORDERS_READ = "work-orders:read"
    WORK_ORDERS_WRITE = "work-orders:write"
    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    QUEUES_READ = "queues:read"
    QUEUES_WRITE = "queues:write"
    FIGURES_READ = "figures:read"
    FIGURES_WRITE = "figures:write"
    COMPENSATION_READ = "compensation:read"
    COMPENSATION_WRITE = "compensation:write"


S = Scope
EVERY_SCOPE = "*"  # whatever the account may; no application has it
# The rest shows data of all customers, asks for a role, or for the CSO that an account is.
FOR_APPLICATIONS: frozenset[str] = frozenset({S.REPORTS_CREATE, S.REPORTS_RATE, S.TRACKING_READ, S.OUTAGES_READ})


@dataclass(frozen=True)
class Rule:
    """In `path` a `*` stands for anything; methods "GET POST …" or "*". `roles` are people and the keys of accounts;
    a key needs `scope` besides, and is refused everywhere else unless it has every scope.
    """

    methods: str
    path: str
    roles: frozenset[str]
    scope: str = ""

    def covers(self, method: str, path: str) -> bool:
        """Whether this rule decides about the request."""
        if self.methods != "*" and method not in self.methods.split():
            return False
        return fnmatchcase(path, self.path)


# The first rule that covers a request decides.
TABLE: tuple[Rule, ...] = (
    Rule("GET", "/livez", PUBLIC),
    Rule("GET", "/readyz", PUBLIC),
    Rule("GET", "/metrics", PUBLIC),  # figures only; keep it inside the network (docs/decisions/0013-desk.md)
    Rule("GET", "/", PUBLIC),
    Rule("GET POST", "/masuk", PUBLIC),
    Rule("POST", "/keluar", frozenset(Role)),
    Rule("GET POST", "/lacak", PUBLIC),
    Rule("GET POST", "/lapor", PUBLIC),
    Rule("POST", "/lapor/kirim", PUBLIC),
    Rule("POST", "/lacak/jawaban", PUBLIC),  # the two numbers are asked for again
    Rule("*", "/twilio/*", PUBLIC),  # signed by the carrier
    Rule("GET", "/telepon", PUBLIC),  # demo mode only
    Rule("*", "/telepon/*", PUBLIC),  # demo mode only; same origin is checked there
    Rule("GET", "/meja", DESK),
    Rule("*", "/meja/*", DESK),
    Rule("GET", "/rekaman/catatan/*", SERVING),
    Rule("GET", "/rekaman/panggilan/*", LISTENERS),
    Rule("GET", "/papan", BOARD),
    Rule("GET POST", "/papan/rekaman/*", LISTENERS),
    Rule("GET", "/papan/*", BOARD),
    Rule("POST", "/papan/padam/*/pernyataan", PUBLISHERS),
    Rule("POST", "/papan/padam/*/pernyataan/*", APPROVERS),
    Rule("POST", "/papan/padam/*/perkiraan", PUBLISHERS),
    Rule("POST", "/papan/tingkat", PUBLISHERS),
    Rule("POST", "/papan/kendali/*", PUBLISHERS),
    Rule("POST", "/papan/peringatan/*", TAKERS),
    Rule("POST", "/papan/*", CONTROL),
    Rule("GET", "/regu", CREW),
    Rule("GET", "/regu/*/catatan/*", CREW),  # of an order in hand
    Rule("POST", "/regu/*", CREW),
    # The API, for programs with a key and for pages: reading, then writing.
    Rule("GET", "/api/v1/openapi.json", PUBLIC),
    Rule("GET", "/api/v1/customers", SERVING, S.CUSTOMERS_READ),
    Rule("GET", "/api/v1/calls", BOARD, S.CALLS_READ),  # whole numbers: SERVING of them (router/calls_api.py)
    Rule("GET", "/api/v1/calls/*", SERVING | {R.ENGINEER}, S.CALLS_READ),
    Rule("GET", "/api/v1/partners", BOARD, S.QUEUES_READ),
    Rule("GET", "/api/v1/reports/*/decision", SERVING, S.REPORTS_WRITE),  # for whoever acts on it, no application
    Rule("GET", "/api/v1/report-categories", STAFF, S.REPORTS_CREATE),
    Rule("GET", "/api/v1/reports*", SERVING, S.REPORTS_READ),
    Rule("GET", "/api/v1/alerts", STAFF, S.WORK_ORDERS_READ),
    Rule("GET", "/api/v1/outages*", STAFF, S.OUTAGES_READ),
    Rule("GET", "/api/v1/work-orders*", STAFF, S.WORK_ORDERS_READ),
    Rule("GET", "/api/v1/kpi*", BOARD, S.FIGURES_READ),
    Rule("GET", "/api/v1/crews*", STAFF, S.WORK_ORDERS_READ),
    Rule("GET", "/api/v1/compensation", SERVING, S.CUSTOMERS_READ),
    Rule("GET", "/api/v1/compensation/table", ANSWERABLE, S.COMPENSATION_READ),  # of all customers of a UP3
    Rule("GET", "/api/v1/*", STAFF, S.QUEUES_READ),
    Rule("POST", "/api/v1/reports", SERVING, S.REPORTS_CREATE),
    Rule("POST", "/api/v1/reports/*/contacts", SERVING, S.REPORTS_CREATE),  # an application proves IDPEL and number
    Rule("POST", "/api/v1/reports/*/rating", SERVING, S.REPORTS_RATE),
    Rule("POST", "/api/v1/reports/*/confirmation", SERVING, S.REPORTS_RATE),
    Rule("POST", "/api/v1/tracking", SERVING, S.TRACKING_READ),
    Rule("POST", "/api/v1/reports/*/resolve", CONTROL, S.REPORTS_WRITE),  # by a crew through its work order
    Rule("PUT", "/api/v1/reports/*/exemption", ANSWERABLE, S.COMPENSATION_WRITE),
    Rule("PUT", "/api/v1/outages/*/exemption", ANSWERABLE, S.COMPENSATION_WRITE),
    Rule("PUT", "/api/v1/reports/*/incident/priority", CONTROL, S.REPORTS_WRITE),
    Rule(WRITE, "/api/v1/reports/*", SERVING, S.REPORTS_WRITE),
    Rule("POST", "/api/v1/outages/*/subscriptions", SERVING, S.OUTAGES_WRITE),
    Rule("POST", "/api/v1/notice-refusals", SERVING, S.OUTAGES_WRITE),
    Rule(WRITE, "/api/v1/outages/*/statements", PUBLISHERS, S.OUTAGES_WRITE),
    Rule(WRITE, "/api/v1/outages/*/statements/*", APPROVERS, S.OUTAGES_WRITE),
    Rule(WRITE, "/api/v1/outages/*/estimates", PUBLISHERS, S.OUTAGES_WRITE),
    Rule(WRITE, "/api/v1/level*", PUBLISHERS, S.QUEUES_WRITE),
    Rule(WRITE, "/api/v1/gaps/*", PUBLISHERS, S.QUEUES_WRITE),
    Rule(WRITE, "/api/v1/partners/*", PUBLISHERS, S.QUEUES_WRITE),
    Rule(WRITE, "/api/v1/outages*", CONTROL, S.OUTAGES_WRITE),
    Rule("POST", "/api/v1/alerts/*", TAKERS, S.WORK_ORDERS_WRITE),
    Rule(WRITE, "/api/v1/work-orders*", CONTROL, S.WORK_ORDERS_WRITE),
    Rule(WRITE, "/api/v1/kpi/card/*", ANSWERABLE, S.FIGURES_WRITE),
    Rule(WRITE, "/api/v1/crews*", CONTROL, S.WORK_ORDERS_WRITE),
    Rule(WRITE, "/api/v1/calls/*", CALLS, S.CALLS_WRITE),
    Rule("POST", "/api/v1/agents/*/wrap-up", CALLS, S.QUEUES_WRITE),
    Rule(WRITE, "/api/v1/agents/*", PUBLISHERS, S.QUEUES_WRITE),
    Rule(WRITE, "/api/v1/*", SERVING),
)
CLOSED = Rule("*", "*", frozenset())


def rule_of(method: str, path: str) -> Rule:
    """The rule that decides; a closed one when the table does not know the path."""
    verb = "GET" if method == "HEAD" else method
    return next((rule for rule in TABLE if rule.covers(verb, path)), CLOSED)


def who_may(method: str, path: str) -> frozenset[str]:
    """The roles that may use a path; empty when the table does not know it."""
    return rule_of(method, path).roles


HOME: dict[str, str] = {
    R.CSO: "/meja",
    R.SUPERVISOR: "/papan",
    R.DIRECTOR: "/papan",
    R.OPERATOR: "/papan",
    R.ENGINEER: "/papan",
    R.CREW: "/regu",
    R.PARTNER: "/lacak",  # the partner's own page comes with its issue
}
