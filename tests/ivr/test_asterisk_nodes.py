"""Several Asterisks behind one face: who is asked, whose calls are lost and whose are left alone (ADR 0071)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from errno import ECONNREFUSED, EHOSTUNREACH

import pytest

from config.asterisk_nodes import AsteriskNode
from config.settings import Settings, settings
from ivr.carriers import asterisk_ami
from ivr.carriers.asterisk_ami import AmiDown, AmiLink, Channel
from ivr.carriers.asterisk_answer import BadRequest, Request
from ivr.carriers.asterisk_moves import Moves
from ivr.carriers.asterisk_nodes import Nodes
from ivr.carriers.asterisk_pyst2 import ManagerSocketException, Message
from ivr.carriers.asterisk_reconcile import Reconciler
from ivr.carriers.base import Lanes
from router.calls import CallState, Outcome
from router.store.types import Call, Snapshot
from tests.fixtures.wait import until_async
from tests.ivr.test_asterisk_moves import Store

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


class Exchange(AmiLink):
    """One Asterisk: written down what it was asked, and it lists the channels that a test gives it."""

    def __init__(self, name: str) -> None:
        async def up() -> None: ...

        self.told: list[Message] = []
        super().__init__(self.told.append, up, AsteriskNode(name=name, ami_host="", sip_host=f"{name}.example"))
        self.asked: list[Mapping[str, str]] = []
        self.rows: list[Channel] = []
        self._ami = self  # type: ignore[assignment]
        self.up.set()

    def submit(self, action: Mapping[str, str]) -> Future[Message]:
        self.asked.append(action)
        answered: Future[Message] = Future()
        answered.set_result(Message(["Response: Success\r\n"]))
        return answered

    async def channels(self) -> list[Channel]:
        return self.rows

    def dies(self) -> None:
        self.up.clear()
        self._seen, self._refused = True, asterisk_ami.REFUSALS


@pytest.fixture
def nodes() -> Nodes:
    return Nodes({name: Exchange(name) for name in "ab"})


def exchange(nodes: Nodes, name: str) -> Exchange:
    found = nodes.links[name]
    assert isinstance(found, Exchange)
    return found


async def test_an_action_goes_to_the_node_of_its_channel_under_the_name_it_has_there(nodes: Nodes) -> None:
    await nodes.action(Action="Hangup", Channel="b:PJSIP/trunk-1")
    assert exchange(nodes, "b").asked == [{"Action": "Hangup", "Channel": "PJSIP/trunk-1"}]
    assert exchange(nodes, "a").asked == []


async def test_a_channel_from_before_the_nodes_had_names_is_on_the_first(nodes: Nodes) -> None:
    await nodes.action(Action="Hangup", Channel="PJSIP/trunk-1")
    assert exchange(nodes, "a").asked


async def test_the_level_is_told_to_all_that_are_there(nodes: Nodes) -> None:
    await nodes.everywhere(Action="Setvar", Variable="SUAR_LEVEL_main", Value="4")
    assert exchange(nodes, "a").asked == exchange(nodes, "b").asked != []
    for name in "ab":
        exchange(nodes, name).dies()
    with pytest.raises(AmiDown):
        await nodes.everywhere(Action="Setvar")


def test_what_a_node_tells_names_channels_as_everybody_else_calls_them(nodes: Nodes) -> None:
    link = exchange(nodes, "b")
    link._event(Message(["Event: UserEvent\r\n", "Channel: PJSIP/trunk-1\r\n", "leg: PJSIP/cso1-2\r\n"]))
    (message,) = link.told
    assert (message.headers["Channel"], message.headers["leg"]) == ("b:PJSIP/trunk-1", "b:PJSIP/cso1-2")


def test_a_step_says_on_which_node_its_channel_is() -> None:
    arguments = ["t", "c1763794347x12xb", *[""] * 11]
    assert Request.read("next", "PJSIP/trunk-1", [*arguments, "b"]).channel == "b:PJSIP/trunk-1"
    assert Request.read("next", "PJSIP/trunk-1", arguments).channel == "PJSIP/trunk-1"
    with pytest.raises(BadRequest):
        Request.read("next", "PJSIP/trunk-1", [*arguments, "b:PJSIP/x"])


def test_a_telephone_is_dialled_where_it_is_registered(nodes: Nodes) -> None:
    nodes.contacts.note("b", "cso1", "sip:cso1@10.0.0.9", "Reachable")
    assert nodes.way("b:PJSIP/trunk-1", "cso1") == ""
    assert nodes.way("a:PJSIP/trunk-1", "cso1") == "@node-b"
    assert nodes.home("cso1").node.name == "b"
    nodes.contacts.note("a", "cso1", "sip:cso1@10.0.0.9", "Reachable")
    assert nodes.way("a:PJSIP/trunk-1", "cso1") == ""  # at both: no detour
    exchange(nodes, "b").dies()
    nodes.contacts.note("a", "cso1", "sip:cso1@10.0.0.9", "Removed")
    assert nodes.contacts.where("cso1", nodes.heard()) == []  # nobody can ring it there


# --- a node dies
CALL = Call("c1", CallState.WAITING, "asterisk", "b:PJSIP/trunk-1", "+62811", "t", "31", queue="gangguan", arrived=5)
OTHER = replace(CALL, id="c2", channel="a:PJSIP/trunk-1")


def row(call: Call) -> Channel:
    carried = {"SUAR_CALL": call.id, "SUAR_RT": call.token, "SUAR_POOL": "main"}
    return Channel(call.channel, "wait", "s", "WaitExten", carried)


class Calls(Store):
    """Several calls."""

    def __init__(self, *calls: Call) -> None:
        super().__init__()
        self.calls = {call.id: call for call in calls}

    async def call(self, call: str) -> Call | None:
        return self.calls.get(call)


async def compare(nodes: Nodes, *calls: Call, full: bool = False, node: str | None = None) -> list[tuple[object, ...]]:
    store, lanes = Calls(*calls), Lanes()

    async def hung_up(call: str, *, by: str = "caller") -> None: ...

    moves = Moves(store, nodes, hung_up)  # type: ignore[arg-type]
    reconciler = Reconciler(store, nodes, moves, lanes, hung_up)  # type: ignore[arg-type]
    for _ in range(2):
        await reconciler.compare(Snapshot(0, 0, 0, calls, (), {}, "0-0"), full=full, node=node)
        await until_async(lambda: not lanes._tail, 5)
    return store.said


async def test_only_the_calls_of_the_dead_node_are_lost(nodes: Nodes) -> None:
    exchange(nodes, "a").rows = [row(OTHER)]
    exchange(nodes, "b").dies()
    said = await compare(nodes, CALL, OTHER)
    assert {one[1] for one in said} == {"c1"}
    assert said[0][0] == "ended"
    assert Outcome.LOST in said[0]


async def test_a_node_that_is_away_and_perhaps_alive_keeps_its_calls(nodes: Nodes) -> None:
    exchange(nodes, "a").rows = [row(OTHER)]
    exchange(nodes, "b").up.clear()
    assert await compare(nodes, CALL, OTHER, full=True) == []


async def test_the_return_of_one_node_makes_nobody_sure_about_the_calls_of_the_other(nodes: Nodes) -> None:
    """An event about the other one's call may just be on its way: it is looked at again first."""
    store, lanes = Calls(OTHER), Lanes()

    async def hung_up(call: str, *, by: str = "caller") -> None: ...

    moves = Moves(store, nodes, hung_up)  # type: ignore[arg-type]
    reconciler = Reconciler(store, nodes, moves, lanes, hung_up)  # type: ignore[arg-type]
    await reconciler.compare(Snapshot(0, 0, 0, (OTHER,), (), {}, "0-0"), full=True, node="b")
    await until_async(lambda: not lanes._tail, 5)
    assert store.said == []
    await reconciler.compare(Snapshot(0, 0, 0, (OTHER,), (), {}, "0-0"), full=False)
    await until_async(lambda: not lanes._tail, 5)
    assert store.said != []


async def test_a_caller_whose_cso_was_registered_at_the_dead_node_is_back_in_line(nodes: Nodes) -> None:
    talking = replace(OTHER, state=CallState.TALKING, token="9-x", leg="a:PJSIP/node-b-00000001", cso="cso1")
    exchange(nodes, "a").rows = [replace(row(talking), context="offer", app="Dial")]
    exchange(nodes, "b").dies()
    said = await compare(nodes, talking)
    assert said[0][:2] == ("enqueue", "c2")
    assert not any(one[0] == "ended" for one in said)


# --- when a node is dead
@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """A host that refuses, or that does not answer."""
    how = {"errno": ECONNREFUSED, "tries": 0}

    class Refuses:
        def __init__(self, **_: object) -> None: ...

        def connect(self, *_: object) -> None:
            how["tries"] += 1
            raise ManagerSocketException(how["errno"], "cannot connect")

    monkeypatch.setattr(asterisk_ami, "Ami", Refuses)
    monkeypatch.setattr(asterisk_ami, "BACK_OFF", (0.0,))
    monkeypatch.setenv("SUAR_ASTERISK_NODE_PATIENCE", "5")
    settings.cache_clear()
    yield how
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("seen", "errno", "dead"),
    [(True, ECONNREFUSED, True), (False, ECONNREFUSED, False), (True, EHOSTUNREACH, False)],
    ids=["answered before and refuses now", "never answered: perhaps a wrong port", "not to be reached: perhaps alive"],
)
async def test_when_a_node_is_known_to_be_dead(
    unreachable: dict[str, int], *, seen: bool, errno: int, dead: bool
) -> None:
    async def up() -> None: ...

    link, stop = AmiLink(lambda _: None, up), asyncio.Event()
    link._seen, unreachable["errno"] = seen, errno
    running = asyncio.create_task(link.run(stop))
    await until_async(lambda: unreachable["tries"] > asterisk_ami.REFUSALS + 1, 5)
    assert link.dead is dead
    link._away -= 6  # longer than an operator wants to wait
    assert link.dead
    stop.set()
    await running


# --- the settings
def test_nodes_need_names_and_a_secret_that_they_share() -> None:
    two = '[{"name":"a","ami_host":"h","sip_host":"h"},{"name":"b","ami_host":"h","sip_host":"h"}]'
    found = Settings(asterisk_nodes=two, sip_secret="s", asterisk_node="b")  # type: ignore[arg-type]
    assert [node.name for node in found.nodes] == ["a", "b"]
    assert [node.name for node in Settings().nodes] == [""]
    for wrong in ('{"name":"a"}', "[", '[{"ami_host":"h","sip_host":"h"}]', two.replace('"b"', '"a"')):
        with pytest.raises(ValueError, match="asterisk_nodes"):
            Settings(asterisk_nodes=wrong, sip_secret="s")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sip_secret"):
        Settings(asterisk_nodes=two)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="none of asterisk_nodes"):
        Settings(asterisk_nodes=two, sip_secret="s", asterisk_node="c")  # type: ignore[arg-type]
