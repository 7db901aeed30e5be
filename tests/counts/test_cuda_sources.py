"""CUDA sources compile for all supported architectures; the emulated GPU finds mistakes."""

import contextlib
import ctypes
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from mrnet_features import launch

ARCHITECTURES = (75, 80, 86, 90, 100)
SOURCES = sorted(path.name for folder in launch.FOLDERS for path in folder.glob("*.cu"))


@pytest.fixture(scope="session")
def nvrtc():
    """NVIDIA's runtime compiler, which needs no GPU."""
    spec = importlib.util.find_spec("nvidia")
    folders = [Path(folder) for folder in (spec.submodule_search_locations if spec else ())]
    found = [p for folder in folders for p in folder.glob("cuda_nvrtc/lib/libnvrtc.so.*")]
    found = [path for path in found if "alt" not in path.name]
    if not found:
        pytest.skip("no NVRTC: pip install nvidia-cuda-nvrtc-cu12")
    return ctypes.CDLL(str(found[0]))


def compile_source(nvrtc, text, architecture):
    """PTX of a source; AssertionError with the compiler's log if it fails."""
    program = ctypes.c_void_p()
    assert not nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None
    )
    options = [b"-std=c++17", f"--gpu-architecture=sm_{architecture}".encode()]
    outcome = nvrtc.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert outcome == 0, log.value.decode()
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    ptx = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, ptx)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return ptx.value.decode()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_compiles(nvrtc, source, architecture):
    text = launch.read_source(source)
    kernels = re.findall(r'extern "C" __global__ void (?:__launch_bounds__\(.*?\) )?(\w+)', text)
    ptx = compile_source(nvrtc, text, architecture)
    assert kernels
    assert sorted(re.findall(r"\.entry (\w+)", ptx)) == sorted(kernels)


def test_tile_sizes_agree_with_python():
    text = launch.read_source("tiles.cuh")
    for name in ("TILE_ROWS", "TILE_COLUMNS"):
        [value] = re.findall(rf"constexpr int {name} = (\d+);", text)
        assert int(value) == getattr(launch, name)


# expected message of the emulated GPU: mistake that a real one does not report
MISTAKES = {
    "writes beyond": "if (threadIdx.x == 0) out[n] = 1;",
    "which is const": "const_cast<int*>(in)[0] = 7;",
    "of 64 threads": "if (threadIdx.x < 40) __syncthreads();",
    "others wait at another line": "if (threadIdx.x < 40) __syncthreads();\nelse\n__syncthreads();",
    "beyond its 16 bytes of shared memory": "extern __shared__ int mine[];\nmine[5] = 1;",
    "is not in the mask": "__shfl_sync(1u, 1, 0);",
}


def make_kernel(device, body):
    code = f'extern "C" __global__ void kernel(const int* in, int* out, int n) {{ {body} }}'
    return device.RawModule(code=code).get_function("kernel")


@pytest.mark.parametrize("words", MISTAKES)
def test_the_emulated_gpu_finds_mistakes(emulated_gpu, words):
    kernel = make_kernel(emulated_gpu, MISTAKES[words])
    arrays = [emulated_gpu.zeros(4, np.int32) for _ in range(2)]
    with pytest.raises(RuntimeError, match=words):
        kernel((2,), (64,), (*arrays, np.int32(4)), shared_mem=16)


# body of a kernel, number of blocks, and memory with a data race
ACCESSES = [
    ("seen[threadIdx.x] = n; out[threadIdx.x] = seen[63 - threadIdx.x];", 1, "shared"),
    ("seen[threadIdx.x] = n; __syncthreads(); out[threadIdx.x] = seen[63 - threadIdx.x];", 1, None),
    (
        "seen[threadIdx.x] = n; __syncwarp(); out[threadIdx.x] = seen[63 - threadIdx.x];",
        1,
        "shared",
    ),
    ("seen[threadIdx.x] = n; __syncwarp(); out[threadIdx.x] = seen[threadIdx.x ^ 1];", 1, None),
    ("atomicAdd(&seen[0], 1); out[threadIdx.x] = seen[0];", 1, "shared"),
    ("atomicAdd(&out[0], 1);", 2, None),
    ("atomicAdd(&out[0], 1); if (out[0] > n) __syncwarp();", 2, "global"),
    ("atomicAdd(&out[0], 1); if (*(volatile int*)out < 0) __syncwarp();", 2, None),
    ("if (threadIdx.x == 0) out[0] += 1;", 1, None),
    ("if (threadIdx.x == 0) out[0] += 1;", 2, "global"),
    ("if (threadIdx.x < 2) out[0] = n;", 1, "global"),
]


@pytest.mark.parametrize(("body", "n_blocks", "memory"), ACCESSES)
def test_data_races_are_found(watched_gpu, body, n_blocks, memory):
    kernel = make_kernel(watched_gpu, f"__shared__ int seen[64]; {body}")
    arrays = [watched_gpu.zeros(64, np.int32) for _ in range(2)]
    finds = (
        pytest.raises(RuntimeError, match=f"race at {memory} memory")
        if memory
        else contextlib.nullcontext()
    )
    with finds:
        kernel((n_blocks,), (64,), (*arrays, np.int32(128)))


def test_a_missing_barrier_changes_the_result(emulated_gpu):
    body = "__shared__ int seen[64]; seen[threadIdx.x] = n; {} out[threadIdx.x] = seen[{}];"
    other = "blockDim.x - 1 - threadIdx.x"
    nothing = emulated_gpu.zeros(1, np.int32)
    for barrier, is_right in (("__syncthreads();", True), ("", False)):
        kernel = make_kernel(emulated_gpu, body.format(barrier, other))
        out = emulated_gpu.zeros(64, np.int32)
        kernel((1,), (64,), (nothing, out, np.int32(77)))
        assert bool((out == 77).all()) is is_right


@pytest.mark.parametrize(
    ("grid", "block", "args", "words"),
    [
        ((0,), (64,), None, "no device has a grid"),
        ((1,), (1025,), None, "1 to 1024 threads"),
        ((1,), (64,), [None, None, 4], "got a int"),
        ((1,), (64,), [None, None, np.int64(4)], "is int32, got int64"),
        ((1,), (64,), [np.zeros(4, np.int32), None, np.int32(4)], "got a ndarray"),
        ((1,), (64,), [None, None], "takes 3 arguments"),
    ],
)
def test_the_emulated_gpu_refuses_wrong_launches(emulated_gpu, grid, block, args, words):
    kernel = make_kernel(emulated_gpu, "")
    args = args or [None, None, np.int32(4)]
    args = [emulated_gpu.zeros(4, np.int32) if arg is None else arg for arg in args]
    with pytest.raises((RuntimeError, TypeError), match=words):
        kernel(grid, block, tuple(args))


def test_arrays_of_two_devices_do_not_mix(emulated_gpu):
    ours, theirs = emulated_gpu.ones(3), np.ones(3)
    for mix in (
        lambda: ours + theirs,
        lambda: theirs + ours,
        lambda: emulated_gpu.sum(theirs),
        lambda: np.sum(ours),
        lambda: np.asarray(ours),
        lambda: ours.__setitem__(slice(None), theirs),
    ):
        with pytest.raises(TypeError):
            mix()
    assert (ours + 2).get().tolist() == [3, 3, 3]
    assert float((np.float64(2) * ours).sum()) == 6


def test_strided_arrays_are_refused(emulated_gpu):
    array = emulated_gpu.zeros((4, 4), np.uint8)[:, ::2]
    with pytest.raises(ValueError, match="must be contiguous"):
        launch.launch("histogram.cu", "count_values", 1, 32, (array,))
