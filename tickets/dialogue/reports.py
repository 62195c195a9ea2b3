"""The written dialogue once the place is known: what is told, filed, or done about a report that exists already."""

from __future__ import annotations

from config.errors import Problem
from config.schema.reports import UNSAID_FAULT
from tickets.dialogue import hearing
from tickets.dialogue.turn import (
    About,
    Again,
    Answered,
    File,
    Flow,
    Found,
    OutageIn,
    ReportNumber,
    ReportsAt,
    Subscribe,
    Turn,
)
from tickets.kinds import Intent, ReportKind, UrgentReason
from tickets.rules import Action

_G = ReportKind.GANGGUAN.value


def intent(turn: Turn) -> str:
    """What a message wants of a report that exists (Intent value), "" when it does not tell (C12)."""
    wrong, change = turn.hears("still_wrong"), turn.hears("change") or hearing.only_telephone(turn.sender.text)
    if wrong or change:
        return Intent.BOTH if wrong and change else Intent.PLN_SIDE if wrong else Intent.CUST_DATA
    return Intent.ENQUIRY if turn.hears("enquiry") else ""


# --- a new fault


def fault(turn: Turn, *, new: bool = False) -> Flow:
    """First what exists already, then what is known of the area, then the report."""
    state = turn.state
    reports = [] if new or state.premises is None else (yield ReportsAt(state.premises))
    if any(about.open for about in reports):
        return (yield from _second(turn, next(about for about in reports if about.open)))
    if reports and not state.urgent and (turn.hears("still_wrong") or not turn.sender.letter):
        return (yield from _finished(turn, reports[0]))
    if state.urgent:
        return (yield from file(turn))
    outage = yield OutageIn(state.area, state.premises)
    if outage is not None:
        turn.tell(outage)
        if not turn.sender.letter and not state.only_me:
            return turn.open("outage")
    elif not state.scoped and not turn.sender.letter and state.category == UNSAID_FAULT:
        return turn.open("scope")
    return (yield from file(turn))


def _second(turn: Turn, about: About) -> Flow:
    """A second message about an open fault: the table of rules decides what becomes of it."""
    told = intent(turn)
    if turn.state.urgent:
        told = Intent.PLN_SIDE
    elif turn.sender.letter and not told:  # said again without a complaint is an enquiry; no word is lost
        told = Intent.ENQUIRY
    return (yield from chosen(turn, about, told))


def _finished(turn: Turn, about: About) -> Flow:
    """A fault at premises where one was finished lately: the same, or a new one?"""
    if turn.sender.letter:
        return (yield from chosen(turn, about, Intent.PLN_SIDE))
    _take(turn, about)
    return turn.open("same")


def told_outage(turn: Turn) -> Flow:
    """The answer to what was told about the area."""
    picked = turn.pick(2, least=0)
    if picked == 0:
        turn.begin()
        return turn.open("menu")
    if picked == 2 or (picked is None and turn.hears("only_me", "still_wrong")):
        turn.state.only_me = True
    elif picked is None and not turn.ordered("yes"):
        return turn.unclear()
    return (yield from file(turn))


def told_same(turn: Turn) -> Flow:
    """Whether it is the fault that was said to be finished."""
    picked = turn.pick(2)
    if picked == 1 or (picked is None and turn.hears("yes", "still_wrong")):
        return (yield from again(turn, Intent.PLN_SIDE))
    if picked == 2 or turn.hears("no"):
        turn.state.report = turn.state.report_kind = ""
        return (yield from fault(turn, new=True))
    return turn.unclear()


def file(turn: Turn) -> Flow:
    """The report, its number, and what happens next."""
    state = turn.state
    about = yield File(state)
    if isinstance(about, Problem):
        turn.refused(about)
        turn.begin()
        return turn.open("menu")
    return (yield from filed(turn, about))


def filed(turn: Turn, about: About) -> Flow:
    """What is said of a new report, on every written channel."""
    state = turn.state
    turn.say(f"filed.{state.kind}", number=about.number)
    if state.urgent:
        turn.say("filed.hazard")
    if about.attached:
        turn.say("filed.attached", area=turn.book.area_name(state.area))
        if turn.sender.phone and state.outage is not None and (yield Subscribe(state.outage)):
            turn.say("subscribed")
    turn.said += about.said
    if about.respond_by is not None and turn.sender.reachable:
        turn.say("respond_by", time=turn.time(about.respond_by, state.area))
    if state.premises is not None:
        turn.say("follow", link=turn.sender.link)
    _finish(turn, about)
    return None


# --- a report that exists


def own(turn: Turn, reports: list[About], wanted: str) -> Flow:
    """One of the sender's own reports, or one whose number has to be told."""
    turn.state.intent = wanted
    if len(reports) == 1:
        return (yield from chosen(turn, reports[0], wanted or Intent.ENQUIRY))
    if reports:
        turn.state.choices = [[about.number, about.kind] for about in reports]
        return turn.open("report")
    return turn.open("report_number")


def chosen(turn: Turn, about: About, wanted: str) -> Flow:
    """This report; with what is wanted of it, or asked."""
    _take(turn, about)
    if wanted:
        return (yield from again(turn, wanted))
    return turn.open("about")


def told_report(turn: Turn) -> Flow:
    """One of the list."""
    rows = turn.state.choices
    picked = turn.pick(len(rows))
    numbers = hearing.numbers(turn.sender.text, 11)
    number = rows[picked - 1][0] if picked else next((one for one in numbers if one in [row[0] for row in rows]), "")
    about = (yield ReportNumber(number)) if number else None
    if about is None:
        return turn.unclear()
    return (yield from chosen(turn, about, turn.state.intent or intent(turn)))


def told_number(turn: Turn) -> Flow:
    """The number of a report; somebody else's needs the number of its premises too, as /lacak does."""
    numbers = hearing.numbers(turn.sender.text, 11, 12)
    report = next((one for one in numbers if len(one) == 11), "")
    if not report:
        return turn.unclear()
    about = yield from named(turn, report, next((one for one in numbers if one != report), ""))
    if about is not None:
        return (yield from chosen(turn, about, turn.state.intent))
    turn.state.report = report
    return turn.open("pair")


def named(turn: Turn, number: str, place: str) -> Found:
    """The report with this number. Few wrong pairs are allowed; behind them only the sender's own is found."""
    about = yield ReportNumber(number, place if turn.state.misses < turn.MOST_MISSES else "")
    if about is None and place:
        turn.state.misses += 1
    return about


def told_pair(turn: Turn) -> Flow:
    """The customer or meter number of a report."""
    state = turn.state
    places = hearing.numbers(turn.sender.text, 11, 12)
    if not places:
        return turn.unclear()
    about = yield from named(turn, state.report, places[0])
    if about is not None:
        return (yield from chosen(turn, about, state.intent))
    turn.say("pair.unknown")
    return turn.open("report_number")


def told_about(turn: Turn) -> Flow:
    """What is wanted of this report."""
    picked = turn.pick(4)
    wanted = {1: Intent.ENQUIRY, 2: Intent.PLN_SIDE, 3: Intent.CUST_DATA}.get(picked or 0) or intent(turn)
    if picked == 4:
        turn.begin()
        return turn.open("menu")
    if not wanted:
        return turn.unclear()
    if picked == 3 and not turn.state.text:
        return turn.open("data")
    return (yield from again(turn, wanted))


def told_data(turn: Turn) -> Flow:
    """What is to be added or changed."""
    if not turn.sender.text.strip():
        return turn.unclear()
    return (yield from again(turn, Intent.CUST_DATA))


def more(turn: Turn) -> Flow:
    """Something about the report in hand that says neither what nor why: a letter is kept with an open one."""
    if turn.sender.letter and turn.sender.text.strip():
        about = yield ReportNumber(turn.state.report)
        if about is not None and about.open:
            return (yield from again(turn, Intent.CUST_DATA))
    return turn.open("about")


def again(turn: Turn, wanted: str) -> Flow:
    """The table of rules, and what it did in words."""
    urgent = UrgentReason.HAZARD if turn.state.urgent or turn.hazard() else None
    wish = Again(turn.state.report, Intent(wanted), urgent, _note(turn), hearing.telephone(turn.sender.text))
    answered = yield wish
    if isinstance(answered, Problem):
        turn.refused(answered)
        return turn.open("done")
    tell(turn, answered, Intent(wanted))
    _finish(turn, answered.about)
    return None


def _note(turn: Turn) -> str:
    """What was told before the report was found, and now; digits alone answer a question and tell nothing."""
    said = "" if turn.heard.replace(" ", "").isdecimal() else turn.sender.text.strip()
    return "\n".join(dict.fromkeys(filter(None, (turn.state.text, said))))


def tell(turn: Turn, answered: Answered, wanted: Intent) -> None:
    """What was done about a report that existed, on every written channel."""
    about = answered.about
    did = {**_DID, Action.LAPOR_ULANG: "again.reopened"} if answered.reopened else _DID
    for action, key in did.items():
        if action in answered.done:
            turn.say(key, number=about.number)
    if wanted is Intent.ENQUIRY:
        turn.say("status", kind=about.kind, number=about.number, status=_status(turn, about))
    elif Action.TICKET_BARU in answered.done and about.respond_by is not None:
        turn.say("respond_by", time=turn.time(about.respond_by, about.area))
    turn.said += about.said


_DID = {
    Action.TICKET_BARU: "again.new",
    Action.LAPOR_ULANG: "again.repeated",
    Action.UPDATE_LAPORAN: "again.updated",
    Action.COMMENT: "again.commented",
}


def _status(turn: Turn, about: About) -> str:
    if not about.open and about.resolved_at is not None:
        return turn.sentence("status.closed", time=turn.time(about.resolved_at, about.area))
    if about.attached:
        return turn.sentence("status.outage")
    if about.work_order:
        return turn.sentence(f"status.{about.work_order}")
    if about.respond_by is not None:
        return turn.sentence("status.respond_by", time=turn.time(about.respond_by, about.area))
    return turn.sentence("status.open")


def _take(turn: Turn, about: About) -> None:
    turn.state.report, turn.state.report_kind = about.number, about.kind
    turn.state.finished = turn.time(about.resolved_at, about.area) if about.resolved_at else ""


def _finish(turn: Turn, about: About) -> None:
    """What was told is in the report now; the report stays in hand."""
    turn.begin()
    _take(turn, about)
    turn.open("done")
