# Clone to running page: make demo. Everything needed but Python and make comes from PyPI.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
PORT ?= 8000
BIN := .venv/bin
# What the demo needs is installed in half the time of what developing needs.
RUNNABLE := .venv/.runnable
INSTALLED := .venv/.installed
INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable
# A process more than cores, since browsers and servers are waited for; each has a database of its own.
# tests/conftest.py says what is dealt out, and in which order.
PROCESSES = $(shell $(PYTHON) -c 'import os; print(min(8, (os.cpu_count() or 1) + 1))')
SIDE_BY_SIDE = --numprocesses=$(PROCESSES) --dist=loadgroup --no-loadscope-reorder
# What starts a browser or whole servers of its own takes most of the time.
SLOW := $(addprefix --ignore=,tests/browser tests/chaos tests/adoption tests/test_containers.py tests/pins/test_half_adopted.py)
# Settings of production, for the check of them alone: nothing connects anywhere.
PRODUCTION := env DEBUG=false SECRET_KEY=long-enough-and-random-enough-for-a-check-5hP9qLx2Zr7Tn4Wk8 \
	ALLOWED_HOSTS=dashboard.example.org DATABASE_URL=postgres://user:password@database.example.org/name \
	REDIS_URL=rediss://:password@redis.example.org/0 BOT_TOKEN=1:token TELEGRAM_API_URL= SENTRY_DSN=

# What one process compiled, the others load: a run of the tests starts hundreds, and pip compiles nothing (above).
# Images with Python often ask for the contrary; an empty value counts as none.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test quick check types others check-long audit release chaos bench screenshots install messages clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1	/p' Makefile | expand -t 16

demo: $(RUNNABLE) ## the whole system with a demo school, on this machine (PORT=8000)
	@$(BIN)/python -m demo.launcher --port $(PORT)

test: $(INSTALLED) ## all tests (ARGS="tests/bookings -x" for some)
	@$(BIN)/python -m pytest $(or $(ARGS),$(SIDE_BY_SIDE))

quick: $(INSTALLED) ## the tests of the everyday loop: none with a browser, chaos, adoption or containers
	@$(BIN)/python -m pytest $(SLOW) $(or $(ARGS),$(SIDE_BY_SIDE))

check: $(INSTALLED) ## everything that CI runs: format, lints, types, layers, migrations, settings, containers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs=2 --output-sync types others
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# mypy has work for a minute on one core. On the other the small checks are done, and one test of the database: it leaves
# all tests compiled, which three processes would do at the same time, and the migrated database that they wait for.
types:
	$(BIN)/mypy .

others:
	$(BIN)/lint-imports --no-logo
	DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/python -m pytest --quiet -k test_rows_of_a_test_go_and_those_of_the_migrations_stay

check-long: $(INSTALLED) ## all tests with large samples, then make chaos: for three hours when nobody waits
	LONG=1 $(BIN)/python -m pytest --timeout=1800 -o faulthandler_timeout=3600 $(SIDE_BY_SIDE)
	$(BIN)/python -m tests.chaos --long
	$(BIN)/python -m tests.release audit

audit: $(INSTALLED) ## known advisories about the installed packages, where the service that knows them answers
	@$(BIN)/python -m tests.release audit

release: $(INSTALLED) ## the papers of a release into dist/: constraints with hashes, and what it is made of (CycloneDX)
	@$(BIN)/python -m tests.release

bench: $(INSTALLED) ## everything, or a part: ARGS=sending, writes, undoing, audiences; pages, api, numbers, people with 10,000,000 events: 4 GB, or ARGS="pages --people 20000"
	@$(BIN)/python -W ignore -m benchmarks $(ARGS)

chaos: $(INSTALLED) ## break the running system in every known way, for two hours (a short version is in make test)
	@$(BIN)/python -m tests.chaos --long $(ARGS)

screenshots: $(INSTALLED) ## the pictures of the README anew, from the running demo (needs Chromium)
	@$(BIN)/python -m demo.screenshots

install: $(INSTALLED) ## only the virtual environment

messages: $(RUNNABLE) ## compile the translations (they are also compiled when needed)
	@$(BIN)/python -m hsl_dashboard.catalogues

# Installed again only when pyproject.toml changes.
$(RUNNABLE): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it:  make demo PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Installing into .venv (half a minute the first time) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "No virtual environment could be made. On Debian and Ubuntu this helps:  apt-get install python3-venv"; exit 1; }
	@$(INSTALL) '.[servers]' || { echo "The installation failed. With the network back, run the same command again."; exit 1; }
	@touch $@

$(INSTALLED): $(RUNNABLE)
	@echo "Installing what tests and checks need ..."
	@$(INSTALL) '.[dev]' || { echo "The installation failed. With the network back, run the same command again."; exit 1; }
	@touch $@

clean: ## remove the environment, the demo's data and what tools left
	rm -rf .venv .local staticfiles build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -path '*/LC_MESSAGES/django.mo' -delete
