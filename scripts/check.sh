#!/bin/sh
# `make check`: everything that needs no server. Runs all, then fails if one failed.
cd "$(dirname "$0")/.." || exit 1
failed=""
step() {
    name=$1; shift
    started=$(date +%s)
    if "$@"; then echo "check: $name ok ($(($(date +%s) - started)) s)"
    else echo "check: $name FAILED"; failed="$failed $name"; fi
}
bin=.venv/bin
step "ruff" $bin/ruff check --quiet
step "format" $bin/ruff format --check --quiet
step "types" $bin/mypy
step "house" $bin/lint-imports --no-logo
step "rules" $bin/python scripts/check_rules.py
step "schema" $bin/python scripts/check_schema.py
step "operator's files" $bin/suar ivr check
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
