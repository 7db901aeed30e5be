"""The GPU pipeline yields every row in order, whatever batch size, memory and threads do.

The GPU is emulated; its copies happen as late, or as early, as CUDA allows.
"""

import contextlib
import dataclasses
import gc
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.arrays import to_host
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import describe_batch
from mrnet_features.extraction.gpu import buffers, pipeline, planning
from mrnet_features.extraction.gpu.pipeline import DeviceMemoryWarning
from mrnet_features.extraction.read import read_exam
from mrnet_features.extraction.runs.resume import extract_features

N_EXAMS = 11


@pytest.fixture
def exams(tmp_path):
    """Exams of several sizes, two planes each."""
    rng = np.random.default_rng(0)
    made = []
    for k in range(N_EXAMS):
        paths = {plane: tmp_path / f"{k:04d}-{plane}.npy" for plane in ("axial", "coronal")}
        for path in paths.values():
            np.save(path, rng.integers(0, 256, (1 + k % 3, 20 + k, 23), np.uint8))
        made.append(Exam(f"{k:04d}", paths))
    return made


@pytest.fixture(params=["late copies", "early copies"])
def gpu(request, emulated_gpu, monkeypatch):
    monkeypatch.setattr(emulated_gpu.stand_in, "late", request.param == "late copies")
    return emulated_gpu


def make_extractor(**parameters):
    return FeatureExtractor(
        "minimal",
        planes=("axial", "coronal"),
        pools=("mean",),
        **{"device": "cuda", "progress": False, **parameters},
    )


@pytest.fixture
def checksums(monkeypatch):
    """Replace the features of an exam by one checksum per plane, and record the batch sizes.

    Tests set `work`, which is called with each batch first.
    """

    class Checksums:
        sizes = ()

        def work(self, batch):
            return None

        def __call__(self, batch, recipe, device):
            self.work(batch)
            rows = [list(map(checksum, pixels.stacks.values())) for pixels in batch]
            self.sizes = (*self.sizes, len(batch))
            return np.array(rows, np.float32)

    describe = Checksums()
    monkeypatch.setattr(pipeline, "describe_batch", describe)
    return describe


def checksum(stack):
    """Checksum of a stack, exact in single precision."""
    pixels = to_host(stack).astype(np.int64).ravel()
    return int((pixels * (np.arange(pixels.size) % 7 + 1)).sum()) % 2**24


def expect(exams, planes=("axial", "coronal")):
    return [
        [checksum(grey) for grey in read_exam(exam, k, planes).stacks.values()]
        for k, exam in enumerate(exams)
    ]


def take(exams, **parameters):
    return [row.values.tolist() for row in make_extractor(**parameters).iterate(exams)]


def collect(into, generator):
    into.extend(row.values.tolist() for row in generator)


def list_readers():
    return [t for t in threading.enumerate() if t.name.startswith("mrnet-features-reader")]


# ---- the table does not depend on batches, threads and copies ----


@pytest.mark.parametrize("batch_size", [None, 1, 3, 64])
@pytest.mark.parametrize("n_jobs", [1, 5])
def test_pixels_and_fingerprints_arrive_in_order(gpu, checksums, exams, batch_size, n_jobs):
    rows = list(make_extractor(batch_size=batch_size, n_jobs=n_jobs).iterate(exams))
    assert [row.values.tolist() for row in rows] == expect(exams)
    fingerprints = [read_exam(exam, 0, ("axial", "coronal")).fingerprint for exam in exams]
    assert [row.fingerprint for row in rows] == fingerprints
    assert max(checksums.sizes) == min(batch_size or 64, N_EXAMS)
    assert gpu.stand_in.pageable_copies == 0


def test_the_table_does_not_depend_on_the_batch_size(emulated_gpu, exams):
    tables = [
        make_extractor(batch_size=size, device=device).fit_transform(exams)
        for device in ("cuda", "cpu")
        for size in (1, 7, 64)
    ]
    for table in tables[1:3]:
        assert np.array_equal(table, tables[0], equal_nan=True)
    for table in tables[4:]:
        assert np.array_equal(table, tables[3], equal_nan=True)
    pd.testing.assert_frame_equal(tables[0], tables[3], rtol=1e-6, atol=1e-6)


def test_a_table_is_reused_with_another_batch_size(emulated_gpu, exams, tmp_path):
    one, other = make_extractor(batch_size=2), make_extractor(n_jobs=3)
    made = extract_features(exams, tmp_path / "t.parquet", extractor=one)
    before = (tmp_path / "t.parquet").stat().st_mtime_ns
    again = extract_features(exams, tmp_path / "t.parquet", extractor=other)
    assert (tmp_path / "t.parquet").stat().st_mtime_ns == before
    assert made.attrs == again.attrs


def test_stacks_in_memory_give_the_same_rows(gpu, checksums):
    rng = np.random.default_rng(1)
    stacks = [rng.integers(0, 256, (2, 30, 40), np.uint8) for _ in range(5)]
    exams = [{"axial": stack[::-1, :, ::-1], "coronal": stack} for stack in stacks]
    assert take(exams, batch_size=2) == expect(exams)


# ---- the tests detect the mistakes that the buffers prevent ----


def test_a_missing_wait_is_detected(emulated_gpu, checksums, exams, monkeypatch):
    monkeypatch.setattr(buffers.Buffer, "wait_for_copies", lambda self: None)
    assert take(exams, batch_size=2) != expect(exams)


def test_a_single_buffer_for_two_batches_is_detected(emulated_gpu, checksums, exams, monkeypatch):
    emulated_gpu.stand_in.late = False
    checksums.work = lambda batch: time.sleep(0.05)  # meanwhile the next batch is read
    monkeypatch.setattr(pipeline.itertools, "cycle", lambda buffers: iter(lambda: buffers[0], None))
    assert take(exams, batch_size=2) != expect(exams)


def test_exactly_one_batch_is_read_ahead_while_one_is_described(emulated_gpu, checksums, exams):
    emulated_gpu.stand_in.late = False
    read = []
    real = pipeline.read_exam

    def watch(exam, index, *asked):
        read.append(index)
        return real(exam, index, *asked)

    seen = []

    def work(batch):
        deadline = time.monotonic() + 5
        while len(read) < min(2 * (len(seen) + 2), N_EXAMS) and time.monotonic() < deadline:
            time.sleep(0.001)
        seen.append(len(read))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "read_exam", watch)
        checksums.work = work
        assert take(exams, batch_size=2) == expect(exams)
    assert seen == [4, 6, 8, 10, 11, 11]


# ---- out of memory ----


def limit_to(gpu, max_exams, n_devices=1):
    """Work that takes so much memory of the device that `max_exams` exams fit."""
    gpu.stand_in.set_devices(n_devices, 2**26)
    free = 2**26 * 0.9

    def work(batch):
        held = [gpu.empty(int(free / max_exams), np.uint8) for _ in batch]
        assert len(held) <= max_exams

    return work


def test_out_of_memory_halves_the_batch_and_warns_once(emulated_gpu, checksums, exams):
    checksums.work = limit_to(emulated_gpu, 2)
    with pytest.warns(DeviceMemoryWarning) as warned:
        assert take(exams, batch_size=8) == expect(exams)
    assert len(warned) == 1
    assert str(warned[0].message) == (
        "The GPU ran out of memory; continuing with batches of 2 exams. Pass batch_size=2 to start "
        "with them."
    )
    assert set(checksums.sizes) == {2, 1}  # from batches of 8 and 3 exams
    assert sum(checksums.sizes) == N_EXAMS
    assert emulated_gpu.stand_in.devices[0].refused == 2


@pytest.mark.parametrize("module", ["runtime", "driver"])
def test_out_of_memory_errors_of_cuda_halve_the_batch(emulated_gpu, checksums, exams, module):
    name = {"runtime": "CUDARuntimeError", "driver": "CUDADriverError"}[module]
    cuda_error = getattr(getattr(emulated_gpu.cuda, module), name)
    status = 2

    def work(batch):
        if len(batch) > 2:
            raise cuda_error(status)

    checksums.work = work
    with pytest.warns(DeviceMemoryWarning):
        assert take(exams) == expect(exams)
    status = 700
    with pytest.raises(cuda_error, match="illegal memory access"):
        take(exams)


def test_too_little_memory_for_the_pixels_halves_the_batch(
    emulated_gpu, checksums, exams, monkeypatch
):
    monkeypatch.setattr(pipeline, "MEMORY_FRACTION", 1e6)  # so plans are too large
    emulated_gpu.stand_in.set_devices(1, 20_000)
    with pytest.warns(DeviceMemoryWarning, match="ran out of memory"):
        assert take(exams) == expect(exams)
    assert max(checksums.sizes) <= 5


def test_an_exam_that_does_not_fit_beside_another_waits(emulated_gpu, checksums, monkeypatch):
    monkeypatch.setattr(pipeline, "MEMORY_FRACTION", 1e6)
    rng = np.random.default_rng(2)
    stacks = [rng.integers(0, 256, (4, 64, 64), np.uint8) for _ in range(5)]
    alone = [{"axial": stack, "coronal": stack[:, ::-1]} for stack in stacks]
    emulated_gpu.stand_in.set_devices(1, 2 * stacks[0].nbytes * 5 // 4 * 3 // 2)
    assert take(alone, batch_size=1) == expect(alone)
    assert emulated_gpu.stand_in.devices[0].refused == 4  # all but the first, once


def test_rows_before_an_exam_that_does_not_fit_are_yielded(emulated_gpu, checksums, exams):
    work = limit_to(emulated_gpu, 2)

    def stop_at_seven(batch):
        work(batch)
        if any(pixels.label == "exam '0007'" for pixels in batch):
            emulated_gpu.empty(2**27, np.uint8)

    checksums.work = stop_at_seven
    rows = []
    with (
        pytest.warns(DeviceMemoryWarning),
        pytest.raises(MemoryError, match=r"at least one exam, but exam '0007' alone did not fit"),
    ):
        collect(rows, make_extractor(batch_size=4).iterate(exams))
    assert rows == expect(exams)[:7]
    assert not list_readers()


def make_large(n_exams):
    """Exams in memory, all of one size, and their bytes."""
    rng = np.random.default_rng(3)
    stacks = [rng.integers(0, 256, (4, 64, 64), np.uint8) for _ in range(n_exams)]
    return [{"axial": stack, "coronal": stack[:, ::-1]} for stack in stacks], 2 * stacks[0].nbytes


@pytest.mark.filterwarnings("ignore:The GPU ran out of memory")
@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_an_exam_that_fits_alone_does_not_fail_beside_others(
    emulated_gpu, checksums, monkeypatch, batch_size
):
    monkeypatch.setattr(pipeline, "MEMORY_FRACTION", 1e6)
    large, n_bytes = make_large(7)
    needed = [n_bytes] * 4 + [8 * n_bytes] + [n_bytes] * 2
    labels = [f"the exam at index {k}" for k in range(7)]
    emulated_gpu.stand_in.set_devices(1, 10 * n_bytes)  # 1.25 for the pixels, 8 to describe

    def work(batch):
        n_needed = sum(needed[labels.index(pixels.label)] for pixels in batch)
        held = emulated_gpu.empty(n_needed, np.uint8)
        assert held.size == n_needed

    checksums.work = work
    assert take(large, batch_size=batch_size) == expect(large)
    assert checksums.sizes[-3:] == (1, 1, 1)
    needed[4] = 10 * n_bytes
    rows = []
    with pytest.raises(MemoryError, match="the exam at index 4 alone did not fit"):
        collect(rows, make_extractor(batch_size=batch_size).iterate(large))
    assert rows == expect(large)[:4]


@pytest.mark.parametrize("what", ["header", "pixels"])
@pytest.mark.parametrize("broken", [5, 6])
def test_a_broken_exam_is_reported_after_exams_that_were_put_back(
    emulated_gpu, checksums, exams, what, broken, monkeypatch
):
    path, expected = exams[broken].paths["coronal"], expect(exams)[:broken]
    real, tried = pipeline.read_exam, []

    def read(exam, index, *asked):
        if index == broken and what == "pixels":
            path.write_bytes(b"not an array")
        return real(exam, index, *asked)

    def work(batch):
        tried.append([pixels.label for pixels in batch])
        if "exam '0004'" in tried[-1] and tried.count(["exam '0004'"]) < 2:
            raise emulated_gpu.cuda.memory.OutOfMemoryError(1, 1)

    if what == "header":
        path.write_bytes(b"not an array")
    monkeypatch.setattr(pipeline, "read_exam", read)
    checksums.work = work
    rows = []
    with (
        pytest.warns(DeviceMemoryWarning),
        pytest.raises(ValueError, match=f"000{broken}"),
    ):
        collect(rows, make_extractor(batch_size=3).iterate(exams))
    assert tried.count(["exam '0004'"]) == 2
    assert rows == expected


def test_no_thread_reads_into_a_buffer_that_is_freed(emulated_gpu, checksums, exams, monkeypatch):
    real, clear, reading, seen = pipeline.read_exam, pipeline._BatchLoader._clear_buffers, [], []

    def read(exam, index, *asked):
        if index == 3:
            raise ValueError("broken exam")
        reading.append(index)
        time.sleep(0.2 * (index in {4, 5}))
        reading.remove(index)
        return real(exam, index, *asked)

    def watch(loader):
        seen.append(list(reading))
        clear(loader)

    def work(batch):
        if len(checksums.sizes) == 0 and len(seen) < 2:  # until the first exam is alone
            raise emulated_gpu.cuda.memory.OutOfMemoryError(1, 1)

    monkeypatch.setattr(pipeline, "read_exam", read)
    monkeypatch.setattr(pipeline._BatchLoader, "_clear_buffers", watch)
    checksums.work = work
    rows = []
    with pytest.warns(DeviceMemoryWarning), pytest.raises(ValueError, match="broken exam"):
        collect(rows, make_extractor(batch_size=6, n_jobs=8).iterate(exams))
    assert rows == expect(exams)[:3]
    assert len(seen) > 2
    assert seen == [[]] * len(seen)


def test_a_limit_that_shrinks_while_a_batch_is_shortened_loses_no_exam(emulated_gpu):
    class Shrinking(planning.BatchLimit):
        @property
        def max_exams(self):
            self.asked = getattr(self, "asked", 5) - 1
            return max(self.asked, 1)

        @max_exams.setter
        def max_exams(self, value):
            pass

    loader = pipeline._BatchLoader([], make_extractor().recipe(), Shrinking(4, 1), 1)
    planned = [planning.Planned({}, k, {}) for k in range(6)]
    assert [*loader._shorten(planned), *loader._waiting[0]] == planned
    loader.close()


def test_a_failed_device_does_not_hide_the_first_error(emulated_gpu, checksums, exams, monkeypatch):
    cuda_error = emulated_gpu.cuda.runtime.CUDARuntimeError

    def fail(*_):
        raise cuda_error(700)

    def work(batch):
        monkeypatch.setattr(emulated_gpu.cuda.Stream, "synchronize", fail)
        error = cuda_error(700)
        error.add_note("the batch")
        raise error

    checksums.work = work
    with pytest.raises(cuda_error) as caught:
        take(exams)
    assert caught.value.__notes__ == ["the batch"]


def test_an_error_frees_the_memory_of_the_device(emulated_gpu, checksums, exams):
    np.save(exams[9].paths["coronal"], np.zeros((1, 2), np.uint8))  # not a stack
    for few in (exams[5:], exams[9:]):  # after other exams, and at once
        gc.collect()
        gc.disable()
        try:
            with contextlib.suppress(ValueError):
                take(few, batch_size=2)
            assert emulated_gpu.stand_in.devices[0].used == 0
        finally:
            gc.enable()


def test_batches_are_limited_by_the_memory_of_the_current_device(emulated_gpu, checksums, exams):
    emulated_gpu.stand_in.set_devices(2)
    emulated_gpu.stand_in.devices[1].total = 2000
    with (
        emulated_gpu.cuda.Device(1),
        pytest.raises(MemoryError, match="exam at index 1 alone did not fit: 0 of 0 MiB are free"),
    ):
        take(exams[:2], batch_size=1)
    assert take(exams) == expect(exams)


def test_memory_held_by_an_error_is_freed_before_the_next_attempt(
    emulated_gpu, checksums, exams, monkeypatch
):
    monkeypatch.setattr(pipeline, "MEMORY_FRACTION", 10)  # so plans are too large
    emulated_gpu.stand_in.set_devices(1, 2**20)

    def work(batch):
        large = emulated_gpu.empty(2**18 * len(batch), np.uint8)
        emulated_gpu.empty(2**18 * len(batch), np.uint8)
        del large

    checksums.work = work
    with pytest.warns(DeviceMemoryWarning):
        assert take(exams, batch_size=2) == expect(exams)


def test_a_warning_raised_as_an_error_ends_the_readers(emulated_gpu, checksums, exams):
    checksums.work = limit_to(emulated_gpu, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeviceMemoryWarning):
            take(exams, batch_size=8)
    assert not list_readers()


def test_an_error_in_page_locked_memory_has_a_note(emulated_gpu, checksums, exams):
    emulated_gpu.stand_in.host_bytes = 100
    with pytest.raises(emulated_gpu.cuda.runtime.CUDARuntimeError) as caught:
        take(exams)
    assert any("of page-locked memory" in note for note in caught.value.__notes__)


# ---- errors and interruptions ----


@pytest.mark.parametrize("mistake", ["header", "pixels", "a file of another shape"])
def test_an_unreadable_exam_is_reported_after_the_rows_before_it(
    emulated_gpu, checksums, exams, monkeypatch, mistake
):
    path, expected = exams[6].paths["coronal"], expect(exams)[:6]
    if mistake == "header":
        path.write_bytes(b"not an array")
    else:
        real = pipeline.read_exam

        def read(exam, index, *asked):
            if index == 6 and mistake == "pixels":
                path.write_bytes(b"not an array")
            elif index == 6:
                np.save(path, np.zeros((9, 9, 9), np.uint8))
            return real(exam, index, *asked)

        monkeypatch.setattr(pipeline, "read_exam", read)
    rows = []
    with pytest.raises(ValueError, match="0006") as caught:
        collect(rows, make_extractor(batch_size=4).iterate(exams))
    assert rows == expected
    text = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "exam '0006', plane 'coronal'" in text
    assert not list_readers()


def test_closing_the_generator_early_frees_everything(emulated_gpu, checksums, exams, monkeypatch):
    streams, real = [], emulated_gpu.cuda.Stream
    monkeypatch.setattr(
        emulated_gpu.cuda, "Stream", lambda **how: streams.append(real(**how)) or streams[0]
    )
    rows = make_extractor(batch_size=2).iterate(exams)
    next(rows)
    assert list_readers()
    rows.close()
    assert not list_readers()
    assert emulated_gpu.stand_in.pinned["held"] == emulated_gpu.stand_in.pinned["used"]
    assert checksums.sizes == (2,)
    assert streams[0].non_blocking
    assert not streams[0]._work  # no copy is left to read the freed page-locked memory
    assert emulated_gpu.stand_in.devices[0].used == 0


def test_an_interrupted_run_resumes_after_its_batches(emulated_gpu, exams, tmp_path, monkeypatch):
    described = []

    def stop_at(label):
        def describe(batch, recipe, device):
            if label in [pixels.label for pixels in batch]:
                raise KeyboardInterrupt
            described.extend(pixels.label for pixels in batch)
            return describe_batch(batch, recipe, device)

        return describe

    path = tmp_path / "table.parquet"
    extractor = make_extractor(batch_size=3)
    monkeypatch.setattr(pipeline, "describe_batch", stop_at("exam '0007'"))
    with pytest.raises(KeyboardInterrupt):
        extract_features(exams, path, extractor=extractor)
    assert not list_readers()
    assert described == [f"exam '{k:04d}'" for k in range(6)]
    monkeypatch.setattr(pipeline, "describe_batch", stop_at(None))
    described.clear()
    table = extract_features(exams, path, extractor=extractor)
    assert described == [f"exam '{k:04d}'" for k in range(6, N_EXAMS)]
    pd.testing.assert_frame_equal(table, extractor.fit_transform(exams))


def test_an_interrupt_does_not_wait_for_unread_exams(emulated_gpu, checksums, exams, monkeypatch):
    real, read = pipeline.read_exam, []

    def slowly(exam, index, *asked):
        read.append(index)
        time.sleep(0.05)
        return real(exam, index, *asked)

    monkeypatch.setattr(pipeline, "read_exam", slowly)

    def interrupt(batch):
        raise KeyboardInterrupt

    checksums.work = interrupt
    with pytest.raises(KeyboardInterrupt):
        take(exams, batch_size=4, n_jobs=1)
    assert len(read) <= 4 + 2
    assert not list_readers()


def test_zero_readers_are_refused(emulated_gpu, checksums, exams):
    with pytest.raises(ValueError, match="`n_jobs` must not be 0"):
        take(exams, n_jobs=0)


def test_exams_with_gaps_have_the_rows_that_they_have_on_the_cpu(emulated_gpu, exams):
    gaps = []
    for k, exam in enumerate(exams):
        paths = dict(exam.paths)
        if k % 3:
            del paths[("axial", "coronal")[k % 3 - 1]]
        gaps.append(Exam(exam.id, paths))
    tables = [
        make_extractor(missing="nan", device=device, batch_size=size).fit_transform(gaps)
        for device, size in (("cpu", None), ("cuda", 1), ("cuda", 4), ("cuda", 64))
    ]
    for table in tables[1:]:
        np.testing.assert_allclose(table, tables[0], rtol=1e-9)
    lacks = tables[0].filter(like="coronal__").isna().all(axis=1)
    assert lacks.tolist() == [k % 3 == 2 for k in range(len(exams))]


def test_known_sides_and_spacings_give_the_rows_of_the_cpu(emulated_gpu, exams):
    """A left knee is mirrored before it is copied, and the buffer is as large as the new stack."""
    known = [
        dataclasses.replace(exam, side=("left", "right")[k % 2], spacing_mm=(0.6, 0.6 + 0.1 * k))
        for k, exam in enumerate(exams[:4])
    ]
    tables = [
        make_extractor(sides="known", device=device, batch_size=size).fit_transform(known)
        for device, size in (("cpu", None), ("cuda", 3))
    ]
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-9)
