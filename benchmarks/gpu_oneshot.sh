#!/usr/bin/env bash
# First run on a GPU, at most 8 minutes: card, doctor, device tests, benchmark. See docs/gpu.md.
# Run it in the root of a checkout. Results lie in $OUT (default: gpu-out); $PYTHON is the interpreter
# (default: python3).
set -uo pipefail

out=$(realpath -m "${OUT:-gpu-out}")
mkdir -p "$out"
python=${PYTHON:-python3}
export PYTHONUNBUFFERED=1 CUPY_CACHE_DIR="$out/cupy" PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
say() { echo "== $1 (at $SECONDS s)"; }
fail() { echo "stopped: $1" >&2; exit 1; }

[ -f mrnet_features/__init__.py ] || fail "run it in the root of a checkout"
if compgen -G "wheels/*.whl" >/dev/null; then  # what a machine without a network lacks
    packages=$(mktemp -d)
    trap 'rm -rf "$packages"' EXIT
    "$python" -m pip install -q --no-index --no-deps --target "$packages" wheels/*.whl ||
        fail "the packages in wheels/ can't be installed"
    export PYTHONPATH="$PYTHONPATH:$packages"
fi

say card
if command -v nvidia-smi >/dev/null; then nvidia-smi -L; else echo "no nvidia-smi: no driver"; fi
"$python" -c "import cupy; cupy.show_config()" >"$out/config.txt" 2>&1
grep -E "CuPy|NumPy|CUDA Driver|NVRTC|Error" "$out/config.txt"

say doctor
timeout 90 "$python" -m mrnet_features doctor >"$out/doctor.txt" 2>&1
echo "exit status $?"
grep -iE "gpu|missing|failed|differ|Error" "$out/doctor.txt"

missing=$("$python" -c "from mrnet_features.arrays import missing_for_cuda as m; print(m() or '')") ||
    fail "the package can't be imported; install what the error names, or put its wheel into wheels/"
[ -z "$missing" ] || fail "no tests and no benchmark without a GPU: $missing"

say tests
# a new NumPy may find fault with CuPy, which is no fault of ours
timeout 170 "$python" -m pytest -q -W ignore::DeprecationWarning -n 8 --timeout 100 --maxfail 8 \
    --continue-on-collection-errors --require-gpu tests/counts tests/stacks tests/extraction \
    >"$out/tests.txt" 2>&1
echo "exit status $?"
tail -25 "$out/tests.txt"

say benchmark
timeout 200 "$python" benchmarks/bench_gpu.py --exams 256 --cpu-exams 32 --repeats 5 \
    --out "$out/gpu.json" >"$out/benchmark.txt" 2>&1
echo "exit status $?"
tail -30 "$out/benchmark.txt"
[ ! -f "$out/gpu.json" ] || "$python" benchmarks/bench_gpu.py --table "$out/gpu.json"
say end
