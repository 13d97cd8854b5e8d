#!/bin/sh
# run.sh BUILD SCRATCH: installs the runtime of the build folder BUILD below
# SCRATCH, builds the project beside this file against it and runs that.
set -e
build=$1 scratch=$2 here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$scratch"
cmake --install "$build" --component runtime --prefix "$scratch/prefix" >"$scratch.log"
cmake -G Ninja -S "$here" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" >>"$scratch.log"
cmake --build "$scratch/build" >>"$scratch.log"
ctest --test-dir "$scratch/build" --output-on-failure
