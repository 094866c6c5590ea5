#!/bin/sh
# Makes `import headrace` work in .venv from a build tree: usage tools/link_python.sh build/release [package]
# With `package` it is only laid out in the tree, for those who put it into PYTHONPATH.
# The package there is the built _core beside links to python/headrace, so that edits to the Python files need no
# build; a .pth file in .venv points to it. Silent and harmless when run again.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:?usage: tools/link_python.sh BUILD_DIR}" && pwd)
python=${HEADRACE_PYTHON:-$root/.venv/bin/python}
package=$build/python/headrace

if ! ls "$package"/_core.*so >/dev/null 2>&1; then
  echo "link_python: no _core in $package: build target headrace_python first" >&2
  exit 1
fi

# Links of files that are gone from the source would still import.
find "$package" -maxdepth 1 -type l ! -exec test -e {} \; -exec rm {} +
for file in "$root"/python/headrace/*.py "$root"/python/headrace/*.pyi "$root"/python/headrace/py.typed; do
  ln -sf "$file" "$package/"
done
mkdir -p "$package/bin"
ln -sf "$build/headrace" "$package/bin/headrace"

[ "${2:-}" != package ] || exit 0
site=$("$python" -c "import sysconfig; print(sysconfig.get_path('platlib'))")
if [ "$(cat "$site/headrace-dev.pth" 2>/dev/null)" != "$build/python" ]; then
  printf '%s\n' "$build/python" >"$site/headrace-dev.pth"
fi

# The command of the same name, as a wheel would install it.
command=$(dirname "$python")/headrace
cat >"$command" <<EOF
#!$python
from headrace.__main__ import main

main()
EOF
chmod +x "$command"
