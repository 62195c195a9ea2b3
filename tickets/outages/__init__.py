"""Outages: what they cover, how they live, what is said, which reports belong; docs/outages.md, docs/attached.md."""
