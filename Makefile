# Everything runs inside .venv, which `make setup` makes; see README.md.

# The first Python that is new enough; say another one with `make setup PYTHON=...`.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c \
	'import sys; print("$(p)") if sys.version_info >= (3, 11) else None' 2>/dev/null)) python3)
READY := .venv/bms-cosim-ready
BIN := .venv/bin

.PHONY: help setup demo test lint long conformance notebooks docs bench bench-peers performance trust figures clean
help:
	@echo 'make demo    set everything up and run the main scenario (results/road_day)'
	@echo 'make test    set everything up and run ruff, mypy, pytest, the conformance report, all notebooks, and build the pages'
	@echo 'make setup   set everything up: .venv, pinned packages, libngspice'
	@echo 'make long    run the tests that take long'
	@echo 'make conformance  measure every row of the datasheet (results/conformance)'
	@echo 'make notebooks  run every notebook, executed copies in docs/notebooks'
	@echo 'make docs    build the documentation site (build/docs); `make notebooks` before shows the notebooks, too'
	@echo 'make bench   measure time and memory (results/bench.json); make bench-peers fetches what it compares with'
	@echo 'make performance  write docs/performance.md from the last benchmark'
	@echo 'make trust   write docs/trust.md, what every figure rests on'
	@echo 'make figures  draw the figures of README.md and docs anew (docs/figures)'
	@echo 'make clean   remove .venv, caches and results'

setup: $(READY)

# Quick when up to date: the script runs again only if what it depends on has changed.
$(READY): pyproject.toml constraints.txt scripts/set_up.py
	@$(PYTHON) scripts/set_up.py

demo: setup
	@$(BIN)/bms-cosim run scenarios/road_day.yaml -o results/road_day

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy

# The physics is compiled first (a few seconds if it is already), or every process would do it for itself.
# A process that crashes ends the run: with another in its place, files that stay together would never end.
# A file's tests stay in one process, where they share what is made once. One process: `make test PROCESSES=0`.
PROCESSES ?= logical
test: lint
	$(BIN)/python -m cosim.slow.warm_up
	$(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 4 --dist loadfile --max-worker-restart 0 --durations 15
	$(BIN)/bms-cosim conformance -o results/conformance
	$(BIN)/python -m scripts.notebooks
	$(MAKE) docs NOTEBOOKS=required

conformance: setup
	$(BIN)/bms-cosim conformance -o results/conformance

long: setup
	$(BIN)/python -m pytest -m long

notebooks: setup
	$(BIN)/python -m cosim.slow.warm_up
	$(BIN)/python -m scripts.notebooks

bench: setup
	@$(BIN)/python -m benchmarks

bench-peers: setup
	@$(BIN)/python scripts/bench_peers.py

performance: setup
	@$(BIN)/python -m benchmarks.report --keep results/bench.json

trust: setup
	@$(BIN)/python -m cosim.validation.trust

figures: setup
	@$(BIN)/python scripts/figures.py

# Warnings are errors; nothing is fetched. With `make docs NOTEBOOKS=required` a notebook that is not executed is one.
docs: setup
	$(BIN)/python -m sphinx -n -W --keep-going -q $(if $(NOTEBOOKS),-D notebooks_required=1) -b html docs build/docs
	@echo 'pages: build/docs/index.html'

clean:
	rm -rf .venv results build docs/notebooks docs/generated docs/circuits/generated *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find bms models cosim benchmarks tests -name __pycache__ -prune -exec rm -rf {} +
