"""What the shell of the flow offers to a carrier module, and what a carrier offers to the live state.

Inbound: a carrier module turns its request into `Arrival` or `Step`, asks `IvrService`, renders the Instruction.
Outbound: a connector follows the journal and redirects live calls; see docs/architecture.md.
"""

from __future__ import annotations

from typing import Protocol

from ivr.instructions import Instruction
from ivr.signals import Arrival, Step


class IvrPort(Protocol):
    """Answers signals with instructions; every method is idempotent per call and token."""

    async def arrived(self, arrival: Arrival, token: str) -> Instruction: ...
    async def step(self, step: Step) -> Instruction: ...
    async def hung_up(self, call: str, *, by: str = "caller", channel: str = "") -> None: ...
