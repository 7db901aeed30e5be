"""Section on exams where model and label disagree: a slice, its mark, and reasons in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

import numpy as np
import pandas as pd
from scipy.special import expit

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.importance.contributions import Contributions, explain_predictions
from mrnet_features.jobs import show_progress
from mrnet_features.report.cells import count
from mrnet_features.report.disagreement import rank_disagreements
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.marked_slice import draw_marked_slice
from mrnet_features.report.review.network_slice import show_network
from mrnet_features.report.review.part import (
    Cell,
    Closed,
    LeftOut,
    Part,
    PartBlock,
    Thumbnail,
    tabulate,
)
from mrnet_features.report.review.viewer_page import is_viewable
from mrnet_features.report.viewer.geometry import find_geometry, is_scanned
from mrnet_features.report.viewer.hanging import hang_series, title_series
from mrnet_features.report.viewer.overlays import find_feature_marks
from mrnet_features.report.viewer.side_words import find_side
from mrnet_features.report.words import describe_column
from mrnet_features.stacks.mark import FeatureMark

__all__ = ["describe_disagreements"]

NAME = "disagreements"  # `write_viewer` looks for it
TITLE = "Where model and label disagree"
MOST_EXAMS = 12
N_REASONS = 3
HALF = 0.5  # a probability above it counts as positive

NO_ERRORS = (
    "This is not a list of errors. Among the strongest disagreements, labels are often doubtful; "
    "in other exams the model is wrong. Look at the exam before you decide, and do not correct "
    "only the labels that the model disagrees with: that flatters the model. Where one class is "
    "rare, its exams can stand here only because the model expects the other."
)

HOW_TO_READ = (
    "Under each picture are the features that moved the probability most away from the label, in "
    "log-odds: +0.50 raises it, -0.50 lowers it. The sum over all features, in which others may "
    "pull the other way, begins at the model's mean log-odds, shown as the probability of a "
    "typical exam. They say what the model used, not what the knee has."
)


BESIDE = (
    "The second picture of an exam is that of {name}: its own probability, and the patch of one "
    "slice whose hiding lowers that most, by a network that was not trained on the exam. Hiding "
    "shows what the prediction rests on, not whether that is a lesion."
)


class _Shown(NamedTuple):
    """Slice that stands for an exam; `slice` counts from 0. No picture if no file can be read."""

    grey: UInt8Array | None
    plane: str
    slice: int
    n_slices: int
    line: str
    column: str = ""


def describe_disagreements(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Exams where the probability of the model and the label differ most.

    Parameters
    ----------
    inputs : Inputs
        With a dataset there are pictures, with features also reasons and marks.

    Returns
    -------
    sequence of Part or LeftOut
    """
    predictions = inputs.model.predictions
    scores = predictions[list(inputs.labels.columns)].to_numpy(np.float64)
    if np.nanmin(scores) < 0 or np.nanmax(scores) > 1:
        reason = "The scores are no probabilities, so they can't be compared with labels."
        return [LeftOut(TITLE, "evaluation=", f"{reason} Use a classifier with `predict_proba`.")]
    left_out = []
    if inputs.dataset is None:
        left_out.append(LeftOut(f"{TITLE}: pictures", "dataset=", "Pixels come from the set."))
    if inputs.features is None:
        reason = "Reasons of a probability are values of features."
        left_out.append(LeftOut(f"{TITLE}: reasons", "features=", reason))
    ranked = rank_disagreements(inputs.labels, predictions)
    found = ranked[ranked["difference"] > HALF]
    facts: dict[str, Any] = {"n_disagree": len(found), "n_compared": len(ranked), "half": HALF}
    facts |= {"n_shown": min(len(found), MOST_EXAMS), "example": 0.5, "n_reasons": N_REASONS}
    sentence = (
        f"In {len(found):,} of {count(len(ranked), 'exam')} the probability of one task or more "
        f"lies on the other side of {HALF} than the label."
    )
    if not len(found):
        return [Part(NAME, TITLE, [Text(sentence)], facts, {}), *left_out]
    exams = found.head(MOST_EXAMS).rename_axis("exam").reset_index()
    if len(found) > len(exams):
        sentence += f" The {len(exams)} with the largest difference are shown."
    blocks: list[PartBlock] = [Text(sentence), Text(NO_ERRORS)]
    reasons, problem = _find_reasons(inputs, exams)
    if problem:
        facts["no_reasons"] = problem
        blocks.append(Text(problem))
    elif len(reasons):
        facts["n_columns"] = int(reasons["n_columns"].iloc[0])
        blocks.append(Text(HOW_TO_READ))
    tables = {"exams": exams, "reasons": reasons}
    if inputs.dataset is not None:
        pictures, shown = _take_pictures(inputs, inputs.dataset, exams, reasons)
        tables |= shown
        blocks += [*_say_beside(inputs, shown), *pictures, *_say_missing(tables["pictures"])]
        if any(picture.link for picture in pictures):
            text = (
                f"A click on a picture opens the exam in {unquote(inputs.viewer)}, a file that "
                "lies beside this page. It works only while both stay together."
            )
            facts["viewer"] = text
            blocks.append(Text(text))
    listed = _tabulate(exams, reasons)
    as_table = inputs.dataset is None
    blocks.append(listed if as_table else Closed("The same exams as a table", [listed]))
    return [Part(NAME, TITLE, blocks, facts, tables), *left_out]


def _find_reasons(inputs: Inputs, exams: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Largest contributions away from the label, in words; and why there are none, if so."""
    names = ["exam", "task", "column", "phrase", "value", "contribution", "n_columns"]
    names += ["total", "typical"]
    empty = pd.DataFrame(columns=names)
    if inputs.features is None:
        return empty, ""
    rows: list[tuple[Any, ...]] = []
    for task, here in exams.groupby("task", sort=False):
        found = attempt(partial(_explain, inputs, str(task), list(here["exam"])))
        if isinstance(found, Refusal):  # a model that can't be explained, or other features
            return empty, f"Reasons can't be given: {found.reason}"
        for row in here.to_dict("records"):
            rows += _list_reasons(inputs, found, row)
    order = {exam: k for k, exam in enumerate(exams["exam"])}
    table = pd.DataFrame(rows, columns=names)
    return table.sort_values("exam", key=lambda ids: ids.map(order), kind="stable"), ""


def _explain(inputs: Inputs, task: str, ids: list[Any]) -> Contributions:
    """Contributions that were computed before, or computed now."""
    assert inputs.features is not None
    for found in inputs.find(Contributions):
        if task in found.by_task and set(ids) <= set(found.features.index):
            return found
    return explain_predictions(
        inputs.model, inputs.features, exams=ids, tasks=[task], n_jobs=inputs.n_jobs
    )


def _list_reasons(
    inputs: Inputs, found: Contributions, row: dict[Any, Any]
) -> list[tuple[Any, ...]]:
    exam, task = row["exam"], row["task"]
    shares = found.by_task[task].loc[exam].astype("float64")
    away = shares if row["probability"] > row["label"] else -shares
    largest = away[away > 0].sort_values(ascending=False, kind="stable").head(N_REASONS)
    total = float(shares.sum())
    typical = float(expit(found.baseline.loc[exam, task]))
    return [
        (
            *(exam, task, column, describe_column(str(column), inputs.families).phrase),
            *(float(found.features.loc[exam, column]), float(shares[column])),
            *(len(shares), total, typical),
        )
        for column in largest.index
    ]


def _take_pictures(
    inputs: Inputs, dataset: Dataset, exams: pd.DataFrame, reasons: pd.DataFrame
) -> tuple[list[Thumbnail], dict[str, pd.DataFrame]]:
    """A picture of each exam that has one, and tables of what is shown."""
    pictures: list[Thumbnail] = []
    rows, looks = [], []
    with show_progress(len(exams), "disagreements", "exam", None) as bar:
        for row in exams.to_dict("records"):
            own = reasons[reasons["exam"] == row["exam"]]
            exam = dataset[row["exam"]]
            shown = _choose_slice(exam, own, inputs)
            lines = _say_reasons(own)
            part, total, typical = (
                own["contribution"].sum(),
                own["total"].max(),
                own["typical"].max(),
            )
            if len(own):
                lines.append(
                    f"Together {part:+.2f}. All features {total:+.2f}, from {typical:.2f} for a "
                    "typical exam."
                )
            title = f"{exam.id}: {row['task']}, {_say_label(row)}"
            viewer = inputs.viewer if inputs.viewer and is_viewable(exam) else ""
            link = partial(_link, viewer, exam.id, row["task"])
            beside = None
            look = show_network(inputs, exam, row["task"])
            if look is not None:
                found = look._asdict()
                beside = found.pop("picture")
                beside = beside._replace(link=link(look.plane, look.slice, look.column))
                looks.append({"exam": exam.id, "task": row["task"], **found})
            if shown.grey is not None:
                place = link(shown.plane, shown.slice + 1, shown.column)
                said = [*lines, shown.line]
                pictures.append(Thumbnail(shown.grey, title, said, place, beside))
            where = (shown.plane, shown.slice + 1, shown.n_slices)
            rows.append((exam.id, *where, part, total, typical, shown.line))
            bar.update()
    names = ["exam", "plane", "slice", "n_slices", "listed", "total", "typical", "line"]
    tables = {"pictures": pd.DataFrame(rows, columns=names)}
    return pictures, tables | ({"network": pd.DataFrame(looks)} if looks else {})


def _say_beside(inputs: Inputs, tables: Mapping[str, pd.DataFrame]) -> list[Text]:
    """What the second picture of an exam shows, where there are any."""
    if inputs.network is None or "network" not in tables:
        return []
    return [Text(BESIDE.format(name=inputs.network[0]))]


def _link(viewer: str, exam: str, task: str, plane: str, number: int, column: str) -> str:
    """Address in the viewer, where there is one; slices count from 1."""
    if not viewer:
        return ""
    place = {"exam": exam, "plane": plane, "slice": number, "task": task, "column": column}
    return f"{viewer}#{urlencode(place, quote_via=quote, safe='')}"


def _say_missing(pictures: pd.DataFrame) -> list[Text]:
    """Exams without a picture, and why."""
    without = pictures[pictures["plane"] == ""]
    return [
        Text(f"Exam {row['exam']} has no picture. {row['line']}", is_warning=True)
        for row in without.to_dict("records")
    ]


def _say_reasons(reasons: pd.DataFrame) -> list[str]:
    """Reasons of one exam, numbered."""
    rows = reasons.to_dict("records")
    return [f"{k}. {row['contribution']:+.2f}: {row['phrase']}" for k, row in enumerate(rows, 1)]


def _say_label(row: dict[Any, Any]) -> str:
    return f"label {row['label']:.0f}, probability {row['probability']:.2f}"


def _choose_slice(exam: Exam, reasons: pd.DataFrame, inputs: Inputs) -> _Shown:
    """Slice that gives the value of the strongest reason with a mark, else a middle one."""
    problems: dict[str, str] = {}
    for number, column in enumerate(reasons["column"].astype(str), 1):
        plane = column.split("__")[0]
        if plane not in exam.paths or plane in problems:
            continue
        grey = _load(exam, plane, problems)
        mark = None if grey is None else _find_mark(exam, plane, grey, column, inputs)
        if grey is None or mark is None or not mark.slices:
            continue
        index = mark.best_slice
        what = "outlined where reason {} comes from"
        if mark.kind == "segment":
            what = "the line is that of reason {}"
        elif mark.kind == "region":
            what = "nothing was found for reason {}, dashed is the region searched"
        place = f"{title_series(plane)} slice {index + 1} of {len(grey)}"
        line = f"{place}: {what.format(number)}."
        return _Shown(draw_marked_slice(grey, mark, index), plane, index, len(grey), line, column)
    for plane in _list_first(exam):
        if plane in exam.paths and plane not in problems:
            grey = _load(exam, plane, problems)
            if grey is not None:
                index = len(grey) // 2
                line = f"{title_series(plane)} slice {index + 1} of {len(grey)}, the middle one."
                if len(reasons):
                    line += " No reason has a place in the picture."
                picture = draw_marked_slice(grey, None, index)
                return _Shown(picture, plane, index, len(grey), line)
    why = " ".join(problems.values()) or "The exam has no file."
    return _Shown(None, "", -1, 0, why)


def _list_first(exam: Exam) -> list[str]:
    """Series to show where no reason names one: sagittal ones first, fluid-sensitive before others.

    Others follow, in the order in which they hang.
    """
    hung = hang_series(exam.paths)
    sagittal = [place["series"] for place in hung if place["plane"] == "sagittal"]
    return list(dict.fromkeys([*sagittal, *(place["series"] for place in hung), *exam.paths]))


def _load(exam: Exam, plane: str, problems: dict[str, str]) -> UInt8Array | None:
    """Stack of one plane; None, and why among the problems, if it can't be read."""
    try:
        return exam.load(plane)
    except ConnectionError:
        raise
    except (OSError, ValueError) as error:
        problems[plane] = str(error)
        return None


def _find_mark(
    exam: Exam, plane: str, grey: UInt8Array, column: str, inputs: Inputs
) -> FeatureMark | None:
    """Mark of a feature; None for a column of another origin."""
    try:
        is_unplaced = is_scanned(exam, plane) and find_geometry(exam, plane) is None
        found = find_feature_marks(
            {plane: grey},
            [column],
            [plane],
            inputs.families,
            find_side(exam),
            unplaced=[plane] if is_unplaced else [],
        )
    except ValueError:  # a statistic, region or pool that the family does not have
        return None
    return found.get(column)


def _tabulate(exams: pd.DataFrame, reasons: pd.DataFrame) -> Any:
    """Table of the exams with their reasons."""
    said = {exam: "; ".join(_say_reasons(here)) for exam, here in reasons.groupby("exam")}
    cells = {
        "exam": Cell("exam"),
        "task": Cell("task"),
        "label": Cell("label", ".0f"),
        "probability": Cell("probability", ".2f"),
    }
    if said:
        cells["reasons"] = Cell("what moved it away from the label, in log-odds")
    shown = exams.assign(reasons=[said.get(exam, "-") for exam in exams["exam"]])
    return tabulate(shown, "Exams where label and probability differ most", cells)
