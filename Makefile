# The developer's interface. Every target does the set-up that it needs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: setup run master worker test lint bench soak servers screenshots bundle audit lock

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@.ci/system-libraries run
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## the window, with the embedded master and two local workers
	@.ci/system-libraries run
	@if [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] && [ "$$(uname)" = Linux ]; then \
	  echo "There is no display here, so no window can open. Start the master without one: make master" >&2; exit 1; fi
	@$(BIN)/vedette $(ARGS)

master: $(READY) ## the master without a window
	@$(BIN)/vedette-master $(ARGS)

worker: $(READY) ## a worker for a master elsewhere: make worker JOIN=CODE
	@$(BIN)/vedette-worker $(if $(JOIN),--join "$(JOIN)") $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(READY) ## lint, types, architecture, all tests
	@.ci/system-libraries test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest $(ARGS)

servers: $(READY) ## the real platform servers that tests use
	@.ci/system-libraries servers
	$(BIN)/python -m tests.servers install

bench: $(READY) ## one table: each figure against its peer or limit, measured in the same run
	@.ci/system-libraries test
	@$(BIN)/python -m tests.benchmarks $(ARGS)

SEEDS ?= 1000
MINUTES ?= 10
soak: $(READY) ## simulation with SEEDS seeds, then MINUTES of faults on real processes; SEED=n plays the same again
	@$(BIN)/python -m tests.soak --seeds "$(SEEDS)" --seed "$(SEED)" --minutes "$(MINUTES)"

screenshots: $(READY) ## pictures for the docs
	@.ci/system-libraries test
	@for look in full-dark-en full-light-en full-light-zh empty-light-en remote-light-en; do \
	  xvfb-run -a -s "-screen 0 1600x1000x24" env QT_QPA_PLATFORM=xcb \
	    $(BIN)/python -m tests.support.screenshots build/screenshots $$look || exit 1; done
	@mkdir -p docs/screenshots
	@for name in detections-dark-en detections-light-zh workers-light-en accounts-dark-en welcome-light-en remote-code-light-en; do \
	  cp build/screenshots/$$name.png docs/screenshots/; done

bundle: dist/.built ## dist/: the folder that needs no Python, the worker alone, both packed, their sizes
	@.ci/bundle sizes

dist/.built: build.spec .ci/bundle $(READY) $(shell find worker engine desktop resources -type f -not -name '*.pyc')
	@.ci/system-libraries bundle
	@.ci/bundle build
	@touch $@

audit: ## known vulnerabilities of what the lock file names (needs the network; docs/security.md)
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@build/audit/bin/python .ci/audit build/audit/bin/pip-audit

lock: $(READY) ## resolve the lock file again (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --output-file requirements.lock
