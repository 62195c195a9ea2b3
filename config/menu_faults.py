"""The cross-checks of menu.yaml and prompts.yaml: nobody is sent where nothing is, nobody walks in circles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config.languages import FIRST, LANGUAGES
from config.schema.base import names_in
from config.schema.menu import (
    Asking,
    ByeNode,
    CallbackNode,
    CompensationNode,
    Menu,
    Node,
    QueueNode,
    ReportNode,
    StatusNode,
    StillDarkNode,
    targets,
)
from config.schema.prompts import Prompts
from config.schema.queues import Queues
from config.yaml_file import YamlFile

Loc = tuple[int | str, ...]

# Where a sentence stands → what is filled in there. Elsewhere a sentence has no placeholders.
_FILLED = {
    "item": {"name", "key"},
    "place": {"place"},
    "within": {"high"},
    "between": {"low", "high"},
    "beyond": {"low"},
    "number": {"number"},
    "by_status": {"number"},
    "otherwise": {"number"},
    "here": {"name"},
    "attached": {"number"},
    "moving": {"number"},
    "position": {"name"},
    "other_kinds": {"number"},
    "closed": {"number"},
    "owed": {"percent", "regulation", "month"},
    "nothing": {"month"},
    "uncertain": {"month"},
}


def menu_faults(menu: Menu, prompts: Prompts, queues: Queues, file: YamlFile) -> list[str]:
    """One line `file:line: where: reason` for each fault."""
    found = [
        *_target_faults(menu),
        *queue_faults(menu, queues),
        *_prompt_faults(menu, prompts),
        *_opening_faults(menu),
        *_language_faults(menu, prompts),
        *_hours_faults(menu),
        *_recording_faults(menu, prompts, queues),
    ]
    if not found:  # a graph with holes has no paths to speak of
        found = [*_key_faults(menu), *_finished_faults(menu), *_dead_ends(menu), *_circles(menu)]
    return [file.fault(loc, reason) for loc, reason in found]


def _target_faults(menu: Menu) -> Iterator[tuple[Loc, str]]:
    starts: list[tuple[Loc, str]] = [(("start",), menu.start)]
    starts += [(("own_numbers", one, "start"), own.start) for one, own in menu.own_numbers.items() if own.start]
    for loc, start in starts:
        if start not in menu.nodes:
            yield loc, f"no node {start!r}"
    for name, node in menu.nodes.items():
        for where, target in targets(node):
            if target not in menu.nodes:
                yield ("nodes", name, *where), f"no node {target!r}"
    for number, level in menu.levels.items():
        for who, table in (("everybody", level.everybody), ("affected", level.affected)):
            for name, other in table.items():
                if missing := {name, other} - menu.nodes.keys():
                    yield ("levels", number, who, name), f"no node {min(missing)!r}"


def queue_faults(menu: Menu, queues: Queues) -> Iterator[tuple[Loc, str]]:
    """Queues and skills that the menu names and nobody knows: where, and what is wrong."""
    if menu.emergency.queue not in queues.queues:
        yield ("emergency", "queue"), f"no queue {menu.emergency.queue!r}"
    elif not queues.queues[menu.emergency.queue].emergency:
        yield ("emergency", "queue"), f"{menu.emergency.queue!r} is not an emergency queue"
    for name, node in menu.nodes.items():
        if isinstance(node, QueueNode | CallbackNode) and node.queue not in queues.queues:
            yield ("nodes", name, "queue"), f"no queue {node.queue!r}"
        for skill in node.skills if isinstance(node, QueueNode) else ():
            if skill not in queues.skills:
                yield ("nodes", name, "skills", skill), f"no skill {skill!r} in queues.yaml"


def spoken(menu: Menu) -> Iterator[tuple[Loc, str]]:
    """Every place that names a sentence, with the sentence's key."""
    yield from _said(("greeting",), menu.greeting)
    if menu.language:
        yield from _said(("language", "offer"), menu.language.offer)
    for part in ("emergency", "waiting", "triage", "fallback"):
        yield from _said_in((part,), getattr(menu, part).model_dump())
    if menu.waiting.callback:
        yield from _said_in(("waiting", "callback"), menu.waiting.callback.model_dump())
    for part in ("goodbye", "again_silent", "again_invalid"):
        yield from _said((part,), getattr(menu, part))
    for name, node in menu.nodes.items():
        yield from _said_in(("nodes", name), node.model_dump())


SENTENCES = frozenset(
    (  # noqa: SIM905
        "say sentences opening place far again bye several affected item elsewhere options unknown number"
        " number_follows none otherwise telephone soon within between beyond nobody late over_limit"
        " reported offer agreed later exists exists_bye failed no_number no_number_full kept full full_bye"
        " owed nothing uncertain another here attached moving position closed thanks unread"
    ).split()
)


def _said_in(loc: Loc, fields: dict[str, object]) -> Iterator[tuple[Loc, str]]:
    for name, value in fields.items():
        if name in ("by_status", "other_kinds") and isinstance(value, dict):
            for status, keys in value.items():
                yield from _said((*loc, name, status), keys)
        elif name in SENTENCES:
            yield from _said((*loc, name), value)


def _said(loc: Loc, value: object) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        if value:
            yield loc, value
    elif isinstance(value, list):
        for at, key in enumerate(value):
            yield (*loc, at), key


def _prompt_faults(menu: Menu, prompts: Prompts) -> Iterator[tuple[Loc, str]]:
    for loc, key in spoken(menu):
        if key not in prompts.prompts:
            yield loc, f"no sentence {key!r} in prompts.yaml"
            continue
        field = loc[2] if loc[0] == "nodes" else loc[min(1, len(loc) - 1)]
        extra = names_in(prompts.prompts[key].id) - _FILLED.get(str(field), set())
        if extra:
            yield loc, f"{key!r} holds {{{', '.join(sorted(extra))}}}, which nothing fills in here"


def _key_faults(menu: Menu) -> Iterator[tuple[Loc, str]]:
    for name, node in menu.nodes.items():
        if isinstance(node, Asking) and menu.emergency.key in node.keys:
            yield ("nodes", name, "keys", menu.emergency.key), "this is the emergency key"
        if node.kind == "locate" and set(node.keys) & set("12345"):
            yield ("nodes", name, "keys"), "keys 1 to 5 choose from the list here"
        if (
            isinstance(node, ReportNode | StatusNode | CompensationNode)
            and menu.nodes[node.identify].kind != "identify"
        ):
            yield ("nodes", name, "identify"), "must be a node of kind identify"
        if node.kind == "callback" and menu.waiting.callback is None:
            yield ("nodes", name), "waiting.callback must say what is said"
        if node.kind == "outage" and node.withheld and menu.nodes[node.withheld].kind != "outage":
            yield ("nodes", name, "withheld"), "must be a node of kind outage"
        if node.kind == "menu" and not node.keys:
            yield ("nodes", name), "a menu without keys"
        if node.kind == "report" and node.subscribe and not node.withheld:
            yield ("nodes", name), "must say `withheld`: where callers go who have no number to be told on"


def _finished_faults(menu: Menu) -> Iterator[tuple[Loc, str]]:
    """Whoever is asked about a finished report has heard which one it is."""
    for name, node in menu.nodes.items():
        asks = (isinstance(node, ReportNode) and node.finished) or (isinstance(node, StatusNode) and node.closed_then)
        if asks and not getattr(node, "closed", None):
            yield ("nodes", name), "must say `closed`: which report was finished"
        if isinstance(node, StillDarkNode) and menu.nodes[node.fresh].kind != "report":
            yield ("nodes", name, "fresh"), "must be a node of kind report"


def _opening_faults(menu: Menu) -> Iterator[tuple[Loc, str]]:
    opening = menu.emergency.sentences
    reason = f"must start with an emergency sentence ({', '.join(opening)})"
    for name, node in menu.nodes.items():
        if isinstance(node, Asking) and node.say[0] not in opening:
            yield ("nodes", name, "say"), reason
    if menu.triage.say[0] not in opening:
        yield ("triage", "say"), reason
    if menu.waiting.callback and menu.waiting.callback.key == menu.emergency.key:
        yield ("waiting", "callback", "key"), "this is the emergency key"
    if menu.waiting.opening not in opening:
        yield ("waiting", "opening"), reason


def _language_faults(menu: Menu, prompts: Prompts) -> Iterator[tuple[Loc, str]]:
    for at, language in enumerate(menu.languages):
        if language not in LANGUAGES:
            yield ("languages", at), f"no reader for {language!r}: nobody could read figures aloud"
        elif missing := [key for key, prompt in prompts.prompts.items() if not prompt.texts().get(language)]:
            yield ("languages", at), f"not in {language!r} in prompts.yaml: {', '.join(missing)}"
    if menu.languages[0] != FIRST:
        yield ("languages", 0), f"must be {FIRST!r}: every sentence stands in it"
    keys = menu.language.keys if menu.language else {}
    for language in menu.languages[1:]:
        if language not in keys:
            yield ("languages",), f"`language.keys` must say by which key a caller chooses {language!r}"
    for language, key in keys.items():
        if reason := next(_key_of_language_faults(menu, language, key), ""):
            yield ("language", "keys", language), reason


def _key_of_language_faults(menu: Menu, language: str, key: str) -> Iterator[str]:
    if language not in menu.languages:
        yield "none of `languages`"
    if menu.language and list(menu.language.keys.values()).count(key) > 1:
        yield "the key of another language too"
    yield from (f"{key} is {taken}" for taken in _users_of(menu, key))


def _users_of(menu: Menu, key: str) -> Iterator[str]:
    """What a key means already."""
    if key == menu.emergency.key:
        yield "the emergency key"
    if menu.waiting.callback and key == menu.waiting.callback.key:
        yield "the key of the callback"
    for name, node in menu.nodes.items():
        if isinstance(node, Asking) and key in node.keys:
            yield f"a key of the node {name!r}"
        if node.kind == "locate" and key in "12345":
            yield f"an entry of the list at {name!r}"


def _hours_faults(menu: Menu) -> Iterator[tuple[Loc, str]]:
    """What is entered outside some hours: it exists, it is one, and those in danger can always say so."""
    taken: dict[str, str] = {}
    tables = [table for level in menu.levels.values() for table in (level.everybody, level.affected)]
    begins = {*menu.starts(), *(table[start] for start in menu.starts() for table in tables if start in table)}
    for name, hours in menu.hours.items():
        for node, other in hours.instead.items():
            loc: Loc = ("hours", name, "instead", node)
            if missing := [one for one in (node, other) if one not in menu.nodes]:
                yield loc, f"no node {missing[0]!r}"
                continue
            if node in taken:
                yield loc, f"the hours {taken[node]!r} are for this node too"
            taken[node] = name
            if getattr(menu.nodes[node], "queue", "") == menu.emergency.queue:
                yield loc, "the emergency is never closed"
            if node in begins and not isinstance(menu.nodes[other], Asking):
                yield loc, "callers could not tell an emergency there: it must be a node that asks"


def _recording_faults(menu: Menu, prompts: Prompts, queues: Queues) -> Iterator[tuple[Loc, str]]:
    """Who is recorded was told; who is in danger is told nothing that takes time, and so is not recorded."""
    recorded = [name for name, queue in queues.queues.items() if queue.record]
    for name in recorded:
        if queues.queues[name].emergency:
            yield ("recording",), f"queue {name!r} is an emergency queue: it has no `record` in queues.yaml"
    if recorded and not menu.recording:
        yield ("recording",), f"callers of queue {recorded[0]!r} must be told that they are recorded"
    for at, key in enumerate(menu.recording if recorded else ()):
        if key not in prompts.prompts:
            yield ("recording", at), f"no sentence {key!r} in prompts.yaml"
        elif names_in(prompts.prompts[key].id):
            yield ("recording", at), f"{key!r} has a placeholder, which nothing fills in here"


def _dead_ends(menu: Menu) -> Iterator[tuple[Loc, str]]:
    """A node from which no goodbye and no person can be reached, or that nobody can reach."""
    ends = {name for name, node in menu.nodes.items() if isinstance(node, QueueNode | ByeNode)}
    while more := {n for n, node in menu.nodes.items() if n not in ends and _leads_to(menu, node, ends)}:
        ends |= more
    yield from (
        (("nodes", name), "a dead end: neither a person nor a goodbye follows")
        for name in menu.nodes
        if name not in ends
    )
    reached = _any_level(menu, menu.starts())
    while more := _any_level(menu, [t for name in reached for _, t in targets(menu.nodes[name])]) - reached:
        reached |= more
    yield from ((("nodes", name), "nobody can reach it") for name in menu.nodes if name not in reached)


def _leads_to(menu: Menu, node: Node, ends: set[str]) -> bool:
    """At every level: what is entered instead of a target must lead there too."""
    return any(_any_level(menu, [target]) <= ends for _, target in targets(node))


def _any_level(menu: Menu, names: Iterable[str]) -> set[str]:
    return {entered for name in names for entered in (name, *menu.instead(name))}


def _circles(menu: Menu) -> Iterator[tuple[Loc, str]]:
    """Nodes that speak and go on by themselves must not lead back to themselves without asking anything."""
    for name in menu.nodes:
        seen: set[str] = set()
        ahead = _any_level(menu, _goes_on(menu.nodes[name]))
        while ahead:
            seen |= ahead
            ahead = _any_level(menu, [target for at in ahead for target in _goes_on(menu.nodes[at])]) - seen
        if name in seen:
            yield ("nodes", name), "goes round in a circle without asking anything"


def _goes_on(node: Node) -> list[str]:
    fields = {"locate": ("outage", "clear"), "outage": ("over",)}
    fields |= {"report": ("existing", "withheld", "finished", "then"), "information": ("then",)}
    fields |= {"menu": ("withheld",), "still_dark": ("fresh", "then")}
    fields |= {"status": ("then", "none_then", "closed_then", "late_then")}
    fields |= {"compensation": ("then",), "callback": ("unable",), "voice_note": ("then", "retry")}
    return [target for target in (getattr(node, field, "") for field in fields.get(node.kind, ())) if target]
