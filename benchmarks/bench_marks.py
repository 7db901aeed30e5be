"""Do marks lie on lesions? Strongest statistics of right predictions against synthetic truth.

    python benchmarks/bench_marks.py --folder /tmp/marks --styles 0 1 2 --exams 300 --marked 200

Per style, `baseline` is extracted and cross-validated with the default model, and the columns'
contributions to the out-of-fold log-odds are computed. Of the first `--marked` exams, those count
where the model is right. Results are written to ``results/marks.json``; feature tables are kept in
the folder, so a stopped run goes on where it was.

The rule was fixed before any figure was seen:

- The model is right about a task in an exam if the true label and the label of the file are 1 and
  the out-of-fold probability is among the highest K, K being the number of positive labels.
- Of each family (fluid, ligament, marrow; as an extra, meniscus), the statistic is the column with
  the largest positive contribution to the task in that exam. Its mark is that of `find_marks` on
  its best slice.
- Lesions that fit. Fluid: effusion, Baker's cyst, marrow oedema, cartilage defect, meniscal tear.
  Ligament: torn ACL, which lies on its course between the footprints. Marrow: oedema. Meniscus:
  tear, worn patch. Exams without a fitting lesion in view on the plane of the mark are left out of
  the figure and counted. In particular the ligament is judged only where the ACL is torn.
- The mark lies on a lesion if at least half of its pixels, or half of the length of its segment,
  are within two pixels of fitting lesions on that slice. A mark without a pixel does not.
- The figure is that of the tasks for which a family was made: fluid and marrow of abnormal,
  ligament of acl, meniscus of meniscus. Other tasks are listed too.
- Chance, in place: the same mark with its centre at a random pixel of the knee on a random slice of
  the plane, mean over 200 places. Chance, other exam: the same mark on the lesions of the marked
  exam before, with slices and columns turned to the same side and order, and slices compared by
  their fraction of the stack.
- The mark touches a lesion if one of its pixels lies on one, within the same two pixels. This and
  the share that lies on one among all right exams, without leaving any out, are listed beside it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from bench_peers import describe_machine
from scipy.ndimage import maximum_filter
from scipy.stats import binomtest

import mrnet_features as mf
from mrnet_features.names import PLANES, TASKS
from mrnet_features.stacks.mark import FeatureMark
from mrnet_features.synthetic import KneeExam, Lesion, draw_knee, find_lesions

RESULTS = Path(__file__).parent / "results"
FITTING = {
    "fluid": ("effusion", "baker", "oedema", "defect", "tear"),
    "ligament": ("acl",),
    "marrow": ("oedema",),
    "meniscus": ("tear", "worn"),
}
MADE_FOR = {"fluid": "abnormal", "marrow": "abnormal", "ligament": "acl", "meniscus": "meniscus"}
NEAR = 2  # pixels
HALF = 0.5
N_PLACES = 200
KNEE = 25  # grey levels; air is darker
CHUNK = 20  # exams per file


class Pixels(NamedTuple):
    """Pixels of a mark on its best slice: a slice, and rows and columns of shape (n_pixels,)."""

    slice: int
    rows: np.ndarray
    columns: np.ndarray


def read_table(folder: Path, style: int, n_exams: int, seed: int) -> pd.DataFrame:
    """Feature table of the first exams of a style, with labels and truth in front."""
    extractor = mf.FeatureExtractor("baseline", n_jobs=1, progress=False)
    parts = []
    for start in range(0, n_exams, CHUNK):
        path = folder / f"seed{seed}-style{style}-{start:04d}.parquet"
        if not path.is_file():
            numbers = range(start, start + CHUNK)
            exams = [draw_knee(seed, index=k, style=style or None) for k in numbers]
            table = extractor.fit_transform([exam.stacks for exam in exams])
            for place, task in enumerate(TASKS):
                table.insert(place, f"label_{task}", [exam.labels[task] for exam in exams])
                table.insert(place, f"truth_{task}", [exam.truth[task] for exam in exams])
            table.index = pd.Index([f"{k:04d}" for k in numbers], name="exam")
            table.to_parquet(path)
        parts.append(pd.read_parquet(path))
    return pd.concat(parts).iloc[:n_exams]


def find_right(probability: pd.Series, label: pd.Series, truth: pd.Series) -> pd.Series:
    """Exams that are positive, in truth and in the file, and among the highest probabilities."""
    n_positive = int(label.sum())
    highest = probability.rank(ascending=False, method="first") <= n_positive
    return highest & (label == 1) & (truth == 1)


def choose_columns(
    contributions: mf.Contributions, right: pd.DataFrame
) -> dict[str, list[tuple[str, str, str | None]]]:
    """Of each exam, task, family and the family's strongest column, None if none is positive."""
    chosen: dict[str, list[tuple[str, str, str | None]]] = {exam: [] for exam in right.index}
    for task, shares in contributions.by_task.items():
        families = pd.Series({column: mf.parse_name(column).family for column in shares.columns})
        for family in FITTING:
            own = shares.loc[:, (families == family).to_numpy()]
            for exam in right.index[right[task]]:
                column = str(own.loc[exam].idxmax())
                found = column if own.loc[exam, column] > 0 else None
                chosen[exam].append((task, family, found))
    return {exam: rows for exam, rows in chosen.items() if rows}


def read_pixels(mark: FeatureMark) -> Pixels:
    """Pixels of a mark on its best slice; of segments, points half a pixel apart."""
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for part in mark.slices:
        if part.slice != mark.best_slice:
            continue
        if part.segment is not None:
            (y, x), (end_y, end_x) = part.segment
            n_points = int(2 * np.hypot(end_y - y, end_x - x)) + 2
            rows.append(np.rint(np.linspace(y, end_y, n_points)).astype(np.int64))
            columns.append(np.rint(np.linspace(x, end_x, n_points)).astype(np.int64))
        elif part.outline is not None:
            found = np.nonzero(part.outline)
            rows.append(found[0])
            columns.append(found[1])
    return Pixels(mark.best_slice, np.concatenate(rows), np.concatenate(columns))


def join_lesions(lesions: list[Lesion], family: str, plane: str) -> np.ndarray | None:
    """Pixels within `NEAR` of a fitting lesion in its slice; None if none is in view."""
    masks = [lesion.masks[plane] for lesion in lesions if lesion.lesion in FITTING[family]]
    mask = np.any(masks, axis=0) if masks else np.zeros((1, 1, 1), bool)
    size = (1, 2 * NEAR + 1, 2 * NEAR + 1)
    return maximum_filter(mask.view(np.uint8), size) > 0 if mask.any() else None


def measure_overlap(pixels: Pixels, near: np.ndarray) -> float:
    """Fraction of the pixels that lie on `near`; those outside the picture do not."""
    height, width = near.shape[1:]
    inside = (pixels.rows >= 0) & (pixels.rows < height)
    inside &= (pixels.columns >= 0) & (pixels.columns < width)
    if not inside.any() or not 0 <= pixels.slice < len(near):
        return 0.0
    on = near[pixels.slice, pixels.rows[inside], pixels.columns[inside]]
    return float(on.sum() / len(pixels.rows))


def place_at_random(pixels: Pixels, near: np.ndarray, grey: np.ndarray, seed: int) -> float:
    """Share of random places in the knee at which the mark lies on a lesion."""
    if len(pixels.rows) == 0:
        return 0.0
    generator = np.random.default_rng(seed)
    knee = np.flatnonzero(grey > KNEE)
    places = np.unravel_index(generator.choice(knee, N_PLACES), grey.shape)
    down = pixels.rows - round(float(pixels.rows.mean()))
    right = pixels.columns - round(float(pixels.columns.mean()))
    hits = [
        measure_overlap(Pixels(int(s), down + r, right + c), near) >= HALF
        for s, r, c in zip(*places, strict=True)
    ]
    return float(np.mean(hits))


def turn(
    pixels: Pixels, plane: str, n_slices: int, truth: dict[str, Any], other: dict[str, Any]
) -> Pixels:
    """The pixels of a mark where they would lie in another exam, of `n_slices` slices."""
    side = truth["laterality"] != other["laterality"]
    order = truth[f"{plane}_reversed"] != other[f"{plane}_reversed"]
    depth = (pixels.slice + 0.5) / int(truth[f"{plane}_n_slices"])
    if order != (side and plane == "sagittal"):
        depth = 1.0 - depth
    columns = 255 - pixels.columns if side and plane != "sagittal" else pixels.columns
    return Pixels(min(int(depth * n_slices), n_slices - 1), pixels.rows, columns)


def judge_mark(
    mark: FeatureMark, family: str, exam: KneeExam, lesions: list[Lesion], seed: int
) -> dict[str, Any]:
    """Whether a mark lies on a lesion, and how often it would at random places of the knee."""
    near = join_lesions(lesions, family, mark.plane)
    if near is None:
        return {"lesion": False}
    pixels = read_pixels(mark)
    overlap = measure_overlap(pixels, near)
    return {
        "lesion": True,
        "empty": len(pixels.rows) == 0,
        "n_pixels": len(pixels.rows),
        "overlap": overlap,
        "on": overlap >= HALF,
        "touches": overlap > 0.0,
        "in_place": place_at_random(pixels, near, exam.stacks[mark.plane], seed),
    }


def judge_style(
    style: int, chosen: dict[str, list[tuple[str, str, str | None]]], seed: int
) -> pd.DataFrame:
    """A row per exam, task and family."""
    rows = []
    before: dict[tuple[str, str], tuple[np.ndarray, dict[str, Any]]] = {}
    for name, wanted in chosen.items():
        index = int(name)
        exam = draw_knee(seed, index=index, style=style or None)
        lesions = find_lesions(seed, index=index, style=style or None)
        columns = {column for _, _, column in wanted if column is not None}
        marks = mf.find_marks(exam.stacks, columns, families="baseline")
        for task, family, column in wanted:
            row: dict[str, Any] = {"exam": name, "task": task, "family": family, "column": column}
            if column is not None:
                mark = marks[column]
                row |= judge_mark(mark, family, exam, lesions, index)
                if row["lesion"] and (family, mark.plane) in before:
                    near, truth = before[family, mark.plane]
                    moved = turn(read_pixels(mark), mark.plane, len(near), exam.truth, truth)
                    row["other_exam"] = measure_overlap(moved, near) >= HALF
            rows.append(row)
        for family in FITTING:
            for plane in PLANES:
                near = join_lesions(lesions, family, plane)
                if near is not None:
                    before[family, plane] = near, exam.truth
    return pd.DataFrame(rows)


def summarise(rows: pd.DataFrame) -> dict[str, Any]:
    """Shares of one family and task."""
    marked = rows[rows["column"].notna()]
    judged = marked[marked["lesion"] == True]  # noqa: E712  # NaN without a column
    found: dict[str, Any] = {
        "n_right": len(rows),
        "n_without_positive_column": int(rows["column"].isna().sum()),
        "n_without_fitting_lesion": len(marked) - len(judged),
        "n": len(judged),
    }
    if len(judged) == 0:
        return found
    n_on = int(judged["on"].sum())
    low, high = binomtest(n_on, len(judged)).proportion_ci(method="wilson")
    names = judged["column"].str.split("__").str[2:4].str.join("__")
    shares = judged["on"].astype(float).groupby(names).agg(["size", "mean"])
    shares = shares.sort_values("size", ascending=False).head(6)
    return found | {
        "on_lesion": round(n_on / len(judged), 3),
        "ci": [round(float(low), 3), round(float(high), 3)],
        "chance_in_place": round(float(judged["in_place"].mean()), 3),
        "chance_other_exam": round(float(judged["other_exam"].astype(float).mean()), 3),
        "touches": round(float(judged["touches"].astype(float).mean()), 3),
        "empty": int(judged["empty"].sum()),
        "median_pixels": float(judged["n_pixels"].median()),
        "on_lesion_of_all_right": round(n_on / len(rows), 3),
        "statistics": {
            str(name): {"n": int(row["size"]), "on_lesion": round(float(row["mean"]), 3)}
            for name, row in shares.iterrows()
        },
    }


def measure_style(style: int, options: argparse.Namespace) -> tuple[dict[str, Any], pd.DataFrame]:
    """Figures of a style, and the rows behind them."""
    table = read_table(options.folder, style, options.exams, options.seed)
    known = [f"{kind}_{task}" for task in TASKS for kind in ("label", "truth")]
    features = table.drop(columns=known)
    labels = table[[f"label_{task}" for task in TASKS]].set_axis(list(TASKS), axis=1)
    folds = mf.make_folds(labels, n_repeats=options.repeats, seed=options.seed)
    evaluation = mf.cross_validate(None, features, labels, folds=folds, n_jobs=1, progress=False)
    contributions = mf.explain_predictions(evaluation, features, n_jobs=1)
    right = pd.DataFrame(
        {
            task: find_right(contributions.probability[task], labels[task], table[f"truth_{task}"])
            for task in TASKS
        }
    ).iloc[: options.marked]
    rows = judge_style(style, choose_columns(contributions, right), options.seed)
    aucs = evaluation.summary()["auc"]
    figures: dict[str, Any] = {
        "n_exams": len(table),
        "n_marked": len(right),
        "auc": {task: round(float(aucs[task]), 3) for task in TASKS},
        "n_right": {task: int(right[task].sum()) for task in TASKS},
        "families": {
            family: summarise(rows[(rows["family"] == family) & (rows["task"] == task)])
            for family, task in MADE_FOR.items()
        },
        "other tasks": {
            f"{family}, {task}": summarise(
                rows[(rows["family"] == family) & (rows["task"] == task)]
            )
            for family in FITTING
            for task in TASKS
            if task != MADE_FOR[family]
        },
    }
    print(style, json.dumps(figures, indent=1), flush=True)
    return figures, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--styles", type=int, nargs="+", default=[0, 1, 2], help="0: default set")
    parser.add_argument("--exams", type=int, default=300, help="exams the model is fitted on")
    parser.add_argument("--marked", type=int, default=200, help="first exams that are marked")
    parser.add_argument("--seed", type=int, default=161616)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "marks.json")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("mrnet-features", "numpy", "scipy", "numba", "lightgbm", "scikit-learn")
        },
        "seed": options.seed,
        "n_repeats": options.repeats,
        "styles": {},
    }
    for style in options.styles:
        figures, rows = measure_style(style, options)
        result["styles"][str(style)] = figures
        rows.to_csv(options.folder / f"style{style}-marks.csv", index=False)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
