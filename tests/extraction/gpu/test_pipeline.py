"""What a GPU is handed comes in order and whole, whatever batches, memory, threads or devices do.

The device is the emulated one, whose copies come as late, or as early, as CUDA allows.
"""

import contextlib
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
from mrnet_features.extraction import describe as batches
from mrnet_features.extraction.describe import read_exam
from mrnet_features.extraction.gpu import buffers, pipeline, planning
from mrnet_features.extraction.gpu.pipeline import DeviceMemoryWarning
from mrnet_features.extraction.table import extract_features
from mrnet_features.synthetic import draw_knee

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
def plain(monkeypatch):
    """Describe by a sum of each plane's pixels, and keep the sizes of batches.

    What it is given to work on beyond that, `work`, it is given with the pixels on the device.
    """

    class Plain:
        sizes = ()
        threads = frozenset()

        def work(self, batch):
            return None

        def __call__(self, batch, recipe, device):
            self.work(batch)
            rows = [list(map(sum_up, pixels.stacks.values())) for pixels in batch]
            self.sizes = (*self.sizes, len(batch))
            return np.array(rows, np.float32)

    described = Plain()
    monkeypatch.setattr(pipeline, "describe_batch", described)
    return described


def sum_up(stack):
    """A number that tells stacks apart; exact in single precision."""
    held = to_host(stack).astype(np.int64).ravel()
    return int((held * (np.arange(held.size) % 7 + 1)).sum()) % 2**24


def expect(exams, planes=("axial", "coronal")):
    return [
        [sum_up(grey) for grey in read_exam(exam, k, planes).stacks.values()]
        for k, exam in enumerate(exams)
    ]


def take(exams, **parameters):
    return [row.values.tolist() for row in make_extractor(**parameters).iterate(exams)]


def collect(into, generator):
    into.extend(row.values.tolist() for row in generator)


def list_readers():
    return [t for t in threading.enumerate() if t.name.startswith("mrnet-features-reader")]


# ---- the table does not depend on how exams get there ----


@pytest.mark.parametrize("batch_size", [None, 1, 3, 64])
@pytest.mark.parametrize("n_jobs", [1, 5])
def test_pixels_and_fingerprints_arrive_whole_and_in_order(gpu, plain, exams, batch_size, n_jobs):
    rows = list(make_extractor(batch_size=batch_size, n_jobs=n_jobs).iterate(exams))
    assert [row.values.tolist() for row in rows] == expect(exams)
    prints = [read_exam(exam, 0, ("axial", "coronal")).fingerprint for exam in exams]
    assert [row.fingerprint for row in rows] == prints
    assert max(plain.sizes) == min(batch_size or 64, N_EXAMS)
    assert gpu.stand_in.pageable_copies == 0


def test_the_table_does_not_depend_on_the_batch(emulated_gpu, exams):
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


def test_the_batch_is_no_part_of_the_table(emulated_gpu, exams, tmp_path):
    one, other = make_extractor(batch_size=2), make_extractor(n_jobs=3)
    made = extract_features(exams, tmp_path / "t.parquet", extractor=one)
    before = (tmp_path / "t.parquet").stat().st_mtime_ns
    again = extract_features(exams, tmp_path / "t.parquet", extractor=other)
    assert (tmp_path / "t.parquet").stat().st_mtime_ns == before
    assert made.attrs == again.attrs


def test_stacks_in_memory_go_the_same_way(gpu, plain):
    rng = np.random.default_rng(1)
    stacks = [rng.integers(0, 256, (2, 30, 40), np.uint8) for _ in range(5)]
    turned = [{"axial": stack[::-1, :, ::-1], "coronal": stack} for stack in stacks]
    assert take(turned, batch_size=2) == expect(turned)


# ---- each mistake that the buffers guard against is one the tests see ----


def test_a_wait_left_out_is_seen(emulated_gpu, plain, exams, monkeypatch):
    monkeypatch.setattr(buffers.Buffer, "await_copies", lambda self: None)
    assert take(exams, batch_size=2) != expect(exams)


def test_page_locked_memory_is_not_written_to_before_it_was_copied(emulated_gpu, monkeypatch):
    copying = emulated_gpu.cuda.Stream(non_blocking=True)
    buffer = buffers.Buffer(0, copying)
    assert buffer.reserve(600)
    assert len(copying._work) == 1  # the wait for kernels that still read what the pool gave
    buffer.send(np.ones((1, 20, 30), np.uint8), 0)
    monkeypatch.setattr(emulated_gpu.cuda.Stream, "wait_event", lambda *_: None)
    buffer.await_copies()  # for which nobody waited yet
    assert copying._work
    assert buffer.reserve(600)
    assert not copying._work


def test_one_buffer_for_both_batches_is_seen(emulated_gpu, plain, exams, monkeypatch):
    emulated_gpu.stand_in.late = False
    plain.work = lambda batch: time.sleep(0.05)  # while the next batch is read
    monkeypatch.setattr(pipeline.itertools, "cycle", lambda made: iter(lambda: made[0], None))
    assert take(exams, batch_size=2) != expect(exams)


def test_the_next_batch_is_read_and_sent_while_one_is_described(emulated_gpu, plain, exams):
    emulated_gpu.stand_in.late = False
    read = []
    real = pipeline.read_exam

    def watch(exam, place, planes):
        read.append(place)
        return real(exam, place, planes)

    seen = []

    def work(batch):
        deadline = time.monotonic() + 5
        while len(read) < min(2 * (len(seen) + 2), N_EXAMS) and time.monotonic() < deadline:
            time.sleep(0.001)
        seen.append(len(read))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "read_exam", watch)
        plain.work = work
        assert take(exams, batch_size=2) == expect(exams)
    assert seen == [4, 6, 8, 10, 11, 11]  # and no more than one batch ahead


# ---- out of memory ----


def limit_to(gpu, most, n_devices=1):
    """Describing that takes so much of the device that `most` exams fit."""
    gpu.stand_in.set_devices(n_devices, 2**26)
    free = 2**26 * 0.9

    def work(batch):
        held = [gpu.empty(int(free / most), np.uint8) for _ in batch]
        assert len(held) <= most

    return work


def test_out_of_memory_halves_the_batch_and_says_so_once(emulated_gpu, plain, exams):
    plain.work = limit_to(emulated_gpu, 2)
    with pytest.warns(DeviceMemoryWarning) as told:
        assert take(exams, batch_size=8) == expect(exams)
    assert len(told) == 1
    assert "ran out of memory on 8 exams at once. It goes on with 2" in str(told[0].message)
    assert set(plain.sizes) == {2, 1}  # 8 and 3, of which the last is an exam by itself
    assert sum(plain.sizes) == N_EXAMS
    assert emulated_gpu.stand_in.devices[0].refused == 2


@pytest.mark.parametrize("module", ["runtime", "driver"])
def test_what_cuda_calls_out_of_memory_is_out_of_memory(emulated_gpu, plain, exams, module):
    name = {"runtime": "CUDARuntimeError", "driver": "CUDADriverError"}[module]
    told = getattr(getattr(emulated_gpu.cuda, module), name)
    status = 2

    def work(batch):
        if len(batch) > 2:
            raise told(status)

    plain.work = work
    with pytest.warns(DeviceMemoryWarning):
        assert take(exams) == expect(exams)
    status = 700
    with pytest.raises(told, match="illegal memory access"):
        take(exams)


def test_no_memory_for_the_pixels_of_a_batch_halves_it_as_well(
    emulated_gpu, plain, exams, monkeypatch
):
    monkeypatch.setattr(pipeline, "SHARE", 1e6)  # an estimate that is far too hopeful
    emulated_gpu.stand_in.set_devices(1, 20_000)
    with pytest.warns(DeviceMemoryWarning, match="on 11 exams at once"):
        assert take(exams) == expect(exams)
    assert max(plain.sizes) <= 5


def test_an_exam_without_room_beside_another_waits_for_its_turn(emulated_gpu, plain, monkeypatch):
    monkeypatch.setattr(pipeline, "SHARE", 1e6)
    rng = np.random.default_rng(2)
    stacks = [rng.integers(0, 256, (4, 64, 64), np.uint8) for _ in range(5)]
    alone = [{"axial": stack, "coronal": stack[:, ::-1]} for stack in stacks]
    emulated_gpu.stand_in.set_devices(1, 2 * stacks[0].nbytes * 5 // 4 * 3 // 2)
    assert take(alone, batch_size=1) == expect(alone)
    assert emulated_gpu.stand_in.devices[0].refused == 4  # all but the first, once


def test_rows_before_an_exam_that_does_not_fit_are_kept(emulated_gpu, plain, exams):
    work = limit_to(emulated_gpu, 2)

    def stop_at_seven(batch):
        work(batch)
        if any(pixels.label == "exam '0007'" for pixels in batch):
            emulated_gpu.empty(2**27, np.uint8)

    plain.work = stop_at_seven
    rows = []
    with (
        pytest.warns(DeviceMemoryWarning),
        pytest.raises(MemoryError, match=r"at least one exam, but exam '0007' alone did not fit"),
    ):
        collect(rows, make_extractor(batch_size=4).iterate(exams))
    assert rows == expect(exams)[:7]
    assert not list_readers()


def make_large(n_exams):
    """Exams in memory, all of one size; and that size."""
    rng = np.random.default_rng(3)
    stacks = [rng.integers(0, 256, (4, 64, 64), np.uint8) for _ in range(n_exams)]
    return [{"axial": stack, "coronal": stack[:, ::-1]} for stack in stacks], 2 * stacks[0].nbytes


@pytest.mark.filterwarnings("ignore:The GPU ran out of memory")
@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_an_exam_that_fits_alone_does_not_fail_beside_others(
    emulated_gpu, plain, monkeypatch, batch_size
):
    monkeypatch.setattr(pipeline, "SHARE", 1e6)
    large, n_bytes = make_large(7)
    taken = [n_bytes] * 4 + [8 * n_bytes] + [n_bytes] * 2
    labels = [f"the exam at place {k}" for k in range(7)]
    emulated_gpu.stand_in.set_devices(1, 10 * n_bytes)  # 1.25 for the pixels, 8 to describe them

    def work(batch):
        took = sum(taken[labels.index(pixels.label)] for pixels in batch)
        held = emulated_gpu.empty(took, np.uint8)
        assert held.size == took

    plain.work = work
    assert take(large, batch_size=batch_size) == expect(large)
    assert plain.sizes[-3:] == (1, 1, 1)
    taken[4] = 10 * n_bytes
    rows = []
    with pytest.raises(MemoryError, match="the exam at place 4 alone did not fit"):
        collect(rows, make_extractor(batch_size=batch_size).iterate(large))
    assert rows == expect(large)[:4]


@pytest.mark.parametrize("what", ["header", "pixels"])
@pytest.mark.parametrize("broken", [5, 6])
def test_what_can_not_be_read_is_told_after_exams_that_were_put_back(
    emulated_gpu, plain, exams, what, broken, monkeypatch
):
    path, expected = exams[broken].paths["coronal"], expect(exams)[:broken]
    real, tried = pipeline.read_exam, []

    def read(exam, place, planes):
        if place == broken and what == "pixels":
            path.write_bytes(b"no array")
        return real(exam, place, planes)

    def work(batch):
        tried.append([pixels.label for pixels in batch])
        if "exam '0004'" in tried[-1] and tried.count(["exam '0004'"]) < 2:
            raise emulated_gpu.cuda.memory.OutOfMemoryError(1, 1)

    if what == "header":
        path.write_bytes(b"no array")
    monkeypatch.setattr(pipeline, "read_exam", read)
    plain.work = work
    rows = []
    with (
        pytest.warns(DeviceMemoryWarning),
        pytest.raises(ValueError, match=f"000{broken}"),
    ):
        collect(rows, make_extractor(batch_size=3).iterate(exams))
    assert tried.count(["exam '0004'"]) == 2
    assert rows == expected


def test_nobody_reads_into_a_buffer_that_is_let_go(emulated_gpu, plain, exams, monkeypatch):
    real, clear, reading, seen = pipeline.read_exam, pipeline._Loader._clear, [], []

    def read(exam, place, planes):
        if place == 3:
            raise ValueError("no exam")
        reading.append(place)
        time.sleep(0.2 * (place in {4, 5}))
        reading.remove(place)
        return real(exam, place, planes)

    def watch(loader):
        seen.append(list(reading))
        clear(loader)

    def work(batch):
        if len(plain.sizes) == 0 and len(seen) < 2:  # until nothing is beside the first exam
            raise emulated_gpu.cuda.memory.OutOfMemoryError(1, 1)

    monkeypatch.setattr(pipeline, "read_exam", read)
    monkeypatch.setattr(pipeline._Loader, "_clear", watch)
    plain.work = work
    rows = []
    with pytest.warns(DeviceMemoryWarning), pytest.raises(ValueError, match="no exam"):
        collect(rows, make_extractor(batch_size=6, n_jobs=8).iterate(exams))
    assert rows == expect(exams)[:3]
    assert len(seen) > 2
    assert seen == [[]] * len(seen)


def test_room_that_shrinks_while_a_batch_is_cut_loses_no_exam(emulated_gpu):
    class Shrinking(planning.Room):
        @property
        def most(self):
            self.asked = getattr(self, "asked", 5) - 1
            return max(self.asked, 1)

        @most.setter
        def most(self, value):
            pass

    loader = pipeline._Loader([], make_extractor().recipe(), Shrinking(4, 1), 1)
    planned = [planning.Planned({}, k, {}) for k in range(6)]
    assert [*loader._cut_off(planned), *loader._cut[0]] == planned
    loader.close()


def test_a_device_that_failed_does_not_hide_the_error_that_names_the_batch(
    emulated_gpu, plain, exams, monkeypatch
):
    told = emulated_gpu.cuda.runtime.CUDARuntimeError

    def fail(*_):
        raise told(700)

    def work(batch):
        monkeypatch.setattr(emulated_gpu.cuda.Stream, "synchronize", fail)
        error = told(700)
        error.add_note("the batch")
        raise error

    plain.work = work
    with pytest.raises(told) as caught:
        take(exams)
    assert caught.value.__notes__ == ["the batch"]


def test_a_buffer_far_larger_than_its_batches_is_made_anew(emulated_gpu):
    buffer = buffers.Buffer(0, emulated_gpu.cuda.Stream(non_blocking=True))
    sizes = []
    for n_bytes in (80_000, 30_000, 4_000, 3_000):
        assert buffer.reserve(n_bytes)
        sizes.append(emulated_gpu.stand_in.devices[0].used // 1000)
    assert sizes == [100, 100, 5, 5]


def test_an_error_keeps_nothing_on_the_device(emulated_gpu, plain, exams):
    np.save(exams[9].paths["coronal"], np.zeros((1, 2), np.uint8))  # no stack
    for few in (exams[5:], exams[9:]):  # planned and read
        gc.collect()
        gc.disable()
        try:
            with contextlib.suppress(ValueError):
                take(few, batch_size=2)
            assert emulated_gpu.stand_in.devices[0].used == 0
        finally:
            gc.enable()


def test_it_is_the_memory_of_its_own_device_that_counts(emulated_gpu, plain, exams):
    emulated_gpu.stand_in.set_devices(2)
    emulated_gpu.stand_in.devices[1].total = 2000
    with (
        emulated_gpu.cuda.Device(1),
        pytest.raises(MemoryError, match="exam at place 1 alone did not fit: 0 of 0 MiB are free"),
    ):
        take(exams[:2], batch_size=1)
    assert take(exams) == expect(exams)


def test_what_an_error_held_on_the_device_is_free_for_the_next_try(
    emulated_gpu, plain, exams, monkeypatch
):
    monkeypatch.setattr(pipeline, "SHARE", 10)  # an estimate that is too hopeful
    emulated_gpu.stand_in.set_devices(1, 2**20)

    def work(batch):
        large = emulated_gpu.empty(2**18 * len(batch), np.uint8)
        emulated_gpu.empty(2**18 * len(batch), np.uint8)
        del large

    plain.work = work
    with pytest.warns(DeviceMemoryWarning):
        assert take(exams, batch_size=2) == expect(exams)


def test_a_warning_turned_into_an_error_ends_the_run(emulated_gpu, plain, exams):
    plain.work = limit_to(emulated_gpu, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeviceMemoryWarning):
            take(exams, batch_size=8)
    assert not list_readers()


def test_page_locked_memory_that_is_refused_says_what_it_was_for(emulated_gpu, plain, exams):
    emulated_gpu.stand_in.host_bytes = 100
    with pytest.raises(emulated_gpu.cuda.runtime.CUDARuntimeError) as caught:
        take(exams)
    assert any("page-locked memory were asked for" in note for note in caught.value.__notes__)


# ---- errors and interruptions ----


@pytest.mark.parametrize("mistake", ["header", "pixels", "a file of another shape"])
def test_an_exam_that_can_not_be_read_is_named_after_the_rows_before_it(
    emulated_gpu, plain, exams, monkeypatch, mistake
):
    path, expected = exams[6].paths["coronal"], expect(exams)[:6]
    if mistake == "header":
        path.write_bytes(b"no array")
    else:
        real = pipeline.read_exam

        def read(exam, place, planes):
            if place == 6 and mistake == "pixels":
                path.write_bytes(b"no array")
            elif place == 6:
                np.save(path, np.zeros((9, 9, 9), np.uint8))
            return real(exam, place, planes)

        monkeypatch.setattr(pipeline, "read_exam", read)
    rows = []
    with pytest.raises(ValueError, match="0006") as caught:
        collect(rows, make_extractor(batch_size=4).iterate(exams))
    assert rows == expected
    told = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "exam '0006', plane 'coronal'" in told
    assert not list_readers()


def test_a_generator_closed_early_leaves_nothing_behind(emulated_gpu, plain, exams, monkeypatch):
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
    assert plain.sizes == (2,)
    assert streams[0].non_blocking
    assert not streams[0]._work  # page-locked memory is gone, so nothing may read it any more
    assert emulated_gpu.stand_in.devices[0].used == 0


def test_an_interruption_stops_at_once_and_shards_go_on(emulated_gpu, exams, tmp_path, monkeypatch):
    monkeypatch.setattr("mrnet_features.extraction.table.SHARD_SIZE", 2)
    described = []

    def stop_at(label):
        def describe(batch, recipe, device):
            if label in [pixels.label for pixels in batch]:
                raise KeyboardInterrupt
            described.extend(pixels.label for pixels in batch)
            return batches.describe_batch(batch, recipe, device)

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


def test_an_interruption_does_not_wait_for_exams_not_begun(emulated_gpu, plain, exams, monkeypatch):
    real, read = pipeline.read_exam, []

    def slowly(exam, place, planes):
        read.append(place)
        time.sleep(0.05)
        return real(exam, place, planes)

    monkeypatch.setattr(pipeline, "read_exam", slowly)

    def interrupt(batch):
        raise KeyboardInterrupt

    plain.work = interrupt
    with pytest.raises(KeyboardInterrupt):
        take(exams, batch_size=4, n_jobs=1)
    assert len(read) <= 4 + 2
    assert not list_readers()


# ---- several devices ----


def test_batches_hold_what_the_room_holds(emulated_gpu):
    shapes = [{"axial": (k, 10, 10)} for k in (1, 1, 5, 1, 1, 1)]
    costs = [planning.Planned({}, k, shape).cost for k, shape in enumerate(shapes)]
    room = planning.Room(3, sum(costs[:2]))
    found = planning.plan_batches(shapes, lambda exam, place: exam, room)
    assert [[one.place for one in batch] for batch in found] == [[0, 1], [2], [3, 4], [5]]


def test_a_room_that_shrinks_shows_in_the_next_batch():
    room = planning.Room(8, 2**40)
    found = planning.plan_batches([{}] * 20, lambda exam, place: {"axial": (1, 1, 1)}, room)
    assert len(next(found)) == 8
    room.halve(8)
    assert [len(batch) for batch in found] == [4, 4, 4]
    assert room.refused == 8


@pytest.mark.parametrize(
    ("batch_size", "error"),
    [(0, ValueError), (-3, ValueError), (2.5, TypeError), (True, TypeError)],
)
def test_a_batch_is_a_number_of_exams(batch_size, error):
    with pytest.raises(error, match="`batch_size` must be"):
        make_extractor(batch_size=batch_size, device="cpu").fit([{}])


def test_no_readers_are_refused(emulated_gpu, plain, exams):
    with pytest.raises(ValueError, match="`n_jobs` must not be 0"):
        take(exams, n_jobs=0)


def test_the_estimate_of_memory_is_above_what_is_taken_and_not_far(emulated_gpu):
    knee = draw_knee(1, "train", 0).stacks
    exam = {plane: np.ascontiguousarray(grey[8:10]) for plane, grey in knee.items()}
    extractor = FeatureExtractor("full", device="cuda", progress=False)
    extractor.recipe().columns()  # from a blank stack
    emulated_gpu.stand_in.set_devices()
    extractor.fit_transform([exam])
    estimate = planning.Planned({}, 0, {plane: grey.shape for plane, grey in exam.items()}).cost
    assert estimate / 10 < emulated_gpu.stand_in.devices[0].peak < estimate
