# The targets that people and CI share. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help build serve test soak mutations bench format lint clean

PYTHON := .venv/bin/python
# Node and other tools of .venv come first, so that what setup installed is what runs.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Static pattern: make looks for no pattern rule when a target is phony.
SETUPS := setup-build setup-serve setup-test setup-bench setup-lint
.PHONY: $(SETUPS)
$(SETUPS): setup-%:
	@tools/setup.sh $*

build: setup-build ## the command at build/release/headrace, and a .venv in which `import headrace` works
	@tools/build.sh release headrace headrace_python

serve: setup-serve ## serve on http://localhost:14345, with a replay of real flights (ARGS="--port 8080")
	@tools/build.sh release headrace headrace_python
	@HEADRACE_DEMO_DATA=$${HEADRACE_DEMO_DATA:-node_modules/vega-datasets/data/flights-3m.parquet} \
	  exec build/release/headrace serve --demo $(ARGS)

test: setup-test ## every test: C++, sanitizers, Python, end to end, formatting, structure
	@tools/test.sh

soak: setup-test ## 32 clients append and read for a minute: no error, no torn row (HEADRACE_SOAK_SECONDS=600)
	@tools/build.sh release headrace headrace_python
	@HEADRACE_SOAK_SECONDS=$${HEADRACE_SOAK_SECONDS:-60} $(PYTHON) -m pytest -p no:cacheprovider -s tests/e2e/test_soak.py

mutations: setup-test ## damage files 20,000 times and read them under the address sanitizer (HEADRACE_MUTATIONS=100000)
	@tools/build.sh asan-ubsan scan_test
	@HEADRACE_MUTATIONS=$${HEADRACE_MUTATIONS:-20000} ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
	  UBSAN_OPTIONS=print_stacktrace=1 build/asan-ubsan/src/scan/scan_test --gtest_filter='DamageTest.*'

bench: setup-bench ## Headrace beside its peers; prints the tables of docs/performance.md (ARGS="--quick rolling")
	@tools/build.sh bench
	@PYTHONPATH=build/bench/python $(PYTHON) bench/run.py $(ARGS)

format: setup-test ## lay out C++ and Python sources
	@git ls-files '*.cc' '*.h' | xargs .venv/bin/clang-format -i
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

lint: setup-lint ## clang-tidy over the C++ sources that differ from main (ARGS=all for all of them)
	@tools/lint.sh $(ARGS)

clean: ## remove what was built; .venv and node_modules stay
	rm -rf build
