"""The board shows every Asterisk: which answers, how many channels it has, and which is away."""

from __future__ import annotations

import re

import pytest
from prometheus_client import CollectorRegistry, Gauge

from tests.agent_desk.test_metrics import tell
from tests.fixtures.desk import Web

pytestmark = pytest.mark.store


def connector(**up: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    answers = Gauge("suar_asterisk_up", "Answers.", ["node"], registry=registry)
    channels = Gauge("suar_asterisk_channels", "Channels.", ["node"], registry=registry)
    for node, value in up.items():
        answers.labels(node).set(value)
        channels.labels(node).set(7)
    return registry


def rows(page: str) -> list[list[str]]:
    table = page.partition("Sentral telepon</caption>")[2].partition("</table>")[0]
    return [re.findall(r">([^<>]+)<", row) for row in re.findall(r"<tr><td>.*?</tr>", table)]


def test_each_node_is_told_by_whether_it_answers(web: Web) -> None:
    supervisor = web.client("spv1").http
    assert "Sentral telepon" not in supervisor.get("/papan").text
    tell(web.store, "connector", connector(a=1, b=0))
    told = [["a", "Tersambung", "7"], ["b", "Terputus", "–"]]
    assert rows(supervisor.get("/papan").text) == told
    assert rows(supervisor.get("/papan/asterisk").text) == told
