#!/usr/bin/env bash
# Every test, in the order in which a fault is found soonest; stops at the first step that fails and ends with one
# line that counts all tests. `make test` runs it; a name runs that step only.
# usage: tools/test.sh [format|tidy|web|go|release|asan|tsan|python|e2e ...]
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
export TZ=America/St_Johns  # not UTC, and not a whole number of hours from it
export PYTHONDONTWRITEBYTECODE=1
export HEADRACE_BINARY="$PWD/build/release/headrace"
unset HEADRACE_CONFIG HEADRACE_PORT HEADRACE_HOST

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

sum() { awk '{ total += $1 } END { print total + 0 }'; }

# Adds up what ctest and pytest say of themselves.
count() {
  local ok bad
  ok=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) tests?\.$/\1/p; s/^(.*[^0-9])?([0-9]+) passed.*$/\2/p' "$log" | sum)
  bad=$(sed -nE 's/^([^%]*[^0-9%])?([0-9]+) failed.*$/\2/p; s/^ *([0-9]+) FAILED TESTS?$/\1/p' "$log" | sum)
  passed=$((passed + ${ok:-0}))
  failed=$((failed + ${bad:-0}))
}

# The log without what passed, so that a fault stands out.
faults() {
  grep -vE '^\[( RUN      |       OK |-{10}|={10})\]|^(Running main|Test command|Working Directory|Test timeout)|^$' "$log"
}

step() {
  local name=$1 title=$2; shift 2
  if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $name "* ]]; then return; fi
  echo "== $title"
  local start=$SECONDS
  if "$@" >"$log" 2>&1; then
    count
    echo "   ok, $((SECONDS - start)) s"
  else
    count
    faults
    echo "   FAILED after $((SECONDS - start)) s: $title"
    [ "$failed" -gt 0 ] || failed=1
    finish
  fi
}

finish() {
  echo
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

formatting() {
  git ls-files '*.cc' '*.h' | xargs .venv/bin/clang-format --dry-run -Werror &&
    .venv/bin/ruff format --check -q . && .venv/bin/ruff check -q . &&
    .venv/bin/mypy --no-error-summary
}

structure() { .venv/bin/python tools/tidy.py && .venv/bin/python -m pytest -p no:cacheprovider tools; }

# Vitest counts by files too, which would be counted twice.
web() {
  (cd web && ../tools/node.sh node_modules/typescript/bin/tsc --noEmit &&
    NO_COLOR=1 ../tools/node.sh node_modules/vitest/vitest.mjs run | grep -vE 'Test Files|\| [0-9]+ failed')
}

# `go test` counts packages; its tests are counted here.
go_client() {
  local unformatted
  unformatted=$("$(tools/go.sh env GOROOT)/bin/gofmt" -l clients) || return
  [ -z "$unformatted" ] || { echo "gofmt would change $unformatted"; return 1; }
  for client in go wails; do
    (cd "clients/$client" && ../../tools/go.sh vet ./... && ../../tools/go.sh test -v ./...) || return
  done |
    awk '{ print } /^--- PASS/ { ++ok } /^--- FAIL/ { ++bad } END { printf "%d passed\n%d failed\n", ok, bad }'
}

# The test binaries themselves, one for each folder: their own words say how many tests there were. The preset
# says which of them run and with which options of the sanitizer. Two run at a time: each one's words are put together.
run_binaries() {
  ctest --preset "$1" --parallel 2 --verbose --no-tests=error | sort -s -n -t: -k1,1 | sed -E 's/^[0-9]+: //'
}

release() { tools/build.sh release && tools/build.sh release headers_alone && run_binaries release; }
asan() { tools/build.sh asan-ubsan && run_binaries asan-ubsan; }
tsan() { tools/build.sh tsan concurrent_tests && run_binaries tsan; }
python_tests() { .venv/bin/python -m pytest -p no:cacheprovider python/tests; }
end_to_end() { .venv/bin/python -m pytest -p no:cacheprovider tests; }

only=("$@")
step format "formatting and types" formatting
step tidy "structure (tools/tidy.py and its tests)" structure
step web "the page: types and unit tests" web
step go "the Go clients" go_client
step release "C++ tests" release
step python "Python tests" python_tests
step e2e "end to end, with a real server" end_to_end
step asan "C++ tests under the address and undefined-behaviour sanitizers" asan
step tsan "concurrent C++ tests under the thread sanitizer" tsan
finish
