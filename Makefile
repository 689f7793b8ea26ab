# Two commands: `make demo` sets up and runs the main job; `make test` sets up and passes the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup tools demo test check structure test-cluster test-image fix faults fuzz soak bench results clean

# TORCH_INDEX: address of PyTorch's wheels for CPUs; without it, PyTorch comes as PyPI has it: for Linux, with CUDA
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip install --quiet

setup: .venv/ready  ## makes .venv with .venv/bin/sweep and what it needs, at the versions of constraints.txt

NEEDS := pyproject.toml setup.py constraints.txt $(wildcard workers/engines/cpu/kernels/*.?pp)

define venv
	$(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(PIP) --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' constraints.txt)")
endef

.venv/ready: $(NEEDS)
	$(venv)
	$(PIP) --constraint constraints.txt --editable .
	touch $@

tools: .venv/tools  ## adds what checks and tests need, a third more

.venv/tools: $(NEEDS)
	$(venv)
	$(PIP) --constraint constraints.txt --editable ".[dev]"
	touch .venv/ready $@

demo: setup  ## the main job: a width sweep on handwritten digits, under two minutes on 2 cores
	$(BIN)/sweep launch demo

check: tools  ## lint, format, types, import chain
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

structure: tools  ## the rooms, the arrows between them, those that run back, and circles; lengths, and types left open
	$(BIN)/python -m tests.support.structure
	$(BIN)/python -m tests.support.stores.counts

test: check  ## everything above, then the tests, two at a time
	$(BIN)/pytest -n 2

test-cluster: tools  ## hosts, services and Slurm on this one machine; skips, saying so, without root or Debian's packages
	$(PIP) --constraint constraints.txt --editable ".[test-cluster]"
	sh tests/support/install_debian_packages.sh
	$(BIN)/pytest -m 'cluster and not faults' -rs

test-image: tools  ## docker/Dockerfile and compose.yaml on an engine of their own: minutes, 10 GB; root and Debian's docker.io
	$(BIN)/pytest -m image -rs

faults: tools  ## the part of the fault matrix that takes minutes, and --detach on hosts of its own
	$(BIN)/pytest -m faults

soak: tools  ## kills, suspends and starves real sweeps, 300 kills at random instants, and compares their records: about 40 minutes
	$(BIN)/python -m tests.support.soak.run

fuzz: tools  ## ten thousand changed stores, archives and sweep files, none of which may end in a traceback: half an hour
	$(BIN)/python -m tests.support.fuzz.run --inputs 10000 --out build/fuzz

bench: setup  ## this project's engine against the usual ways, on this machine: benchmarks/results
	$(BIN)/sweep bench --out benchmarks/results

results: tools  ## draws, judges and describes every sweep of docs/results from the rows kept there; nothing trains
	$(BIN)/python -m tests.support.published

fix: tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
