# `make demo` and `make test` are all that is needed; each sets up its own .venv from python3 (CPython 3.11 or newer).

PYTHON ?= python3
DEMO_SECONDS ?= 10
WORKERS ?= 3
# Of `make test`: more than cores, for tests also wait, and forks share what is loaded.
FORKS ?= 6
INPUTS ?= 1000000
SEEDS ?= 500
# For `make matrix`: the Pythons that are found on the PATH or kept by pyenv; name others with PYTHONS="/opt/py/bin/python3.13 ...".
PYTHONS ?= $(foreach version,3.11 3.12 3.13 3.14 3.14t,$(shell python$(version) -c 'import sys; print(sys.executable)' 2>/dev/null)) \
	$(wildcard $(HOME)/.pyenv/versions/3.1[1-4].*/bin/python)
# For `make mutate`: source files or folders, and mutants of each.
FILES ?=
EACH ?= 10
LEAKS ?= 10000000
# For `make simulate`: SEEDS may be from-to, and these are more options (--venues, --drivers, --shapes); what was run already is left out.
SIMULATE ?=
# For `make fuzz-core`: a target of tests/fuzzing (or all), and for how long.
TARGET ?= all
SECONDS ?= 60
# For `make interrupts`: how many.
N ?= 500
TWINS ?= tests/coinex_proto/test_speed_twins.py tests/coinex_proto/books/test_ladder_twins.py \
	tests/coinex_proto/recording/test_noted.py tests/coinex_recorder/test_exporting.py tests/coinex_relay/test_reading.py tests/coinex_relay/test_chains.py

# Tests start many programs, and each would compile the SDK anew; `make clean` takes away what is kept.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGES := coinex_asyncio coinex_driver coinex_proto coinex_recorder coinex_relay coinex_trio

.PHONY: demo lines test coverage format lint types tests matrix mutate uncited long simulate interrupts fuzz fuzz-core sanitize docs interop browser pictures bench charts clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo    a local exchange, a client on it, what a user sees (DEMO_SECONDS=$(DEMO_SECONDS))"
	@echo "make test    format check, lint, types, tests (FORKS=$(FORKS))"
	@echo "make coverage  the tests with branch coverage"
	@echo "make format  put the code into the project's format"
	@echo "make matrix  the tests on every Python found, with minimum versions, -X dev -W error and -O"
	@echo "make mutate  whether tests notice changes of the code (FILES=... EACH=$(EACH))"
	@echo "make long    the slow tests: more generated cases"
	@echo "make fuzz    hostile input for the local exchange, over HTTP and sockets, a fiftieth of it over TCP (INPUTS=$(INPUTS))"
	@echo "make simulate  whole programs in bad weather, by seeds, on from where it was left (SEEDS=$(SEEDS) SIMULATE='--venues spot')"
	@echo "make interrupts  Ctrl-C and SIGTERM at random times on real sockets (N=$(N))"
	@echo "make fuzz-core  coverage-guided hostile input for the core, from the corpora in tests/data (TARGET=$(TARGET) SECONDS=$(SECONDS))"
	@echo "make sanitize  the compiled extension under sanitizers, and a search for leaks (LEAKS=$(LEAKS))"
	@echo "make lines   clients with several sockets in stories of drops, cuts and renewals (SEEDS=$(SEEDS))"
	@echo "make interop  other people's clients from PyPI and npm against the local exchange, and a table of what works"
	@echo "make browser  the page of the local exchange in a headless Chromium, and its pictures in docs/images"
	@echo "make pictures  the pictures of \`coinex watch\` in docs/images, drawn anew"
	@echo "make docs    the documentation as a site, in build/docs"
	@echo "make bench   microseconds per message, and ratios"
	@echo "make charts  the clients over loopback measured again, and the charts in docs/images"
	@echo "make clean   remove the virtual environment and what tools left behind"

demo: $(VENV)/.runtime
	@$(BIN)/coinex demo --seconds $(DEMO_SECONDS)

# Types and tests side by side: tests also wait, and mypy says what it has to say at its end.
test: lint
	@$(MAKE) --no-print-directory --jobs=2 types tests

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

types: $(VENV)/.dev $(VENV)/.typed
	$(BIN)/mypy

# Whether every public name has a type that no checker needs to guess, by pyright. Only when a source has changed: it takes a
# quarter of a minute. pyright finds the packages by the `python` of the PATH, and takes those below its folder for parts of a
# project instead of a library; so it runs in a folder without any.
$(VENV)/.typed: $(VENV)/.dev $(shell find $(PACKAGES) -name '*.py')
	@mkdir -p $(VENV)/typed
	@cd $(VENV)/typed && export PATH="$(CURDIR)/$(BIN):$$PATH" PYRIGHT_PYTHON_IGNORE_WARNINGS=1 && for package in $(PACKAGES); do \
		pyright --ignoreexternal --verifytypes $$package > $$package.txt && echo "$$package: 100 % of its public names have types" \
		|| { cat $$package.txt; exit 1; }; done
	@touch $@

tests: $(VENV)/.dev
	$(BIN)/python -m pytest -q -p tests.forks --forks $(FORKS)
	@$(BIN)/python -m tests.failure_ids --summary

# Apart from `make test`: on CPython 3.11 the tracer makes the tests take more than half as long again, and its instructions
# would count in the budgets.
coverage: $(VENV)/.dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n $(WORKERS) --ignore tests/benchmarks
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Each Python in an environment of its own below $(VENV)/matrix, and the oldest once more with the oldest dependencies.
matrix: $(VENV)/.dev
	$(BIN)/python -m tests.matrix --workers $(WORKERS) $(PYTHONS)

mutate: $(VENV)/.dev
	$(BIN)/python -m tests.mutate --each $(EACH) $(FILES)

# Behaviours of the failure catalogue that no test proves, or in part only.
uncited: $(VENV)/.dev
	@$(BIN)/python -m tests.failure_ids

long: $(VENV)/.dev
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q -n $(WORKERS) -m "long or not long" --timeout 1800

# Clients with several sockets over renewals, drops and cuts: each seed one story of each feature and venue.
lines: $(VENV)/.dev
	$(BIN)/python -m tests.coinex_proto.harness.lines_campaign $(SEEDS)

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.coinex_proto.simulator.fuzzing $(INPUTS)
	$(BIN)/python -m tests.coinex_trio.fuzzing_tcp $$(( $(INPUTS) / 50 ))

# On from where it was left: results stand in build/simulation.txt, and a failure says how to see it again.
simulate: $(VENV)/.dev
	$(BIN)/python -m tests.simulation --seeds $(if $(findstring -,$(SEEDS)),$(SEEDS),0-$(SEEDS)) $(SIMULATE)

interrupts: $(VENV)/.dev
	$(BIN)/python -m tests.interrupts $(N)

# atheris has no wheel for every Python; new inputs go to build/corpora, and `--keep` puts the best of them into tests/data/corpora.
fuzz-core: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python -m tests.fuzzing $(TARGET) --seconds $(SECONDS)

# The extension, built with warnings as errors and with sanitizers, under the tests that compare the twins, in a copy of the
# project (but for the pictures: C++ in matplotlib cannot throw where the sanitizer came first); then a search for leaks (LEAKS
# messages) in the build that is installed.
SANITIZED := build/sanitized
STRICT := -g -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
sanitize: $(VENV)/.dev
	rm -rf $(SANITIZED)
	mkdir -p $(SANITIZED)
	cp -R coinex_* tests benchmarks docs pyproject.toml $(SANITIZED)
	rm -f $(SANITIZED)/coinex_proto/_speed.*.so
	CFLAGS="$(STRICT)" LD_PRELOAD="$$(cc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 \
		$(BIN)/python hatch_build.py $(SANITIZED)/coinex_proto/_speed.so
	cd $(SANITIZED) && LD_PRELOAD="$$(cc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
		$(CURDIR)/$(BIN)/python -m pytest -q -n 0 -p no:cacheprovider -k 'not picture' $(TWINS)
	$(BIN)/python -m tests.coinex_proto.speed_leaks $(LEAKS)

# Each client in an environment of its own below $(VENV)/interop: ccxt pins uvloop and orjson, so that neither the extra `bench`
# nor `dev` can be installed beside `interop`. A client whose tool (node) is not on this machine is left out, and the table says so.
interop: $(VENV)/interop/tests/.installed
	$(BIN)/python -m tests.interop.table
	COINEX_INTEROP=1 $(VENV)/interop/tests/bin/python -m pytest -q tests/interop --timeout 120

# In an environment of its own, since selenium brings packages that nothing else needs. Without Chromium and its driver it says so.
browser: $(VENV)/browser/.installed
	COINEX_BROWSER=1 $(VENV)/browser/bin/python -m pytest -q tests/browser -p no:randomly --timeout 300

# A test holds them against what the code draws.
pictures: $(VENV)/.dev
	$(BIN)/python -m tests.coinex_trio._cli.pictures

# With the extra `bench` installed (`.venv/bin/pip install -e '.[bench]'`) other clients are measured as well.
bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.loopback
	$(BIN)/python -m benchmarks.growth

# A test holds them against what the kept figures draw.
charts: $(VENV)/.dev
	$(BIN)/python -m benchmarks.loopback --counted 0 --json benchmarks/results/loopback.json
	$(BIN)/python -m benchmarks.charts

# In an environment of its own: it needs Sphinx and what the reference imports. A warning is an error.
docs: $(VENV)/docs/.installed
	$(VENV)/docs/bin/sphinx-build -W --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html"

clean:
	rm -rf $(VENV) coinex_proto/_speed.*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# The virtual environment. The stamps make a second run quick; a changed pyproject.toml, or source of the extension, installs again.
BUILD := pyproject.toml hatch_build.py $(wildcard speed/*.[ch])

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

$(VENV)/.runtime: $(VENV)/.made $(BUILD)
	@echo "Installing the SDK into $(VENV) ..."
	@$(PIP) -e '.[cli]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made $(BUILD)
	@echo "Installing the SDK and its development tools into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/.runtime $@

$(VENV)/docs/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing what the documentation is built with into $(VENV)/docs ..."
	@$(BIN)/python -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip install --quiet --disable-pip-version-check -e '.[cli,http,docs]'
	@touch $@

$(VENV)/interop/tests/.installed: $(VENV)/.dev $(BUILD)
	@echo "Installing other people's clients into $(VENV)/interop ..."
	@$(BIN)/python -m venv $(VENV)/interop/tests
	@$(VENV)/interop/tests/bin/python -m pip install --quiet --disable-pip-version-check -e '.[cli,http,interop]'
	@touch $@

$(VENV)/browser/.installed: $(VENV)/.dev $(BUILD)
	@echo "Installing what drives a browser into $(VENV)/browser ..."
	@$(BIN)/python -m venv $(VENV)/browser
	@$(VENV)/browser/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,browser]'
	@touch $@
