"""HTTP: what a CSO does with the call on the line, and what a supervisor does with CSOs. Roles are decided before
(agent_desk); here: a CSO acts on the own call, a supervisor on anybody's.

A repeated `Idempotency-Key` (ten minutes) does nothing again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from config.errors import NotFound, Refused
from router.agents import CsoState
from router.api import live
from router.history import service
from router.history.schemas import AgentView
from router.store.acd import Acd
from router.store.types import Call

api = APIRouter(prefix="/api/v1", tags=["conversations"])

SUPERVISOR = "supervisor"
GONE = "-"  # the token of who has passed the call on: nobody's

Live = Annotated[Acd, Depends(live)]
CallId = Annotated[str, Path(max_length=48)]
CsoId = Annotated[str, Path(max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Levels = Annotated[dict[Name, int], Field(max_length=50)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ToCso(_Body):
    """The other CSO."""

    cso: Name


class Onward(_Body):
    """Where the caller goes: to another CSO, or into a queue. One of the two."""

    cso: Name | None = None
    queue: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.cso is None) == (self.queue is None):
            raise ValueError("cso or queue")
        return self


class ToPartner(_Body):
    """The partner centre."""

    partner: Name


class Longer(_Body):
    """How much longer, in seconds."""

    seconds: float = Field(gt=0, le=3600)


class AgentChange(_Body):
    """What a supervisor changes; null stays. `queues` and `skills`: name → proficiency 1 to 5."""

    state: Literal["ready", "paused", "logged_out"] | None = None
    reason: str = Field(default="", max_length=32)
    queues: Levels | None = None
    skills: Levels | None = None


class ConversationView(BaseModel):
    """The call now."""

    id: str
    state: str
    queue: str
    cso: str
    held: bool
    guest: str
    guest_state: str
    partner: str


@dataclass(frozen=True)
class Hand:
    """Whoever asks, with the call and the token it takes."""

    acd: Acd
    call: str
    token: str
    cmd: str


def _cmd(request: Request, idempotency_key: Annotated[str, Header(max_length=40)] = "") -> str:
    return f"{request.state.principal.login}:{idempotency_key or uuid4().hex}"


Cmd = Annotated[str, Depends(_cmd)]


async def _hand(request: Request, call: CallId, acd: Live, cmd: Cmd) -> Hand:
    found = await acd.call(call)
    if found is None:
        raise NotFound("Panggilan itu tidak dikenal.", slug="unknown-call")
    who = request.state.principal
    if who.role != SUPERVISOR and found.cso != who.login:
        # Who has just passed it on may ask again: the token is gone, the answer is remembered.
        cso = await acd.cso(who.login)
        if cso is None or cso.state is not CsoState.WRAP_UP or cso.call != call:
            raise Refused("Panggilan itu bukan milik Anda.", slug="not-your-call", status=403)
        return Hand(acd, call, GONE, cmd)
    return Hand(acd, call, found.token, cmd)


Mine = Annotated[Hand, Depends(_hand)]


@api.post("/calls/{call}/hold")
async def hold(mine: Mine) -> ConversationView:
    """The caller hears music."""
    await mine.acd.hold(mine.call, mine.token)
    return await _now(mine)


@api.post("/calls/{call}/resume")
async def resume(mine: Mine) -> ConversationView:
    """The caller is heard again."""
    await mine.acd.resume(mine.call, mine.token)
    return await _now(mine)


@api.post("/calls/{call}/consult")
async def consult(body: ToCso, mine: Mine) -> ConversationView:
    """Ring another CSO. Refused: unknown-cso, cso-not-free, consult-running."""
    await mine.acd.consult(mine.call, mine.token, cso=body.cso, cmd=mine.cmd)
    return await _now(mine)


@api.delete("/calls/{call}/consult")
async def end_consult(mine: Mine) -> ConversationView:
    """The other CSO is let go; without one nothing changes."""
    found = await mine.acd.call(mine.call)
    if found is not None and found.guest and mine.token != GONE:
        await mine.acd.guest_left(mine.call, found.guest_token, reason="cancelled")
    return await _now(mine)


@api.post("/calls/{call}/complete")
async def complete(mine: Mine) -> ConversationView:
    """The other CSO takes the call over. Refused: no-guest."""
    await mine.acd.complete(mine.call, mine.token, cmd=mine.cmd)
    return await _now(mine)


@api.post("/calls/{call}/transfer")
async def transfer(body: Onward, mine: Mine) -> ConversationView:
    """To another CSO unasked, or into a queue with the score of the arrival.

    Refused: unknown-cso, cso-not-free, unknown-queue, stale-token, illegal-move.
    """
    if body.queue is not None:
        await mine.acd.enqueue(mine.call, queue=body.queue, token=mine.token, cmd=mine.cmd)
    elif body.cso is not None:
        await mine.acd.transfer(mine.call, mine.token, cso=body.cso, cmd=mine.cmd)
    return await _now(mine)


@api.post("/calls/{call}/refer")
async def refer(body: ToPartner, mine: Mine) -> ConversationView:
    """To a partner centre. Refused: unknown-partner, partner-full, emergency-stays."""
    await mine.acd.refer(mine.call, mine.token, partner=body.partner, cmd=mine.cmd)
    return await _now(mine)


@api.post("/agents/{cso}/wrap-up")
async def extend_wrap_up(cso: CsoId, body: Longer, request: Request, acd: Live, cmd: Cmd) -> AgentView:
    """More time for a wrap-up. Refused: not-your-desk, illegal-move, wrap-up-limit."""
    who = request.state.principal
    if who.role != SUPERVISOR and who.login != cso:
        raise Refused("Meja itu bukan milik Anda.", slug="not-your-desk", status=403)
    return service.agent(await acd.extend_wrap_up(cso, int(body.seconds * 1000), cmd=cmd))


@api.patch("/agents/{cso}")
async def change_agent(cso: CsoId, body: AgentChange, request: Request, acd: Live) -> AgentView:
    """State, queues, skills of somebody else; during a call the state is kept for after it.

    Refused: unknown-cso, unknown-queue, unknown-skill, unknown-level, illegal-move.
    """
    by = request.state.principal.login
    found = await acd.cso(cso)
    if body.queues is not None or body.skills is not None:
        found = await acd.assign(cso, queues=body.queues, skills=body.skills, by=by)
    if body.state is not None:
        found = await acd.force(cso, CsoState(body.state), by=by, reason=body.reason)
    if found is None:
        raise NotFound("Petugas itu tidak dikenal.", slug="unknown-cso")
    return service.agent(found)


async def _now(mine: Hand) -> ConversationView:
    found: Call | None = await mine.acd.call(mine.call)
    assert found is not None  # noqa: S101 - an ended call is kept for half an hour
    return ConversationView(
        id=found.id,
        state=found.state.value,
        queue=found.queue,
        cso=found.cso,
        held=bool(found.held),
        guest=found.guest,
        guest_state=found.guest_state,
        partner=found.partner,
    )
