#!/bin/sh
# Locks requirements*.in with hashes and without addresses (the machine's own pip or uv settings name the index).
# usage: scripts/lock.sh [PACKAGE…]   without arguments everything stays as locked unless an .in file changed;
#        with package names these are upgraded; `scripts/lock.sh --all` upgrades everything.
set -eu
cd "$(dirname "$0")/.."
upgrade=""
for name in "$@"; do
    [ "$name" = "--all" ] && upgrade="$upgrade --upgrade" || upgrade="$upgrade --upgrade-package $name"
done
uv=.venv/bin/uv
[ -x "$uv" ] || uv=uv
index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
[ -n "$index" ] && export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
for part in "" -dev -speech -node -uv; do
    # shellcheck disable=SC2086 - a list of options by intention
    "$uv" pip compile --quiet --generate-hashes --universal --python-version 3.11 \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links $upgrade \
        -o "requirements$part.lock" "requirements$part.in"
done
if grep -nE 'https?://|file:|index-url|find-links' requirements*.lock; then
    echo "a lock names an address; it must not" >&2
    exit 1
fi
python3 scripts/lock_oracles.py
