"""LIVE state: who is on the line, who waits, who is free, who gets whom. Knows no carrier, no HTTP, no ticket."""
