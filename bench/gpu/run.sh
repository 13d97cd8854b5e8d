#!/bin/bash
# What Ingot does on a GPU, without building anything there: see run.py and docs/gpu.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=${INGOT_PYTHON:-}
# With PyTorch, if there is one; peers need it.
for candidate in python3 "$here/../../build/venv/bin/python"; do
  [ -n "$python" ] && break
  ! "$candidate" -c 'import numpy' 2>/dev/null || python=$candidate
done
[ -n "$python" ] || { echo "bench/gpu/run.sh: needs a Python with numpy (INGOT_PYTHON names one)" >&2; exit 2; }
exec "$python" "$here/run.py" "$@"
