"""Devices, streams, events and memory of the module that stands in for CuPy.

All that CUDA allows to come late comes as late as it may: a copy that a stream was given is made
when somebody waits for it, and until then its target holds rubbish. So a wait that is missing, or
a buffer written to before its copy was made, shows in the numbers. With ``late = False`` copies
are made at once, which CUDA may do as well, and which shows a target that is still in use.
"""

import threading
import time
import types
import weakref

import numpy as np

RUBBISH = 0xB5
BLOCK = 512  # bytes; what is asked for is rounded up to a multiple, as CuPy does
LARGE = 64 * 2**30

late = True
devices = []  # a Memory each
streams = []  # weak references to all that were made, for waiting for a whole device
pageable_copies = 0  # of memory that is not page-locked, which CUDA makes while the caller waits
pinned = {"used": 0, "held": 0}  # bytes of page-locked memory, and those that the pool kept
host_bytes = None  # page-locked memory that may be had at once; None for any
_here = threading.local()
_lock = threading.RLock()  # an array may die, and be taken off, at any moment
_owners = {}


ERRORS = {
    2: "cudaErrorMemoryAllocation: out of memory",
    35: "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version",
    101: "cudaErrorInvalidDevice: invalid device ordinal",
    600: "cudaErrorNotReady: device not ready",
    700: "cudaErrorIllegalAddress: an illegal memory access was encountered",
}


class CUDARuntimeError(RuntimeError):
    """What the runtime says, by number."""

    def __init__(self, status):
        self.status = status
        super().__init__(ERRORS[status])


class CUDADriverError(RuntimeError):
    """What the driver says, by number."""

    def __init__(self, status):
        self.status = status
        super().__init__(ERRORS[status])


class OutOfMemoryError(MemoryError):
    """What CuPy raises, in its words."""

    def __init__(self, size, total, limit=0):
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes)."
        )


class Memory:
    """A device's memory and CuPy's pool in it, which keeps what was freed."""

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
    """Begin anew with some devices of so much memory each."""
    global late, pageable_copies, host_bytes
    devices[:] = [Memory(n_bytes) for _ in range(n_devices)]
    late, pageable_copies, host_bytes = True, 0, None
    streams.clear()
    vars(_here).clear()


def current():
    """Number of the calling thread's device."""
    return getattr(_here, "device", 0)


def claim(held):
    """Take memory for an array, once for all that look into it; it goes back when they die."""
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
    """One of the devices; in a `with` block, or after `use`, the thread's current one."""

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
    """Work in its order; kernels are run when they are launched, copies when waited for."""

    def __init__(self, null=False, non_blocking=False, ptds=False):
        self.device_id = -1 if null else current()
        self.non_blocking = non_blocking
        self._work = []
        streams.append(weakref.ref(self))

    def add(self, work):
        with _lock:
            self._work.append(work)

    def run_to(self, last):
        """Do the work up to a piece of it; nothing where that was done before."""
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
        # what is launched afterwards runs at once, so that its wait is over before; a stream on
        # which nobody launches keeps the wait for later
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
    """A place in a stream's work."""

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
        if self._stream is not None:  # one that was never recorded is waited for by nobody
            self._stream.run_to(self._mark)

    @property
    def done(self):
        self.synchronize()  # asking long enough makes it so
        return True


def get_elapsed_time(start_event, end_event):
    """Milliseconds between two events that were waited for."""
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
    """Page-locked memory of the host, for ``np.frombuffer``; more than was asked for."""

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
    """Copy from the host to an array of the device, when the stream comes to it."""
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
    """The pool of the current device."""

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
    """What ``cupy.cuda`` holds of all this, modules and classes by name."""
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
