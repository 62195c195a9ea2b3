"""How a process is configured and connected. The leaf of the house: imports nothing of ours."""
