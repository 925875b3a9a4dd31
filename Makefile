# Every target sets up what it needs by itself: a virtual environment in .venv, packages from PyPI.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup test test-peers demo bench bench-peers figures clean

setup: .venv/ready

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,gif]"
	touch $@

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# JAX and PyTorch; where the package index has no CPU build of PyTorch this can be several gigabytes.
test-peers: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,peers]"
	$(BIN)/python -m pytest tests/peers

demo figures: setup
	$(BIN)/micrograd-es demo --output build/demo

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	$(BIN)/python -m bench

bench-peers: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench,bench-peers]"
	$(BIN)/python -m bench --all-peers

clean:
	rm -rf .venv build dist
