"""What it costs to give an order to a crew in a small UP3 and in a large one, by turns: a batch of all that wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import mean

from sqlalchemy import delete, select, text, update

from config import migrate
from config.database import Database
from simulation.bench.ground import BenchFailed, fine_cpu_of
from simulation.bench.postgres import Postgres
from simulation.bench.report import Report
from simulation.bench.search_fill import NOW
from tickets import workorders
from tickets.models import Crew, Timer, WorkOrder, WorkOrderHistory
from tickets.states import WorkOrderStatus

UNIT, ULP = "jakarta", "menteng"
CENTRE = (-6.2, 106.8)  # degrees
SKILLS = (["meter", "tm"], ["meter"], ["tm"])


@dataclass(frozen=True)
class Size:
    """A UP3 with so many crews, and so many orders that wait; `times` batches make one run."""

    crews: int
    orders: int
    times: int


SIZES = {"few": Size(20, 50, 10), "many": Size(200, 500, 1)}
SINGLE = 50  # orders given one by one


class Side:
    """One database with one UP3, and the backend that answers."""

    def __init__(self, cluster: Postgres, name: str, size: Size) -> None:
        self.size = size
        cluster.run(f"CREATE DATABASE {name}")
        migrate.upgrade(cluster.url(name))
        self.database = Database(cluster.url(name))
        with self.database.transaction() as session:
            self.backend = int(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            session.add_all(_crew(n) for n in range(size.crews))
            session.add_all(_order(n) for n in range(size.orders))
        cluster.run("VACUUM (ANALYZE)", name)

    def batches(self) -> tuple[float, float]:
        """Seconds of processor time and of the clock for one order, everything that waits being given at once."""
        cpu = wall = 0.0
        for _ in range(self.size.times):
            self._all_wait()
            began, used = time.perf_counter(), self._cpu()
            with self.database.transaction() as session:
                given = workorders.give_waiting(session, UNIT, now=NOW)
            wall, cpu = wall + time.perf_counter() - began, cpu + self._cpu() - used
            if given != self.size.orders:
                raise BenchFailed(f"{given} of {self.size.orders} orders found a crew.")
        orders = self.size.orders * self.size.times
        return cpu / orders, wall / orders

    def one_by_one(self) -> float:
        """Seconds of processor time for one order that is given alone, as a report's is when it is filed."""
        self._all_wait()
        with self.database.reading() as session:
            ids = session.scalars(select(WorkOrder.id).order_by(WorkOrder.id).limit(SINGLE)).all()
        used = self._cpu()
        for order in ids:
            with self.database.transaction() as session:
                workorders.lock_crews(session, UNIT)
                workorders.give(session, session.get_one(WorkOrder, order), now=NOW)
        return (self._cpu() - used) / len(ids)

    def _cpu(self) -> float:
        return fine_cpu_of(self.backend) + time.process_time()

    def _all_wait(self) -> None:
        with self.database.transaction() as session:
            session.execute(delete(WorkOrderHistory))
            session.execute(delete(Timer))
            session.execute(update(WorkOrder).values(status=WorkOrderStatus.WAITING, crew_id=None))


def measure(report: Report, cluster: Postgres, *, quick: bool) -> None:
    """Two UP3 that differ in nothing but their size."""
    few, many = SIZES["few"], SIZES["many"]
    report.section(
        f"An order that gets its crew: {few.orders} to {few.crews} and {many.orders} to {many.crews}",
        "milliseconds of one in a batch of all that wait (choice, order, history, timer; one transaction), by turns;",
        "processor time is the process's and its backend's together; one alone: as when its report is filed",
    )
    sides = {name: Side(cluster, f"dispatch_{name}", size) for name, size in SIZES.items()}
    runs = [
        {name: (*side.batches(), side.one_by_one()) for name, side in sides.items()} for _ in range(report.runs + 1)
    ]
    for name in sides:
        report.row(f"dispatch_{name}_cpu_ms", [run[name][0] * 1000 for run in runs[1:]], "ms")
        report.row(f"dispatch_{name}_ms", [run[name][1] * 1000 for run in runs[1:]], "ms")
        report.row(f"dispatch_{name}_alone_cpu_ms", [run[name][2] * 1000 for run in runs[1:]], "ms")
    growth = [run["many"][0] / run["few"][0] for run in runs[1:]]
    report.ratio("dispatch_growth", growth, "≤ 2", label="processor time of one in a batch, many / few")
    alone = mean(run["many"][2] / run["few"][2] for run in runs[1:])
    report.say(f"One alone: {alone:.2f} times as much among {many.crews} crews.")
    for side in sides.values():
        side.database.dispose()


def _crew(n: int) -> Crew:
    lat, lon = _strewn(n, 41)
    return Crew(
        name=f"Regu {n}",
        unit=UNIT,
        ulp=[ULP],
        plate=f"B {n} SUR",
        has_mobile=True,
        on_duty=True,
        skills=SKILLS[n % 3],
        base_lat=lat,
        base_lon=lon,
    )


def _order(n: int) -> WorkOrder:
    lat, lon = _strewn(n, 89)
    return WorkOrder(
        unit=UNIT,
        ulp=ULP,
        status=WorkOrderStatus.WAITING,
        created_at=NOW,
        changed_at=NOW,
        reported_at=NOW,
        priority=1 + n % 3,
        lat=lat,
        lon=lon,
    )


def _strewn(n: int, step: int) -> tuple[float, float]:
    """Around the centre, within some twenty kilometres."""
    return CENTRE[0] + (n * step % 200 - 100) / 1000, CENTRE[1] + (n * 53 % 200 - 100) / 1000
