"""queues.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from config.schema.base import Shape
from config.schema.callback import Callback, Recall
from config.schema.overflow import Outside, Overflow


class ServiceLevel(Shape):
    """The 80/20 default: a share (0 to 1) answered within some seconds."""

    share: float = Field(default=0.8, gt=0, le=1)
    seconds: int = Field(default=20, gt=0)


class Announce(Shape):
    """What a waiting caller hears beside music. Said on entering the line, then every so often."""

    every: float = Field(default=60, ge=10, le=600, description="Seconds between two announcements.")
    place: bool = Field(default=True, description="The place in line, while it gets better.")
    estimate: bool = Field(default=True, description="How long it will take (docs/router/estimate.md).")
    prompts: list[str] = Field(default=[], description="Keys of prompts.yaml; one at each announcement, in turn.")
    music: str = Field(
        default="default",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="Folder of recordings beside the own piece; none = silence.",
    )


class Queue(Shape):
    """A queue of callers."""

    title: str
    offer_timeout: float = Field(default=15, gt=1, le=60, description="Seconds a CSO's telephone rings.")
    wrap_up: float = Field(default=30, ge=0, description="Seconds after the conversation.")
    wrap_up_max: float = Field(
        default=300, ge=0, description="Seconds after the conversation that a CSO may extend the wrap-up to."
    )
    priority: int = Field(default=0, ge=0, le=9, description="Head start; 1 = priority_step seconds.")
    emergency: bool = False
    strategy: Literal["longest-idle", "best-skill", "round-robin", "fewest-calls"] = Field(
        default="longest-idle", description="Which free CSO is next; of equals the one who has been free longest."
    )
    max_waiting: int = Field(default=0, ge=0, description="Callers in the queue beyond which none are taken; 0 = any.")
    announce: Announce = Announce()
    max_wait: float = Field(
        default=0, ge=0, description="Seconds after which a caller is told that it takes too long; 0 = never."
    )
    service_level: ServiceLevel = ServiceLevel()
    record: bool = Field(
        default=False, description="Conversations are recorded; callers are told before (docs/recording.md)."
    )
    overflow: Overflow | None = None
    outside: Outside | None = Field(default=None, description="Of the emergency queue alone.")
    callback: Callback | None = Field(default=None, description="Instead of that of all queues.")


SkillName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class Queues(Shape):
    queues: dict[str, Queue] = Field(min_length=1)
    skills: dict[SkillName, str] = Field(
        default={},
        description="What a caller may ask of a CSO beside the queue, languages and regions too: name → title.",
    )
    callback: Callback = Callback()
    recall: Recall = Recall()
    last_resort: str = Field(description="The queue of a caller about whom nothing else could be decided.")
    emergency: str = Field(description="The queue of recognised emergencies.")
    emergency_number: str = Field(
        default="",
        description="Outside telephone (endpoint or number) that an emergency rings when no process of ours answers.",
    )
    priority_step: float = Field(default=60, gt=0, description="Seconds of head start per priority.")

    def callback_of(self, queue: str) -> Callback:
        """How callers of a queue are called back."""
        known = self.queues.get(queue)
        return known.callback if known and known.callback else self.callback
