#!/usr/bin/env bash
# Configures (once) and builds a CMake preset; makes `import headrace` work in .venv for `release`.
# usage: tools/build.sh PRESET [TARGET ...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1; shift
build=build/$preset
if [ ! -f "$build/build.ninja" ]; then
  cmake --preset "$preset" -DHEADRACE_PYTHON="$PWD/.venv/bin/python" >"$build.configure.log" 2>&1 ||
    { cat "$build.configure.log" >&2; exit 1; }
fi
progress() { if [ -t 1 ]; then cat; else grep -vE '^\[[0-9]+/[0-9]+\]|^ninja: ' || true; fi; }
NINJA_STATUS="[%f/%t %es] " ninja -C "$build" "$@" | progress
[ "$preset" != release ] || [ ! -x tools/link_python.sh ] || tools/link_python.sh "$build"
