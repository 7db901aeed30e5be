"""Memory that exams pass through on their way to a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from mrnet_features.arrays import Array

OUT_OF_MEMORY = 2
"""What CUDA's runtime and its driver both number it."""

FAR_LARGER = 4
"""Times the size asked for, beyond which a buffer is made anew: batches got smaller for good."""


class Buffer:
    """Page-locked memory and device memory of one size, for the stacks of a batch.

    It is filled again and again, the device's part as well: CuPy's pool hands out what Python no
    longer needs, though kernels may still be reading it, and a copy on another stream would have to
    wait for them each time.

    Parameters
    ----------
    device : int
        Number of the device.
    copying : cupy.cuda.Stream
        Stream of that device which copies are put on.
    """

    def __init__(self, device: int, copying: Any) -> None:
        self._device = device
        self._copying = copying
        self._here: np.ndarray[Any, np.dtype[np.uint8]] | None = None
        self._there: Array = None
        self._copied: Any = None

    def reserve(self, n_bytes: int) -> bool:
        """Wait until copies out of it are done, and make it large enough, but not far larger.

        Parameters
        ----------
        n_bytes : int

        Returns
        -------
        bool
            False if the device has no memory for it; then the buffer is empty.
        """
        import cupy

        if self._copied is not None:
            self._copied.synchronize()  # the page-locked part is read until then
        if self._there is not None and n_bytes <= self._there.size <= FAR_LARGER * n_bytes:
            return True
        self.clear()  # before the others are made
        n_bytes += n_bytes // 4  # so that batches a little larger find room
        try:
            with cupy.cuda.Device(self._device):
                self._there = cupy.empty(n_bytes, np.uint8)
                # kernels launched before may still read what the pool has just handed out
                self._copying.wait_event(cupy.cuda.get_current_stream().record())
        except Exception as error:
            if is_out_of_memory(error):
                return False
            raise
        self._here = _lock_pages(n_bytes)
        return True

    def clear(self) -> None:
        """Let go of the memory; copies out of it must be done."""
        self._here = self._there = None

    def send(self, grey: np.ndarray[Any, Any], start: int) -> Array:
        """Copy a stack in, and on to the device; any thread may do so for a place of its own.

        Parameters
        ----------
        grey : ndarray of shape (n_slices, height, width), uint8
        start : int
            Byte that it begins at.

        Returns
        -------
        array of shape (n_slices, height, width), uint8
            On the device; its pixels are there once the stream of copies has come so far.
        """
        import cupy

        assert self._here is not None
        place = slice(start, start + grey.size)
        here = self._here[place].reshape(grey.shape)
        np.copyto(here, grey)
        with cupy.cuda.Device(self._device):  # a thread begins with the first device
            there = self._there[place].reshape(grey.shape)
            there.set(here, stream=self._copying)
        return there

    def await_copies(self) -> None:
        """Let the current stream wait for what was sent; the caller does not wait."""
        import cupy

        self._copied = self._copying.record()
        cupy.cuda.get_current_stream().wait_event(self._copied)


def is_out_of_memory(error: Exception) -> bool:
    """Whether a device had no memory: for CuPy's pool, for a library, or for what a kernel spills.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    bool
    """
    import cupy

    if isinstance(error, cupy.cuda.runtime.CUDARuntimeError | cupy.cuda.driver.CUDADriverError):
        return bool(error.status == OUT_OF_MEMORY)
    return isinstance(error, cupy.cuda.memory.OutOfMemoryError)


def _lock_pages(n_bytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Page-locked memory of the host as an array, which keeps it alive."""
    import cupy

    try:
        memory = cupy.cuda.alloc_pinned_memory(n_bytes)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        error.add_note(
            f"while {n_bytes} bytes of page-locked memory were asked for, which exams pass through "
            "on their way to the GPU. Pass a smaller `batch_size`."
        )
        raise
    return np.frombuffer(memory, np.uint8, n_bytes)
