# Needs Python 3.11 or newer and make; everything else is installed into .venv from hash-locked files.
PYTHON ?= python3
VENV = .venv
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test page lock clean

demo: $(VENV)/.installed
	$(VENV)/bin/monitor demo

test: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --require-hashes --requirement requirements-dev.lock
	touch $@

# The catalogue as a page, after an edit of it; bench/catalogue.py records the counts.
page: $(VENV)/.installed
	$(VENV)/bin/monitor rules page --measured bench/results/catalogue.json > docs/catalogue.md

# Renews both lock files; needs uv. The files hold hashes and no addresses.
lock:
	uv pip compile $(LOCK) --extra build --output-file requirements.lock pyproject.toml
	uv pip compile $(LOCK) --extra build --group dev --output-file requirements-dev.lock pyproject.toml

LOCK = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --extra postgres \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
