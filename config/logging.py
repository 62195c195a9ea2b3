"""Logs a person can read: one line per fact. Numbers, names, digits and addresses never stand in them."""

from __future__ import annotations

import logging
import sys


class _Line(logging.Formatter):
    default_time_format = "%H:%M:%S"
    default_msec_format = "%s.%03d"


def set_up(process: str, level: str = "INFO") -> None:
    """Log to stderr: time, process, level, module, sentence. Library chatter starts at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(f"%(asctime)s {process:<10} %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("suar", "config", "router", "tickets", "ivr", "agent_desk", "simulation"):
        logging.getLogger(ours).setLevel(level)
