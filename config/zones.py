"""The three clocks of Indonesia. None of them changes in summer."""

from __future__ import annotations

from datetime import timedelta, timezone

OFFSET_HOURS = {"WIB": 7, "WITA": 8, "WIT": 9}  # before UTC


def clock(zone: str) -> timezone:
    """What a datetime needs to be shown there."""
    return timezone(timedelta(hours=OFFSET_HOURS[zone]), zone)
