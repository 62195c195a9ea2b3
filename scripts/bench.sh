#!/bin/bash
# `make bench`: installs what the peers need (says so first), then every bench.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/test-deps.sh
"${PYTHON:-python3}" scripts/setup.py || exit 1
exec .venv/bin/suar bench router
