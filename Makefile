# `make demo` and `make test` are all that is needed; each sets up its own .venv from python3 (CPython 3.11 or newer).

PYTHON ?= python3
DEMO_SECONDS ?= 10
WORKERS ?= 2
INPUTS ?= 1000000

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CODE := coinex_asyncio coinex_driver coinex_proto coinex_trio coinex_recorder coinex_relay tests benchmarks $(wildcard examples)

.PHONY: demo test format lint types tests uncited long fuzz interop bench clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo    a local exchange, a client on it, what a user sees (DEMO_SECONDS=$(DEMO_SECONDS))"
	@echo "make test    format check, lint, types, tests with branch coverage"
	@echo "make format  put the code into the project's format"
	@echo "make long    the slow tests: more generated cases"
	@echo "make fuzz    hostile input for the local exchange, over HTTP and sockets, a fiftieth of it over TCP (INPUTS=$(INPUTS))"
	@echo "make interop  other people's clients from PyPI and npm against the local exchange, and a table of what works"
	@echo "make bench   microseconds per message, and ratios"
	@echo "make clean   remove the virtual environment and what tools left behind"

demo: $(VENV)/.runtime
	@$(BIN)/coinex demo --seconds $(DEMO_SECONDS)

test: lint types tests

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

types: $(VENV)/.dev
	$(BIN)/mypy

tests: $(VENV)/.dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n $(WORKERS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@$(BIN)/python -m tests.failure_ids --summary

# Behaviours of the failure catalogue that no test names yet.
uncited: $(VENV)/.dev
	@$(BIN)/python -m tests.failure_ids

long: $(VENV)/.dev
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q -n $(WORKERS) -m "long or not long" --timeout 1800

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.coinex_proto.simulator.fuzzing $(INPUTS)
	$(BIN)/python -m tests.coinex_trio.fuzzing_tcp $$(( $(INPUTS) / 50 ))

# Each client in an environment of its own below $(VENV)/interop: ccxt pins uvloop and orjson, so that the extras `bench` and
# `interop` cannot be installed together. A client whose tool (node) is not on this machine is left out, and the table says so.
interop: $(VENV)/interop/tests/.installed
	$(BIN)/python -m tests.interop.table
	COINEX_INTEROP=1 $(VENV)/interop/tests/bin/python -m pytest -q tests/interop --timeout 120

# With the extra `bench` installed (`.venv/bin/pip install -e '.[bench]'`) other clients are measured as well.
bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.loopback
	$(BIN)/python -m benchmarks.growth

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build dist

# The virtual environment. The stamps make a second run quick; a changed pyproject.toml installs again.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "This project needs CPython 3.11 or newer, and \`$(PYTHON)\` is older or missing:" >&2; \
		$(PYTHON) --version >&2; \
		echo "Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
		echo "\`$(PYTHON) -m venv\` failed; some systems ship it as a package of its own (python3-venv)." >&2; \
		exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	@echo "Installing the SDK into $(VENV) ..."
	@$(PIP) -e '.[cli]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@echo "Installing the SDK and its development tools into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/.runtime $@

$(VENV)/interop/tests/.installed: $(VENV)/.dev pyproject.toml
	@echo "Installing other people's clients into $(VENV)/interop ..."
	@$(BIN)/python -m venv $(VENV)/interop/tests
	@$(VENV)/interop/tests/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,interop]'
	@touch $@
