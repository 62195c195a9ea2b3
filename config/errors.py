"""Errors are facts with a status and a stable slug (RFC 9457). Nothing personal stands in them."""

from __future__ import annotations


class Problem(Exception):
    """Something a caller of ours asked for that cannot be done; it changed nothing.

    `slug` never changes once released; `status` is the HTTP status of the problem document;
    `title` is a sentence for people without numbers, names or digits of a caller.
    """

    slug = "problem"
    status = 400

    def __init__(
        self, title: str, *, slug: str | None = None, status: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(title)
        self.title = title
        self.slug = slug or type(self).slug
        self.status = status or type(self).status
        self.field = field


class NotFound(Problem):
    """The thing named does not exist."""

    slug = "not-found"
    status = 404


class Refused(Problem):
    """A rule forbids it now (state, role, cap)."""

    slug = "refused"
    status = 409


class Invalid(Problem):
    """The input has the wrong shape."""

    slug = "invalid"
    status = 422


class IllegalMove(Refused):
    """A state table has no such transition; the state is unchanged."""

    slug = "illegal-move"

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__("Itu tidak berlaku dalam keadaannya yang sekarang; mungkin baru saja berubah.")
        self.machine, self.state, self.event = machine, state, event

    def __str__(self) -> str:
        return f"{self.machine}: no transition from {self.state} on {self.event}"
