# Lectern: `make run` starts it, `make test` shows that it works, `make help` lists the rest.

BIN := .venv/bin
PURE_TESTS = $(wildcard tests/test_architecture.py tests/test_path.py tests/*/core tests/config/supervisor \
    tests/config/test_env.py tests/config/test_configuration.py tests/media_relay/test_protocol.py \
    $(patsubst %,tests/bench/test_%.py,performance pictures quantiles svg timeline))

DATABASE_TESTS := tests/classroom tests/accounts
TIMED_TESTS := $(wildcard tests/browser/test_quality*.py) tests/media_relay/io \
    $(filter-out $(patsubst %,tests/media_relay/test_%.py,protocol fuzz churn),$(wildcard tests/media_relay/test_*.py))
BROWSER_LOTS := 2
NODE_MODULES := tests/js/node_modules/.installed

.PHONY: help run setup setup-tests tools test test-on-servers test-on-sqlite test-untimed test-browser test-timed \
    check lint types test-js format bench clean

help:                 ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

run: setup            ## set up what is needed and start Lectern at http://127.0.0.1:8000/
	@[ "$${LECTERN_MODE:-embedded}" != embedded ] || export LECTERN_DEMO="$${LECTERN_DEMO-1}"; \
	exec $(BIN)/python manage.py classroom

setup:                ## the virtual environment for running
	@python="$$(sh deploy/find-python)" && exec "$$python" deploy/bootstrap.py requirements.txt

setup-tests: setup    ## the virtual environment for testing
	@exec $(BIN)/python deploy/bootstrap.py tests/requirements.txt

$(NODE_MODULES): tests/js/package-lock.json | setup-tests
	@echo "Installing tests/js/package-lock.json."
	@cd tests/js && ../../$(BIN)/npm ci --ignore-scripts --loglevel=error && touch node_modules/.installed

tools: setup          ## the browsers and servers that the tests start
	@exec $(BIN)/python deploy/test_tools.py

test: setup-tests tools $(NODE_MODULES)   ## everything: style, types, every test, the classroom's on both databases
	@result=0; $(MAKE) --keep-going --jobs=3 --output-sync=target --no-print-directory \
	    test-untimed types test-on-servers lint test-js test-on-sqlite || result=$$?; \
	$(MAKE) --keep-going --jobs=1 --no-print-directory test-browser test-timed && exit $$result

# Side by side what waits as often as it works; alone what looks at the clock too strictly to bear anything beside it.
# What is pure runs once; what waits for browsers only gives a busy machine more time.
test-on-servers:
	$(BIN)/python -m tests.support.run_with_servers $(BIN)/python -m pytest --ignore=tests/classroom/core $(DATABASE_TESTS)

test-on-sqlite:
	$(BIN)/python -m pytest $(DATABASE_TESTS)

test-untimed:
	$(BIN)/python -m pytest $(addprefix --ignore=,$(DATABASE_TESTS) $(TIMED_TESTS)) --ignore=tests/browser tests

test-browser:
	$(BIN)/python -m pytest --numprocesses=$(BROWSER_LOTS) --dist=loadfile $(addprefix --ignore=,$(TIMED_TESTS)) tests/browser

test-timed:
	$(BIN)/python -m pytest $(TIMED_TESTS)

check: setup-tests lint types test-js   ## the quick part, in under a minute: style, types, pure tests
	@exec $(BIN)/python -m pytest -q $(PURE_TESTS)

lint: setup-tests     ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup-tests $(NODE_MODULES)   ## static types, of Python and of the pages' scripts
	$(BIN)/mypy .
	$(BIN)/node tests/js/node_modules/typescript/bin/tsc --project tests/js

test-js: setup-tests  ## the unit tests of the pages' scripts
	@cd tests/js && ../../$(BIN)/node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON --test --test-reporter=dot

format: setup-tests   ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-tests    ## the benchmarks, in ten minutes; they write var/bench/ and docs/performance.md
	$(BIN)/python deploy/test_tools.py bench
	$(BIN)/python -m bench

clean:                ## remove what was made here, except data under var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis static-built tests/js/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
