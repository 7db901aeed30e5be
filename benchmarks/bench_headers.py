"""Site leak of header fields on synthetic studies: found where it was planted, 0 where not.

    python benchmarks/bench_headers.py --sets 6 --exams 700 --jobs 3

Draws studies as ``write_knees(layout="rsna", site_leak=...)`` does, and writes one file per series
with its header and no picture, so that thousands of exams take minutes. First it compares such
headers with those of studies that were written whole. One exam per patient is kept. Labels are the
true findings that a tenth of the exams has. Writes ``results/headers.json``: AUCs in random and
grouped folds and their gap with its interval, per leak, set, model and fingerprint.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import functools
import importlib.metadata
import json
import platform
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import stats

import mrnet_features as mf
from mrnet_features.data.headers.columns import encode_headers
from mrnet_features.data.headers.table import build_headers, make_key
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.header_fields import KEPT_TAGS, read_fields
from mrnet_features.synthetic.studies import study as studies
from mrnet_features.synthetic.studies.dicom_writer import SeriesFacts, make_uid, write_series
from mrnet_features.synthetic.studies.placing import place_series
from mrnet_features.synthetic.style import as_style

RESULTS = Path(__file__).parent / "results"
SALT = "of this benchmark"
FINGERPRINTS = {
    "maker, model, field strength": ("maker", "model_code", "field_t"),
    "the same and software": ("maker", "model_code", "field_t", "software_code"),
}
MODELS = {"logistic": mf.logistic_baseline, "LightGBM": mf.lightgbm_baseline}
COMMON = 0.1  # fraction of the exams that have, and that lack, a finding that is taken
NOT_COMPARED = ["syntax", "description_code", "coil_code"]  # pictures are not compressed here


def read_study(study, folder, key):
    """Fields of each slot of a study, from a file without a picture; of two series the first."""
    found = {}
    path = folder / "one.dcm"
    for k, (plan, generator) in enumerate(zip(study.plans, study.generators, strict=True)):
        slot = f"{plan.listed_plane}_{plan.listed_weighting}"
        if not plan.is_listed or plan.kind == "localiser" or slot in found:
            continue
        place = place_series(
            plan.plane, plan.kind, study.scene, study.place, study.site, study.style, generator
        )
        facts = SeriesFacts(
            study=study.uid,
            series=make_uid(study.uid, "series", k),
            frame_of_reference=make_uid(study.uid, "frame"),
            number=k + 1,
            patient=study.patient,
            side="left" if study.scene.left else "right",
            plan=plan,
            site=dataclasses.replace(study.site, compression=""),
        )
        empty = np.zeros((len(place.positions), 1, 1), np.float32)
        _, data = next(iter(write_series(facts, empty, [place])))
        path.write_bytes(data)
        n_files = 1 if study.site.is_enhanced else len(place.positions)
        found[slot] = {"files": n_files, **read_fields(read_dicom_header(path, KEPT_TAGS), key)}
    return found


def draw_set(seed, n_exams, leak):
    """Headers, true findings and sites of a set, one exam per patient."""
    key, style = make_key(SALT), as_style(None)
    rows, truth = {}, {}
    if not hasattr(studies.list_sites, "cache_info"):  # the same for all studies
        studies.list_sites = functools.cache(studies.list_sites)
    with tempfile.TemporaryDirectory() as folder:
        for k in range(n_exams):
            study = studies.sample_study(seed, "train", k, style, leak)
            if study.repeats:
                continue
            truth[study.uid] = {"site": study.site.name, **study.findings}
            for slot, fields in read_study(study, Path(folder), key).items():
                rows[study.uid, slot] = fields
    table = pd.DataFrame.from_dict(truth, orient="index").rename_axis("exam")
    labels = table.drop(columns="site").astype("float64").dropna(axis="columns", how="all")
    return build_headers(rows), labels, table["site"]


def compare_with_files(n_studies=3):
    """Raise unless headers of files without pictures are those of whole studies."""
    with tempfile.TemporaryDirectory() as folder:
        mf.write_knees(folder, layout="rsna", n_train=n_studies, n_valid=0, seed=1, site_leak=1.0)
        whole = mf.read_headers(mf.load_rsna_knee(folder), salt=SALT, progress=False)
    drawn, _, _ = draw_set(1, n_studies, 1.0)
    both = drawn.index.intersection(whole.index)
    assert len(both) >= 3 * n_studies, "too few series to compare"
    columns = [name for name in whole if name not in NOT_COMPARED]
    pd.testing.assert_frame_equal(drawn.loc[both, columns], whole.loc[both, columns])
    return len(both)


def measure(model, features, labels, groups, n_repeats):
    """Row of the result: of the mean over the findings."""
    gap = mf.measure_group_gap(
        MODELS[model](), features, labels, groups, n_repeats=n_repeats, n_jobs=1
    )
    row = gap.summary().loc["mean"]
    sizes = groups.value_counts(normalize=True)
    return {
        "auc_random": round(float(row["auc_random"]), 4),
        "auc_grouped": round(float(row["auc_grouped"]), 4),
        "gap": round(float(row["gap"]), 4),
        "ci_low": round(float(row["ci_low"]), 4),
        "ci_high": round(float(row["ci_high"]), 4),
        "n_exams": len(labels),
        "n_findings": labels.shape[1],
        "n_groups": len(sizes),
        "largest_group": round(float(sizes.iloc[0]), 3),
    }


def summarise(rows):
    """Means over the sets, and how often the interval of a set holds 0."""
    table = pd.DataFrame(rows)
    found = []
    for name, part in table.groupby(["leak", "model", "fingerprint"], sort=False):
        means = part[["auc_random", "auc_grouped", "gap"]].mean().round(4)
        found.append(
            {
                **dict(zip(("leak", "model", "fingerprint"), name, strict=True)),
                **means.to_dict(),
                "mean_gap_95": find_interval(part["gap"]),
                "gap_lowest": float(part["gap"].min()),
                "gap_highest": float(part["gap"].max()),
                "n_sets": len(part),
                "interval_above_0": int((part["ci_low"] > 0).sum()),
                "interval_holds_0": int(((part["ci_low"] <= 0) & (part["ci_high"] >= 0)).sum()),
            }
        )
    return found


def find_interval(gaps):
    """95 % interval of the mean gap over the sets, by the t distribution; None of one set."""
    if len(gaps) < 2:
        return None
    half = float(stats.t.ppf(0.975, len(gaps) - 1) * stats.sem(gaps))
    return [round(float(gaps.mean()) - half, 4), round(float(gaps.mean()) + half, 4)]


def measure_set(options, number, leak):
    """Rows of one set, from headers alone."""
    headers, labels, site = draw_set(options.seed + number, options.exams, leak)
    labels = keep_common(labels, COMMON * len(labels))
    features = encode_headers(headers)
    rows = []
    for name, columns in FINGERPRINTS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a large group
            groups = mf.scanner_groups(headers, by=columns)
        models = ["logistic"]
        if "software" in name:  # which tells the sites apart
            assert pd.crosstab(groups, site).gt(0).to_numpy().sum() == site.nunique()
            if number < options.lightgbm_sets:
                models.append("LightGBM")
        for model in models:
            n_repeats = options.repeats if model == "logistic" else 1
            found = measure(model, features, labels, groups, n_repeats)
            rows.append({"leak": leak, "set": number, "model": model, "fingerprint": name, **found})
            print(rows[-1], flush=True)
    return rows


def keep_common(labels, fewest):
    """Findings of which each class has at least so many exams, for folds of few large groups."""
    counts = pd.DataFrame({"0": (labels == 0).sum(), "1": (labels == 1).sum()}).min(axis=1)
    return labels.loc[:, counts >= fewest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=5)
    parser.add_argument("--exams", type=int, default=700, help="per set, with repeats")
    parser.add_argument("--repeats", type=int, default=1, help="of the folds")
    parser.add_argument("--leaks", type=float, nargs="+", default=[0.0, 1.0])
    parser.add_argument("--lightgbm-sets", type=int, default=1, help="sets with LightGBM as well")
    parser.add_argument("--jobs", type=int, default=1, help="sets at once")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--out", type=Path, default=RESULTS / "headers.json")
    options = parser.parse_args()
    n_compared = compare_with_files()
    cells = [(number, leak) for number in range(options.sets) for leak in options.leaks]
    found = Parallel(options.jobs)(delayed(measure_set)(options, *cell) for cell in cells)
    write(options, [row for cell in found for row in cell], n_compared)


def write(options, rows, n_compared):
    """Write the result, and print its summary."""
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"processor": platform.processor() or platform.machine()},
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "pandas", "scikit-learn", "lightgbm", "pydicom")
        },
        "settings": {
            **{name: getattr(options, name) for name in ("sets", "exams", "repeats", "seed")},
            "labels": "true findings of the drawn knees that at least a tenth of the exams has",
            "score": "mean AUC over the findings",
            "folds": 5,
        },
        "series_compared_with_whole_files": n_compared,
        "summary": summarise(rows),
        "rows": rows,
    }
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(pd.DataFrame(result["summary"]).to_string())


if __name__ == "__main__":
    main()
