"""The mutants are what they are said to be, and a sample of them is noticed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.store import library
from scripts.lua_mutants import mutants, of_folder
from scripts.mutate_lua import chosen, listed

ROOT = Path(__file__).parents[2]

LUA = """-- a comment: if x == 1 then
local function f(p, call, cso)
  if call.state == 'a == b' and not cso then
    redis.call('SET', call, cso)
    g(p,
      call.x + 250)
  end
  return -1
end
"""


def made(kind: str) -> list[str]:
    """The lines in which a mutant of this kind differs."""
    found = [one.apply(LUA) for one in mutants("x.lua", LUA) if one.kind == kind]
    return ["|".join(line for line in text.splitlines() if line not in LUA.splitlines()) for text in found]


@pytest.mark.unit
def test_each_kind_of_fault() -> None:
    assert made("condition true") == ["  if true then"]
    assert made("condition false") == ["  if false then"]
    assert made("== to ~=") == ["  if call.state ~= 'a == b' and not cso then"]
    assert made("and to or") == ["  if call.state == 'a == b' or not cso then"]
    assert made("not dropped") == ["  if call.state == 'a == b' and  cso then"]
    assert made("+ to -") == ["      call.x - 250)"]
    assert made("250 to 500") == ["      call.x + 500)"]
    assert made("1 to 2") == ["  return -2"]
    assert made("arguments swapped") == ["local function f(p, cso, call)", "    redis.call('SET', cso, call)"]


@pytest.mark.unit
def test_a_call_is_left_out_with_all_its_lines() -> None:
    without = [one.apply(LUA) for one in mutants("x.lua", LUA) if one.kind == "call left out"]
    assert len(without) == 2
    assert "redis.call" not in without[0]
    assert "g(p" not in without[1]
    assert "call.x" not in without[1]


@pytest.mark.unit
def test_names_are_unique_and_every_file_has_mutants() -> None:
    found = of_folder(library.FOLDER)
    assert len({one.name for one in found}) == len(found) > 2000
    with_code = {path.name for path in library.FOLDER.glob("*.lua")} - {"99_verbs.lua"}
    assert {one.file for one in found} == with_code


@pytest.mark.unit
def test_who_changes_a_line_draws_no_other_mutants_than_that_lines() -> None:
    """Else every change of the Lua would put the tests of all of it to a new test."""
    given = argparse.Namespace(names=None, unlisted=False, only="", seed=2019, sample=0)
    everything = [one.name for one in chosen(given)]
    given.only = "70_offer"
    assert [one.name for one in chosen(given)] == [name for name in everything if "70_offer" in name]


@pytest.mark.unit
def test_every_survivor_that_is_listed_is_a_mutant_of_today() -> None:
    """A line that was changed since needs its reason anew."""
    assert listed() - {one.name for one in of_folder(library.FOLDER)} == set()


@pytest.mark.store
@pytest.mark.timeout(900)
def test_a_sample_of_the_mutants_is_noticed() -> None:
    """A dozen of those for which docs/router/mutation.md gives no reason: somebody notices each."""
    given = ["--sample", "12", "--seed", os.environ.get("SUAR_SEED", "2019"), "--jobs", "1", "--unlisted"]
    ran = subprocess.run(
        [sys.executable, "scripts/mutate_lua.py", *given], cwd=ROOT, capture_output=True, text=True, timeout=880,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
    assert json.loads(ran.stdout.splitlines()[-1])["mutants"] == 12
