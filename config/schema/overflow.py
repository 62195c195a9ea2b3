"""When callers go to a partner centre, to which, and what a partner is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.schema.areas import Zone
from config.schema.base import Shape
from config.schema.callback import Hour

Pool = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class Overflow(Shape):
    """When a waiting caller goes to another pool of ours, or else to a partner centre: any of these is enough."""

    max_wait: float = Field(default=0, ge=0, description="Seconds in the queue; 0 = never for that.")
    place: int = Field(default=0, ge=0, description="Joined the line behind this place; 0 = never for that.")
    estimate: float = Field(
        default=0, ge=0, description="A longer estimated wait, in seconds, now or at joining; 0 = never."
    )
    ratio: float = Field(default=0, ge=0, description="More callers of the queue for each CSO at work: its last go.")
    level: int = Field(
        default=0, ge=0, le=4, description="Surge level from which: from the end of the line; 0 = as surge.yaml says."
    )
    pools: list[Pool] = Field(
        default=[], description="Other pools on the same store, tried first while a CSO is free there."
    )
    partners: list[str] = Field(default=[], description="Tried in this order, or by their shares.")
    by: Literal["order", "share"] = "order"
    drain_after: float = Field(
        default=8,
        ge=0,
        description="Seconds at a partner that only rings, then a free CSO of ours takes over; 0 = never.",
    )

    @model_validator(mode="after")
    def _somewhere_sometime(self) -> Overflow:
        if not self.pools and not self.partners:
            raise ValueError("overflow needs pools or partners")
        if not (self.partners or self.max_wait or self.place or self.estimate or self.ratio or self.level):
            raise ValueError("overflow to pools needs one of max_wait, place, estimate, ratio, level")
        return self


class Outside(Shape):
    """Where an emergency goes that nobody of ours takes in time."""

    after: float = Field(gt=0, description="Seconds in line, and again after each attempt that nobody answered.")
    partner: str = Field(description="An entry of partners.yaml that says `outside: true`.")


class Partner(Shape):
    """A partner centre. Addresses: a SIP endpoint name for Asterisk, E.164 or sip: URI for Twilio."""

    title: str
    cap: int = Field(gt=0, description="Calls at the same time.")
    ring_timeout: float = Field(default=20, gt=1, le=60)
    asterisk: str = Field(default="", description="SIP URI dialled, e.g. sip:mitra@10.0.0.5")
    twilio: str = Field(default="")
    rate: float = Field(default=0, ge=0, le=1000, description="New calls per second; 0 = no limit.")
    share: float = Field(default=1, gt=0, le=1000, description="Weight where a queue goes `by: share`.")
    hours: tuple[Hour, Hour] | None = Field(default=None, description="Open from, until; none = always.")
    zone: Zone = "WIB"
    failures: int = Field(default=5, ge=0, description="Calls not taken in a row, then it is left alone; 0 = never.")
    retry: float = Field(default=30, gt=0, description="Seconds until one call is tried; doubles while that fails.")
    retry_limit: float = Field(default=600, gt=0, description="Seconds it is left alone at most.")
    short: float = Field(default=5, ge=0, le=60, description="A talk that it ends within these seconds was none.")
    again: float = Field(default=300, ge=0, description="Seconds in which a caller it failed is not sent there again.")
    probe: bool = Field(default=True, description="Asterisk asks it every five seconds; silent, it gets nobody.")
    outside: bool = Field(default=False, description="A telephone for emergencies: no rule keeps a call from it.")

    @model_validator(mode="after")
    def _open_at_all(self) -> Partner:
        if self.hours and self.hours[0] == self.hours[1]:
            raise ValueError("hours: from and to are the same")
        return self


class Partners(Shape):
    partners: dict[str, Partner]
