# `make demo` and `make test` set up `.venv` on their own; they need make and Python 3.11 to 3.13.
PYTHON ?= python3
BIN := .venv/bin
# One core a process: the tests are many small models, run side by side.
TEST_ENV := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_CPP_MIN_LOG_LEVEL=2
PYTEST := $(TEST_ENV) $(BIN)/python -m pytest -rs

.PHONY: demo test coverage lint backends docs oldest package clean

demo: .venv/demo.stamp  ## sentences about six photographs, and demo/captions.html
	$(BIN)/python -m keras_lrcn demo --folder demo

test: .venv/dev.stamp  ## every test but those of other backends
	$(PYTEST) -m "not backends"

coverage: .venv/dev.stamp  ## which lines of keras_lrcn no quick test runs; fails below 90 %
	$(PYTEST) --cov --cov-report=term --cov-fail-under=90

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

backends: .venv/backends.stamp  ## the tests that compare TensorFlow, JAX and torch
	$(PYTEST) -m backends

docs: .venv/docs.stamp  ## the site, in build/site; open index.html there, no server needed
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

oldest: .venv-oldest/stamp  ## the quick tests, with the oldest packages that are supported
	$(TEST_ENV) .venv-oldest/bin/python -m pytest

package: .venv/package.stamp  ## build/dist, and what it does in an empty environment
	rm -rf build/dist build/lib build/installed
	$(BIN)/python -m build --outdir build/dist .
	$(PYTHON) -m venv build/installed
	build/installed/bin/python -m pip install --quiet "$$(ls build/dist/*.whl)[demo]"
	cd build && installed/bin/keras-lrcn demo --folder demo
	ls -l build/dist

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "keras-lrcn needs Python 3.11 or later; name one: make PYTHON=...")'
	$(PYTHON) -m venv .venv

.venv/demo.stamp: .venv/pyvenv.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	@touch $@

.venv/dev.stamp: .venv/pyvenv.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

# Pinned, so that pip takes a build without CUDA where it is shown one: the others are gigabytes.
.venv/backends.stamp: .venv/dev.stamp
	$(BIN)/python -m pip install --quiet jax torch==2.13.0
	@touch $@

.venv-oldest/stamp: tests/oldest.txt pyproject.toml
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --constraint tests/oldest.txt --editable ".[dev]"
	@touch $@

.venv/package.stamp: .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet build
	@touch $@

.venv/docs.stamp: .venv/pyvenv.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	@touch $@

clean:
	rm -rf .venv .venv-oldest build demo *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
