"""Measurements: `suar bench NAME`. Every peer is measured beside the product, in the same run."""
