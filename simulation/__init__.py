"""Callers, agents and a clock that are not real."""
