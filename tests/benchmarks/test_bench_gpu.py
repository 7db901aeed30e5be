"""The GPU benchmark runs on an emulated device, and its result is marked as emulated."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.names import PLANES, TASKS

FOLDER = Path(__file__).parents[2] / "benchmarks"
SMALL = {
    "--exams": 3,
    "--cpu-exams": 2,
    "--batch-size": 2,
    "--readers": 2,
    "--jobs": 1,
    "--slices": 2,
    "--side": 40,
    "--levels": 6,
    "--stacks": 2,
    "--copy-bytes": 4096,
    "--repeats": 1,
}


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("bench_gpu")


@pytest.fixture
def root(tmp_path):
    """Three small exams in the layout of MRNet."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    for plane in PLANES:
        (tmp_path / "train" / plane).mkdir(parents=True)
        for k in range(3):
            grey = (np.hypot(y, x) < 0.8) * rng.integers(60, 200, (2 + k, 48, 48))
            np.save(tmp_path / "train" / plane / f"{k:04d}.npy", grey.astype(np.uint8))
    for task in TASKS:
        lines = "".join(f"{k:04d},{k % 2}\n" for k in range(3))
        (tmp_path / f"train-{task}.csv").write_text(lines)
    return tmp_path


def arguments(*more, **changes):
    given = {**SMALL, **changes}
    return [str(part) for pair in given.items() for part in pair] + [str(part) for part in more]


def test_all_parts_run_and_the_device_is_marked_as_emulated(
    emulated_gpu, bench, root, tmp_path, capsys, monkeypatch
):
    peers = importlib.import_module("gpu_peers").PEERS
    absent = set(peers)
    monkeypatch.setitem(peers, "test peer", ("numpy", lambda stack: {"glcm": lambda: None}))
    out = tmp_path / "gpu.json"
    bench.main(arguments("--root", root, "--out", out))
    result = json.loads(out.read_text())
    assert result["device"]["emulated"]
    counts = {row["count"].split("(")[0]: row for row in result["counts"]}
    assert {
        "histogram",
        "cooccurrence",
        "run_lengths",
        "size_zones",
        "distance_zones",
        "components_3d",
    } <= set(counts)
    for row in result["counts"]:
        assert row["seconds"] > 0
        assert row["bytes"] >= 2 * 4 * 40 * 40
        assert row["pixels_per_second"] == pytest.approx(4 * 40 * 40 / row["seconds"])
    # one increment per pixel of the region
    pixels = int((bench.make_stack(2, 40, 6).regions > 0).sum()) * 2
    histogram = counts["histogram"]
    assert histogram["increments_per_second"] * histogram["seconds"] == pytest.approx(pixels)
    assert counts["size_zones"]["increments_per_second"] is None
    stages = result["exam"]["stage_seconds_per_exam"]
    for stage in ("read by one thread", "copy", "prepare", "count", "describe", "pool"):
        assert stages[stage] > 0
    assert result["pipeline"]["largest_difference"] < 1e-6
    assert set(result["missing"]) == absent
    assert set(result["peers"]["glcm"]) == {"mrnet-features", "test peer"}
    assert list(result["peers"]["six together"]) == ["mrnet-features"]
    assert "cucim is left out" in capsys.readouterr().out
    with pytest.raises(ValueError, match="got one of an emulated device"):
        bench.make_table(result)


def test_results_of_an_emulated_device_are_not_kept(emulated_gpu, bench, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    with pytest.raises(SystemExit, match="Choose an --out outside"):
        bench.main(arguments())
    assert not list(tmp_path.iterdir())


def test_a_stage_without_a_function_is_reported(emulated_gpu, bench, monkeypatch):
    monkeypatch.setitem(bench.STAGES, "prepare", "prepare_nothing")
    with (
        pytest.raises(RuntimeError, match="`prepare_nothing` must be in a module"),
        bench.watch_stages(),
    ):
        pass


def test_a_missing_device_ends_the_benchmark(bench, monkeypatch):
    monkeypatch.setattr(bench, "missing_for_cuda", lambda: "CuPy is not installed. Install it.")
    with pytest.raises(SystemExit, match=r"needs a GPU: CuPy is not installed\. Install it\."):
        bench.main(arguments())


def test_the_table_of_a_result_file_is_printed(bench, tmp_path, capsys):
    result = {
        "date": "2000-01-01",
        "device": {"name": "test card", "driver": 99000, "cupy": "0", "emulated": False},
        "preset": "baseline",
        "counts": [
            {"count": "pairs(distance=1)", "seconds": 2.0, "bytes": 3e9, "share_of_copy": 0.25}
        ],
        "exam": {
            "batch_size": 5,
            "seconds_per_exam": 4.0,
            "stage_seconds_per_exam": {"copy": 1.0, "count": 3.0},
        },
        "pipeline": {
            "readers": 6,
            "exams_per_second": 7.0,
            "cpu_jobs": 8,
            "cpu_exams_per_second": 9.0,
            "largest_difference": 0.0,
        },
        "peers": {"six together": {"mrnet-features": 1.0, "another": 2.0}},
    }
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps(result))
    bench.main(["--table", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| test card, preset `baseline` | |"
    assert "| device time per exam, batches of 5 | 4000.00 ms |" in lines
    assert "| its stages, timed separately, ms per exam | copy 1000.00, count 3000.00 |" in lines
    assert "| exams per second from the page cache, 6 threads reading | 7 |" in lines
    assert "| `pairs(distance=1)` | 2000.00 | 3.00 | 25 % |" in lines
    assert any("mrnet-features 1000.0 ms, another 2000.0 ms" in line for line in lines)
    assert all(line.count("|") in {0, 3, 5} for line in lines)
