"""Emulated devices, streams, events and memory.

Copies are done as late as CUDA allows: when the stream is waited for. Until then the target holds
arbitrary bytes. So a missing wait, or a buffer overwritten before its copy, changes the result.
With ``late = False`` copies are done at once, which CUDA also allows, and which finds targets still
in use.
"""

import threading
import time
import types
import weakref

import numpy as np

RUBBISH = 0xB5
BLOCK = 512  # bytes; allocations are rounded up to a multiple, as in CuPy
LARGE = 64 * 2**30

late = True
devices = []  # one Memory per device
streams = []  # weak references, to wait for a whole device
pageable_copies = 0  # copies from memory that is not page-locked, for which the caller waits
pinned = {"used": 0, "held": 0}  # bytes of page-locked memory, in use and in the pool
host_bytes = None  # largest page-locked allocation; None for any
_here = threading.local()
_lock = threading.RLock()  # arrays may be freed at any time
_owners = {}


ERRORS = {
    2: "cudaErrorMemoryAllocation: out of memory",
    35: "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version",
    101: "cudaErrorInvalidDevice: invalid device ordinal",
    600: "cudaErrorNotReady: device not ready",
    700: "cudaErrorIllegalAddress: an illegal memory access was encountered",
}


class CUDARuntimeError(RuntimeError):
    """Error of the CUDA runtime, by status."""

    def __init__(self, status):
        self.status = status
        super().__init__(ERRORS[status])


class CUDADriverError(RuntimeError):
    """Error of the CUDA driver, by status."""

    def __init__(self, status):
        self.status = status
        super().__init__(ERRORS[status])


class OutOfMemoryError(MemoryError):
    """Error of CuPy, with its message."""

    def __init__(self, size, total, limit=0):
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes)."
        )


class Memory:
    """Memory of a device, with CuPy's pool, which keeps freed memory."""

    def __init__(self, total):
        self.total, self.used, self.held, self.peak, self.refused = total, 0, 0, 0, 0

    def take(self, n_bytes):
        with _lock:
            if self.used + n_bytes > self.total:
                self.refused += 1
                raise OutOfMemoryError(n_bytes, self.used)
            self.used += n_bytes
            self.held, self.peak = max(self.held, self.used), max(self.peak, self.used)

    def give(self, owner, n_bytes):
        with _lock:
            del _owners[owner]
            self.used -= n_bytes


def set_devices(n_devices=1, n_bytes=LARGE):
    """Reset to `n_devices` devices of `n_bytes` each."""
    global late, pageable_copies, host_bytes
    devices[:] = [Memory(n_bytes) for _ in range(n_devices)]
    late, pageable_copies, host_bytes = True, 0, None
    streams.clear()
    vars(_here).clear()


def current():
    """Current device of the calling thread."""
    return getattr(_here, "device", 0)


def claim(held):
    """Allocate memory for an array and its views, until the last of them is freed."""
    while isinstance(held.base, np.ndarray):
        held = held.base
    with _lock:
        if id(held) in _owners or not devices:
            return
        memory, n_bytes = devices[current()], -(-held.nbytes // BLOCK) * BLOCK
        memory.take(n_bytes)
        _owners[id(held)] = weakref.finalize(held, memory.give, id(held), n_bytes)
        _owners[id(held)].atexit = False


class Device:
    """Device; the current one of the thread in a `with` block or after `use`."""

    def __init__(self, device=None):
        self.id = current() if device is None else int(device)
        self.compute_capability = "00"
        self._before = []

    @property
    def mem_info(self):
        with _lock:
            memory = devices[self.id]
            return memory.total - memory.held, memory.total

    def use(self):
        if self.id >= len(devices):
            raise CUDARuntimeError(101)
        _here.device = self.id
        return self

    def __enter__(self):
        self._before.append(current())
        return self.use()

    def __exit__(self, *args):
        _here.device = self._before.pop()

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    __hash__ = None

    def __int__(self):
        return self.id

    def synchronize(self):
        for stream in [reference() for reference in streams]:
            if stream is not None and stream.device_id in {self.id, -1}:
                stream.synchronize()


class Stream:
    """Stream; kernels run when launched, copies when waited for."""

    def __init__(self, null=False, non_blocking=False, ptds=False):
        self.device_id = -1 if null else current()
        self.non_blocking = non_blocking
        self._work = []
        streams.append(weakref.ref(self))

    @property
    def ptr(self):
        return 0 if self is Stream.null else id(self)

    def add(self, work):
        with _lock:
            self._work.append(work)

    def run_to(self, last):
        """Do the work up to `last`, if it is still pending."""
        with _lock:
            while last in self._work:
                work = self._work.pop(0)
                work()

    def synchronize(self):
        with _lock:
            if self._work:
                self.run_to(self._work[-1])

    def record(self, event=None):
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event):
        # kernels of the current stream run when launched, so it must wait now; other streams
        # wait later
        if self is get_current_stream():
            event.synchronize(by_host=False)
        else:
            self.add(lambda: event.synchronize(by_host=False))

    def use(self):
        if self.device_id not in {current(), -1}:
            raise RuntimeError("The device of the stream is not the current one.")
        _streams_here()[current()] = self
        return self

    def __enter__(self):
        before = get_current_stream()
        self.use()
        self.__dict__.setdefault("_before", []).append(before)
        return self

    def __exit__(self, *args):
        _streams_here()[current()] = self._before.pop()


class Event:
    """Event recorded in a stream."""

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._stream, self._mark, self._time, self._timed = None, None, None, not disable_timing

    def record(self, stream=None):
        self._stream = stream or get_current_stream()
        self._time = time.perf_counter()

        def mark():
            return None

        self._mark = mark
        self._stream.add(mark)

    def synchronize(self, by_host=True):
        if self._stream is not None:  # an event that was never recorded needs no wait
            self._stream.run_to(self._mark)

    @property
    def done(self):
        self.synchronize()  # as after asking for long enough
        return True


def get_elapsed_time(start_event, end_event):
    """Milliseconds between two completed events."""
    for event in (start_event, end_event):
        if event._stream is None or not event._timed or event._mark in event._stream._work:
            raise CUDARuntimeError(600)
    return 1e3 * (end_event._time - start_event._time)


def _streams_here():
    if not hasattr(_here, "streams"):
        _here.streams = {}
    return _here.streams


def get_current_stream(device_id=-1):
    return _streams_here().get(current() if device_id == -1 else device_id, Stream.null)


class PinnedMemoryPointer(bytearray):
    """Page-locked host memory for ``np.frombuffer``, rounded up."""

    __slots__ = ("__weakref__",)


def alloc_pinned_memory(size):
    if host_bytes is not None and size > host_bytes:
        raise CUDARuntimeError(2)
    size = 2 ** (max(size, BLOCK) - 1).bit_length()
    made = PinnedMemoryPointer(bytes([RUBBISH]) * size)
    with _lock:
        pinned["used"] += size
        pinned["held"] = max(pinned["held"], pinned["used"])
    weakref.finalize(made, _unpin, size).atexit = False
    return made


def _unpin(size):
    with _lock:
        pinned["used"] -= size


def copy_in(target, source, stream):
    """Copy from the host to a device array, in the order of the stream."""
    global pageable_copies
    owner = source
    while isinstance(owner, np.ndarray):
        owner = owner.base
    owner = owner.obj if isinstance(owner, memoryview) else owner
    pageable_copies += not isinstance(owner, PinnedMemoryPointer)
    if late:
        target.reshape(-1).view(np.uint8)[:] = RUBBISH

    def copy():
        target[...] = source

    stream.add(copy)
    if not late:
        stream.run_to(copy)


class MemoryPool:
    """Memory pool of the current device."""

    def used_bytes(self):
        return devices[current()].used

    def total_bytes(self):
        return devices[current()].held

    def free_bytes(self):
        return self.total_bytes() - self.used_bytes()

    def free_all_blocks(self, stream=None):
        with _lock:
            devices[current()].held = devices[current()].used


class PinnedMemoryPool:
    def free_all_blocks(self):
        with _lock:
            pinned["held"] = pinned["used"]


def describe_device(device):
    return {
        "name": b"emulated device",
        "totalGlobalMem": devices[device].total,
        "major": 0,
        "minor": 0,
        "memoryClockRate": 1,
        "memoryBusWidth": 8,
        "multiProcessorCount": 1,
    }


def _make_submodule(name, **items):
    made = types.ModuleType(f"cupy.cuda.{name}")
    vars(made).update(items)
    return made


def make_submodules():
    """Modules and classes of ``cupy.cuda`` by name."""
    pool, pinned_pool = MemoryPool(), PinnedMemoryPool()
    runtime = _make_submodule(
        "runtime",
        CUDARuntimeError=CUDARuntimeError,
        getDeviceCount=lambda: len(devices),
        getDevice=current,
        setDevice=lambda device: Device(device).use() and None,
        getDeviceProperties=describe_device,
        memGetInfo=lambda: Device().mem_info,
        driverGetVersion=lambda: 12080,
        runtimeGetVersion=lambda: 12080,
        deviceSynchronize=lambda: Device().synchronize(),
    )
    own = (Device, Stream, Event, get_current_stream, get_elapsed_time, alloc_pinned_memory)
    return {
        **{item.__name__: item for item in own},
        "runtime": runtime,
        "driver": _make_submodule("driver", CUDADriverError=CUDADriverError),
        "nvrtc": _make_submodule("nvrtc", getVersion=lambda: (12, 8)),
        "device": _make_submodule("device", Device=Device),
        "memory": _make_submodule("memory", OutOfMemoryError=OutOfMemoryError),
        "stream": _make_submodule("stream", Stream=Stream, Event=Event),
        "get_default_memory_pool": lambda: pool,
        "get_default_pinned_memory_pool": lambda: pinned_pool,
    }


Stream.null = Stream(null=True)
set_devices()
