#!/bin/bash
# Installs what Ingot builds and tests with: Debian packages, and Python packages
# in build/venv. Safe to run again; a second run only looks (under a second).
#   scripts/setup.sh            both
#   scripts/setup.sh packages   Debian packages only
#   scripts/setup.sh venv       Python packages only
# PYTHON=/path/python3 chooses the interpreter of the virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly llvm=22
# What `cmake --preset release` and the tests cannot do without.
readonly required=(
  g++ cmake ninja-build ccache git xz-utils make
  llvm-$llvm-dev libmlir-$llvm-dev mlir-$llvm-tools llvm-$llvm-tools
  lld-$llvm liblld-$llvm-dev zlib1g-dev libzstd-dev
  protobuf-compiler libprotobuf-dev flatbuffers-compiler libflatbuffers-dev
  libgtest-dev libgmock-dev libbenchmark-dev python3 python3-venv
)
# `make format`, `make lint`, and tests that are skipped without them: everything else works.
readonly optional=(clang-format-14 clang-tidy-14 strace valgrind)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() { local p; for p in "$@"; do installed "$p" || echo "$p"; done; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2
}

# Splits the names given into `have` (apt knows a version) and `unknown`.
look_up() {
  have=() unknown=()
  local p
  for p in "$@"; do
    if apt-cache show "$p" >/dev/null 2>&1; then have+=("$p"); else unknown+=("$p"); fi
  done
}

setup_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not Debian: please install the equivalents of"
    say "  ${required[*]}"
    die "then go on with: make build SETUP=no"
  fi
  local missing wanted
  mapfile -t missing < <(missing_of "${required[@]}")
  mapfile -t wanted < <(missing_of "${optional[@]}")
  # Optional ones are tried once: a system without them must not update apt each time.
  local tried=build/.optional-packages-tried
  if [ ${#missing[@]} -eq 0 ] && { [ ${#wanted[@]} -eq 0 ] || [ -e $tried ]; }; then return 0; fi
  mkdir -p build && touch $tried

  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    [ ${#missing[@]} -gt 0 ] || return 0
    say "missing, and neither root nor sudo is here to install them. As root:"
    say "  apt-get update && apt-get install ${missing[*]}"
    die "then run make again"
  fi
  say "missing: ${missing[*]} ${wanted[*]}"
  apt update || say "apt-get update failed: going on with the package lists that are here"

  look_up "${missing[@]}"
  if [ ${#unknown[@]} -gt 0 ]; then
    say "apt offers no package named: ${unknown[*]}"
    say "Debian 12 has LLVM and MLIR $llvm in its security suite (bookworm-security): check that"
    say "your apt sources list it and that 'apt-get update' works; on another release take"
    say "LLVM $llvm from where you get it. When cmake finds it, go on with: make build SETUP=no"
  fi
  if [ ${#have[@]} -gt 0 ]; then
    apt install -y --no-install-recommends "${have[@]}" || {
      mapfile -t missing < <(missing_of "${required[@]}")
      die "apt-get could not install: ${missing[*]} (its own message is above)"
    }
  fi
  [ ${#unknown[@]} -eq 0 ] || exit 1

  look_up "${wanted[@]}"
  if [ ${#have[@]} -gt 0 ]; then apt install -y --no-install-recommends "${have[@]}" || true; fi
  mapfile -t wanted < <(missing_of "${optional[@]}")
  [ ${#wanted[@]} -eq 0 ] || say "not installed: ${wanted[*]} (only 'make format', 'make lint' and tests that count need them)"
}

# The Python environment is for tests and the demo: without it the build works and
# tests that need it report themselves unsupported. Under CI that is a failure.
venv_failed() {
  rm -rf build/venv
  say "$@"
  say "the build and most tests work without Python packages; 'make demo' and the comparisons"
  say "with ONNX Runtime do not. Try again with: scripts/setup.sh venv"
  if [ -n "${CI:-}" ]; then exit 1; fi
  exit 0
}

setup_venv() {
  local stamp=build/venv/.installed python
  if cmp -s scripts/requirements.txt "$stamp" && build/venv/bin/python -c '' 2>/dev/null; then
    return 0
  fi
  rm -rf build/venv
  mkdir -p build
  # The first interpreter that is new enough for the pinned packages and can make a virtual
  # environment with pip in it; a python3 from elsewhere on PATH may lack what Debian's has.
  for python in "${PYTHON:-}" python3 /usr/bin/python3; do
    if [ -n "$python" ] &&
      "$python" -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    python=
  done
  [ -n "$python" ] ||
    venv_failed "no python3 of 3.11 or later with the modules venv and ensurepip (Debian: python3-venv; or PYTHON=…)"
  say "Python packages into build/venv ($("$python" --version))"
  "$python" -m venv build/venv >&2 || venv_failed "$python -m venv failed (its message is above)"
  build/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    -r scripts/requirements.txt >&2 || venv_failed "pip could not install scripts/requirements.txt (its message is above)"
  build/venv/bin/python -c 'import numpy, onnx, onnxruntime, tokenizers' >&2 ||
    venv_failed "the installed Python packages do not import"
  cp scripts/requirements.txt "$stamp"
}

case "${1:-all}" in
  all) setup_packages; setup_venv ;;
  packages) setup_packages ;;
  venv) setup_venv ;;
  *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
