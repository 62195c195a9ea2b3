"""pytest -p scripts.mutant_plugin: the whole session runs on the text of the library in the file SUAR_MUTANT."""

from __future__ import annotations

import os

from simulation.torture.substitute import substitute

substitute(os.environ["SUAR_MUTANT"])
