"""Figures of service (KPI) and the score card they are weighed in; docs/figures.md."""
