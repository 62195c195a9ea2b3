"""`suar bench ivr`: what our decisions cost a telephone exchange, beside the same exchange without them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from simulation.bench import ivr_announce, ivr_connect, ivr_hold, ivr_publish, ivr_refuse
from simulation.bench.exchange import Exchange, asterisk_root, edit, exchange, suar
from simulation.bench.ground import BenchFailed
from simulation.bench.ivr_hold import SILENT_QUEUE
from simulation.bench.load import CALLERS
from simulation.bench.people import People
from simulation.bench.report import Report
from tickets.customers.lines import COLUMNS

LIMIT_SECONDS = 3 * 3600.0
KNOWN = 2000  # customers, and as many numbers that call
LINES = 3000  # more than are ever used: what is refused is refused on purpose
SPOKEN = "bench"


async def measure(report: Report, *, quick: bool) -> None:
    """Fill the ratios `publish_3s`, `short_cps`, `short_cpu`, `real_cps`, `refuse_721_p99`, `held_720_cpu`,
    `held_2000_cpu` and `connect_vs_app_queue`.
    """
    if not shutil.which("sipp"):
        raise BenchFailed("The telephones of this bench are SIPp's; it is not installed (Debian: sip-tester).")
    async with asyncio.timeout(LIMIT_SECONDS):
        root = asterisk_root()
        async with exchange(root, rules) as at:
            await _customers(at)
            await ivr_publish.measure(at, report, quick=quick)
            await ivr_announce.measure(at, report, quick=quick)
            await ivr_refuse.measure(at, report, quick=quick)
            await ivr_hold.measure(at, report, quick=quick)
        await ivr_connect.measure(root, report, quick=quick)


def rules(folder: Path) -> None:
    """The operator's files as installed, but: a menu that looks the caller up, says one thing and ends; many lines."""
    edit(folder, "prompts.yaml", lambda it: it["prompts"].update({SPOKEN: {"id": "Bunyi.", "en": "Sound."}}))
    edit(folder, "menu.yaml", _announcing)
    edit(folder, "areas.yaml", lambda it: it.update(lines=LINES))
    edit(folder, "surge.yaml", lambda it: it.update(raise_after=86400, front=0))
    edit(folder, "queues.yaml", lambda it: it["queues"]["gangguan"].pop("overflow"))
    silent = {"every": 600, "place": False, "estimate": False, "prompts": [], "music": "none"}
    edit(folder, "queues.yaml", lambda it: it["queues"].update({SILENT_QUEUE: {"title": "Senyap", "announce": silent}}))


def _announcing(menu: dict[str, object]) -> None:
    nodes = menu["nodes"]
    assert isinstance(nodes, dict)  # noqa: S101 - the file as installed
    locate = nodes["lokasi"] | {"outage": "padam", "clear": "bunyi", "silent": "bunyi", "invalid": "bunyi", "keys": {}}
    locate["here"] = []  # both arms play one file
    outage = nodes["padam"] | {"keys": {}, "silent": "bunyi", "invalid": "bunyi", "over": "bunyi"}
    said = {"kind": "bye", "say": [SPOKEN]}
    menu.update(
        greeting=[], levels={}, hours={}, own_numbers={}, nodes={"lokasi": locate, "padam": outage, "bunyi": said}
    )


async def _customers(at: Exchange) -> None:
    people = People().block(1, KNOWN)
    rows = [",".join(COLUMNS)]
    for one in people:
        values = {"idpel": one.idpel, "meter": one.meter, "name": one.name, "area": one.area, "street": one.street}
        values |= {"address": f'"{one.address}"', "phones": one.phone, "tariff": "R1", "power_va": "1300"}
        rows.append(",".join(values.get(column, "") for column in COLUMNS))
    file = at.folder / "customers.csv"
    file.write_text("\n".join([*rows, ""]), encoding="utf-8")
    await suar(at, "import", "customers", str(file))
    numbers = [one.phone.replace("+62", "0") for one in people]
    (at.folder / CALLERS).write_text("\n".join(["SEQUENTIAL", *numbers, ""]), encoding="utf-8")
