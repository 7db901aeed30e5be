"""Transfer buffers of the emulated GPU: size, reuse and out-of-memory errors."""

import numpy as np

from mrnet_features.arrays import to_host
from mrnet_features.extraction.gpu.buffers import Buffer, is_out_of_memory


def test_stacks_arrive_at_their_own_bytes(emulated_gpu):
    stacks = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), np.uint8)
    buffer = Buffer(0, emulated_gpu.cuda.Stream(non_blocking=True))
    assert buffer.reserve(120)
    copies = [buffer.copy_to_device(stack, 60 * k) for k, stack in enumerate(stacks)]
    buffer.wait_for_copies()
    for copy, stack in zip(copies, stacks, strict=True):
        assert np.array_equal(to_host(copy), stack)


def test_a_buffer_larger_than_the_device_is_not_reserved(emulated_gpu):
    emulated_gpu.stand_in.set_devices(1, 100_000)
    buffer = Buffer(0, emulated_gpu.cuda.Stream(non_blocking=True))
    assert not buffer.reserve(200_000)
    assert buffer.reserve(10_000)


def test_out_of_memory_errors_are_recognised(emulated_gpu):
    cuda = emulated_gpu.cuda
    for kind in (cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError):
        assert is_out_of_memory(kind(2))
        assert not is_out_of_memory(kind(700))
    assert is_out_of_memory(cuda.memory.OutOfMemoryError(1, 1))
    assert not is_out_of_memory(ValueError("2"))


def test_page_locked_memory_is_not_reused_before_it_was_copied(emulated_gpu, monkeypatch):
    copy_stream = emulated_gpu.cuda.Stream(non_blocking=True)
    buffer = Buffer(0, copy_stream)
    assert buffer.reserve(600)
    assert len(copy_stream._work) == 1  # wait for kernels that may still read the memory
    buffer.copy_to_device(np.ones((1, 20, 30), np.uint8), 0)
    monkeypatch.setattr(emulated_gpu.cuda.Stream, "wait_event", lambda *_: None)
    buffer.wait_for_copies()  # does not run them yet
    assert copy_stream._work
    assert buffer.reserve(600)
    assert not copy_stream._work


def test_a_buffer_that_is_far_too_large_is_replaced(emulated_gpu):
    buffer = Buffer(0, emulated_gpu.cuda.Stream(non_blocking=True))
    sizes = []
    for n_bytes in (80_000, 30_000, 4_000, 3_000):
        assert buffer.reserve(n_bytes)
        sizes.append(emulated_gpu.stand_in.devices[0].used // 1000)
    assert sizes == [100, 100, 5, 5]
