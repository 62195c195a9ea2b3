"""Who is told that a conversation is recorded, when, and who is not recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from config import operator as operator_files
from config.yaml_file import ConfigError
from ivr.instructions import Play, Wait
from ivr.line import recorded
from ivr.turn import State
from router.calls import CallState
from router.store.types import Call
from simulation.caller import ScriptedCaller
from tests.fixtures.callers import NO_OUTAGE, UTILITY

pytestmark = pytest.mark.unit
Dial = Callable[..., ScriptedCaller]


def recording(caller: ScriptedCaller, *queues: str) -> ScriptedCaller:
    """Of these queues conversations are recorded now."""
    caller.caller = replace(caller.caller, recording=frozenset(queues))
    return caller


def is_recorded(caller: ScriptedCaller, *, emergency: bool = False) -> bool:
    about = {"carrier": "asterisk", "channel": "PJSIP/1", "ani": NO_OUTAGE, "trunk": "jakarta", "region": "31"}
    flow = caller.state.dumps()
    return recorded(Call(id="c1", state=CallState.OFFERED, **about, flow=flow, emergency=emergency))  # type: ignore[arg-type]


def test_the_notice_is_heard_whole_before_the_line_and_once(call: Dial) -> None:
    caller = recording(call(NO_OUTAGE), "gangguan")
    told = caller.presses("0")
    assert isinstance(told, Play), "a step of its own: no key and no free CSO interrupts it"
    assert (caller.keys, caller.queues) == (["recording.notice"], [])
    assert not is_recorded(caller), "not heard yet"

    assert isinstance(caller.keeps_silent(), Wait)
    assert caller.queues[-1].queue == "gangguan"
    assert caller.notes[-1] == {"what": "recording-notice"}
    assert is_recorded(caller)
    assert not is_recorded(caller, emergency=True)


def test_a_queue_that_is_not_recorded_is_joined_at_once(call: Dial) -> None:
    caller = recording(call(NO_OUTAGE), "keluhan")
    assert isinstance(caller.presses("0"), Wait)
    assert not is_recorded(caller)


def test_an_emergency_is_never_held_up_by_it(call: Dial) -> None:
    caller = recording(call(NO_OUTAGE), "gangguan", "darurat")
    assert isinstance(caller.presses("9"), Wait)
    assert not is_recorded(caller, emergency=True)
    again = recording(call(NO_OUTAGE), "gangguan")
    again.presses("0")
    assert isinstance(again.presses("9"), Wait), "also while it is said"
    assert again.queues[-1].emergency


def test_a_menu_from_before_the_sentence_records_nothing(call: Dial) -> None:
    caller = recording(call(NO_OUTAGE), "gangguan")
    prompts = dict(caller.menu.prompts.prompts)
    del prompts["recording.notice"]
    caller.menu = type(caller.menu)(caller.menu.shape, caller.menu.prompts.model_copy(update={"prompts": prompts}))
    assert isinstance(caller.presses("0"), Wait)
    assert caller.state.recorded == ""


def test_a_state_from_before_knows_nothing_of_it() -> None:
    assert State.loads('{"node":"utama"}').recorded == ""


def edited(tmp_path: Path, queue: str, *, sentence: bool = True) -> Path:
    folder = tmp_path / "utility"
    folder.mkdir(parents=True)
    for file in UTILITY.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    queues = yaml.safe_load((folder / "queues.yaml").read_text())
    queues["queues"][queue]["record"] = True
    (folder / "queues.yaml").write_text(yaml.safe_dump(queues))
    if not sentence:
        prompts = yaml.safe_load((folder / "prompts.yaml").read_text())
        del prompts["prompts"]["recording.notice"]
        (folder / "prompts.yaml").write_text(yaml.safe_dump(prompts))
    return folder


def test_who_records_must_say_so_and_never_an_emergency(tmp_path: Path) -> None:
    operator_files.load(edited(tmp_path / "a", "keluhan"))
    with pytest.raises(ConfigError, match=r"no sentence 'recording\.notice'"):
        operator_files.load(edited(tmp_path / "b", "keluhan", sentence=False))
    with pytest.raises(ConfigError, match="an emergency queue"):
        operator_files.load(edited(tmp_path / "c", "darurat"))
