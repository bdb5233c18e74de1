# Needs python3 (3.11 or later) and make; everything else goes into .venv. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
PROJECTS := core sdk $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
SOURCES := $(addsuffix /src,$(PROJECTS))
RUNS ?= runs
# Two workers share the cores with the threads of torch: one thread each is faster than both fighting. What tensors free, glibc keeps for the
# next ones: given back and asked for anew, it costs a step of a large network on the CPU a fifth of its time.
MALLOC := MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1073741824 MALLOC_TOP_PAD_=67108864
PYTEST := OMP_NUM_THREADS=1 $(MALLOC) MEDAI_STRICT_PLUGINS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run test lint types imports unit docs wheels bench surface constraints format clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

# The stamp appears last, so an install that failed is tried again; it bears the time of the start, so that a change made meanwhile counts.
$(INSTALLED): constraints.txt requirements-dev.txt $(addsuffix /pyproject.toml,$(PROJECTS))
	@$(PYTHON) -c 'import sys; sys.exit("medai needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV) (the first time downloads torch and takes minutes) ..."
	@rm -f $@
	@$(PYTHON) -m venv $(VENV)
	@touch $@.started
	@$(BIN)/python -m pip install --quiet -c constraints.txt -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet -c constraints.txt --no-build-isolation -e 'core[codecs]' -e 'plugins/standard[dicom,onnx,ultralytics]' $(foreach p,$(filter-out core plugins/standard,$(PROJECTS)),-e $(p))
	@mv $@.started $@

run: $(INSTALLED)  ## the main job on built-in data: train and evaluate EDCNN, write a report
	$(BIN)/medai run ldct/edcnn --out $(RUNS)

test: lint types imports unit docs  ## everything that must pass before a change lands

lint: $(INSTALLED)  ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)  ## mend style and format where that is mechanical
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED)  ## types: strict on medai
	$(BIN)/mypy

imports: $(INSTALLED)  ## who may import whom
	$(BIN)/lint-imports

unit: $(INSTALLED)  ## all tests; what needs a GPU or real data skips where there is none
	$(PYTEST) -n 2 --dist loadgroup

docs: $(INSTALLED)  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheels: $(INSTALLED)  ## one wheel per distribution, into dist/
	rm -rf dist
	set -e; for project in $(PROJECTS); do $(BIN)/python -m build --wheel --no-isolation --outdir dist $$project; done

bench: $(INSTALLED)  ## what finding plugins, the loop, a slice, PSNR-HVS-M, drawn annotations, reading, tiles and a new plugin cost; benchmarks/real_ct.py needs real CT
	$(BIN)/python benchmarks/discovery.py
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/slices.py
	$(BIN)/python benchmarks/psnr_hvs_m.py
	$(BIN)/python benchmarks/annotation_synthesis.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/tiling.py
	$(BIN)/python benchmarks/sdk.py

surface: $(INSTALLED)  ## record the public API after an addition
	$(BIN)/python tools/surface.py

constraints: $(INSTALLED)  ## write constraints.txt from what is installed
	echo '# Exact versions of everything that `make` installs; written by `make constraints`. nvidia-* and triton count only where torch asks for them.' > $@.txt
	$(BIN)/python -m pip freeze --all --exclude-editable | grep -v '^pip==' | sed 's/+[a-z0-9.]*$$//' >> $@.txt

clean:  ## remove .venv and everything that was built
	rm -rf $(VENV) dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find $(PROJECTS) tests -name __pycache__ -prune -exec rm -rf {} +
