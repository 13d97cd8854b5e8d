#!/bin/bash
# One whole-model check; called by ctest, see CMakeLists.txt.
#   check.sh KIND INGOT FOLDER WORK [xfail REASON]
#     model         compile FOLDER/model.onnx, run each data set
#     reference     each data set through --device=reference
#     conformance   both of the above, constants/*.pb baked
#     refused       compiling must fail and report every node of FOLDER/expected.txt
#     program       FOLDER is a .mlir file without inputs: compiled and by the reference, the same
#                   bytes (integers, and floats that are exact)
#     cuda-program  the same compiled for GPUs, on the emulated driver
#     repeatable    compile twice, other folder and other number of jobs: same bytes
#     bf16          compiled in bf16, each data set by every code of the file that this CPU runs
#     threads       each data set on 1, 2, 3 and 4 threads, twice: same bytes; in bf16 too where the CPU has it
#     cuda          compile for GPUs and CPUs, run on the emulated driver, also with cuBLASLt, and on the CPU
#     cuda-alone    compile for GPUs only, run on the emulated driver
#     cuda-emulated  only that, without a look at its kernels
#     cuda-bf16     the same in bf16, whose products are on tensor cores; so cuda-f16 and cuda-tf32
#     cuda90-bf16   the same for sm_90a, with the emulated driver as one; so cuda90-f16 and cuda90-tf32
#     emulated90-bf16  only that, without a look at its kernels; so emulated90-f16
#     cuda-tuned    compile with a tuning record that takes cuBLASLt, run by `auto`, with the library and without
#     cuda-repeatable  repeatable, for GPUs and without the cache
#     cuda-kernels  compile for GPUs, in f32 and bf16: no kernel has a stack frame or spills registers
# It asks of `ingot run --data-set`: exit 0 where each output is within A + R x scale of the expected
# one (scale: its largest finite magnitude, mask fills of 1e30 and more not counted; fills and
# infinities must be met, NaN by NaN; integers and bool exactly), 1 where one is not.
# Exit: 0 passed, 1 failed, 77 failed as expected. With `xfail` a pass is a failure,
# so that the list of expected failures only shrinks.
set -uo pipefail
kind=$1 ingot=$2 folder=$3 work=$4

# Within 1e-4 of the output's largest magnitude for whole models; node tests are one op
# each, so tighter.
model_tolerance=(--rtol 1e-4 --atol 1e-7)
node_tolerance=(--rtol 1e-5 --atol 1e-7)
# Operands have 8 bits; errors of some layers add up.
bf16_tolerance=(--rtol 3e-2 --atol 1e-3)
# 11 bits.
f16_tolerance=(--rtol 3e-3 --atol 1e-4)
tf32_tolerance=("${f16_tolerance[@]}")

say() { printf '%s\n' "$*"; }

constants() {
  local file
  for file in "$folder"/constants/*.pb; do
    [ ! -f "$file" ] || printf -- '--constant-input\0%s=%s\0' "$(basename "$file" .pb)" "$file"
  done
}

# Runs every data set of the folder on file $1, further arguments passed on; all are
# tried, so that one failure does not hide another.
run_data_sets() {
  local data failed=0 count=0
  for data in "$folder"/test_data_set_*; do
    count=$((count + 1))
    say "-- $(basename "$data") ${*:2}"
    "$ingot" run "$1" --data-set "$data" "${@:2}" || { say "exit code $?"; failed=1; }
  done
  [ $count -gt 0 ] || { say "no data set in $folder"; failed=1; }
  return $failed
}

target=()
compile() { "$ingot" compile "$folder/model.onnx" "${target[@]}" "$@"; }

check_refused() {
  local report=$work/report.txt status node
  compile -o "$work/model.ingot" >"$report" 2>&1
  status=$?
  cat "$report"
  [ $status = 1 ] || { say "exit code $status, expected 1"; return 1; }
  [ ! -e "$work/model.ingot" ] || { say "an output file was left behind"; return 1; }
  local failed=0 op
  while IFS=$'\t' read -r op node; do
    if [[ $op == type\ * ]]; then
      grep -qE "${op#type }|f16" "$report" || { say "the report does not name the $op"; failed=1; }
    else
      grep -F -- "$node" "$report" | grep -qF -- "$op" || { say "the report lacks $op $node"; failed=1; }
    fi
  done <"$folder/expected.txt"
  return $failed
}

check_repeatable() {
  mkdir -p "$work/other/place"
  compile --jobs=1 -o "$work/a.ingot" || return 1
  cp -r "$folder" "$work/other/place/copy" || return 1
  (cd "$work/other" && folder=place/copy && compile --jobs=2 -o b.ingot) || return 1
  cmp "$work/a.ingot" "$work/other/b.ingot" && say "same bytes"
}

check_bf16() {
  compile --precision=bf16 --emulate-bf16 -o "$work/model.ingot" || return 1
  local level failed=0
  for level in x86-64-v3 x86-64-v4 x86-64-v4-bf16 x86-64-v4-amx; do
    case $level in
      *-v4) grep -q avx512bw /proc/cpuinfo ;;
      *-bf16) grep -q avx512_bf16 /proc/cpuinfo ;;
      *-amx) grep -q amx_bf16 /proc/cpuinfo ;;
    esac || { say "$level: not on this CPU"; continue; }
    run_data_sets "$work/model.ingot" --target=$level "${bf16_tolerance[@]}" || failed=1
  done
  return $failed
}

check_threads() {
  check_threads_in f32 "${model_tolerance[@]}" || return 1
  ! grep -q avx512_bf16 /proc/cpuinfo || check_threads_in bf16 "${bf16_tolerance[@]}"
}
check_threads_in() {
  local precision=$1 tolerance=("${@:2}") data threads failed=0
  compile "--precision=$precision" -o "$work/model.ingot" || return 1
  rm -f "$work"/test_data_set_*.npz
  for data in "$folder"/test_data_set_*; do
    for threads in 1 1 2 2 3 3 4 4; do
      "$ingot" run "$work/model.ingot" --data-set "$data" "${tolerance[@]}" --threads $threads \
        --outputs "$work/outputs.npz" || return 1
      [ -e "$work/$(basename "$data").npz" ] || cp "$work/outputs.npz" "$work/$(basename "$data").npz"
      cmp "$work/outputs.npz" "$work/$(basename "$data").npz" || { say "on $threads threads"; failed=1; }
    done
  done
  return $failed
}

# GPUs' kernels need NVRTC: the reason to skip is what the command says without it.
compile_for_gpus() { unless_nvrtc_lacks compile "$@"; }
unless_nvrtc_lacks() {
  "$@" >"$work/nvrtc.txt" 2>&1 && return 0
  cat "$work/nvrtc.txt"
  ! grep -q "CUDA targets need NVRTC" "$work/nvrtc.txt" || exit 77
  return 1
}
has_nvrtc() { compile_for_gpus --target=sm_80 --emit=asm -o "$work/asm.txt"; }

check_kernels() {
  compile_for_gpus "--target=$1" "${@:2}" -o "$work/model.ingot" || return 1
  "$ingot" inspect "$work/model.ingot" --kernels >"$work/kernels.txt"
  grep -q "registers [0-9]*, frame 0, spills 0, occupancy" "$work/kernels.txt" || { say "no registers"; return 1; }
  grep -q "choice few rows.*estimate [0-9.e+-]* us on an [AH]100 at M" "$work/kernels.txt" || { say "no choice of tiles"; return 1; }
  ! grep -E "frame [1-9]|spills [1-9]" "$work/kernels.txt" || { say "kernels with a stack frame"; return 1; }
}

check_cuda() {
  has_nvrtc && check_kernels "$1" "--dump-dir=$work/dumps" || return 1
  local stub
  for stub in "$work"/dumps/*-kernels/*.cu; do
    grep -q "target sm_80" "${stub%.cu}.compute_80.ptx" || { say "no PTX of $stub"; return 1; }
  done
  local failed=0
  [[ $1 != *x86* ]] || run_data_sets "$work/model.ingot" "${model_tolerance[@]}" || failed=1
  run_data_sets "$work/model.ingot" --device=emulated "${model_tolerance[@]}" || failed=1
  run_by_library "${model_tolerance[@]}" || failed=1
  return $failed
}

# Products by cuBLASLt, of which each model has some.
run_by_library() {
  "$ingot" inspect "$work/model.ingot" >"$work/inspect.txt"
  grep -q "^product .* cuBLASLt or our kernel" "$work/inspect.txt" || { say "no product for cuBLASLt"; return 1; }
  run_data_sets "$work/model.ingot" --device=emulated --gemm=cublaslt "$@"
}

check_cuda_in() {
  check_kernels sm_80,x86-64 "--precision=sm_80:$1" "--dump-dir=$work/dumps" || return 1
  local template
  for template in linear attention_mma; do
    grep -qF "$template<$1, " "$work"/dumps/*-kernels/*.cu || { say "no $template in $1"; return 1; }
  done
  declare -n tolerance=$1_tolerance
  run_data_sets "$work/model.ingot" --device=emulated "${tolerance[@]}" && run_by_library "${tolerance[@]}"
}

check_hopper_in() {
  check_kernels sm_90a "--precision=$1" "--dump-dir=$work/dumps" || return 1
  grep -qF "linear90<$1, " "$work"/dumps/*-kernels/*.cu || { say "no linear90 in $1"; return 1; }
  emulate_hopper_in "$1"
}

emulate_hopper_in() {
  declare -n tolerance=$1_tolerance
  # Logits of T5's decoders differ by 3.8e-3 in f16.
  [[ $1/$folder != f16/*/t5-decoder-* ]] || tolerance=(--rtol 5e-3 --atol 1e-4)
  # Values between layers are rounded to 8 bits: one near the middle between two goes to the other.
  [[ $folder != *-qdq && $folder != *int8dyn ]] || tolerance=(--rtol 0.15 --atol 1e-3)
  INGOT_EMULATOR="arch 90" run_data_sets "$work/model.ingot" --device=emulated "${tolerance[@]}"
}

# Every symbol of an artifact 2.
dims_of() { "$ingot" inspect "$1" | sed -n 's/^symbol  *\([^ ]*\) .*/\1=2/p' | paste -sd,; }

check_tuned() {
  cat >"$work/record.json" <<'END'
{"architecture": "sm_80", "measured": "nowhere", "linear": [{"type": "f32", "tile128_from": 40, "cublaslt_from": 1}]}
END
  compile_for_gpus --target=sm_80,x86-64 --tuning="$work/record.json" -o "$work/model.ingot" || return 1
  "$ingot" inspect "$work/model.ingot" --kernels >"$work/kernels.txt"
  grep -q " linear .*128x128 from M 40, .*, record sm_80, linear\[0\]$" "$work/kernels.txt" || { say "no record"; return 1; }
  "$ingot" inspect "$work/model.ingot" | grep -q "; auto takes cuBLASLt from M 1$" || { say "not for auto"; return 1; }
  "$ingot" bench "$work/model.ingot" --device=emulated --dims "$(dims_of "$work/model.ingot")" --seconds=0.01 >"$work/bench.txt"
  grep -q " cuBLASLt " "$work/bench.txt" || { say "cuBLASLt has not run"; return 1; }
  run_data_sets "$work/model.ingot" --device=emulated "${model_tolerance[@]}" &&
    INGOT_CUBLASLT=/nowhere run_data_sets "$work/model.ingot" --device=emulated "${model_tolerance[@]}"
}

check_program() {
  unless_nvrtc_lacks "$ingot" compile "$folder" "${@:2}" -o "$work/program.ingot" &&
    "$ingot" run "$work/program.ingot" --device="$1" --outputs "$work/compiled.npz" &&
    "$ingot" run "$folder" --device=reference --outputs "$work/reference.npz" &&
    cmp "$work/compiled.npz" "$work/reference.npz" && say "same bytes"
}

check() {
  local baked
  case $kind in
    model)
      compile --jobs=1 -o "$work/model.ingot" && run_data_sets "$work/model.ingot" "${model_tolerance[@]}" ;;
    reference)
      run_data_sets "$folder/model.onnx" --device=reference "${model_tolerance[@]}" ;;
    conformance)
      mapfile -d '' -t baked < <(constants)
      local failed=0
      run_data_sets "$folder/model.onnx" --device=reference "${baked[@]}" "${node_tolerance[@]}" || failed=1
      compile --jobs=1 "${baked[@]}" -o "$work/model.ingot" &&
        run_data_sets "$work/model.ingot" "${node_tolerance[@]}" || failed=1
      return $failed ;;
    program) check_program cpu ;;
    refused) check_refused ;;
    repeatable) check_repeatable ;;
    bf16) check_bf16 ;;
    threads) check_threads ;;
    cuda) check_cuda sm_80,x86-64 ;;
    cuda-program) check_program emulated --target=sm_80 ;;
    cuda-alone) check_cuda sm_80 ;;
    cuda-emulated)
      compile_for_gpus --target=sm_80 -o "$work/model.ingot" &&
        run_data_sets "$work/model.ingot" --device=emulated "${model_tolerance[@]}" ;;
    cuda-kernels)
      check_kernels sm_80 && check_kernels sm_80 --precision=bf16 && check_kernels sm_90a --precision=bf16 ;;
    cuda-bf16 | cuda-f16 | cuda-tf32) check_cuda_in "${kind#cuda-}" ;;
    cuda90-bf16 | cuda90-f16 | cuda90-tf32) check_hopper_in "${kind#cuda90-}" ;;
    emulated90-bf16 | emulated90-f16)
      compile_for_gpus --target=sm_90a "--precision=${kind#emulated90-}" -o "$work/model.ingot" &&
        emulate_hopper_in "${kind#emulated90-}" ;;
    cuda-tuned) check_tuned ;;
    cuda-repeatable)
      has_nvrtc && target=(--target=x86-64,sm_80 --no-cache) && check_repeatable ;;
    *) say "unknown kind $kind"; return 1 ;;
  esac
}

rm -rf "$work" && mkdir -p "$work" || exit 1
check
status=$?
if [ "${5:-}" = xfail ]; then
  if [ $status = 0 ]; then
    say "passes now: please delete its line in test/e2e/expected-failures.txt (\"$6\")"
    exit 1
  fi
  say "expected failure: $6"
  exit 77
fi
# Artifacts of a passed check are not kept: hundreds of them would fill the disk.
[ $status = 0 ] && rm -rf "$work"
[ $status = 0 ] || exit 1
