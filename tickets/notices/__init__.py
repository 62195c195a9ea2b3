"""Notices: who is told of an outage, how they are told, and what they answer; docs/notices.md."""
