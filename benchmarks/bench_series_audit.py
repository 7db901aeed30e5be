"""What the audit finds in sets with named series, and its false alarms, on random sites.

    python benchmarks/bench_series_audit.py --sets 2 --exams 64 --first-site 301

Each set mixes the exams of eight sites, as a set of many hospitals does. A site is a random style
(`sample_style`) with a fluid-sensitive and a structural sequence per plane. Wrong series are
planted, each in another exam; some stacks without a fault are made noisier, more blurred, brighter,
darker or unevenly bright. Brains, as another part of the body, are the two real ones in nibabel's
own tests. All thresholds were chosen on sites 1 to 16 before any other site was drawn. Results are
written to ``benchmarks/results/series_audit.json``.
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
from scipy import ndimage

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.names import PLANES
from mrnet_features.quality import agreement, cohort_rules, named_rules
from mrnet_features.quality.audit import audit
from mrnet_features.synthetic.scan import scan_plane
from mrnet_features.synthetic.scene import sample_scene
from mrnet_features.synthetic.style import sample_style

RESULTS = Path(__file__).parent / "results"
N_SITES = 8  # of a set
# how many exams have a series; the axial structural one is more frequent here, so that it is judged
RATES = {
    "axial_fluid": 1.0,
    "coronal_fluid": 0.96,
    "sagittal_fluid": 0.94,
    "axial_structural": 0.7,
    "coronal_structural": 0.77,
    "sagittal_structural": 0.97,
}
# fault -> code that must name it, and number in a set of 64 exams
FAULTS = {
    "other weighting": ("weighting", 4),
    "swapped weightings": ("weighting", 1),
    "other plane": ("orientation", 4),
    "turned": ("orientation", 2),
    "brain": ("body-part", 4),
    "few slices": ("few-slices", 3),
    "copied series": ("duplicate", 2),
    "copied exam": ("duplicate", 1),
}
PERTURBED = ("noise", "blur", "bright", "dark", "uneven")
N_PERTURBED = 2  # stacks of each, in a set of 64 exams


def make_site(seed):
    """Fluid-sensitive and structural style of a site."""
    base = replace(sample_style(seed), bad_rate=0.0)
    rng = np.random.default_rng([seed, 18])
    fluid = replace(
        base,
        repetition_ms=tuple(rng.uniform(2200, 5000, 3)),
        echo_ms=tuple(rng.uniform(25, 62, 3)),
        fat_left=tuple(rng.uniform(0.12, 0.3, 3)),
        muscle_signal=tuple(rng.uniform(0.4, 0.8, 3)),
    )
    times = [
        (rng.uniform(480, 800), rng.uniform(9, 16))
        if rng.random() < 0.6
        else (rng.uniform(2000, 3500), rng.uniform(12, 30))
        for _ in PLANES
    ]
    structural = replace(
        base,
        repetition_ms=tuple(repetition for repetition, _ in times),
        echo_ms=tuple(echo for _, echo in times),
        fat_left=(1.0, 1.0, 1.0),
        muscle_signal=tuple(rng.uniform(0.85, 1.15, 3)),
        grey_spread=tuple(rng.uniform(45, 72, 3)),
        slices=tuple(n * rng.uniform(0.85, 1.1) for n in base.slices),
    )
    return {"fluid": fluid, "structural": structural}


def draw_exam(seed, k, site):
    """Stacks of one exam by series."""
    rng = np.random.default_rng([seed, k, 5])
    wanted = [series for series, rate in RATES.items() if rng.random() < rate]
    stacks = {}
    for weighting, style in make_site(site).items():
        scene = sample_scene(seed, "train", k, style=style)
        for series in wanted:
            plane, of = series.split("_")
            if of == weighting:
                stacks[series] = scan_plane(plane, scene)[0]
    return stacks


def load_brain(k):
    """One of two real brains, in one of three directions."""
    import nibabel
    from nibabel.testing import data_path

    name = ("anatomical.nii", "example4d.nii.gz")[k % 2]
    values = np.asarray(nibabel.load(Path(data_path) / name).dataobj, dtype=float)
    values = np.moveaxis(values[..., 0] if values.ndim > 3 else values, k % 3, 0)
    values = values[len(values) // 5 : len(values) - len(values) // 5]
    zoom = 256 / max(values.shape[1:])
    values = ndimage.zoom(values, (min(1, 30 / len(values)), zoom, zoom), order=1)
    stack = np.zeros((len(values), 256, 256))
    _, height, width = values.shape
    top, left = (256 - height) // 2, (256 - width) // 2
    stack[:, top : top + height, left : left + width] = values[:, :256, :256]
    low, high = np.percentile(stack, (0.1, 99.9))
    noise = np.random.default_rng(k).normal(0, 1.5, stack.shape)
    return np.clip((stack - low) / (high - low) * 255 + noise, 0, 255).astype(np.uint8)


def perturb(stack, name, rng):
    """A stack with more noise or blur, another gamma, or a strong bias field."""
    values = stack.astype(float)
    if name == "noise":
        values = np.hypot(values + rng.normal(0, 10, values.shape), rng.normal(0, 10, values.shape))
    elif name == "blur":
        values = ndimage.gaussian_filter(values, (0, 1.2, 1.2))
    elif name in ("bright", "dark"):
        values = 255 * (values / 255) ** {"bright": 0.7, "dark": 1.4}[name]
    else:
        angle = rng.uniform(0, 2 * np.pi)
        rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
        values = values * (1 + 0.5 * (np.cos(angle) * rows + np.sin(angle) * columns))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def change(stacks, exam, fault, ids, rng):
    """Series of an exam that a fault changes, and the exam that they were copied from."""
    its = stacks[exam]
    series = str(rng.choice(sorted(its)))
    plane, weighting = series.split("_")
    if fault == "other weighting":
        # the stack of the other weighting, and none in its place
        other = f"{plane}_{'structural' if weighting == 'fluid' else 'fluid'}"
        series, other = (series, other) if other in its else (other, series)
        return {series: its.pop(other)}, ""
    if fault == "swapped weightings":
        names = [f"{plane}_fluid", f"{plane}_structural"]
        return dict(zip(names, [its[name] for name in names[::-1]], strict=True)), ""
    if fault == "other plane":
        others = [name for name in sorted(its) if not name.startswith(plane)]
        return {series: its.pop(str(rng.choice(others)))}, ""
    if fault == "turned":
        series = str(rng.choice([name for name in sorted(its) if not name.startswith("axial")]))
        return {series: np.ascontiguousarray(np.rot90(its[series], 1, (1, 2)))}, ""
    if fault == "brain":
        return {series: load_brain(int(rng.integers(6)))}, ""
    if fault == "few slices":
        first = len(its[series]) // 2
        return {series: its[series][first : first + 4]}, ""
    source = next(other for other in ids if series in stacks[other])
    if fault == "copied series":
        return {series: stacks[source][series]}, source
    its.clear()
    return dict(stacks[source]), source


def plant(stacks, rng):
    """Put wrong series into a set; returns the rows exam, series, fault, source."""
    ids = [str(exam) for exam in rng.permutation(sorted(stacks))]
    share = len(ids) / 64
    rows = []
    for fault, (_, number) in FAULTS.items():
        for _ in range(round(number * share)):
            exam = ids.pop()
            if fault == "swapped weightings":
                ids.append(exam)
                exam = next(e for e in ids if len(stacks[e]) == len(RATES))
                ids.remove(exam)
            changed, source = change(stacks, exam, fault, ids, rng)
            stacks[exam] |= changed
            rows += [(exam, series, fault, source) for series in changed]
    for name in PERTURBED:
        for _ in range(round(N_PERTURBED * share)):
            exam = ids.pop()
            series = str(rng.choice(sorted(stacks[exam])))
            stacks[exam][series] = perturb(stacks[exam][series], name, rng)
            rows.append((exam, series, f"perturbed: {name}", ""))
    return pd.DataFrame(rows, columns=["exam", "series", "fault", "source"])


def run_set(number, options):
    """Truth, findings and times of one set."""
    seed = 700 + number
    first = options.first_site + N_SITES * number
    rng = np.random.default_rng([seed, 77])
    stacks = {f"{k:04d}": draw_exam(seed, k, first + k % N_SITES) for k in range(options.exams)}
    truth = plant(stacks, rng)
    with tempfile.TemporaryDirectory() as folder:
        exams = []
        for exam, its in stacks.items():
            paths = {series: Path(folder) / f"{exam}-{series}.npy" for series in its}
            for series, path in paths.items():
                np.save(path, its[series])
            exams.append(Exam(exam, paths))
        start = time.process_time()
        found = audit(Dataset(tuple(exams), pd.DataFrame()), n_jobs=1, progress=False)
        seconds = time.process_time() - start
    examined = found.attrs["examined"]
    facts = {
        "exams": len(exams),
        "series": sum(map(len, stacks.values())),
        "processor_seconds_per_series": round(seconds / sum(map(len, stacks.values())), 3),
        "weighting_unjudged": examined["weighting"],
        "missing": examined["missing"],
    }
    return truth.assign(set=number), found.assign(set=number), list(stacks), facts


def score(truth, found, ids):
    """Found faults by kind, and false alarms."""
    by_fault = {}
    for fault, rows in truth[~truth["fault"].str.startswith("perturbed")].groupby("fault"):
        code = FAULTS[fault][0]
        hits, named = 0, 0
        for row in rows.itertuples():
            # a finding may name either of two copies
            exams = {row.exam, row.source} - {""}
            its = found[
                (found["set"] == row.set)
                & found["exam"].isin(exams)
                & (found["plane"] == row.series)
            ]
            hits += code in set(its["code"])
            named += len(its) > 0
        by_fault[fault] = {"n": len(rows), "found": hits, "found_by_any_code": named}
    wrong = truth[~truth["fault"].str.startswith("perturbed")]
    touched = {*zip(wrong["set"], wrong["exam"], strict=True)}
    touched |= {*zip(wrong["set"], wrong["source"], strict=True)}
    perturbed = truth[truth["fault"].str.startswith("perturbed")]
    stacks = {*zip(perturbed["set"], perturbed["exam"], perturbed["series"], strict=True)}
    rows = [*zip(found["set"], found["exam"], found["plane"], found["code"], strict=True)]
    alarms = [row for row in rows if row[:2] not in touched]
    clean = [row for row in alarms if row[:3] not in stacks]
    expected = {"noise": "noise", "blur": "blur"}
    of_perturbed = {}
    for fault, of_fault in perturbed.groupby("fault"):
        name = fault.removeprefix("perturbed: ")
        keys = {*zip(of_fault["set"], of_fault["exam"], of_fault["series"], strict=True)}
        codes = [row[3] for row in alarms if row[:3] in keys and row[3] != expected.get(name)]
        of_perturbed[name] = {"n": len(of_fault), "false": len(codes), "codes": sorted(codes)}
    n_clean = len(ids) - len(touched & set(ids))
    return {
        "by_fault": by_fault,
        "exams_without_fault": n_clean,
        "false_alarms": len(clean),
        "false_alarms_per_exam": round(len(clean) / max(n_clean, 1), 4),
        "exams_with_false_alarm": len({row[:2] for row in clean}),
        "false_alarms_by_code": pd.Series([row[3] for row in clean], dtype=object)
        .value_counts()
        .to_dict(),
        "perturbed_stacks": of_perturbed,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2)
    parser.add_argument("--exams", type=int, default=64, help="Exams of each set.")
    parser.add_argument("--first-site", type=int, default=301, help="Seed of the first site.")
    parser.add_argument("--out", type=Path, default=RESULTS / "series_audit.json")
    options = parser.parse_args()
    runs = [run_set(number, options) for number in range(options.sets)]
    truth, found = (pd.concat([run[k] for run in runs], ignore_index=True) for k in (0, 1))
    ids = [(number, exam) for number, run in enumerate(runs) for exam in run[2]]
    result = {
        "benchmark": "series_audit",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "processor": _name_processor(),
            "cores": len(os.sched_getaffinity(0)),
            "load": round(os.getloadavg()[0], 2),
        },
        "versions": {
            "python": platform.python_version(),
            **{
                name: version(name)
                for name in ("mrnet-features", "numpy", "scipy", "scikit-learn", "nibabel")
            },
        },
        "sites": [options.first_site, options.first_site + N_SITES * options.sets - 1],
        "thresholds": {
            "chosen_on_sites": [1, 16],
            "least_exams": cohort_rules.MIN_EXAMS,
            "agreement_of_a_contradiction": agreement.CONTRADICTION,
            "least_share_that_agrees": agreement.LEAST_AGREEMENT,
            "robust_sds_of_an_unlike_stack": cohort_rules.CHECK_SDS,
            "robust_sds_of_a_fit": named_rules.FIT_SDS,
            "fewest_slices": named_rules.FEWEST_PICTURES,
        },
        **score(truth, found, ids),
        "sets": [run[3] for run in runs],
    }
    print(json.dumps(result, indent=2))
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")


def _name_processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
