# Needs Python 3.11 or newer with pip, and GNU make; everything else goes into $(VENV).
# Which Python: make PYTHON=/path/to/python3.12 test

VENV ?= .venv
PYTHON ?=
ARGS ?=
# requirements/*.txt name every package with its hash. `make LOCKED=no test` takes what the package
# index offers instead: for a mirror that does not hold these versions, and for trying newer ones.
LOCKED ?= yes
BIN := $(VENV)/bin
CANDIDATES := python3.13 python3.12 python3.11 python3 python
IS_FIT := import sys, venv; sys.exit(sys.version_info < (3, 11))
# The interpreter behind a virtual environment, which may be the one that is about to be replaced.
BEHIND := import sys; print(getattr(sys, "_base_executable", "") or sys.executable)

# What the user's shell sets for other environments must not reach this one.
unexport PYTHONPATH PYTHONHOME
# Tests start the program hundreds of times, and from compiled modules in half the time.
unexport PYTHONDONTWRITEBYTECODE
export PIP_USER := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_QUIET := 2

# Empty where $(VENV) was made here, still runs and is new enough; a moved checkout is not "here".
STALE := $(shell test "$$(cat $(VENV)/.made-in 2>&1)" = "$(CURDIR)" \
	&& $(BIN)/python -c "$(IS_FIT)" >/dev/null 2>&1 || echo stale)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-fast lint bench docs pictures dist lock clean stale

help: ## Show this list.
	@echo "make TARGET; each sets up $(VENV) by itself:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  %-9s %s\n' $$name "$$text"; done

demo: $(VENV)/.demo ## Scan two small built-in GitLabs; the reports go to demo-out/.
	@$(BIN)/scopelint demo -o demo-out

test: $(VENV)/.test ## Run all tests; options for pytest by ARGS='-k name'.
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

# Folders whose tests run whole programs, against a server or as a process of their own.
NOT_QUICK := cases cli collect e2e faults simulator

test-fast: $(VENV)/.test ## Run the quick tests: each part by itself, fewer examples.
	@SCOPELINT_EXAMPLES=few $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile \
		$(NOT_QUICK:%=--ignore=tests/%) \
		-m 'not slow and not network and not browser' $(ARGS)

lint: $(VENV)/.test ## Check format, style, types, architecture and the wheel's contents.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
		&& $(BIN)/python -m build --wheel --no-isolation --outdir "$$folder" . >"$$folder/log" 2>&1 \
		|| { cat "$$folder/log"; exit 1; } \
		&& $(BIN)/check-wheel-contents "$$folder"

bench: $(VENV)/.test ## Run every benchmark in benchmarks/.
	@found=; for file in benchmarks/bench_*.py; do \
		test -f "$$file" || continue; found=yes; \
		echo "== $$file"; $(BIN)/python "$$file" $(ARGS) || exit 1; done; \
		test -n "$$found" || echo "there is no benchmark yet: benchmarks/bench_*.py is empty"

docs: $(VENV)/.test ## Write the generated pages and tables anew.
	@$(BIN)/python -m tests.meta.readme
	@$(BIN)/python docs/generate.py

pictures: $(VENV)/.demo ## Take the README's pictures of the page and the terminal anew (needs a Chromium).
	@$(BIN)/python docs/pictures.py

# The same commit gives the same bytes: the packages carry the commit's time, not today's.
dist: export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null)
dist: $(VENV)/.release ## Build the wheel, the sdist, an SBOM (CycloneDX) and their checksums into dist/.
	@rm -rf dist && $(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
		&& $(BIN)/python -m venv --without-pip "$$folder" \
		&& $(BIN)/python -m pip --python "$$folder" install --require-hashes -r requirements/run.txt \
		&& $(BIN)/python -m pip --python "$$folder" install --no-deps dist/*.whl \
		&& sed "s/^dynamic = .*/$$(sed -n 's/^__version__/version/p' scopelint/__init__.py)/" \
			pyproject.toml >"$$folder/pyproject.toml" \
		&& $(BIN)/cyclonedx-py environment "$$folder/bin/python" --pyproject "$$folder/pyproject.toml" \
			--mc-type application --output-reproducible --of JSON -o dist/scopelint.cdx.json
	@cd dist && sha256sum scopelint* >SHA256SUMS && cat SHA256SUMS

# What is locked: the package and its extras, and the dependency groups of pyproject.toml.
COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --annotation-style line --no-emit-package scopelint

lock: $(VENV)/.made-in ## Lock the newest versions that pyproject.toml allows, with their hashes.
	@$(BIN)/python -m pip install uv
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@for name in demo terraform test; do \
		$(COMPILE) pyproject.toml --extra $$name -o requirements/$$name.txt || exit 1; done
	@for name in build release; do $(COMPILE) --group $$name -o requirements/$$name.txt || exit 1; done

clean: ## Remove the environment, caches and whatever was built.
	rm -rf $(VENV) build dist demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis .coverage*
	@find scopelint rules reports finders simulator tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made-in: $(STALE)
	@chosen=; for name in $(or $(PYTHON),$(CANDIDATES)); do \
		if $$name -c "$(IS_FIT)" >/dev/null 2>&1; then \
			chosen=$$($$name -c '$(BEHIND)'); break; fi; done; \
	if [ -z "$$chosen" ]; then \
		echo "scopelint needs Python 3.11 or newer; looked for: $(or $(PYTHON),$(CANDIDATES))" >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; fi; \
	echo "setting up $(VENV) with $$("$$chosen" --version) ($$chosen)"; \
	rm -rf $(VENV); \
	"$$chosen" -m venv $(VENV) >/dev/null 2>&1 || { \
		rm -rf $(VENV); "$$chosen" -m venv --without-pip $(VENV) \
		&& "$$chosen" -m pip --python $(BIN)/python install pip; } || exit 1; \
	echo "$(CURDIR)" > $@

# Give the extra: its packages as locked, then the package itself with nothing fetched beside it.
ifeq ($(LOCKED),yes)
install = $(BIN)/python -m pip install --require-hashes \
		-r requirements/build.txt -r requirements/$(1).txt \
	&& $(BIN)/python -m pip install --no-deps --no-build-isolation -e .
else
install = $(BIN)/python -m pip install -e '.[$(1)]'
endif

$(VENV)/.demo: $(VENV)/.made-in pyproject.toml requirements/build.txt requirements/demo.txt
	@echo "installing scopelint and what the demo needs"
	@$(call install,demo)
	@touch $@

$(VENV)/.release: $(VENV)/.made-in requirements/release.txt
	@echo "installing what builds the packages"
	@$(BIN)/python -m pip install --require-hashes -r requirements/release.txt
	@touch $@

$(VENV)/.test: $(VENV)/.made-in pyproject.toml requirements/build.txt requirements/test.txt
	@echo "installing scopelint and what the tests need"
	@$(call install,test)
	@touch $(VENV)/.demo $@
