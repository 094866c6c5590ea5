#!/usr/bin/env bash
# Builds the wheel as `pip install .` does, installs it in a fresh virtual environment and runs it there: it must find
# Arrow's libraries in the pyarrow beside it. The environment that builds and its objects stay in build/wheel, so that
# only the first time takes minutes (pip's own would be a new directory each time, and all be compiled again).
# usage: tools/check_wheel.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/build/wheel
export PIP_DISABLE_PIP_VERSION_CHECK=1
rm -rf "$work/env" "$work/dist"
mkdir -p "$work"
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }

[ -x "$work/builder/bin/python" ] || ${PYTHON:-python3} -m venv "$work/builder"
builder=$work/builder/bin/python
"$builder" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
  >"$work/requirements.txt"
quietly "$builder" -m pip install -r "$work/requirements.txt"
quietly "$builder" -m pip wheel --no-deps --no-build-isolation -w "$work/dist" \
  --config-settings=build-dir="$work/objects" .

${PYTHON:-python3} -m venv "$work/env"
env=$work/env/bin
quietly "$env/python" -m pip install "$work"/dist/headrace-*.whl

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
