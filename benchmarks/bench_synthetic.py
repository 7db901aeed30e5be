"""Processor time of drawing synthetic knees, beside that of an older copy of the package.

    python benchmarks/bench_synthetic.py --older FOLDER

`FOLDER` holds an older `mrnet_features`. Two processes, one with each code, draw the same knees in
turn, so that a busy machine slows both. Writes `results/synthetic.json`: for the default style and
some random styles, the median time per knee in ms, the median ratio of new to old, and whether all
pixels are equal; and how many smaller knees are equal, each of another seed, style and size, every
second one with a bad plane.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "synthetic.json"
PACKAGE = Path(__file__).parents[1]

WORKER = """
import sys, time, zlib
from dataclasses import replace

import mrnet_features
from mrnet_features.synthetic import Style, sample_style
from mrnet_features.synthetic.scan import draw_knee

for style in (None, 1):  # compiled before anything is measured
    draw_knee(0, style=style)
print(mrnet_features.__file__, flush=True)
for line in sys.stdin:
    number, seed, index, n_pixels, is_bad = map(int, line.split())
    style = sample_style(number) if number else Style()
    if n_pixels:
        style = replace(style, drawn_pixels=n_pixels)
    if is_bad:
        style = replace(style, bad_rate=1.0)
    start = time.process_time()
    exam = draw_knee(seed, "train", index, style=style)
    seconds = time.process_time() - start
    print(seconds, zlib.crc32(b"".join(s.tobytes() for s in exam.stacks.values())), flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    """Process that draws knees with the package in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=folder,
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    (module,) = ask(process)
    if folder.resolve() not in Path(module).resolve().parents:
        raise RuntimeError(f"'{folder}' must hold the package, but '{module}' was imported.")
    return process


def ask(process: subprocess.Popen[str], question: str = "") -> list[str]:
    """Words of the answer."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("The process has no pipes.")
    if question:
        process.stdin.write(question + "\n")
        process.stdin.flush()
    return process.stdout.readline().split()


def measure_style(
    processes: list[subprocess.Popen[str]], style: int, n_exams: int
) -> dict[str, Any]:
    """Times and ratio of one style; style 0 is the default."""
    answers = [[ask(each, f"{style} 3 {k} 0 0") for each in processes] for k in range(n_exams)]
    seconds = np.array([[float(answer[0]) for answer in pair] for pair in answers])
    ratios = seconds[:, 1] / seconds[:, 0]
    return {
        "exams": n_exams,
        "older_ms": round(1000 * float(np.median(seconds[:, 0])), 1),
        "newer_ms": round(1000 * float(np.median(seconds[:, 1])), 1),
        "ratio_median": round(float(np.median(ratios)), 3),
        "ratio_quartiles": np.quantile(ratios, (0.25, 0.75)).round(3).tolist(),
        "equal_pixels": all(older[1] == newer[1] for older, newer in answers),
    }


def count_equal(processes: list[subprocess.Popen[str]], n_exams: int) -> int:
    """Number of small exams of the same pixels; seed, style, size and bad planes vary."""
    questions = [f"{k} {1000 + k} {k % 7} {48 + k % 49} {k % 2}" for k in range(n_exams)]
    answers = [[ask(each, question)[1] for each in processes] for question in questions]
    return sum(older == newer for older, newer in answers)


def main() -> None:
    """Measure all styles, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--older", type=Path, required=True)
    parser.add_argument("--styles", type=int, nargs="+", default=[0, 1, 4])
    parser.add_argument("--exams", type=int, default=10)
    parser.add_argument("--small-exams", type=int, default=200)
    chosen = parser.parse_args()
    processes = [start(folder) for folder in (chosen.older, PACKAGE)]
    found = {
        "machine": platform.platform(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "date": time.strftime("%Y-%m-%d"),
        "styles": {
            str(style): measure_style(processes, style, chosen.exams) for style in chosen.styles
        },
        "small_exams": chosen.small_exams,
        "small_exams_of_equal_pixels": count_equal(processes, chosen.small_exams),
    }
    for process in processes:
        process.communicate()
    text = json.dumps(found, indent=1) + "\n"
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
