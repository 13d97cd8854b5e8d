#!/bin/bash
# clang-format over the C, C++ and CUDA sources; TableGen files and tables
# (.td, .def) are aligned by hand and left alone.
#   scripts/format.sh [--check]   exit 1 where a file would change; 77: no clang-format
# Pinned to one major version: another one formats differently.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly version=14
tool=$(command -v clang-format-$version || true)
if [ -z "$tool" ]; then
  echo "clang-format-$version is not installed: make setup" >&2
  exit 77
fi
list() {
  if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -path ./build -prune -o -type f -print
  fi
}
list | grep -E '\.(h|hpp|c|cpp|cu|cuh)$' | while read -r file; do
  [ ! -f "$file" ] || printf '%s\0' "$file"
done | if [ "${1:-}" = --check ]; then
  xargs -0 -r -P 2 -n 16 "$tool" --dry-run --Werror
else
  xargs -0 -r -P 2 -n 16 "$tool" -i
fi
