"""Compensation for power that was off too long or too often (TMP); docs/compensation.md."""
