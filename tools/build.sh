#!/usr/bin/env bash
# Configures and builds a CMake preset; makes `import headrace` work in .venv for `release`.
# usage: tools/build.sh PRESET [TARGET ...]
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
preset=$1; shift
build=build/$preset
# Ninja configures again by itself when a CMake file changes, but knows nothing of the presets.
if [ ! -f "$build/build.ninja" ] || [ CMakePresets.json -nt "$build/build.ninja" ]; then
  mkdir -p build
  cmake --preset "$preset" -DHEADRACE_PYTHON="$PWD/.venv/bin/python" >"$build.configure.log" 2>&1 ||
    { cat "$build.configure.log" >&2; exit 1; }
fi
# A terminal sees the progress, a log only what goes wrong.
progress() { if [ -t 1 ]; then cat; else grep -vE '^\[[0-9]+/[0-9]+|^ninja: (no work|Entering)' || true; fi; }
NINJA_STATUS="[%f/%t %es] " ninja -C "$build" "$@" | progress
case $preset in
  release) tools/link_python.sh "$build" ;;
  bench) tools/link_python.sh "$build" package ;;
esac
