# What the README names. Everything runs in a virtual environment of this checkout, .venv.

# The first interpreter of a version that NiFi's Python and the runtimes support.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/ready
BENCH_READY := .venv/bench-ready

.PHONY: demo maven stop test test-packages fuzz check bench clean setup

demo: maven $(READY)  ## a NiFi with both flows, scoring the sample's rows; ARGS=--help
	@$(BIN)/dai-nifi demo start $(ARGS)

# Before the minute that .venv takes.
maven:
	@command -v mvn >/dev/null || { echo "Maven (mvn) is needed and is not on PATH: install it (Debian: apt-get install maven; macOS: brew install maven)"; exit 3; }

stop:  ## end what demo started; ARGS="--dir ..." as for demo
	@if [ -x $(BIN)/dai-nifi ]; then $(BIN)/dai-nifi demo stop $(ARGS); else echo "The demonstration was not running."; fi

# In three processes, see tests/conftest.py: a NiFi keeps its tests waiting for half of the time.
# A test that fails runs once more, for up to three of some thousand: real brokers and databases have faults of their own.
# The traceback is printed, and is a fault to look into all the same.
test: $(READY)  ## every test that can run here
	@$(BIN)/python -m pytest --numprocesses 3 --reruns 1 --max-suite-reruns 3 --rerun-show-tracebacks

test-packages:  ## the Debian packages that some tests need, as root
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { apt-get update && apt-get install --yes postgresql; }
	@command -v mariadbd >/dev/null || { apt-get update && RUNLEVEL=1 apt-get install --yes mariadb-server; }
	@command -v redis-server >/dev/null || { apt-get update && RUNLEVEL=1 apt-get install --yes redis-server; }
	@command -v rabbitmqctl >/dev/null || { apt-get update && RUNLEVEL=1 apt-get install --yes rabbitmq-server; }
	@command -v chromedriver >/dev/null || { apt-get update && apt-get install --yes chromium chromium-driver; }

fuzz: $(READY)  ## damaged files for longer than the test of them; SECONDS=300, SEED= of a run to repeat
	@$(BIN)/python -m tests.fuzz.run --seconds $(or $(SECONDS),300) --seed "$(SEED)"

check: $(READY)  ## format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(BENCH_READY)  ## speed in a real NiFi, beside what users would pick instead; ARGS=--help
	@$(BIN)/python -m tests.benchmarks.run $(ARGS)

clean: stop  ## remove what was made here, but not the caches shared by checkouts
	@rm -rf .venv .dai-nifi build dist .pytest_cache .mypy_cache .ruff_cache

setup: $(READY)

$(BENCH_READY): $(READY) tests/benchmarks/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt -r tests/benchmarks/requirements.txt
	@touch $@

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.10, 3.11, 3.12 or 3.13 is needed and none was found: install one, or say make PYTHON=/path/to/python3.11"; exit 3; }
	@echo "Setting up .venv with $$($(PYTHON) --version), which takes a minute ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[java,serve,otel,lambda,database,duckdb,flightsql,kafka,redis,rabbitmq,activemq,celery,s3,tools,dev]'
	@touch $@
