# Two commands on a fresh Debian 12 machine: `make demo` and `make test`. Every target installs what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every process would compile what it imports, each time:
# ten seconds of Prefect's start. Left out is what no process of a site imports; docket is compiled by rules of its own.
NOT_COMPILED := /(sympy|mpmath|networkx|moto|cfnlint|mypy|mypyc|pip|setuptools|pygments)/
COMPILED = $(BIN)/python -m compileall -qq -j 0 -x '$(NOT_COMPILED)' $(VENV)/lib \
  && env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c "import docket"

.PHONY: demo test test-postgresql real check bench soak lock install system forms audit clean

demo: install
	$(BIN)/confide demo

test: install check
	$(BIN)/pytest -m "not real and not e2e and not soak" -n 2 --dist loadfile

test-postgresql: install
	CONFIDE_CI=1 CONFIDE_TEST_DATABASE=postgresql $(BIN)/pytest -m "not real and not e2e and not soak" -n 2 --dist loadfile \
	  tests/register tests/flows tests/cli tests/storage/test_keyring.py tests/storage/test_postgresql_keyring.py tests/storage/test_vault.py

# three at once, and four take as long: two cores are busy; whole sites, which take longest, come first
real: install
	CONFIDE_CI=1 $(BIN)/pytest -m "real or e2e" -n 3 --dist loadfile --no-loadscope-reorder --durations=30

# four at once: most of a kill point is waiting, for a lease to run out or a process to be there again
soak: install
	CONFIDE_CI=1 $(BIN)/pytest -m "soak" -n 4 --dist worksteal
	CONFIDE_CI=1 CONFIDE_TEST_DATABASE=postgresql $(BIN)/pytest -m "soak" -n 3 --dist worksteal tests/flows
	CONFIDE_CI=1 CONFIDE_TEST_DATABASE=postgresql $(BIN)/pytest -m "e2e" -n 2 --dist loadfile tests/e2e

check: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: install
	$(BIN)/python -m bench

audit: install
	$(BIN)/pip-audit --progress-spinner off --require-hashes --disable-pip -r requirements.lock

forms: install
	$(BIN)/python -m templates.drafting

install: system $(VENV)/.installed
	@$(BIN)/python -m compileall -qq cli flows register templates signing storage rules tests

system:
	@deploy/debian-packages

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(COMPILED)
	@touch $@

lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet -o requirements.lock

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
