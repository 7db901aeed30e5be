"""Predictions from images by a saved bundle: of a list of stacks, or of a folder of exams."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mrnet_features.data.exam import Exam
from mrnet_features.data.roots import open_root
from mrnet_features.evaluation.comparison.read_predictions import read_paths
from mrnet_features.extraction.describe import Row
from mrnet_features.extraction.engines.failures import Failure
from mrnet_features.extraction.engines.outcomes import iterate_outcomes
from mrnet_features.extraction.exams import build_frame
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.provenance import describe_provenance
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.stored_paths import Given
from mrnet_features.files.writing import write_text
from mrnet_features.jobs import show_progress
from mrnet_features.messages import name_some, quote
from mrnet_features.models.bundle import load_bundle
from mrnet_features.names import PLANES, TASKS
from mrnet_features.workflows.exam_folders import (
    MRNET,
    RSNA,
    STUDIES,
    list_inputs,
    list_series,
    load_exams,
    name_layout,
)
from mrnet_features.workflows.outputs import check_output_file
from mrnet_features.workflows.saved_recipe import rebuild_extractor
from mrnet_features.workflows.submission import write_submission

logger = logging.getLogger("mrnet_features")


def predict_paths(
    model: str | Path,
    paths: str | Path,
    out: str | Path,
    *,
    device: str = "auto",
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Predict the exams of a ``valid-paths.csv`` and write the competition's ``predictions.csv``.

    Parameters
    ----------
    model : path
        Folder of a bundle; see `load_bundle`.
    paths : path
        The ``valid-paths.csv``: three lines per exam, sagittal, coronal, axial.
    out : path
        CSV to write, without header or ids: a line per exam, in the order of `paths`, with a
        probability per task in the order of the model's tasks; MRNet's are abnormal, acl and
        meniscus.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        The probabilities, indexed by exam id.

    Raises
    ------
    OSError
        If the bundle, the list or a stack does not exist, or `out` can't be written; this is
        checked first.
    ValueError
        If `out` is `paths`, `paths` is a table of a folder in the RSNA layout, the model reads
        other series than MRNet's planes, or this version can't extract by its recipe.

    Warns
    -----
    UserWarning
        If the model has other tasks than MRNet: the file does not name its columns.
    """
    check_output_file(out, [paths])
    _refuse_table(Path(paths))
    bundle = load_bundle(model)
    tasks = list(bundle.models)
    if set(tasks) != set(TASKS):
        warnings.warn(
            f"The columns of '{out}' are {', '.join(tasks)}; those of MRNet's competition are "
            f"{', '.join(TASKS)}. The file has no header that tells.",
            stacklevel=2,
        )
    listed = read_paths(paths)
    absent = [file for planes in listed.values() for file in planes.values() if not file.is_file()]
    if absent:
        raise FileNotFoundError(
            f"'{paths}' lists files that do not exist ({len(absent)}, such as '{absent[0]}'). "
            "Relative paths start at the working directory."
        )
    extractor = rebuild_extractor(bundle, device=device, n_jobs=n_jobs)
    other = [series for series in extractor.planes if series not in PLANES]
    if other:
        raise ValueError(
            f"'{paths}' lists the planes of MRNet, but the model reads {name_some(other)}. Pass "
            "the folder of the exams instead."
        )
    exams = [Exam(exam, files) for exam, files in listed.items()]
    features = extractor.fit(exams).transform(exams)
    predictions = bundle.predict(features)
    if set(tasks) == set(TASKS):
        return write_submission(predictions, out)
    write_text(out, format_csv(predictions, header=False))
    return predictions


def predict_folder(
    model: str | Path,
    root: Given,
    out: str | Path,
    *,
    split: str | None = None,
    table: str | Path | None = None,
    ids: str | Path | None = None,
    device: str = "auto",
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Predict the exams of a folder and write their probabilities.

    Series that an exam lacks count as missing values. An exam that can't be read is left out of
    the result with a warning.

    Parameters
    ----------
    model : path
        Folder of a bundle; see `load_bundle`.
    root : path
        Folder of exams; see `load_exams`.
    out : path
        CSV to write: exam ids and a column per task. Of the test split in the layout of the RSNA
        set: the rows and columns of its ``sample_submission.csv``, with .5 where the model has no
        prediction; see `write_submission`.
    split : str, optional
        By default "valid" of MRNet, "test" of the RSNA set, all studies of other folders.
    table : path, optional
        Parquet file that keeps the features; with it a stopped run is resumed.
    ids : path, optional
        Exam ids of a folder of studies; see `load_exams`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        What was written, by exam id.

    Raises
    ------
    OSError
        If the bundle or the folder does not exist, or `out` can't be written; this is checked
        first.
    ValueError
        If no exam has a series that the model reads, no exam can be read, or this version can't
        extract by the model's recipe.

    Warns
    -----
    UserWarning
        If exams can't be read, or the model lacks a task of the submission.
    """
    root = open_root(root)
    layout = name_layout(root)
    split = split or {MRNET: "valid", RSNA: "test"}.get(layout, "train")
    check_output_file(out, list_inputs(root, split))
    bundle = load_bundle(model)
    extractor = rebuild_extractor(bundle, device=device, n_jobs=n_jobs)
    extractor.set_params(missing="nan")
    dataset = load_exams(root, split, planes=_list_planes(extractor), ids=ids, n_jobs=n_jobs)
    read = [exam for exam in dataset.exams if set(exam.paths) & set(extractor.planes)]
    if not read:
        advice = "Fit a model on a table of such series."
        if layout == STUDIES and not set(extractor.planes) <= set(PLANES):
            advice = (
                "Of a folder of studies without tables one series per plane is read, named by its "
                "plane. Fit a model on a table of such a folder, which `extract` makes, or put the "
                "studies into the layout of the RSNA set, whose tables name the weighting."
            )
        raise ValueError(
            f"The model reads {', '.join(extractor.planes)}, but the exams of '{root}' have "
            f"{', '.join(list_series(dataset))}. {advice}"
        )
    if table is not None:
        features = extract_features(read, table, extractor=extractor, on_error="skip")
    else:
        features = _describe(extractor, read)
    predictions = bundle.predict(features)
    sample = root / "sample_submission.csv"
    is_submission = layout == RSNA and split == "test" and sample.is_file()
    lacking = [exam for exam in dataset.ids if exam not in predictions.index]
    if lacking:
        done = "have .5 in the submission" if is_submission else "are left out"
        warnings.warn(
            f"{len(lacking)} of {len(dataset)} exams have no series that can be read and {done}: "
            f"{name_some(lacking)}.",
            stacklevel=2,
        )
    if not is_submission:
        write_text(out, format_csv(predictions, index=True))
        return predictions
    found = write_submission(predictions, out, sample, fill=0.5)
    unknown = [task for task in found if task not in predictions]
    if unknown:
        warnings.warn(
            f"The model has no {name_some(unknown)}: these columns are .5, which ranks no exam.",
            stacklevel=2,
        )
    return found


def _refuse_table(paths: Path) -> None:
    """Raise if a list of stacks is a table of a folder in the layout of the RSNA set."""
    folder = paths.parent
    if paths.is_file() and paths in list_inputs(folder, "test"):
        with contextlib.suppress(FileNotFoundError):  # of a folder without a layout
            if name_layout(folder) == RSNA:
                raise ValueError(
                    f"'{paths}' is a table of a folder in the layout of the RSNA set, no list of "
                    f"stacks. Pass the folder '{folder}' in its place."
                )


def _list_planes(extractor: FeatureExtractor) -> list[str] | None:
    """Series of a model to load, or None if the folder's reader must choose."""
    planes = list(extractor.planes)
    return planes if set(planes) <= set(PLANES) else None


def _describe(extractor: FeatureExtractor, exams: Sequence[Exam]) -> pd.DataFrame:
    """Features of the exams that can be read."""
    extractor.fit(exams)
    outcomes = iterate_outcomes(extractor, exams, skips=True)
    rows: dict[str, Row] = {}
    reasons: dict[str, str] = {}
    with (
        contextlib.closing(outcomes),
        show_progress(len(exams), "predict", "exam", None) as bar,
    ):
        for index, outcome in outcomes:
            exam = exams[index]
            if isinstance(outcome, Failure):
                reasons[exam.id] = outcome.error
            else:
                rows[exam.id] = outcome
            bar.update()
    if not rows:
        name, reason = next(iter(reasons.items()))
        raise ValueError(f"No exam can be read. The first, {quote(name)}: {reason}")
    for name, reason in reasons.items():
        logger.warning("Exam %s: %s", name, reason)
    described = [exam for exam in exams if exam.id in rows]
    in_order = [rows[exam.id] for exam in described]
    recipe = extractor.recipe()
    table = build_frame(described, [row.values for row in in_order], recipe.columns())
    table.attrs["provenance"] = describe_provenance(
        recipe, [row.fingerprint for row in in_order], extractor.device_, exams=described
    )
    return table
