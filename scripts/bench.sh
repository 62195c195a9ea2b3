#!/bin/bash
# `make bench`: installs what the peers need (says so first), then every bench; the router's last.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/test-deps.sh
"${PYTHON:-python3}" scripts/setup.py || exit 1
{ scripts/asterisk-root.sh && .venv/bin/suar bench peers --runs 3; } ||
    echo "bench: app_queue beside Suar is not measured; the reason is above." >&2
exec .venv/bin/suar bench router
