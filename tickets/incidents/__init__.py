"""Incidents: the ten steps, their clocks, and what somebody must look at (alerts, escalation); docs/incidents.md."""
