# The front door. Everything lands in .venv, node_modules, agent_desk/static/vendor and $(SUAR_DATA); nothing is installed elsewhere.
PYTHON ?= python3
export SUAR_CACHE ?= $(HOME)/.cache/suar

.PHONY: setup run run-asterisk test check bench replay torture nightly mutate

setup: ## Virtual environment, pinned dependencies, browser assets; a second run does nothing
	@$(PYTHON) scripts/setup.py

run: setup ## The whole product with a demo utility and a telephone in the browser
	@SUAR_DEMO=1 exec .venv/bin/suar up

run-asterisk: setup ## The same on a real Asterisk, for real SIP telephones
	@scripts/asterisk-root.sh
	@SUAR_DEMO=1 SUAR_ASTERISK=1 SUAR_ASTERISK_ROOT="$$(scripts/asterisk-root.sh --where)" exec .venv/bin/suar up

test: ## Installs what the tests need (says so first), then runs them all
	@scripts/test.sh

check: ## Style, types, who may import whom, the project's own rules
	@$(PYTHON) scripts/setup.py --dev
	@scripts/check.sh

bench: ## Measurements beside their peer (installs it; says so first); some minutes
	@scripts/bench.sh

torture: setup ## Many processes on one store, killed at random; ends with a JSON line. SEED=n EVENTS=n
	@.venv/bin/python -m simulation.torture $(if $(SEED),--seed $(SEED)) $(if $(EVENTS),--events $(EVENTS))

nightly: ## Torture with a million events, a seed for each day of the year; ten minutes and more. The trace of a failure is kept
	@$(MAKE) --no-print-directory torture SEED=$(or $(SEED),$(shell date -u +%j)) EVENTS=$(or $(EVENTS),1000000)

mutate: ## Small faults put into the store's Lua: does a test notice each? All of them take hours
	@$(PYTHON) scripts/setup.py --dev
	@.venv/bin/python scripts/mutate_lua.py

replay:
	@echo "make $@ is not part of this version yet." >&2; exit 2
