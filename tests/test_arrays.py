"""Functions with two bodies, choice of the device, and copies between devices."""

import builtins

import numpy as np
import pytest

from mrnet_features.arrays import (
    device_function,
    namespace,
    resolve_device,
    to_device,
    to_host,
    upload_once,
)


def test_a_gpu_body_must_have_the_same_signature():
    @device_function
    def count(values, *, n_values=4):
        """Count."""
        return values.sum() * n_values

    with pytest.raises(TypeError, match=r"GPU body of `count` must have the signature"):

        @count.gpu
        def _(values, *, n_values=5):
            return values

    assert count._gpu is None

    @count.gpu
    def _(values, *, n_values=4):
        return values

    assert count._gpu is not None
    assert count(np.ones(2), n_values=3) == 6
    assert count.__doc__ == "Count."


def test_the_body_for_the_device_of_the_input_is_called(monkeypatch):
    @device_function
    def device_of(values):
        return "cpu"

    @device_of.gpu
    def _(values):
        return "gpu"

    @device_function
    def lonely(values):
        return "cpu"

    assert device_of(np.ones(1)) == "cpu"
    monkeypatch.setattr("array_api_compat.is_cupy_array", lambda a: True)
    assert device_of(np.ones(1)) == "gpu"
    with pytest.raises(RuntimeError, match="`lonely` can't run on a GPU"):
        lonely(np.ones(1))


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="`device` must be 'auto', 'cpu' or 'cuda', got 'gpu'"):
        resolve_device("gpu")


def test_cuda_without_cupy_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without_cupy(name, *args, **kwargs):
        if name == "cupy":
            raise ImportError("No module named 'cupy'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_cupy)
    with pytest.raises(RuntimeError, match=r"CuPy is not installed.*mrnet-features\[cuda12\]"):
        resolve_device("cuda")
    assert resolve_device("auto") == "cpu"


def test_auto_does_not_use_a_gpu_yet(emulated_gpu):
    assert resolve_device("cuda") == "cuda"
    assert resolve_device("auto") == "cpu"


def test_cuda_without_a_gpu_or_driver_is_refused(emulated_gpu, monkeypatch):
    runtime = emulated_gpu.cuda.runtime
    monkeypatch.setattr(runtime, "getDeviceCount", lambda: 0)
    with pytest.raises(RuntimeError, match="driver reports no GPU"):
        resolve_device("cuda")

    def fail():
        raise runtime.CUDARuntimeError(35)

    monkeypatch.setattr(runtime, "getDeviceCount", fail)
    with pytest.raises(RuntimeError, match="driver does not respond .cudaErrorInsufficientDriver"):
        resolve_device("cuda")


@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_cuda_without_a_compiler_says_what_to_install(emulated_gpu, monkeypatch, error):
    def fail():
        raise error("no libnvrtc.so.12")

    monkeypatch.setattr(emulated_gpu.cuda.nvrtc, "getVersion", fail)
    with pytest.raises(RuntimeError, match=r"no CUDA compiler .*no libnvrtc.*\[cuda12\]"):
        resolve_device("cuda")


def test_arrays_are_copied_to_the_gpu_and_back(emulated_gpu):
    there = to_device(np.arange(3), "cuda")
    assert isinstance(there, emulated_gpu.ndarray)
    assert to_device(there, "cuda") is there
    assert namespace(there).sum(there) == 3
    assert to_host(there).tolist() == [0, 1, 2]
    assert to_device(there, "cpu").tolist() == [0, 1, 2]


def test_a_table_is_uploaded_once_in_each_stream(emulated_gpu):
    like = to_device(np.zeros(1), "cuda")
    streams = [emulated_gpu.cuda.Stream.null, *(emulated_gpu.cuda.Stream() for _ in range(2))]
    tables = []
    for stream in streams:
        with stream:
            tables.append(upload_once(np.arange, 3, like=like))
            assert upload_once(np.arange, 3, like=like) is tables[-1]
    assert len({id(table) for table in tables}) == 3
    assert [to_host(table).tolist() for table in tables] == [[0, 1, 2]] * 3


def test_arrays_on_the_target_device_are_not_copied():
    values = np.arange(3)
    assert to_host(values) is values
    assert to_device(values, "cpu") is values


def test_the_namespace_of_numpy():
    assert namespace(np.ones(2)).sum(np.ones(2)) == 2
