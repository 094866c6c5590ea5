#!/usr/bin/env bash
# clang-tidy, by .clang-tidy, over the sources that differ from the branch main; over all of them, or over those named.
# Tests are left out: their macros trip it. usage: tools/lint.sh [all | FILE ...]
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
command -v clang-tidy >/dev/null || { echo "lint: no clang-tidy: make lint installs it" >&2; exit 1; }
[ -f build/release/compile_commands.json ] ||
  cmake --preset release -DHEADRACE_PYTHON="$PWD/.venv/bin/python" >/dev/null

sources=('src/*.cc' 'python/src/*.cc')
changed() {
  local base; base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  # A header is looked at with the source beside it.
  git diff --name-only --diff-filter=d "$base" -- "${sources[@]}" 'src/*.h' 'python/src/*.h' |
    sed 's/\.h$/.cc/' | sort -u | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
case ${1:-} in
  "") files=$(changed) ;;
  all) files=$(git ls-files "${sources[@]}") ;;
  *) files=$(printf '%s\n' "$@") ;;
esac
files=$(grep -vE '_(test|benchmark)\.cc$' <<<"$files" || true)
[ -n "$files" ] || { echo "lint: nothing has changed"; exit; }
xargs -P "$(nproc)" -n 4 clang-tidy -p build/release --quiet <<<"$files" 2>&1 |
  sed -E '/^\[[0-9]+\/[0-9]+\] Processing|^[0-9]+ warnings? (generated|treated)|^Suppressed/d'
echo "lint: $(wc -l <<<"$files") files are clean"
