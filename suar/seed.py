"""`suar seed --demo`: the utility first, then its people, who belong to crews and queues of it."""

from __future__ import annotations

from typing import Any

from agent_desk.seed import seed_accounts
from config.database import database
from tickets.seed import seed_demo


def seed() -> dict[str, Any]:
    """Fill an empty database; again, it changes nothing and answers the same.

    Keys: `logins` (login → password), `api_key`, and one sample telephone number for each kind of caller.
    """
    numbers = seed_demo()
    with database().transaction() as session:
        return {**seed_accounts(session), **numbers}
