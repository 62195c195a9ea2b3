"""Logs a person can read: one line per fact. Numbers, names, digits and addresses never stand in them."""

from __future__ import annotations

import logging
import sys
import traceback


class _Line(logging.Formatter):
    default_time_format = "%H:%M:%S"
    default_msec_format = "%s.%03d"


def told(fault: BaseException) -> str:
    """A fault for the log: its type and where it happened. Its text may hold what a caller said or keyed."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    frames = traceback.extract_tb(fault.__traceback__)
    return f"{type(fault).__name__} at {frames[-1].filename}:{frames[-1].lineno}" if frames else type(fault).__name__


def set_up(process: str, level: str = "INFO") -> None:
    """Log to stderr: time, process, level, module, sentence. Library chatter starts at WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(f"%(asctime)s {process:<10} %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("suar", "config", "router", "tickets", "ivr", "agent_desk", "simulation"):
        logging.getLogger(ours).setLevel(level)
