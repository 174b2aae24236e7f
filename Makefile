# The commands of the project. `make` alone lists them.
PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13 3.14,$(shell python$(v) -c 'import sys; print(sys.executable)' 2>/dev/null)) python3)
VENV := .venv
RUN := $(VENV)/bin
# What `spidersim up` loads is compiled when it is installed: nobody waits for that at the first start.
LOADED := aiohttp aiohappyeyeballs aiosignal attr cel_expr_python click cryptography frozenlist idna msgspec multidict propcache yaml yarl
SEED ?= 7
BACKEND ?= simulator

.PHONY: help setup demo test tools e2e conformance chaos bench plugin generate lock clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9_-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.installed ## the virtual environment with pinned, hashed dependencies

$(VENV)/.installed: requirements/bootstrap.txt requirements/dev.txt pyproject.toml simulator/pyproject.toml
	@echo "setup: virtual environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "setup: Python 3.11 or newer is needed; make PYTHON=python3.12")'
	@test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(RUN)/uv pip install --quiet --python $(RUN)/python --require-hashes -r requirements/dev.txt
	@$(RUN)/uv pip install --quiet --python $(RUN)/python --no-deps --no-build-isolation -e . -e ./simulator
	@site=$$($(RUN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
		$(RUN)/python -m compileall -q simulator spiderpool $(foreach package,$(LOADED),$$site/$(package))
	@touch $@

demo: setup ## the main job on a simulated cluster: addresses, faults, leaks reclaimed (SEED=7)
	@$(RUN)/spidersim demo --seed $(SEED)

test: setup ## every check that this machine can run
	@$(RUN)/python -m e2e.gate

tools: ## build the pinned Kubernetes programs once, cached by version (LANE=helm: helm)
	@$(PYTHON) e2e/tools/build.py $(LANE)

e2e: setup plugin ## the scenarios on a backend (BACKEND=simulator|local|kind)
	@$(RUN)/python -m pytest e2e/scenarios --backend=$(BACKEND) -v -rs

conformance: setup ## every claim about the API server on every arm, and docs/conformance.md
	@$(RUN)/python -m e2e.conformance

chaos: setup plugin ## the chaos experiments on a backend (BACKEND=simulator|local)
	@for file in chaos/experiments/*.yaml; do SPIDERPOOL_BACKEND=$(BACKEND) $(RUN)/chaos --no-version-check --log-file build/chaos.log run --journal-path build/chaos.json $$file || exit 1; done

bench: setup plugin ## the figures of docs/benchmarks.md, also as build/bench.json
	@$(RUN)/python -m e2e.benchmarks

plugin: setup ## build/bin/spiderpool, the one file that a CNI runtime executes
	@$(RUN)/python -m spiderpool.plugin.build build/bin/spiderpool

generate: setup ## write the generated files again (CRDs)
	@$(RUN)/python -m spiderpool.resources.crds charts/spiderpool/crds

lock: ## pin the dependencies again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate requirements/bootstrap.in -o requirements/bootstrap.txt

clean: ## remove the virtual environment and everything built
	rm -rf $(VENV) build
