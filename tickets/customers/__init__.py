"""Customers and premises: their import, and how they are found (ADR 38); docs/search.md."""
