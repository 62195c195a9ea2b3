"""The three clocks of Indonesia. None of them changes in summer."""

from __future__ import annotations

OFFSET_HOURS = {"WIB": 7, "WITA": 8, "WIT": 9}  # before UTC
