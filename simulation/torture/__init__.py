"""Many processes on one store, killed at any moment, and checkers that must find nothing: `make torture`."""
