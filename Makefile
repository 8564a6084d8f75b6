# It needs Python 3.11 or later (with venv) and make; everything else goes into .venv.
#
#   make demo     train a small network on Fashion-MNIST with `rushlight run`
#   make test     the tests; comparisons with PyTorch are skipped where it is not installed
#   make bench    the benchmarks, one after another
#   make clean    remove .venv and whatever was made

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test bench clean

demo: $(VENV)/ready-demo
	$(BIN)/rushlight run examples/fashion_mnist.py

test: $(VENV)/ready-test
	$(BIN)/python -m pytest -q -n 2

bench: $(VENV)/ready-test
	@for file in benchmarks/[!_]*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

# What was installed last is stamped; a changed pyproject.toml installs anew.
$(VENV)/ready-%: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[$*]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rushlight needs Python 3.11 or later; this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
