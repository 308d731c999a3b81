# The commands of a checkout. Each sets up what it needs first; only make and Python 3.11+ must be there.
# PYTHON=/path/to/python3.12 chooses the Python of a new .venv; PORT, HOST and DATA_DIR are those of `make run`.

SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST_ARGS ?=

# Tests start many processes: what one has compiled, the next need not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev run demo-call test test-grown check format lock messages migrations-check
.PHONY: soak bench-workflow bench-queue bench-calls bench-search bench-import bench-directory bench-after chaos profile check-vendors clean

help: ## Print this list
	@echo "make <target>:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1 \2/p' Makefile | awk '{ name = $$1; $$1 = ""; printf "  %-18s%s\n", name, $$0 }'

setup: ## Create .venv with what the product needs
	@PYTHON="$(PYTHON)" scripts/bootstrap.sh run

setup-dev: ## Create .venv with what tests and checks need, too
	@PYTHON="$(PYTHON)" scripts/bootstrap.sh dev

run: setup ## Set up, start everything, play one call, serve until Ctrl-C (PORT, HOST, DATA_DIR)
	@exec $(BIN)/python -m scripts.run

demo-call: setup ## Play the demonstration call again on a running copy (DATA_DIR)
	@exec $(BIN)/python -m demo.play

test: setup-dev ## Run the tests on SQLite and the embedded queue (PYTEST_ARGS)
	@$(BIN)/python -m pytest -n auto -m "not browser and not processes" $(PYTEST_ARGS) || test $$? -eq 5
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m "browser or processes" $(PYTEST_ARGS) || test $$? -eq 5

test-grown: setup-dev ## Run the tests, but for browsers and what one database shows, on DATABASE_URL and BROKER_URL (PostgreSQL, RabbitMQ or Redis)
	@test -n "$$DATABASE_URL" -a -n "$$BROKER_URL" || { echo "Set DATABASE_URL and BROKER_URL; .ci/run shows how." >&2; exit 1; }
	@$(BIN)/python -m pytest -n auto -m "not browser and not processes and not once" --ignore=tests/demo $(PYTEST_ARGS) || test $$? -eq 5
	@$(BIN)/python -m pytest -n 3 --dist worksteal -m "processes and not browser" --ignore=tests/demo $(PYTEST_ARGS) || test $$? -eq 5

check: setup-dev ## Lint, formatting, types, Django's checks, migrations, catalogues, lock files
	@$(BIN)/python -m scripts.check

check-vendors: setup-dev ## Let LiveKit Agents and Pipecat read the tools made for them (needs the network)
	@PYTHONPATH=.:platform $(BIN)/python -m scripts.check_vendors

format: setup-dev ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup-dev ## Compile requirements*.txt from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(BIN)/python -m scripts.lock $(if $(UPGRADE),--upgrade)

messages: setup-dev ## Collect the texts to translate into locale/
	@$(BIN)/python -m scripts.messages

migrations-check: setup-dev ## Say whether a model change lacks its migration
	@$(BIN)/python manage.py makemigrations --check --dry-run

bench-workflow: setup-dev ## Measure the workflow engine
	@$(BIN)/python -m bench.workflow

bench-queue: setup-dev ## Measure the embedded queue
	@$(BIN)/python -m bench.embedded_queue

bench-calls: setup-dev ## Measure call begins and tool call beside their floors (ANSWERS, ROUNDS, AGENTS, DATABASE_URL)
	@$(BIN)/python -m bench.calls

soak: setup-dev ## Play many calls, and watch what the web process keeps of them (CALLS, EVERY, DATABASE_URL)
	@$(BIN)/python -m bench.calls.soak

bench-after: setup-dev ## Measure what comes after calls beside bare Celery (CALLS, ROUNDS, DATABASE_URL, BROKER_URL)
	@$(BIN)/python -m bench.after

chaos: setup-dev ## Kill workers, broker and database under load; count what was lost and doubled (CALLS)
	@$(BIN)/python -m bench.chaos

profile: setup-dev ## Show where the processor time of a call goes (JOB=begin, cached or tool, CALLS, DATABASE_URL)
	@$(BIN)/python -m bench.calls.profile

bench-directory: setup-dev ## Measure directories of destinations (ROWS, ROUNDS, DATABASE_URL)
	@$(BIN)/python -m bench.directory

bench-search: setup-dev ## Measure searching knowledge (PASSAGES, DATABASE_URL)
	@$(BIN)/python -m bench.search

bench-import: setup-dev ## Measure importing 5 MB of numbers (ROUNDS, DATABASE_URL)
	@$(BIN)/python -m bench.importing

clean: ## Remove caches and .venv, never var/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis frontend/node_modules static/editor
	@find . -name __pycache__ -type d -prune -exec rm -rf {} + ; find locale -name '*.mo' -delete
