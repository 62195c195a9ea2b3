"""The decision table: every row of the oracle, its boundaries, and what holds whatever anybody tries."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import Invalid
from config.schema.rules import RuleClock
from tests.fixtures.tickets import NOON
from tickets.kinds import Intent, ReportKind, UrgentReason
from tickets.rules import (
    FACTS,
    TABLE,
    WHY,
    Action,
    Decision,
    Elapsed,
    RuleForbids,
    Sentence,
    asked,
    clock_start,
    decide,
    elapsed,
    forbid,
)
from tickets.states import REPORT, ReportEvent, ReportStatus

pytestmark = pytest.mark.unit

with (Path(__file__).parent / "decision_table.csv").open(encoding="utf-8") as file:
    ORACLE = list(csv.DictReader(file))

G, K, P = ReportKind
OPEN, CLOSED = ReportStatus
ENQUIRY, CUST_DATA, PLN_SIDE, BOTH = Intent
LT3H, GE3H = Elapsed
LAPOR_ULANG, UPDATE, TICKET_BARU = Action.LAPOR_ULANG, Action.UPDATE_LAPORAN, Action.TICKET_BARU

SENTENCES = {
    "-": None,
    "S1": Sentence.PROMISE,
    "S2 if the crew uses APKT Mobile and is en route, else S3": Sentence.PROGRESS,
    "S4 if the completion note says data incomplete or telephone unreachable": Sentence.MISSING_DATA,
    "completion note": Sentence.COMPLETED,
}


def of(row: dict[str, str]) -> Decision:
    return decide(
        ReportKind(row["kind"]),
        ReportStatus(row["status"]),
        Intent(row["intent"]),
        Elapsed(row["elapsed"]),
        row["urgent"] == "Y",
    )


def words(cell: str, suffix: str) -> tuple[set[str], set[str]]:
    """The actions of a cell, and those of them that carry the suffix."""
    parts = cell.split("|")
    marked = {part.removesuffix(suffix) for part in parts if part.endswith(suffix)}
    return {part.removesuffix(suffix) for part in parts}, marked


def test_the_oracle_has_every_combination_once() -> None:
    assert len(ORACLE) == len({tuple(row.values())[1:6] for row in ORACLE}) == 64


@pytest.mark.parametrize("row", ORACLE, ids=[row["id"] for row in ORACLE])
def test_every_row_of_the_oracle(row: dict[str, str]) -> None:
    said = of(row)
    assert said.row == row["id"]
    assert said.required == tuple(row["required"].split(">"))

    permitted, afterwards = words(row["permitted"], " after LAPOR_ULANG")
    assert said.permitted == permitted - afterwards
    assert said.permitted_after_repeat == afterwards
    forbidden, before = words(row["forbidden"], " before LAPOR_ULANG")
    assert said.forbidden.keys() == forbidden
    assert said.permitted_after_repeat == before

    status = f"old:{said.status_after},new:BELUM_SELESAI" if said.new_number else said.status_after
    assert status == row["status_after"]
    assert said.new_number == (row["number"] == "NEW")
    assert said.sets_star == (row["star"] == "set")
    assert said.logs_repeat == (row["log_lapor_ulang"] == "1")
    assert said.sentence == SENTENCES[row["sentence"]]
    assert said.source == row["source"]


def test_no_two_rows_of_the_table_cover_the_same_contact() -> None:
    for kind, status, *contact in FACTS:
        assert sum(row.covers(*contact) for row in TABLE[kind, status]) == 1


@pytest.mark.parametrize("row", ORACLE[32:], ids=[row["id"] for row in ORACLE[32:]])
def test_a_request_follows_the_rows_of_a_complaint(row: dict[str, str]) -> None:
    assert of({**row, "kind": "P"}) == of(row)


def test_every_rule_that_forbids_something_says_why_and_no_other_does() -> None:
    used = {rule for facts in FACTS for rule in decide(*facts).forbidden.values()}
    assert used | {"R21"} == WHY.keys()


SHOWN = {
    "Lapor Ulang": LAPOR_ULANG,
    "Update": UPDATE,
    "New report": TICKET_BARU,
    "Comment": Action.COMMENT,
    "Detail": Action.DETAIL,
    "Tracking": Action.TRACKING,
}
CALLERS = {"asks": ENQUIRY, "data": CUST_DATA, "PLN's side": PLN_SIDE, "both": BOTH}


def test_the_page_for_people_says_what_the_table_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| D")]
    found = {row: cells for row_names, *cells in lines for row in row_names.split()}
    for facts in FACTS:
        said = decide(*facts)
        report, caller, since, urgent, steps, refused, says = found.pop(said.row)
        kind, status, intent, ago, hurry = facts
        assert report == f"{kind} {'open' if status is OPEN else 'closed'}"
        assert intent in [CALLERS[one] for one in caller.split(", ")]
        assert since in ("", "< 3 h" if ago is LT3H else "≥ 3 h")
        assert urgent in ("", "yes" if hurry else "no")
        assert tuple(SHOWN[step] for step in steps.partition(" (")[0].split(", ")) == said.required
        of_kind = {TICKET_BARU: "R14"} if kind is G else {Action.TRACKING: "R23"}
        told = dict(one.rsplit(maxsplit=1) for one in refused.split(", ") if one)
        assert {SHOWN[name]: rule for name, rule in told.items()} | of_kind == said.forbidden
        assert says == (said.sentence or ("N1" if said.new_number else ""))
    assert found == {}, "rows that do not exist"


# Boundaries


@pytest.mark.parametrize(
    ("minutes", "steps"),
    [(179.99, (UPDATE,)), (180, (Action.TRACKING, LAPOR_ULANG)), (181, (Action.TRACKING, LAPOR_ULANG))],
)
def test_exactly_180_minutes_are_three_hours(minutes: float, steps: tuple[Action, ...]) -> None:
    now = NOON + timedelta(minutes=minutes)
    assert decide(G, OPEN, PLN_SIDE, elapsed(NOON, now), False).required == steps


def test_a_closed_fault_is_reopened_although_three_hours_are_not_over() -> None:
    said = decide(G, CLOSED, PLN_SIDE, LT3H, False)
    assert (said.required, said.status_after, said.new_number) == ((LAPOR_ULANG,), OPEN, False)


def test_new_data_about_a_closed_complaint_are_a_comment_and_a_new_one_only_if_the_problem_persists() -> None:
    said = decide(K, CLOSED, CUST_DATA, GE3H, False)
    assert said.required == (Action.COMMENT,)
    forbid(said, TICKET_BARU)
    assert decide(K, CLOSED, BOTH, GE3H, False).required == (TICKET_BARU,)


@pytest.mark.parametrize("kind", [K, P])
def test_a_complaint_is_repeated_at_any_time_without_being_urgent(kind: ReportKind) -> None:
    assert decide(kind, OPEN, PLN_SIDE, LT3H, False).required == (LAPOR_ULANG,)


def test_an_urgent_contact_is_repeated_before_three_hours() -> None:
    assert decide(G, OPEN, PLN_SIDE, LT3H, True).required == (LAPOR_ULANG,)
    with pytest.raises(RuleForbids) as refused:
        forbid(decide(G, OPEN, PLN_SIDE, LT3H, False), LAPOR_ULANG)
    assert (refused.value.slug, refused.value.status, refused.value.extra) == ("rule-r11", 409, {"rule": "R11"})


def test_who_only_asks_after_three_hours_is_offered_a_repeat_and_gets_none_by_itself() -> None:
    said = decide(G, OPEN, ENQUIRY, GE3H, False)
    forbid(said, LAPOR_ULANG)
    assert not said.logs_repeat


def test_the_repeat_comes_before_the_update() -> None:
    said = decide(G, OPEN, BOTH, GE3H, False)
    with pytest.raises(RuleForbids) as refused:
        forbid(said, UPDATE)
    assert refused.value.rule == "R21"
    forbid(said, UPDATE, after_repeat=True)


def test_a_closed_fault_takes_new_data_only_after_its_repeat() -> None:
    said = decide(G, CLOSED, CUST_DATA, LT3H, False)
    with pytest.raises(RuleForbids) as refused:
        forbid(said, UPDATE)
    assert refused.value.rule == "R19"
    forbid(said, UPDATE, after_repeat=True)


# The contact


@pytest.mark.parametrize("reason", UrgentReason)
def test_a_contact_says_why_and_whether_it_is_urgent(reason: UrgentReason) -> None:
    assert asked("BOTH", reason.value) == (BOTH, reason)
    assert asked("ENQUIRY", "") == asked("ENQUIRY", None) == asked("ENQUIRY", False) == (ENQUIRY, None)


@pytest.mark.parametrize(
    ("intent", "urgent", "slug", "name"),
    [
        (None, None, "intent-missing", "intent"),
        ("", "hazard", "intent-missing", "intent"),
        ("marah", None, "unknown-intent", "intent"),
        ("PLN_SIDE", True, "urgent-reason", "urgent"),
        ("PLN_SIDE", "true", "urgent-reason", "urgent"),
        ("PLN_SIDE", "tergesa", "urgent-reason", "urgent"),
    ],
)
def test_a_contact_without_intent_or_urgent_without_reason_is_refused(
    intent: str | None, urgent: str | bool | None, slug: str, name: str
) -> None:
    with pytest.raises(Invalid) as refused:
        asked(intent, urgent)
    assert (refused.value.status, refused.value.slug, refused.value.field) == (422, slug, name)


# The clock


def test_the_clock_starts_with_the_first_report_or_where_the_operator_says_so_with_the_last_reopening() -> None:
    again = NOON + timedelta(hours=5)
    assert clock_start(NOON, again, RuleClock.FIRST_REPORT) == NOON
    assert clock_start(NOON, again, RuleClock.LAST_REOPENING) == again
    assert clock_start(NOON, None, RuleClock.LAST_REOPENING) == NOON


# What holds whatever anybody tries (domain invariants i to vii, ix; viii stands with the sentences)


@dataclass
class Paper:
    """A report on paper; each action does what it means, and insists on what must be true before it."""

    kind: ReportKind
    reported_at: datetime = NOON
    status: ReportStatus = OPEN
    starred: bool = False
    reopened_at: datetime | None = None
    log: list[datetime] = field(default_factory=list)
    successors: int = 0

    def does(self, action: Action, now: datetime) -> None:
        if action is LAPOR_ULANG:
            assert self.kind is G or self.status is OPEN, "(iv)"
            if self.status is CLOSED:
                self.starred, self.reopened_at = True, now
                self.status = REPORT.next(self.status, ReportEvent.REOPEN)
            self.log.append(now)
        elif action is UPDATE:
            assert self.status is OPEN, "(iii)"
        elif action is TICKET_BARU:
            assert self.kind is not G, "(ii)"
            assert self.status is CLOSED, "(ii)"
            self.successors += 1
        elif action is Action.TRACKING:
            assert self.kind is G, "(vii)"

    def before(self) -> tuple[bool, ReportStatus, int, int]:
        return self.starred, self.status, len(self.log), self.successors


contacts = st.tuples(
    st.sampled_from(Intent), st.booleans(), st.integers(0, 400), st.booleans(), st.permutations(list(Action))
)


@settings(deadline=None)
@given(kind=st.sampled_from(ReportKind), clock=st.sampled_from(RuleClock), day=st.lists(contacts, max_size=8))
def test_whatever_is_let_through_keeps_the_invariants(
    kind: ReportKind, clock: RuleClock, day: list[tuple[Intent, bool, int, bool, list[Action]]]
) -> None:
    paper, now = Paper(kind), NOON
    for intent, urgent, minutes, resolved, tries in day:
        now += timedelta(minutes=minutes)
        start = clock_start(paper.reported_at, paper.reopened_at, clock)
        said = decide(paper.kind, paper.status, intent, elapsed(start, now), urgent)
        repeated = False
        for action in tries:
            starred, status, logged, successors = paper.before()
            try:
                forbid(said, action, after_repeat=repeated)
            except RuleForbids:
                assert action not in (Action.DETAIL, Action.LOG, Action.HISTORY), "(vi)"
                continue
            paper.does(action, now)
            repeated = repeated or action is LAPOR_ULANG
            if paper.starred and not starred:
                assert (action, paper.kind, status) == (LAPOR_ULANG, G, CLOSED), "(i)"
            assert len(paper.log) == logged + (action is LAPOR_ULANG), "(v)"
            assert paper.successors == successors + (action is TICKET_BARU), "(ii)"
        assert paper.reported_at == NOON, "(ix)"
        if resolved and paper.status is OPEN:
            paper.status = REPORT.next(paper.status, ReportEvent.RESOLVE)


@settings(deadline=None)
@given(facts=st.sampled_from(FACTS))
def test_the_required_steps_are_let_through_in_their_order_and_lead_where_the_row_says(
    facts: tuple[ReportKind, ReportStatus, Intent, Elapsed, bool],
) -> None:
    kind, status, *_ = facts
    said, paper = decide(*facts), Paper(kind, status=status)
    for step, action in enumerate(said.required):
        forbid(said, action, after_repeat=LAPOR_ULANG in said.required[:step])
        paper.does(action, NOON)
    assert paper.before() == (said.sets_star, said.status_after, int(said.logs_repeat), int(said.new_number))


def test_reopened_twice_there_is_one_star_and_two_entries() -> None:
    paper = Paper(G, status=CLOSED)
    for hours in (1, 9):
        said = decide(G, paper.status, PLN_SIDE, LT3H, False)
        assert said.sets_star
        paper.does(LAPOR_ULANG, NOON + timedelta(hours=hours))
        paper.status = CLOSED
    assert paper.starred is True
    assert len(paper.log) == 2
