"""What the caller hears, and how carriers speak."""
