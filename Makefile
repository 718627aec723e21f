# Everything a person or a pipeline does here. Needs Python 3.11 or later (with venv) and make; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UV ?= uv
LOCKS := runtime broker test ops bench fuzz build oracle quix
PIP_INSTALL := $(PY) -m pip --quiet --disable-pip-version-check install
LOCKED := $(PIP_INSTALL) --require-hashes --only-binary :all:
KUSTOMIZE := v5.8.0
TEST_TIMEOUT_SECONDS := 300
TEST_PROCESSES ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-ops audit lint format bench report rivals quix soak fuzz locks pins reference clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo: $(VENV)/.broker  ## screen sample orders through a real Kafka on this machine
	@$(VENV)/bin/screener demo

# The tests' folders stay inside the checkout, numbered by run, so that several runs do not meet. The files of tests are
# shared out among TEST_PROCESSES processes, each with a broker of its own.
test: lint  ## lint, then every test (integration tests start a real Kafka)
	@mkdir -p build/tmp
	@TMPDIR="$(CURDIR)/build/tmp" $(PY) -m pytest --timeout=$(TEST_TIMEOUT_SECONDS) -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test-ops: $(VENV)/.ops  ## what operates it: image, manifests, rights, alerts, dashboard (with a real Prometheus, where it is)
	@mkdir -p build/tmp
	@TMPDIR="$(CURDIR)/build/tmp" $(PY) -m pytest tests/ops --timeout=$(TEST_TIMEOUT_SECONDS) -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

audit: $(VENV)/.ops  ## ask an advisory service about the locks; says so where none answers
	@mkdir -p build; faults=0; for name in runtime broker; do \
	  rm -f build/audit-$$name.json; \
	  $(VENV)/bin/pip-audit --strict --progress-spinner off --timeout 15 --disable-pip --require-hashes \
	    --requirement requirements/$$name.txt --format json --output build/audit-$$name.json >build/audit-$$name.log 2>&1; \
	  status=$$?; \
	  if [ ! -s build/audit-$$name.json ]; then echo "requirements/$$name.txt: NOT AUDITED (build/audit-$$name.log)" >&2; \
	  elif [ $$status -ne 0 ]; then faults=1; tail -n 5 build/audit-$$name.log; \
	  else echo "requirements/$$name.txt: no known vulnerability"; fi; \
	done; exit $$faults

lint: $(VENV)/.test  ## ruff, mypy and the import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.test  ## put the sources into their form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/.bench $(VENV)-quix/.made  ## measure speed and quality in ten minutes, each with a proof of its answer
	@$(PY) benchmarks/run.py --rounds 1
	@$(PY) benchmarks/pairs.py
	@$(PY) benchmarks/rivals.py
	@$(PY) benchmarks/recall.py
	@$(PY) benchmarks/false_alerts.py --part 10
	@$(PY) benchmarks/generator.py --queries 200 --proved 3
	@$(PY) benchmarks/worker.py --rounds 1

report: $(VENV)/.bench  ## draw benchmarks/report.html from the records
	@$(PY) benchmarks/report.py

# pyicu has no wheels: it needs ICU's headers, pkg-config and a C++ compiler (Debian: libicu-dev pkg-config g++).
rivals: $(VENV)/.oracle  ## measure the scorer beside nomenklatura's, which is built here (needs ICU's headers)
	@$(PY) benchmarks/rivals.py
	@$(PY) benchmarks/pairs.py

quix: $(VENV)-quix/.made  ## what Quix Streams needs as a rival of the worker, in an environment of its own

soak: $(VENV)/.bench  ## the ordeals in full: kills, a broker that is gone, slow or full, rebalances, hostile messages
	@$(PY) benchmarks/soak.py

fuzz: $(VENV)/.fuzz  ## look for input that breaks what is promised, for ten minutes; what it found joins the corpus
	@$(PY) tests/fuzz.py
	@$(PY) tests/fuzz.py --target headers --seconds 60

locks:  ## resolve requirements/*.in again (needs uv)
	@command -v $(UV) >/dev/null || { echo "make locks needs uv: pip install uv" >&2; exit 2; }
	@cd requirements && for name in $(LOCKS); do \
	  $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	    --no-emit-index-url --no-emit-find-links $(LOCK_OPTIONS) --output-file $$name.txt $$name.in || exit 1; \
	done

pins: $(VENV)/.broker  ## resolve the jars of the broker again, for a new version of Kafka
	@$(PY) -c 'from screener.broker_jars import pin; pin()'

reference: $(VENV)/.test  ## write docs/reference/ from the code, and what Kubernetes is told of topics and alerts
	@$(PY) docs/generate.py
	@$(PY) k8s/generate.py

clean:  ## remove the environment, caches and everything built
	@rm -rf $(VENV) $(VENV)-quix build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: one stamp for each lock, made again when its lock changes ---------------------------------------

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "screener needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing): name another, as in make PYTHON=python3.12" >&2; \
	  exit 2; }
	@echo "making $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements/build.txt requirements/runtime.txt pyproject.toml
	@echo "installing requirements/runtime.txt"
	@$(LOCKED) -r requirements/build.txt -r requirements/runtime.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.broker: $(VENV)/.runtime requirements/broker.txt
	@echo "installing requirements/broker.txt"
	@$(LOCKED) -r requirements/broker.txt
	@touch $@

$(VENV)/.test: $(VENV)/.broker requirements/test.txt
	@echo "installing requirements/test.txt"
	@$(LOCKED) -r requirements/test.txt
	@touch $@

$(VENV)/.ops: $(VENV)/.test requirements/ops.txt
	@echo "installing requirements/ops.txt"
	@$(LOCKED) -r requirements/ops.txt
	@if command -v go >/dev/null; then \
	  GOBIN="$(CURDIR)/$(VENV)/bin" go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE); \
	else echo "there is no go to build kustomize with: the tests that need it are skipped" >&2; fi
	@command -v promtool >/dev/null && command -v prometheus >/dev/null || \
	  echo "there is no prometheus (Debian: apt-get install prometheus): the tests that need it are skipped" >&2
	@touch $@

$(VENV)/.bench: $(VENV)/.broker requirements/bench.txt
	@echo "installing requirements/bench.txt"
	@$(LOCKED) -r requirements/bench.txt
	@touch $@

$(VENV)/.fuzz: $(VENV)/.test requirements/fuzz.txt
	@echo "installing requirements/fuzz.txt"
	@$(LOCKED) -r requirements/fuzz.txt
	@touch $@

# A rival that asks for another Kafka client has an environment of its own.
$(VENV)-quix/.made: requirements/quix.txt
	@echo "installing requirements/quix.txt"
	@$(PYTHON) -m venv $(VENV)-quix
	@$(VENV)-quix/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --only-binary :all: \
	  -r requirements/quix.txt
	@touch $@

$(VENV)/.oracle: $(VENV)/.bench requirements/oracle.txt
	@echo "installing requirements/oracle.txt"
	@$(LOCKED) --no-binary pyicu -r requirements/oracle.txt
	@touch $@
