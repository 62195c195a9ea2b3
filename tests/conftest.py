"""Loads every module of tests/fixtures; each room keeps its fixtures in a file of its own there."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.fixtures")

FIXTURES = Path(__file__).parent / "fixtures"
PLAIN = ("__init__", "wait")  # imported by tests and fixtures, defines none

pytest_plugins = [f"tests.fixtures.{path.stem}" for path in sorted(FIXTURES.glob("*.py")) if path.stem not in PLAIN]
