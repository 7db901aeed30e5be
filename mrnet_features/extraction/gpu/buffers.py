"""Transfer buffers: page-locked and device memory for the stacks of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array, UInt8Array

OUT_OF_MEMORY = 2
"""Number of the error, in CUDA's runtime and in its driver."""

SHRINK_FACTOR = 4
"""A buffer more than this many times too large is replaced by a smaller one."""


class Buffer:
    """Page-locked memory and device memory of one size, for the stacks of a batch.

    Both are reused for every batch. Memory from CuPy's pool could be handed out again while kernels
    still read it, so that each copy on another stream would have to wait for them.

    Parameters
    ----------
    device : int
        Number of the device.
    copy_stream : cupy.cuda.Stream
        Stream of that device on which stacks are copied.
    """

    def __init__(self, device: int, copy_stream: Any) -> None:
        self._device = device
        self._copy_stream = copy_stream
        self._pinned: UInt8Array | None = None
        self._on_device: Array = None
        self._copied: Any = None

    def reserve(self, n_bytes: int) -> bool:
        """Wait for copies from the buffer to finish, then resize it if needed.

        Parameters
        ----------
        n_bytes : int
            Size needed. The buffer is not left far larger.

        Returns
        -------
        bool
            False if the device has too little memory; the buffer is then empty.
        """
        import cupy

        if self._copied is not None:
            self._copied.synchronize()  # until then the page-locked part is read
        size = 0 if self._on_device is None else self._on_device.size
        if n_bytes <= size <= SHRINK_FACTOR * n_bytes:
            return True
        self.clear()  # before new memory is allocated
        n_bytes += n_bytes // 4  # so that slightly larger batches fit too
        try:
            with cupy.cuda.Device(self._device):
                self._on_device = cupy.empty(n_bytes, np.uint8)
                # earlier kernels may still read memory that the pool has handed out again
                self._copy_stream.wait_event(cupy.cuda.get_current_stream().record())
        except Exception as error:
            if is_out_of_memory(error):
                return False
            raise
        self._pinned = _allocate_pinned(n_bytes)
        return True

    def clear(self) -> None:
        """Free the memory; copies from it must have finished."""
        self._pinned = self._on_device = None

    def copy_to_device(self, grey: np.ndarray[Any, Any], start: int) -> Array:
        """Copy a stack to the device; safe to call from several threads for non-overlapping ranges.

        Parameters
        ----------
        grey : ndarray of shape (n_slices, height, width), uint8
        start : int
            First byte of the stack in the buffer.

        Returns
        -------
        array of shape (n_slices, height, width), uint8
            On the device. Its pixels are valid when the copy stream has reached this copy.
        """
        import cupy

        assert self._pinned is not None
        span = slice(start, start + grey.size)
        pinned = self._pinned[span].reshape(grey.shape)
        np.copyto(pinned, grey)
        with cupy.cuda.Device(self._device):  # a new thread starts with device 0
            on_device = self._on_device[span].reshape(grey.shape)
            on_device.set(pinned, stream=self._copy_stream)
        return on_device

    def wait_for_copies(self) -> None:
        """Make the current stream wait for the copies so far; the caller does not wait."""
        import cupy

        self._copied = self._copy_stream.record()
        cupy.cuda.get_current_stream().wait_event(self._copied)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that a device ran out of memory.

    Parameters
    ----------
    error : Exception
        From CuPy's memory pool, from CUDA's runtime or from its driver.

    Returns
    -------
    bool
    """
    import cupy

    if isinstance(error, cupy.cuda.runtime.CUDARuntimeError | cupy.cuda.driver.CUDADriverError):
        return bool(error.status == OUT_OF_MEMORY)
    return isinstance(error, cupy.cuda.memory.OutOfMemoryError)


def _allocate_pinned(n_bytes: int) -> UInt8Array:
    """Page-locked memory of the host as an array, which owns it."""
    import cupy

    try:
        memory = cupy.cuda.alloc_pinned_memory(n_bytes)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        error.add_note(
            f"while allocating {n_bytes} bytes of page-locked memory, used to copy exams to the "
            "GPU. Pass a smaller `batch_size`."
        )
        raise
    return np.frombuffer(memory, np.uint8, n_bytes)
