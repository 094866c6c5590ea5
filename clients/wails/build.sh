#!/usr/bin/env bash
# Builds the window into FILE: its page with what web/ is built with, then Go. Needs GTK 3 and WebKitGTK 4.1
# (Debian: libgtk-3-dev libwebkit2gtk-4.1-dev).
# usage: clients/wails/build.sh FILE
set -euo pipefail
out=$(realpath -m "${1:?usage: clients/wails/build.sh FILE}")
cd "$(dirname "$0")"
pkg-config --exists webkit2gtk-4.1 gtk+-3.0 2>/dev/null ||
  { echo "no WebKitGTK: apt-get install libgtk-3-dev libwebkit2gtk-4.1-dev" >&2; exit 3; }
(cd ../../web && ../tools/node.sh node_modules/vite/bin/vite.js build --logLevel warn --config ../clients/wails/frontend/vite.config.mjs)
../../tools/go.sh build -tags desktop,production,webkit2_41 -o "$out" ./desktop
