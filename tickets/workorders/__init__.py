"""Work orders and crews, by use: reading, dispatch (which crew would be best), giving (it is sent), steps (each move),
silence, crews, positions.

One commander per crew is kept by row locks: `lock_crews` before the orders of a UP3.
"""

from __future__ import annotations

from tickets.workorders.giving import (
    assign,
    assign_place,
    ensure,
    ensure_all,
    give,
    give_waiting,
    lock_crews,
    prioritise,
)
from tickets.workorders.reading import (
    crew_of,
    history_of,
    list_orders,
    newest,
    number_of,
    of_report,
    open_order,
    present,
    rateable,
    view,
)
from tickets.workorders.steps import advance, finish

__all__ = [
    "advance",
    "assign",
    "assign_place",
    "crew_of",
    "ensure",
    "ensure_all",
    "finish",
    "give",
    "give_waiting",
    "history_of",
    "list_orders",
    "lock_crews",
    "newest",
    "number_of",
    "of_report",
    "open_order",
    "present",
    "prioritise",
    "rateable",
    "view",
]
