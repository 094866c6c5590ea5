#!/usr/bin/env bash
# Runs Go of version 1.25 or newer: the system's, or that of the wheel which tools/setup.sh installs.
# usage: tools/go.sh COMMAND [ARGUMENT ...]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
for go in go /usr/local/go/bin/go "$root"/.venv/lib/python3*/site-packages/go/bin/go; do
  have=$(GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null) || continue
  [ "$(printf '%s\n' go1.25 "$have" | sort -V | head -n 1)" = go1.25 ] && GOTOOLCHAIN=local exec "$go" "$@"
done
echo "no Go of version 1.25 or newer: run tools/setup.sh test first" >&2
exit 1
