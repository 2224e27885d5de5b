# CLARA: everything a person types. Each target does all set-up that it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup quickstart quickstart-stop test test-long check format bench figures trust air-gapped docs lock clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(STAMP) ## make .venv and install everything into it

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m admin.scripts.setup $(VENV)

quickstart: setup ## documents -> dataset -> adapter, end to end, in under 10 minutes (CORPUS=path for your own)
	$(BIN)/python -m admin.quickstart $(if $(CORPUS),--corpus "$(CORPUS)") $(QUICKSTART_ARGS)

quickstart-stop: ## stop the services that the quick start left running
	$(BIN)/python -m admin.quickstart --stop

test: setup ## every test that belongs to a change (starts real servers)
	$(BIN)/python -m admin.scripts.system_packages
	$(BIN)/python -m admin.scripts.test_servers
	$(BIN)/python -m admin.scripts.run_tests

test-long: setup ## the tests that `make test` leaves out because they take long
	$(BIN)/python -m admin.scripts.system_packages
	$(BIN)/python -m admin.scripts.test_servers
	$(BIN)/python -m pytest -m long

check: setup ## ruff, mypy --strict, import layers, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m admin.scripts.configuration_guide --check
	$(BIN)/python -m admin.scripts.access_guide --check

format: setup ## let ruff put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## ratios measured side by side (tests/benchmarks)
	$(BIN)/python -m tests.benchmarks

figures: setup ## write docs/figures.md from the benchmarks
	$(BIN)/python -m tests.benchmarks --write

trust: setup ## every promise in its full form, kills and all (the README says how long); writes docs/trust.md
	$(BIN)/python -m admin.scripts.system_packages
	$(BIN)/python -m admin.scripts.test_servers
	$(BIN)/python -m tests.trust --write
	$(BIN)/python -m pytest tests/trust

air-gapped: setup ## quick start and all tests without a network, every attempt to reach one counted (takes as long as both)
	$(BIN)/python -m admin.scripts.system_packages
	$(BIN)/python -m admin.scripts.test_servers
	$(BIN)/python -m tests.trust AIR

docs: setup ## write the generated pages
	$(BIN)/python -m admin.scripts.configuration_guide
	$(BIN)/python -m admin.scripts.access_guide

lock: setup ## resolve requirements/*.txt anew from pyproject.toml
	$(BIN)/python -m admin.scripts.lock

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
