# Thin names for commands; `make` alone lists them. Works with GNU make from 3.81 (macOS) on.

PROFILE ?= quick
# Tried in this order until one runs and fits. Name your own: make … PYTHON=/path/to/python3.12
PYTHON ?= python3.13 python3.12 python3.11 python3 python

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help reproduce test lab exercises book pdf notebooks bench lint

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'All set up .venv when it is missing. To change its Python: rm -r .venv; make test PYTHON=/path/to/python3.12'

reproduce: .venv/installed  ## run all notebooks: PROFILE=quick (default), classroom or paper; ARGS='--jobs 2 --only "adult*"'
	.venv/bin/python -m mia_helpers reproduce --profile $(PROFILE) $(ARGS)

test: .venv/installed  ## run the tests; ARGS='-m "not slow"' leaves out those that train
	.venv/bin/python -m pytest $(ARGS)

lab: .venv/installed  ## open notebooks and student copies in JupyterLab
	.venv/bin/python -m mia_helpers lab

exercises: .venv/installed  ## student copies without solutions, in exercises/; ARGS='--out FOLDER --only "05_*"'
	.venv/bin/python -m mia_helpers exercises $(ARGS)

book: .venv/book  ## build the book, HTML of all notebooks and pages as committed, in build/book; ARGS='--out FOLDER'
	.venv/bin/python -m book $(ARGS)

pdf: .venv/pdf  ## print the book into one file, build/book.pdf; ARGS='--out FILE'
	.venv/bin/python -m book --pdf $(ARGS)

notebooks: .venv/installed  ## execute the notebooks in place, to commit their outputs; ARGS='--only "05_*"'
	.venv/bin/python -m mia_helpers notebooks $(ARGS)

bench: .venv/installed  ## measure every ratio of benchmarks/results.md, an hour on 2 quiet cores; ARGS='--only svm'
	.venv/bin/python -m benchmarks $(ARGS)

lint: .venv/installed  ## check format and style with ruff, and that imports run downwards
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m ruff check
	.venv/bin/lint-imports

# The stamp is written last, so an interrupted install is done again: from scratch if there was no complete one before.
.venv/installed: requirements.txt pyproject.toml .venv/bin/python
	@if test -f $@ && .venv/bin/python -V >/dev/null 2>&1; then exit; fi; \
	for python in $(PYTHON); do \
	    version=$$($$python -V 2>&1) || continue; \
	    found="$$found, $$python = $${version#Python }"; \
	    case $$version in "Python 3.11."* | "Python 3.12."* | "Python 3.13."*) ;; *) continue ;; esac; \
	    if $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "making .venv with $$version"; \
	        exec $$python -m venv --clear .venv; \
	    fi; \
	    found="$$found without venv (on Debian: apt install python3-venv)"; \
	done; \
	found=$${found#, }; \
	echo "need Python 3.11, 3.12 or 3.13; found $${found:-none}." \
	    "Install one, or name it: make … PYTHON=/path/to/python3.12" >&2; \
	exit 1
	@echo 'installing requirements.txt into .venv; this takes about a minute'
	@.venv/bin/python -m pip install --quiet -r requirements.txt -e .
	@touch $@

.venv/book .venv/pdf: .venv/installed
	@echo 'installing what make $(@F) needs into .venv'
	@.venv/bin/python -m pip install --quiet -e '.[$(@F)]'
	@touch $@

# No recipe: where it is missing (no .venv yet, or its Python was uninstalled), the rule above runs.
.venv/bin/python:
