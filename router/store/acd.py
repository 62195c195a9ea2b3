"""The one typed caller of the Functions library: one verb, one function, one method.

Every changing verb with `cmd`, a command id: the same id within ten minutes gives the same answer and changes nothing
(R4), so a caller whose reply was lost simply asks again. The others are idempotent by their token or their nature.
Refusals raise config.errors.Problem with a stable slug (router/store/answers.py lists them) and have changed nothing.
A reply that cannot be had in time raises StoreUnavailable. Instants and durations in ms.
"""

from __future__ import annotations

from router.store.verbs_callback import CallbackVerbs
from router.store.verbs_calls import CallVerbs
from router.store.verbs_csos import CsoVerbs
from router.store.verbs_offers import OfferVerbs
from router.store.verbs_overflow import OverflowVerbs
from router.store.verbs_pool import PoolVerbs
from router.store.verbs_pools import PoolsVerbs
from router.store.verbs_surge import SurgeVerbs
from router.store.verbs_talk import TalkVerbs
from router.store.verbs_wait import WaitVerbs
from router.store.wire import StoreUnavailable

__all__ = ["Acd", "StoreUnavailable"]


class Acd(
    PoolVerbs,
    CallVerbs,
    CallbackVerbs,
    OfferVerbs,
    OverflowVerbs,
    PoolsVerbs,
    CsoVerbs,
    SurgeVerbs,
    TalkVerbs,
    WaitVerbs,
):
    """The live state of one pool. Belongs to one event loop; connects at the first verb; `close()` at the end.

    `clock`: a virtual one, whose time every verb then carries; without it the store's own clock rules.
    """
