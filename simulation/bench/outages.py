"""What a great outage costs: reports that belong to it, orders for every crew, a notice to everybody in it."""

from __future__ import annotations

from simulation.bench import outage_attach, outage_dispatch, outage_notices
from simulation.bench.postgres import own_postgres
from simulation.bench.report import Report

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
PARTS = (outage_attach.measure, outage_dispatch.measure)  # each makes databases of its own in the cluster


async def measure(report: Report, *, quick: bool) -> None:
    """Every part in its turn, in one PostgreSQL."""
    with own_postgres(SETTINGS) as cluster:
        for part in PARTS:
            part(report, cluster, quick=quick)
        await outage_notices.measure(report, cluster, quick=quick)
