"""How columns are typed in every table of this room."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Enum, String, Text

AREA = String(13)  # Kemendagri code
PHONE = String(16)  # E.164
LOGIN = String(64)  # who did it; "ivr" and "system" are not people
CALL = String(41)
# In the order of its bytes, so that a range is a beginning; SQLite's own order is that one.
PLAIN = Text().with_variant(Text(collation="C"), "postgresql")


def choice(kind: type[StrEnum]) -> Enum:
    """A StrEnum kept by its value in a plain text column: a new member needs no migration."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=24, values_callable=lambda k: [m.value for m in k]
    )
