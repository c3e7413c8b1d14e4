# Two commands do everything on a fresh machine:  make demo   and   make test
# On Linux the package index gives the CUDA build of torch; for the smaller one give the address of PyTorch's CPU index:
#   make demo TORCH="torch --index-url ADDRESS"
TORCH ?= torch
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt
DEMO_OUT ?= demo-output
# How many tests run at a time; each worker holds about 1.5 GiB. A file stays with one worker, the long ones come first.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# One or more quick files of every room, for while one works; make test is what counts.
QUICK := $(addprefix Testing/core/, \
  response measure/test_geometry.py measure/test_published.py lesions/test_lesion.py statistics base/test_own_words.py base/test_folders.py \
  imaging/test_study.py imaging/test_new_study.py synth/test_course.py nets/test_windows.py engines/test_page.py track/test_links.py evaluation/test_adaptation.py \
  adapt/test_idol.py::test_copies_vary_in_size_and_look \
  pipeline/test_request.py presenter/test_drafts.py report/test_plain_tables.py cohort/test_charter_fields.py cli \
  review/test_decisions.py review/test_decisions_file.py review/test_decisions_template.py review/test_facts.py test_packaging.py) \
  Testing/docs/test_rooms.py Testing/panel/test_panel_lint.py
.PHONY: help demo test test-quick test-all test-other-pythons coverage fuzz check lint types layers dead panel-lint docs pictures figures panel-pictures clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

# torch first and alone, so that nothing pulls a CUDA build in.
$(VENV)/.run-stamp: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	  f"Python 3.11 to 3.13 is needed, $(PYTHON) is {v[0]}.{v[1]}; name another one: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV): about 1.8 GB on disk (5 GB with the CUDA build of torch), some minutes the first time ..."
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) -e .
	@touch $@

$(VENV)/.test-stamp: $(VENV)/.run-stamp
	@echo "Installing what the tests need into $(VENV): about 1.4 GB more on disk ..."
	$(PIP) -e '.[test,dev]'
	@touch $@

demo: $(VENV)/.run-stamp  ## the main job on the built-in synthetic subject; prints where the report is
	@echo "The demonstration takes about 3 minutes on two cores and writes about 30 MB to $(DEMO_OUT) ..."
	$(BIN)/hcc-response demo --output $(DEMO_OUT)

test: $(VENV)/.test-stamp  ## install what the tests need and run all but the slow ones
	@echo "All but the slow tests, $(WORKERS) at a time: about 12 minutes on two cores, 3 GB of memory; make test-quick takes 90 s ..."
	$(PYTEST) -m "not slow"

test-quick: $(VENV)/.test-stamp  ## some quick tests of every room, at most 90 seconds on two cores
	$(PYTEST) -q -m "not slow" $(QUICK)

test-all: $(VENV)/.test-stamp  ## all tests, the slow ones too
	$(PYTEST)

test-other-pythons: $(VENV)/.test-stamp  ## the quick tests on 3.12, install and smoke on 3.13, where pyenv has them
	$(BIN)/python Testing/other_pythons.py

# Without the long runs: they only repeat what the tests of these rooms reach.
coverage: $(VENV)/.test-stamp  ## lines and branches of rules, measuring and review that quick tests reach (8 minutes)
	$(PYTEST) $(addprefix Testing/core/,response measure review cli data cohort presenter report track/test_links.py track/test_new_lesions.py imaging/test_acquisition.py) -m "not slow" \
	  --cov-branch --cov-report=term:skip-covered --cov-fail-under=95 \
	  $(foreach room,response measure review,--cov=HCCResponseLib.$(room))

fuzz: $(VENV)/.test-stamp  ## ten thousand damaged inputs: each is read, or refused in a sentence
	$(BIN)/python Testing/fuzz --examples 10000

check: lint types layers dead panel-lint  ## style, types, layer order, dead code and the panel's idioms

lint: $(VENV)/.test-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-stamp
	$(BIN)/mypy

layers: $(VENV)/.test-stamp
	$(BIN)/lint-imports

dead: $(VENV)/.test-stamp  ## code that nothing calls; what is called from outside is in Testing/vulture_allowed.py
	$(BIN)/vulture

panel-lint: $(VENV)/.test-stamp  ## idioms of Qt that do not work in the application
	$(BIN)/python Testing/panel_lint.py

$(VENV)/.docs-stamp: $(VENV)/.run-stamp
	$(PIP) -e '.[docs]'
	@touch $@

docs: $(VENV)/.docs-stamp  ## the site with the API reference in build/site; warnings are errors, nothing is fetched
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

clean:  ## remove the virtual environment and outputs
	rm -rf $(VENV) $(DEMO_OUT) build/site

pictures: demo  ## the picture in README from the demonstration's report (needs chromium)
	mkdir -p docs/pictures
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,2320 \
	  --user-data-dir=$$(mktemp -d) --screenshot=docs/pictures/report.png file://$(CURDIR)/$(DEMO_OUT)/read/report.html

# From the present weights; killed, it goes on where it was. Figures that docs give are held against docs/figures.json.
figures: $(VENV)/.test-stamp  ## measure what README and docs say of the shipped network (hours), into docs/figures.json
	$(BIN)/hcc-response evaluate tracking --pairs 1 --own 14 --output build/figures/tracking.jsonl
	$(BIN)/hcc-response evaluate synthetic --pairs 40 --methods base,ours --output build/figures/adaptation
	$(BIN)/python Testing/figures.py build/figures

panel-pictures: $(VENV)/.test-stamp  ## the pictures of the tutorial, from the running panel (some minutes)
	$(BIN)/python Testing/panel_pictures.py docs/pictures/panel
	$(BIN)/python Testing/wide_picture.py docs/pictures/panel docs/pictures/reader.png
