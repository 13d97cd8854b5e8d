#!/bin/bash
# Steps of the compiled models against the table test/models/steps.txt; called by ctest.
#   steps.sh INGOT MODELS            compare, print what differs
#   steps.sh INGOT MODELS --update   write the table anew
# A line: model, steps of its plan, steps from its first attention to its second (one layer).
# More steps than the table says is a pass that stopped to fire; fewer is a table to update.
set -uo pipefail
ingot=$1 models=$2 table=$2/steps.txt

head='# Steps of each plan, and of one layer: from the first attention to the second.
# Written by `test/e2e/steps.sh build/release/bin/ingot test/models --update`.'

count() {
  awk -v name="$1" '
    /plan\.launch/ { ++steps; if (/@attention_/) at[++attentions] = steps }
    END { print name "\t" steps + 0 "\t" (attentions > 1 ? at[2] - at[1] : "-") }'
}

measure() {
  printf '%s\n' "$head"
  grep -v '^#' "$models/list.txt" | cut -f1 | while read -r name; do
    "$ingot" compile "$models/$name/model.onnx" --emit=plan | count "$name" || echo "$name does not compile"
  done
}

if [ "${3:-}" = --update ]; then
  measure >"$table.new" && mv "$table.new" "$table"
else
  diff -u "$table" <(measure) && echo "as in $table"
fi
