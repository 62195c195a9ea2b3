"""What connectors, FastAGI servers and workers count of themselves is read from the one web process."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from router.store import figures
from router.store.figures import Figures, counted
from router.store.wire import Wire
from tests.fixtures.desk import Web
from tests.fixtures.servers import StoreUnderTest
from tests.fixtures.wait import PATIENT

pytestmark = pytest.mark.store
LINE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


def tell(store: StoreUnderTest, process: str, registry: CollectorRegistry) -> None:
    async def once() -> None:
        told = Figures(store.url, store.pool)
        await told.tell(process, counted(registry))
        told.close()

    asyncio.run(once())


def read(web: Web, name: str) -> dict[tuple[str, ...], float]:
    """Values of the metric's samples, by their labels beside `host`, in the order of the names."""
    text = web.client().http.get("/metrics").text
    assert len(re.findall(rf"^# TYPE {name.removesuffix('_total')}(_total)? ", text, re.MULTILINE)) <= 1
    found = {}
    for sample, labels, value in LINE.findall(text):
        if sample == name:
            pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            assert pairs.pop("host")
            found[tuple(pairs[label] for label in sorted(pairs))] = float(value)
    return found


def connector(mended: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    repairs = Counter("suar_repairs_total", "Mended.", ["kind"], registry=registry)
    repairs.labels("lost").inc(mended)
    Counter("python_something_total", "Not ours.", registry=registry)
    return registry


def test_the_repairs_of_a_connector_are_counted_where_prometheus_asks(web: Web) -> None:
    tell(web.store, "connector", connector(3))
    assert read(web, "suar_repairs_total") == {("lost", "connector"): 3}
    tell(web.store, "connector", connector(4))
    tell(web.store, "agi", connector(1))
    assert read(web, "suar_repairs_total") == {("lost", "connector"): 4, ("lost", "agi"): 1}
    text = web.client().http.get("/metrics").text
    assert "python_something_total" not in text
    assert "_created" not in text.partition("suar_repairs")[2].partition("# HELP")[0]


def test_a_histogram_travels_whole(web: Web) -> None:
    registry = CollectorRegistry()
    Histogram("suar_test_seconds", "Seconds.", buckets=(0.01, 1.0), registry=registry).observe(0.5)
    tell(web.store, "agi", registry)
    assert read(web, "suar_test_seconds_count") == {("agi",): 1}
    assert read(web, "suar_test_seconds_bucket") == {("0.01", "agi"): 0, ("1.0", "agi"): 1, ("+Inf", "agi"): 1}


def test_the_web_process_tells_its_own_beside_those_of_libraries(web: Web) -> None:
    assert list(read(web, "suar_process_start_time_seconds")) == [("web",)]
    assert "python_info" in web.client().http.get("/metrics").text


def test_who_has_been_silent_for_a_minute_is_gone_and_after_a_day_forgotten(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(web.store, "connector", connector(3))
    monkeypatch.setattr(figures, "STALE_S", 0.0)
    assert read(web, "suar_repairs_total") == {}

    async def kept() -> list[str]:
        wire = Wire(web.store.url, timeout=PATIENT)
        fields: list[str] = await wire.call("HKEYS", f"suar-figures:{{{web.store.pool}}}")
        wire.close()
        return fields

    assert len(asyncio.run(kept())) == 1
    monkeypatch.setattr(figures, "FORGOTTEN_S", 0.0)
    read(web, "suar_repairs_total")
    assert asyncio.run(kept()) == []


def test_a_store_that_does_not_answer_costs_the_others_figures_only(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.app.state, "figures", Figures("unix:///nonexistent/suar.sock", "main"))
    text = web.client().http.get("/metrics").text
    assert "suar_lines_in_use" in text
    assert 'process="web"' in text


def test_what_is_told_holds_names_and_figures_only() -> None:
    (family,) = counted(connector(2))
    assert family["samples"] == [["suar_repairs_total", {"kind": "lost"}, 2.0]]
    assert json.loads(json.dumps(family)) == family
