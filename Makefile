# Two commands matter: `make run` (serve on http://127.0.0.1:8600) and `make test`.
#
# TORCH_INDEX=URL   an extra package index for PyTorch builds (CPU-only or a certain CUDA), as its install page names it
# CHECKPOINT=DIR    for `make parity`: compare a real checkpoint instead of random ones
# SLOW=1            for `make test`: full-size and minutes-long tests too
# JOBS=N            for `make test`: how many processes share the tests (2)

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: run test lint bench parity lock clean

run: $(VENV)/run.installed
	@$(BIN)/moksori serve

test: $(VENV)/test.installed
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(if $(SLOW),,-m "not slow")

lint: $(VENV)/lint.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/test.installed
	@$(BIN)/python -m benchmarks

parity: $(VENV)/test.installed
	@$(BIN)/python -m tests.parity $(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

# Written anew from what is installed, after `make test lint` pass with it.
lock: $(VENV)/test.installed $(VENV)/lint.installed
	@$(BIN)/python -m pip freeze --exclude-editable | grep -v '^-' | sed 's/+cpu//' > requirements.lock

clean:
	rm -rf $(VENV) .parity

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "moksori needs Python 3.11 to 3.13: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.installed: $(BIN)/python pyproject.toml requirements.lock
	@echo "Installing (once; PyTorch is the large part) ..."
	@$(INSTALL) --editable '.[workbench,espeak]'
	@touch $@

$(VENV)/test.installed: $(BIN)/python pyproject.toml requirements.lock
	@echo "Installing what the tests need (once) ..."
	@$(INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/lint.installed: $(VENV)/test.installed
	@$(INSTALL) --editable '.[test,lint]'
	@touch $@
