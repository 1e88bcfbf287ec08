# `make run` and `make test` do all the set-up they need; everything else builds on the same environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
# Some tests wait for a server: three processes keep two cores busy.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(max(3, os.cpu_count() or 1))')

.PHONY: run test check format docs bench calibrate test-vllm test-browser pictures wheel test-wheel clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fjsim needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

run: $(READY)  ## the main job on the embedded model
	$(BIN)/fjsim run --topology star --attack stubborn

test: $(READY)  ## all tests but the slow ones
	$(BIN)/python -m pytest -n $(JOBS)

check: $(READY)  ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $(DOCS_READY)

docs: $(DOCS_READY)  ## build the site into site/ and check every link and anchor in it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: $(READY)  ## every performance row beside its alternative
	$(BIN)/python -m benchmarks

calibrate: $(READY)  ## repeat the calibration of the embedded model
	$(BIN)/python -m studies.calibration

test-vllm:  ## a real vLLM on a CPU, in its own environment
	bash tests/vllm/run.sh

test-browser: $(READY)  ## the pages in a real browser; FJSIM_SCREENSHOTS=FOLDER keeps what it saw
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'playwright>=1.45'
	command -v chromium chromium-browser google-chrome || test -n "$$FJSIM_CHROMIUM" || $(BIN)/python -m playwright install chromium
	$(BIN)/python -m pytest -n 0 -m browser tests/report

pictures: $(READY)  ## the pictures of the tutorial, taken anew in a real browser
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'playwright>=1.45'
	$(BIN)/python -m studies.pictures

wheel: $(READY)  ## build the wheel and run the main job from it alone
	bash tests/wheel.sh

test-wheel:  ## all tests but the slow ones, against the built wheel in an environment of its own
	PYTHON=$(PYTHON) bash tests/installed.sh

clean:
	rm -rf $(VENV) .venv-vllm dist build site
