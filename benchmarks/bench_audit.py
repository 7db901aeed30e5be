"""Recall, precision and speed of the audit on synthetic exams with known faults, style by style.

    python benchmarks/bench_audit.py --styles 1 2 3 --exams 400 --seed 90210 --bad-rate 0.05

Faults come from three sources, each on different exams: the bad stacks of the generator (joint out
of view at any side, ghosts along rows or columns); copies of the whole leg, made here by modulating
the lines of k-space; broken copies of files. All other exams are clean. Results are written to
``benchmarks/results/audit.json``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from mrnet_features.data.exam import Exam
from mrnet_features.names import PLANES, TASKS
from mrnet_features.quality.audit import audit
from mrnet_features.quality.measurements import measure_exam
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.synthetic import draw_knee, ghosts, scan
from mrnet_features.synthetic.style import as_style

RESULTS = Path(__file__).parent / "results"
RELEASE_EXAMS = 1250
COPIES = 0.02  # fraction of the exams with copies of the whole leg
BROKEN = ("mirrored copy", "copy", "noise", "blur", "blank", "repeated", "upside down", "quarter")
N_BROKEN = 1  # exams per fault and style
# Copies that change at least 0.5 % of the pixels of a slice by at least 5 % of the leg's median
# grey level. Weaker ghosts are listed, but count neither as hits nor as false alarms.
HEAVY_LEVEL, HEAVY_AREA = 0.05, 0.005
LIGHT = "light ghosts"
DIRECTIONS = ("up-down", "left-right")
CODES = {
    "ghosts": "ghosting",
    "copies": "ghosting",
    "out of view": "out-of-view",
    "mirrored copy": "near-duplicate",
    "copy": "duplicate",
    "noise": "noise",
    "blur": "blur",
    "blank": "blank-slices",
    "repeated": "repeated-slices",
    "upside down": "orientation",
    "quarter": "orientation",
}


def add_copies(stack, axis, shift, strength, phase):
    """Magnitude image after modulating the lines of k-space: displaced copies of the whole leg."""
    n_lines = stack.shape[axis]
    shape = [1, 1, 1]
    shape[axis] = n_lines
    line = (np.fft.fftfreq(n_lines) * n_lines).reshape(shape)
    wave = 2 * strength * np.cos(2 * np.pi * line * shift / n_lines + phase)
    return np.abs(stack + np.fft.ifft(np.fft.fft(stack, axis=axis) * wave, axis=axis))


def add_fault(stack, fault, rng):
    """The stack with a fault, and the direction of its copies."""
    real, direction = stack.astype(float), ""
    if fault == "copies":
        axis = int(rng.integers(1, 3))
        real = add_copies(
            real, axis, rng.uniform(20, 70), rng.uniform(0.08, 0.25), rng.uniform(0, 6)
        )
        direction = DIRECTIONS[axis - 1]
    elif fault == "noise":
        real = real + rng.normal(0, 25, stack.shape)
    elif fault == "blur":
        real = sum(np.roll(real, k, 1) for k in range(-4, 5)) / 9
    elif fault == "blank":
        real[3:5] = 0
    elif fault == "repeated":
        real[4] = real[5]
    elif fault == "upside down":
        real = real[:, ::-1]
    elif fault == "quarter":
        real = np.rot90(real, 1, (1, 2))
    else:  # a copy of another exam's stack
        real = real[::-1, :, ::-1] * 0.95 + rng.normal(0, 3, stack.shape)
    return np.clip(np.rint(real), 0, 255).astype(np.uint8), direction


def draw_recorded(seed, k, style):
    """One exam, and the direction of its ghosts."""
    directions = [""]
    flow, motion = ghosts.add_flow_ghosts, ghosts.add_motion_ghosts

    def record_flow(stack, blood, axis, generator):
        directions[0] = DIRECTIONS[axis - 1]
        flow(stack, blood, axis, generator)

    def record_motion(stack, generator):
        directions[0] = DIRECTIONS[0]
        motion(stack, generator)

    ghosts.add_flow_ghosts, ghosts.add_motion_ghosts = record_flow, record_motion
    try:
        return draw_knee(seed, "train", k, style=style), directions[0]
    finally:
        ghosts.add_flow_ghosts, ghosts.add_motion_ghosts = flow, motion


def describe_side(knee, plane):
    """Side of the picture at which the joint lies."""
    row, column = (knee.truth[f"{plane}_joint_{name}"] / 256 - 0.5 for name in ("row", "column"))
    if abs(row) > abs(column):
        return "bottom" if row > 0 else "top"
    return "right" if column > 0 else "left"


def write_exam(root, seed, k, made, style):
    """Write one exam with its fault, and return its labels and the description of the fault."""
    # exams with a simulated fault get none of the generator
    knee, direction = draw_recorded(seed, k, style if made is None else replace(style, bad_rate=0))
    rng = np.random.default_rng([seed, k])
    fault = dict.fromkeys(("plane", "fault", "source", "direction", "origin"), "")
    fault["exam"] = f"{k:04d}"
    if made is not None:
        plane = str(rng.choice(PLANES))
        if "copy" not in made:
            knee.stacks[plane], direction = add_fault(knee.stacks[plane], made, rng)
        fault |= {"plane": plane, "fault": made, "source": "made here", "direction": direction}
    elif knee.truth["bad_plane"]:
        plane, reason = knee.truth["bad_plane"], knee.truth["bad_reason"]
        if reason == "out of view":
            direction = describe_side(knee, plane)
        fault |= {"plane": plane, "fault": reason, "source": "generator", "direction": direction}
    for plane, stack in knee.stacks.items():
        np.save(root / "train" / plane / f"{k:04d}.npy", stack)
    return knee.labels, fault


def measure_copies(seed, exam, plane, style):
    """Largest fraction of a slice that copies change, by comparison with the knee without them.

    Both knees are drawn without noise. Copies change the gain of the standardisation, which is
    measured inside the leg and removed.
    """
    add = scan.add_ghosts
    quiet = replace(style, noise_low=0.0, noise_high=0.0)
    spoiled = draw_knee(seed, "train", int(exam), style=quiet).stacks[plane]
    # draws the same random numbers without adding ghosts, so that the rest is the same
    scan.add_ghosts = lambda stack, *others: add(stack.copy(), *others)
    try:
        clean = draw_knee(seed, "train", int(exam), style=quiet).stacks[plane]
    finally:
        scan.add_ghosts = add
    leg = find_foreground(clean)
    level = float(np.median(clean[leg]))
    even = leg & (clean > level / 4) & (clean < 250)
    gain = float(np.median(spoiled[even] / clean[even]))
    copies = np.abs(spoiled - gain * clean) >= HEAVY_LEVEL * level
    return float(copies.mean(axis=(1, 2)).max())


def write_set(root, n_exams, seed, style, n_jobs):
    """Write the exams, and return the table of their faults."""
    for plane in PLANES:
        (root / "train" / plane).mkdir(parents=True)
    rng = np.random.default_rng(seed)
    made = ["copies"] * round(COPIES * n_exams)
    made += [name for name in BROKEN for _ in range(N_BROKEN)]
    chosen = rng.permutation(n_exams)[: len(made)]
    faults = dict(zip(chosen.tolist(), made, strict=True))
    done = Parallel(n_jobs=n_jobs)(
        delayed(write_exam)(root, seed, k, faults.get(k), style) for k in range(n_exams)
    )
    table = pd.DataFrame([fault for _, fault in done])
    clean = table.index[table["fault"] == ""]
    for k in table.index[table["fault"].str.contains("copy")]:
        name, plane = table.loc[k, "fault"], table.loc[k, "plane"]
        origin = int(rng.choice(clean))
        stack = np.load(root / "train" / plane / f"{origin:04d}.npy")
        if name == "mirrored copy":
            stack, _ = add_fault(stack, name, rng)
        np.save(root / "train" / plane / f"{k:04d}.npy", stack)
        table.loc[k, "origin"] = f"{origin:04d}"
    for task in TASKS:
        lines = "".join(f"{k:04d},{labels[task]}\n" for k, (labels, _) in enumerate(done))
        (root / f"train-{task}.csv").write_text(lines)
    is_ghost = table["fault"] == "ghosts"  # copies made here are strong enough
    areas = Parallel(n_jobs=n_jobs)(
        delayed(measure_copies)(seed, row.exam, row.plane, style)
        for row in table[is_ghost].itertuples()
    )
    light = np.zeros(len(table), dtype=bool)
    light[is_ghost] = np.array(areas) < HEAVY_AREA
    table.loc[light, "fault"] = LIGHT
    return table


def name_stacks(table):
    """Stacks as a set of (style, exam, plane)."""
    return set(zip(table["style"], table["exam"], table["plane"], strict=True))


def score(faults, findings):
    """Recall by fault and direction, recall and precision by code, and findings in clean exams."""
    findings = findings.copy()
    # a finding may name either of two copies
    copied = faults[faults["origin"] != ""]
    swap = {(row.style, row.origin, row.plane): row.exam for row in copied.itertuples()}
    same = findings["code"].isin(["duplicate", "near-duplicate"])
    findings.loc[same, "exam"] = [
        swap.get((row.style, row.exam, row.plane), row.exam) for row in findings[same].itertuples()
    ]
    found = {code: name_stacks(findings[findings["code"] == code]) for code in CODES.values()}
    by_fault, by_code = {}, {}
    keys = ["source", "fault", "plane", "direction"]
    for (source, fault, plane, direction), rows in faults[faults["fault"] != ""].groupby(keys):
        missed = name_stacks(rows) - found[CODES.get(fault, "ghosting")]
        by_fault[f"{fault} ({source}), {plane} {direction}".strip()] = {
            "n": len(rows),
            "found": len(rows) - len(missed),
            "missed": sorted(f"{style}/{exam}" for style, exam, _ in missed),
        }
    light = name_stacks(faults[faults["fault"] == LIGHT])
    faulty = name_stacks(faults[faults["fault"] != ""])
    for code in dict.fromkeys(CODES.values()):
        true = name_stacks(faults[faults["fault"].map(CODES) == code])
        ours = found[code] - light if code == "ghosting" else found[code]
        # a stack that is turned, for example, is out of view as well: a fault by another name
        renamed = (ours - true) & faulty
        by_code[code] = {
            "n": len(true),
            "recall": round(len(true & ours) / max(len(true), 1), 3),
            "precision": round(len(true & ours) / max(len(ours - renamed), 1), 3),
            "false": sorted("{}/{} {}".format(*stack) for stack in ours - true - faulty),
            "stacks_with_another_fault": sorted("{}/{} {}".format(*stack) for stack in renamed),
        }
    clean = faults[faults["fault"] == ""]
    exams = set(zip(clean["style"], clean["exam"], strict=True))
    pairs = list(zip(findings["style"], findings["exam"], strict=True))
    flagged = findings[[pair in exams for pair in pairs]]
    n_flagged = len(set(zip(flagged["style"], flagged["exam"], strict=True)))
    return {
        "by_fault": by_fault,
        "by_code": by_code,
        "clean_exams": len(exams),
        "clean_flagged": n_flagged,
        "clean_flagged_fraction": round(n_flagged / max(len(exams), 1), 4),
        "clean_flagged_codes": flagged["code"].value_counts().to_dict(),
    }


def run_style(number, options):
    """Faults, findings and times of one style; 0 is the default set."""
    style = replace(as_style(number or None), bad_rate=options.bad_rate)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "knees"
        faults = write_set(root, options.exams, options.seed + number, style, options.jobs)
        audit(root, codes=["blank-slices"], n_jobs=options.jobs)  # starts the worker processes
        start = time.perf_counter()
        findings = audit(root, n_jobs=options.jobs)
        seconds = time.perf_counter() - start
        exam = Exam("0000", {plane: root / "train" / plane / "0000.npy" for plane in PLANES})
        start = time.process_time()
        for _ in range(10):
            measure_exam(exam)
        one = (time.process_time() - start) / 10
    times = {
        "seconds": round(seconds, 1),
        "processor_seconds_per_exam": round(one, 3),
        f"seconds_scaled_to_{RELEASE_EXAMS}": round(seconds * RELEASE_EXAMS / options.exams, 1),
    }
    return faults.assign(style=number), findings.assign(style=number), times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--styles", type=int, nargs="+", default=[0], help="0: the default set.")
    parser.add_argument("--exams", type=int, default=400)
    parser.add_argument("--seed", type=int, default=90210)
    parser.add_argument("--bad-rate", type=float, default=0.05)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    runs = {number: run_style(number, options) for number in options.styles}
    faults = pd.concat([run[0] for run in runs.values()], ignore_index=True)
    findings = pd.concat([run[1] for run in runs.values()], ignore_index=True)
    result = {
        "benchmark": "audit",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "processor": _name_processor(),
            "cores": len(os.sched_getaffinity(0)),
            "load_before_and_during": [round(load, 2) for load in os.getloadavg()],
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("mrnet-features", "numpy", "scipy", "joblib")},
        },
        "seed": options.seed,
        "n_exams_per_style": options.exams,
        "bad_rate": options.bad_rate,
        "jobs": options.jobs,
        "all_styles": score(faults, findings),
        "styles": {
            str(number): {**score(run[0], run[1]), **run[2]} for number, run in runs.items()
        },
    }
    print(json.dumps(result, indent=2))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "audit.json").write_text(json.dumps(result, indent=2) + "\n")


def _name_processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
