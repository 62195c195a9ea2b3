"""The shapes of the operator's YAML files. Unknown keys are errors; cross-checks are in config/operator.py."""
