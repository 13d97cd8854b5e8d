#!/bin/bash
# Formatting, include rules, then clang-tidy over the sources that differ from main.
#   scripts/lint.sh BUILD_FOLDER [1]    1: clang-tidy over every source (minutes)
# clang-tidy reports; formatting and include rules decide the exit code with it.
set -uo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: scripts/lint.sh BUILD_FOLDER [1]}
all=${2:-}
failed=0

scripts/format.sh --check || { [ $? = 77 ] || { echo "lint: run 'make format'" >&2; failed=1; }; }
python3 test/style/includes.py . || failed=1

tidy=$(command -v clang-tidy-14 || true)
if [ -z "$tidy" ]; then
  echo "lint: clang-tidy-14 is not installed (make setup): skipped" >&2
  exit $failed
fi
# clang cannot read GCC's precompiled header: the same header is included as text.
mkdir -p build/lint
python3 - "$build/compile_commands.json" build/lint/compile_commands.json "$PWD" <<'PYTHON'
import json, re, sys
commands = json.load(open(sys.argv[1]))
for entry in commands:
    command = re.sub(r"^.*?ccache ", "", entry["command"])
    command = re.sub(r"-include \S*cmake_pch\.hxx", f"-include {sys.argv[3]}/cmake/Pch.h", command)
    entry["command"] = command.replace("-Winvalid-pch", "")
json.dump(commands, open(sys.argv[2], "w"))
PYTHON
if [ -n "$all" ]; then
  files=$(git ls-files '*.cpp')
else
  base=$(git merge-base HEAD main 2>/dev/null || echo HEAD)
  files=$( { git diff --name-only --diff-filter=d "$base" -- '*.cpp'; git ls-files --others --exclude-standard '*.cpp'; } | sort -u)
fi
# Only what the build compiles: other presets' and examples' sources have no flags.
known() { grep -qF "\"file\": \"$PWD/$1\"" build/lint/compile_commands.json; }
for file in $files; do if known "$file"; then printf '%s\0' "$file"; fi; done |
  xargs -0 -r -P 2 -n 1 "$tidy" -p build/lint --quiet --warnings-as-errors='*' || failed=1
exit $failed
