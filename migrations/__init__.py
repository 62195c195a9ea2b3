"""The schema's history: one linear chain of revisions."""
