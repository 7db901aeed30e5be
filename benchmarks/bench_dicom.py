"""How fast DICOM series are read, how much memory a worker needs, and what pixel size changes.

    python benchmarks/bench_dicom.py --folder /tmp/dicom

- Decoding of 150 files (512 x 512, 16 bit; uncompressed, RLE, JPEG 2000 lossless): header and
  pixels of each file, by pydicom's ``dcmread(file).pixel_array`` and by ours, in turn, processor
  seconds, the least of some repeats. Then a row of ``baseline`` features of the study.
- Peak memory of a process that reads, and of one that reads and describes, a series of 320 slices
  of 1,024 x 1,024 pixels: one file a slice, one multi-frame file, and NIfTI.
- Synthetic knees of 154 mm with pixels of 0.6 mm as ``.npy`` files, and the same knees in other
  forms: DICOM series of the same field of view with pixels of 0.3, 0.4 and 0.48 mm, interpolated by
  Fourier as a scanner does; with slices, rows and columns stored in reverse; mirrored, with the
  other side in the header; and NIfTI. The side is known, so that columns are medial and lateral:
  the difference of each column of ``baseline``, in standard deviations over the exams; of each
  column the median over the exams. Columns that hardly differ between exams (standard deviation
  below a millionth of the mean, such as a saturated maximum) are left out.

Results are written to ``benchmarks/results/dicom.json``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench_peers import describe_machine

import mrnet_features as mf
from mrnet_features.names import PLANES
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_frames import list_frames
from mrnet_features.series.dicom_pixels import read_stored
from mrnet_features.synthetic import draw_knee

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' DICOM files

from tests.support.dicom_files import (
    make_dataset,
    make_enhanced,
    turn,
    write_dataset,
    write_nifti,
    write_series,
    zoom,
)

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("mrnet-features", "numpy", "scipy", "pydicom", "pylibjpeg-openjpeg", "pylibjpeg-rle",
            "python-gdcm", "nibabel")  # fmt: skip
N_FILES = 150
FIELD_MM = 153.6
SIDES = {"0.30 mm": 512, "0.40 mm": 384, "0.48 mm": 320}

CHILD = """
import json, re, sys, time
from pathlib import Path
import mrnet_features as mf
from mrnet_features.data.exam import Exam
extractor = mf.FeatureExtractor("baseline", planes=("sagittal",), progress=False)
exam = Exam("0", {"sagittal": sys.argv[1]})
start = time.perf_counter()
if sys.argv[2] == "read":
    exam.load("sagittal")
else:
    extractor.fit_transform([exam])
# not getrusage: its peak may be that of the process this one was started from
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"peak_mib": round(peak), "seconds": round(time.perf_counter() - start, 1)}))
"""


def write_files(folder: Path) -> dict[str, list[Path]]:
    """150 files of three planes for each transfer syntax."""
    from pydicom.uid import JPEG2000Lossless, RLELossless

    knee = draw_knee(5)
    found: dict[str, list[Path]] = {}
    kinds = {"uncompressed": None, "rle": RLELossless, "jpeg_2000": JPEG2000Lossless}
    for name, syntax in kinds.items():
        paths = []
        for number, plane in enumerate(PLANES, start=1):
            grey = zoom(knee.stacks[plane].astype(np.float64), (512, 512))
            values = np.clip(np.rint(16 * grey), 0, 4095).astype(np.uint16)
            for k in range(N_FILES // 3):
                options: dict[str, Any] = {"SeriesNumber": number, "pixel_mm": FIELD_MM / 512}
                dataset = make_dataset(plane, k, values[k % len(values)], **options)
                dataset.BitsStored, dataset.HighBit = 12, 11
                if syntax is not None:
                    dataset.compress(syntax, encoding_plugin="pylibjpeg",
                                     generate_instance_uid=False)  # fmt: skip
                paths.append(write_dataset(folder / name / f"IM{number}{k:03d}", dataset))
        found[name] = paths
    return found


def measure_decoding(paths: list[Path], repeats: int) -> dict[str, float]:
    """Processor seconds of pydicom's decoding and ours, in turn."""
    from pydicom import dcmread

    least = {"pydicom": np.inf, "ours": np.inf}
    for _ in range(repeats):
        for name in least:
            start = time.process_time()
            for path in paths:
                if name == "pydicom":
                    values = dcmread(path).pixel_array
                else:
                    values = read_stored(list_frames(read_dicom_header(path))[0])
                assert values.shape == (512, 512)
            least[name] = min(least[name], time.process_time() - start)
    for path in paths[::10]:
        ours = read_stored(list_frames(read_dicom_header(path))[0])
        assert np.array_equal(ours, dcmread(path).pixel_array)
    times = {f"{name}_seconds": round(float(value), 3) for name, value in least.items()}
    return times | {"ours_in_pydicoms": round(float(least["ours"] / least["pydicom"]), 3)}


def measure_study(folder: Path) -> dict[str, float]:
    """Processor seconds from the folder of 150 files to a row of features."""
    extractor = mf.FeatureExtractor("baseline", progress=False)
    stacks = {plane: np.zeros((3, 256, 256), np.uint8) for plane in PLANES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extractor.fit_transform([stacks])  # compiled or loaded before it is timed
    start = time.process_time()
    exam = mf.Exam.from_dicom(folder)
    listed = time.process_time()
    for plane in PLANES:
        exam.load(plane)
    loaded = time.process_time()
    extractor.fit_transform([exam])
    end = time.process_time()
    return {
        "from_dicom_seconds": round(listed - start, 2),
        "load_three_series_seconds": round(loaded - listed, 2),
        "read_and_describe_seconds": round(end - loaded, 2),
    }


def measure_memory(folder: Path) -> dict[str, Any]:
    """Peak memory of a process with a large series, in each form."""
    rows, columns = np.mgrid[:1024, :1024]
    leg = (3000 * np.exp(-(((columns - 512) / 300.0) ** 4))).astype(np.uint16)
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 200, (8, 1024, 1024), dtype=np.uint16)
    stack = np.stack([leg + noise[k % 8] + (rows * (k % 5) // 8).astype(np.uint16)
                      for k in range(320)])  # fmt: skip
    options = {"pixel_mm": 0.1953, "gap_mm": 0.5}
    paths = {
        "files": write_series(folder / "large", "sagittal", stack, **options),
        "multi_frame": write_dataset(
            folder / "large.dcm", make_enhanced("sagittal", stack, **options)
        ),
        "nifti_gz": write_nifti(folder / "large.nii.gz", "sagittal", stack, **options),
    }
    del stack
    found: dict[str, Any] = {}
    for name, path in paths.items():
        found[name] = {}
        for what in ("read", "read_and_describe"):
            done = subprocess.run(
                [sys.executable, "-c", CHILD, str(path), what],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            found[name][what] = json.loads(done.stdout.splitlines()[-1])
    return found


def write_forms(folder: Path, seed: int) -> dict[str, mf.Exam]:
    """One synthetic knee in each form, as an exam with a known side."""
    knee = draw_knee(100 + seed)
    side = str(knee.truth["laterality"])
    other = {"left": "right", "right": "left"}[side]
    offset = {"left": 60.0, "right": -60.0}
    paths: dict[str, dict[str, Path]] = {}

    def write(form: str, plane: str, grey: np.ndarray, pixel_mm: float, of: str, edit=None) -> None:
        values = np.clip(np.rint(16 * grey), 0, 4095).astype(np.uint16)
        to = folder / str(seed) / form / plane
        options = {"pixel_mm": pixel_mm, "side_mm": offset[of], "ImageLaterality": of[0].upper()}
        paths.setdefault(form, {})[plane] = write_series(to, plane, values, edit=edit, **options)

    def store_reversed(dataset: Any, k: int) -> None:
        dataset.InstanceNumber = 1000 - k
        turn(dataset, transpose=True, flip_rows=True, flip_columns=True)

    for plane in PLANES:
        stack = knee.stacks[plane]
        path = folder / str(seed) / f"{plane}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, mf.to_uint8(stack.astype(np.uint16)))
        paths.setdefault("npy 0.60 mm", {})[plane] = path
        grey = stack.astype(np.float64)
        write("DICOM 0.60 mm", plane, grey, 0.6, side)
        for name, width in SIDES.items():
            write(f"DICOM {name}", plane, zoom(grey, (width, width)), FIELD_MM / width, side)
        finer = zoom(grey, (320, 320))
        write("DICOM 0.48 mm reversed", plane, finer, 0.48, side, store_reversed)
        mirrored = finer[::-1] if plane == "sagittal" else finer[:, :, ::-1]
        write("DICOM 0.48 mm mirrored", plane, mirrored, 0.48, other)
        values = np.clip(np.rint(16 * finer), 0, 4095).astype(np.uint16)
        path = folder / str(seed) / f"{plane}.nii.gz"
        write_nifti(path, plane, values, pixel_mm=0.48, side_mm=offset[side])
        paths.setdefault("NIfTI 0.48 mm", {})[plane] = path
    files = ("npy 0.60 mm", "NIfTI 0.48 mm")  # the others say the side in their headers
    return {
        form: mf.Exam(str(seed), found, side=side if form in files else None)
        for form, found in paths.items()
    }


def measure_forms(folder: Path, n_exams: int) -> dict[str, Any]:
    """Differences of the columns of ``baseline`` between forms of the same knee."""
    extractor = mf.FeatureExtractor("baseline", sides="known", progress=False)
    rows: dict[str, list[Any]] = {}
    for seed in range(n_exams):
        for form, exam in write_forms(folder, seed).items():
            rows.setdefault(form, []).append(extractor.fit_transform([exam]))
        shutil.rmtree(folder / str(seed))
    tables = {form: pd.concat(found) for form, found in rows.items()}
    reference = tables["npy 0.60 mm"]
    spread = reference.std()
    told = spread[spread > 1e-6 * reference.abs().mean()].index
    finer = "DICOM 0.48 mm"
    pairs = [("npy 0.60 mm", form) for form in tables if form != "npy 0.60 mm"]
    pairs += [("DICOM 0.30 mm", "DICOM 0.40 mm"), ("DICOM 0.30 mm", finer)]
    pairs += [(finer, form) for form in tables if "0.48" in form and form != finer]
    found: dict[str, Any] = {"n_exams": n_exams, "n_columns": len(told)}
    for one, other in pairs:
        apart = ((tables[one] - tables[other]).abs() / spread)[told].median()
        worst = apart.sort_values(ascending=False).head(10)
        found[f"{one} and {other}"] = {
            "in_standard_deviations": {
                f"{share} % of columns": round(float(apart.quantile(share / 100)), 4)
                for share in (50, 90, 95, 99, 100)
            },
            "worst_ten": {str(name): round(float(value), 3) for name, value in worst.items()},
            "bit_equal": tables[one].equals(tables[other]),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for 3 GiB of files")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--exams", type=int, default=12)
    parser.add_argument("--out", type=Path, default=RESULTS / "dicom.json")
    options = parser.parse_args()
    machine = describe_machine()
    files = write_files(options.folder / "files")
    found: dict[str, Any] = {
        "benchmark": "dicom",
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "n_files": N_FILES,
        "decoding": {k: measure_decoding(paths, options.repeats) for k, paths in files.items()},
        "study": measure_study(options.folder / "files" / "uncompressed"),
        "memory_320_slices_of_1024_x_1024": measure_memory(options.folder / "memory"),
        "forms": measure_forms(options.folder / "forms", options.exams),
    }
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
