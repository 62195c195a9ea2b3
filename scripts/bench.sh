#!/bin/bash
# `make bench`: installs what the peers need (says so first), then every bench.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/test-deps.sh
"${PYTHON:-python3}" scripts/setup.py || exit 1
scripts/asterisk-root.sh || echo "bench: no Asterisk; app_queue is not measured."
root=$(scripts/asterisk-root.sh --where 2>/dev/null || true)
[ -n "$root" ] && export SUAR_ASTERISK_ROOT=$root
exec .venv/bin/suar bench router --peers
