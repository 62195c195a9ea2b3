"""Each rule of scripts/check_rules.py catches a bad example and leaves a good one alone."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.unit


def _load() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "check_rules.py"
    spec = importlib.util.spec_from_file_location("check_rules", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_rules"] = module
    spec.loader.exec_module(module)
    return module


rules = _load()

WEB = "https" + "://"  # apart, so that no address of a package stands in this file
BAD = [
    ("too-long", "ivr/big.py", "x = 1\n" * 401),
    ("too-long", "router/store/acd/big.lua", "-- x\n" * 401),
    ("router-py", "tickets/router.py", ""),
    ("import-asterisk", "ivr/connector.py", "from asterisk.manager import Manager\n"),
    ("import-twilio", "agent_desk/app.py", "def f():\n    import twilio.rest\n"),
    ("import-rq", "tickets/reports.py", "from rq import Queue\n"),
    ("import-redis", "ivr/service.py", "import redis\n"),
    ("import-redis", "router/dispatcher.py", "from redis.asyncio import Redis\n"),
    ("sleep", "tests/ivr/test_x.py", "import time\ntime.sleep(0.1)\n"),
    ("sleep", "tests/ivr/test_x.py", "async def f():\n    await asyncio.sleep(1)\n"),
    ("registry", "some.lock", f"a @ {WEB}example.org/a-1.0-py3-none-any.whl\n"),
    ("registry", "pip.conf", "index-url = https://example.org/simple\n"),
    ("registry", "package-lock.json", f'  "resolved": "{WEB}example.org/a.tgz",\n'),
    ("personal-log", "ivr/x.py", 'log.info("from %s", call.ani)\n'),
    ("personal-log", "ivr/x.py", 'log.info(f"keyed {digits}")\n'),
    ("personal-log", "tickets/x.py", 'logger.warning("no such %s", customer_name)\n'),
    ("machine-path", "scripts/x.sh", "cd /home/somebody/suar\n"),
]

GOOD = [
    ("ivr/small.py", "x = 1\n" * 400),
    ("agent_desk/static/suar.css", "a{}\n" * 900),
    ("router/store/acd.py", "from redis.asyncio import Redis\n"),
    ("ivr/service.py", "from redis.exceptions import ConnectionError\n"),
    ("ivr/carriers/asterisk_pyst2.py", "from asterisk.manager import Manager\n"),
    ("tests/ivr/test_x.py", "async def f():\n    await asyncio.sleep(0)\n"),
    ("ivr/x.py", 'log.info("call %s is in %s", call.id, queue_name)\n'),
    ("ivr/x.py", 'log.warning("%s", type(fault).__name__)\n'),
    ("README.md", "see https://example.org/suar.tar.gz\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_bad_example_is_caught(rule: str, path: str, text: str) -> None:
    assert rule in {fault.rule for fault in rules.examine(path, text)}


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_a_good_example_is_left_alone(path: str, text: str) -> None:
    assert rules.examine(path, text) == []


def test_a_fault_is_told_with_file_and_line() -> None:
    (fault,) = rules.examine("ivr/service.py", "x = 1\nimport redis\n")
    assert str(fault).startswith("ivr/service.py:2: import-redis: ")
