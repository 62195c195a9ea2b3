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
CONTROL: frozenset[str] = frozenset({R.SUPERVISOR, R.OPERATOR})  # the command centre
PUBLISHERS: frozenset[str] = frozenset({R.SUPERVISOR})  # one approved statement, one who answers for it
SERVING: frozenset[str] = frozenset({R.CSO, R.SUPERVISOR, R.OPERATOR})  # need the personal data of callers
CALLS: frozenset[str] = frozenset({R.CSO, R.SUPERVISOR})  # a CSO only the own one: router/talk_api.py
BOARD: frozenset[str] = frozenset({R.SUPERVISOR, R.OPERATOR, R.DIRECTOR, R.ENGINEER})
DESK: frozenset[str] = frozenset({R.CSO})
CREW: frozenset[str] = frozenset({R.CREW})
WRITE = "POST PUT PATCH DELETE"


@dataclass(frozen=True)
class Rule:
    """In `path` a `*` stands for anything; methods "GET POST …" or "*"."""

    methods: str
    path: str
    roles: frozenset[str]

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
    Rule("*", "/twilio/*", PUBLIC),  # signed by the carrier
    Rule("GET", "/telepon", PUBLIC),  # demo mode only
    Rule("*", "/telepon/*", PUBLIC),  # demo mode only; same origin is checked there
    Rule("GET", "/meja", DESK),
    Rule("*", "/meja/*", DESK),
    Rule("GET", "/papan", BOARD),
    Rule("GET", "/papan/*", BOARD),
    Rule("POST", "/papan/padam/*/pernyataan", PUBLISHERS),
    Rule("POST", "/papan/tingkat", PUBLISHERS),
    Rule("POST", "/papan/kendali/*", PUBLISHERS),
    Rule("POST", "/papan/*", CONTROL),
    Rule("GET", "/regu", CREW),
    Rule("POST", "/regu/*", CREW),
    # The API, for programs with a key and for pages: reading, then writing.
    Rule("GET", "/api/v1/openapi.json", PUBLIC),
    Rule("GET", "/api/v1/customers", SERVING),
    Rule("GET", "/api/v1/calls", BOARD),  # whole numbers: SERVING of them (router/calls_api.py)
    Rule("GET", "/api/v1/calls/*", SERVING | {R.ENGINEER}),
    Rule("GET", "/api/v1/partners", BOARD),
    Rule("GET", "/api/v1/*", STAFF),
    Rule(WRITE, "/api/v1/outages/*/statements", PUBLISHERS),
    Rule(WRITE, "/api/v1/level*", PUBLISHERS),
    Rule(WRITE, "/api/v1/gaps/*", PUBLISHERS),
    Rule(WRITE, "/api/v1/partners/*", PUBLISHERS),
    Rule(WRITE, "/api/v1/outages*", CONTROL),
    Rule(WRITE, "/api/v1/work-orders*", CONTROL),
    Rule(WRITE, "/api/v1/calls/*", CALLS),
    Rule("POST", "/api/v1/agents/*/wrap-up", CALLS),
    Rule(WRITE, "/api/v1/agents/*", PUBLISHERS),
    Rule(WRITE, "/api/v1/*", SERVING),
)


def who_may(method: str, path: str) -> frozenset[str]:
    """The roles that may use a path; empty when the table does not know it."""
    verb = "GET" if method == "HEAD" else method
    return next((rule.roles for rule in TABLE if rule.covers(verb, path)), frozenset())


HOME: dict[str, str] = {
    R.CSO: "/meja",
    R.SUPERVISOR: "/papan",
    R.DIRECTOR: "/papan",
    R.OPERATOR: "/papan",
    R.ENGINEER: "/papan",
    R.CREW: "/regu",
    R.PARTNER: "/lacak",  # the partner's own page comes with its issue
}
