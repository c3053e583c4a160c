# Talktime. `make` lists what there is; every target works from a fresh clone, in any folder.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
STEP := .ci/step
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)
# Three at a time: most tests wait for something half of their time. What takes longest begins.
PYTEST := $(BIN)/pytest -q -n 3
# Scripts under tests share the rig, as pytest's `pythonpath` lets the tests do.
SCRIPT := PYTHONPATH=tests $(BIN)/python -P
# Installing is quiet and asks nobody.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_fund := false
export npm_config_audit := false
export npm_config_update_notifier := false
# Where Python may keep nothing compiled, each of a hundred servers would compile all of us anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check check-types check-style check-layers check-web web-check unit e2e mutants types types-current lock screens clean \
	bench bench-media bench-meter bench-ledger bench-join hooks

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: .venv/installed .venv/pump server/static/index.html ## build what is needed, then a demonstration on http://localhost:8080
	@exec $(BIN)/talktime demo

# -- what is installed and built; each stamp lives in what it stamps, so that deleting the folder is enough --

.venv/created: | .ci/need
	@python=$$(.ci/need python); $(STEP) "Making a virtual environment with $$($$python --version)" \
		$$python -m venv .venv
	@touch $@

.venv/installed: .venv/created requirements.lock pyproject.toml
	@[ -e .venv/installed-dev ] || \
		$(STEP) "Installing Python packages" $(BIN)/pip install -q --require-hashes -r requirements.lock
	@$(STEP) "Installing talktime" $(BIN)/pip install -q -e .
	@touch $@

.venv/pump: media/_pump.pyx media/_bases.pxi media/_system.pxi media/bases.py requirements-build.lock .venv/installed | .ci/need .ci/pump
	@$(STEP) "Installing Cython" $(BIN)/pip install -q --require-hashes -r requirements-build.lock
	@$(STEP) "Compiling the relay's inner loop" .ci/pump $(BIN)/python
	@touch $@

.venv/installed-dev: .venv/installed .venv/pump requirements-dev.lock
	@$(STEP) "Installing Python packages for development" \
		$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

web/node_modules/installed: web/package-lock.json | .ci/need
	@.ci/need node
	@$(STEP) "Installing web packages" npm --prefix web ci --no-progress
	@touch $@

server/static/index.html: web/node_modules/installed $(WEB_SOURCES)
	@$(STEP) "Building the pages" npm --prefix web run build
	@touch $@

# -- proofs --------------------------------------------------------------------------------------------------

test: .venv/installed-dev server/static/index.html ## everything that CI runs; ends with pytest's summary
	@.ci/need browser
	@$(MAKE) -j2 check web-check types-current
	@$(STEP) "Planted bugs are caught" $(MAKE) mutants
	@$(MAKE) unit
	@$(MAKE) e2e

check: check-types check-style check-layers check-web ## style, types, layers; no tests

check-types: .venv/installed-dev
	@$(STEP) "mypy" $(BIN)/mypy

check-style: .venv/installed-dev
	@$(STEP) "ruff check" $(BIN)/ruff check .
	@$(STEP) "ruff format" $(BIN)/ruff format --check .

check-layers: .venv/installed-dev
	@$(STEP) "import-linter" $(BIN)/lint-imports

check-web: web/node_modules/installed
	@$(STEP) "tsc and biome" npm --prefix web run check

web-check: web/node_modules/installed ## unit tests of the pages
	@$(STEP) "vitest" npm --prefix web run test

unit: .venv/installed-dev server/static/index.html ## Python tests without a browser
	@echo "==> pytest: unit, contract, simulation, integration, faults"
	@$(PYTEST) --dist loadfile --no-loadscope-reorder --durations=10 tests/faults tests/integration tests/simulation tests/contract tests/unit

e2e: .venv/installed-dev server/static/index.html ## browsers that call each other
	@.ci/need browser
	@echo "==> pytest: end to end, in Chromium"
	@$(PYTEST) --dist loadfile --durations=10 tests/e2e

mutants: .venv/installed-dev ## plant each known bug and see that the suite catches it
	@$(SCRIPT) tests/simulation/mutants.py

types: .venv/installed ## write the TypeScript types of the wire
	@$(BIN)/talktime types

types-current: .venv/installed
	@$(STEP) "Types of the wire are up to date" $(BIN)/talktime types --check

# -- benchmarks: one JSON line per case; no limits -----------------------------------------------------------

bench: bench-ledger bench-meter bench-media bench-join ## all benchmarks, one JSON line per case

bench-media: .venv/installed-dev ## CPU, latency and memory of the relay
	@$(SCRIPT) tests/bench/media.py

bench-meter: .venv/installed-dev ## 10,000 metered calls in one process
	@$(SCRIPT) tests/bench/meter.py

bench-ledger: .venv/installed-dev ## durable operations per second
	@$(SCRIPT) tests/bench/ledger.py

bench-join: .venv/installed-dev server/static/index.html ## from the click to the first remote frame
	@.ci/need browser
	@$(SCRIPT) tests/bench/join.py

# -- housekeeping --------------------------------------------------------------------------------------------

lock: .venv/installed-dev ## pin all dependencies anew from pyproject.toml and web/package.json
	@$(STEP) "requirements.lock" $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header pyproject.toml -o requirements.lock
	@$(STEP) "requirements-dev.lock" $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header pyproject.toml --group dev -o requirements-dev.lock
	@$(STEP) "requirements-build.lock" $(BIN)/uv pip compile -q --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --group build -o requirements-build.lock
	@$(STEP) "package-lock.json" npm --prefix web install --package-lock-only

screens: .venv/installed-dev server/static/index.html ## take the pictures in docs/images and docs/screens
	@.ci/need browser
	@$(SCRIPT) tests/e2e/screens.py

hooks: .venv/installed-dev ## run the quick checks before every commit
	@$(BIN)/pre-commit install

clean: ## remove everything that can be built again (data stays)
	@rm -rf .venv web/node_modules server/static .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis dist media/_pump.*.so
