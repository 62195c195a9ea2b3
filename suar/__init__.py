"""The command line and the process supervisor: one verb per process."""
