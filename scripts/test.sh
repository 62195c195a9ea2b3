#!/bin/bash
# `make test`: installs what is missing, then every test. Most share the processors; those with a browser or with real
# calls on Asterisk run alone, for two of them at once would only measure each other.
# usage: scripts/test.sh [PYTEST ARGUMENTS]   with arguments: one plain pytest run with them
set -uo pipefail
cd "$(dirname "$0")/.."
clock() { echo "test: $1 after $SECONDS s"; }

scripts/test-deps.sh
"${PYTHON:-python3}" scripts/setup.py --dev || exit 1
scripts/asterisk-root.sh || {
    echo "test: no Asterisk; the journeys on it are skipped (and fail when CI is set)."
}
TEST_ASTERISK_ROOT=$(scripts/asterisk-root.sh --where 2>/dev/null || true)
export TEST_ASTERISK_ROOT
clock "everything there"

pytest=.venv/bin/pytest
[ $# -gt 0 ] && exec "$pytest" "$@"
code=0
slowest="--durations=15 --durations-min=5"
# In the order of the files, so that the longest (torture) is not the last one, alone on one processor.
"$pytest" -q $slowest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser" \
    --ignore-glob="*/journeys/test_asterisk_*" --ignore=tests/contract || code=$?
clock "the quick tests"
"$pytest" -q $slowest -m "browser or journey" --ignore-glob="*/journeys/test_twilio_*"
slow=$?
clock "browser and journeys"
# 5: no test was selected (a checkout without journeys); everything else is a failure.
[ "$slow" -ne 0 ] && [ "$slow" -ne 5 ] && code=$slow
exit "$code"
