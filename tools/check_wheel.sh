#!/usr/bin/env bash
# `pip install .` in a fresh virtual environment, as a user does it: the wheel is built, imported and run, and finds
# Arrow's libraries in the pyarrow beside it. Objects are kept under build/wheel for the next time.
# usage: tools/check_wheel.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=build/wheel
rm -rf "$work/env" "$work/dist"
mkdir -p "$work"

${PYTHON:-python3} -m venv "$work/env"
env=$PWD/$work/env/bin
"$env/python" -m pip --disable-pip-version-check wheel -q --no-deps -w "$work/dist" \
  --config-settings=build-dir="$work/objects" . >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
"$env/python" -m pip --disable-pip-version-check install -q "$work"/dist/headrace-*.whl

# Away from the clone and its .venv: only what was installed may be found.
cd /
unset PYTHONPATH LD_LIBRARY_PATH HEADRACE_BINARY
"$env/python" - <<'PYTHON'
import pathlib
import sys

import headrace as hr

assert pathlib.Path(hr.__file__).is_relative_to(sys.prefix), hr.__file__
buffer = hr.Buffer(window_size=10)
for i in range(20):
    buffer.append({"x": float(i)})
frame = buffer.features(rolling_windows=[3], include_rolling_stats=["mean"], lag_periods=[1])
assert frame.to_arrow()["x_rolling_mean_3"][-1].as_py() == 18.0
assert frame.to_numpy().shape == (10, 3)
libraries = {line.split()[-1] for line in open("/proc/self/maps") if "libarrow.so" in line}
assert len(libraries) == 1 and libraries.pop().startswith(sys.prefix), libraries
PYTHON
version=$("$env/headrace" --version)
[ -n "$version" ]
echo "wheel ok: $version"
