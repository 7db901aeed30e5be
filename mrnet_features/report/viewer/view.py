"""Viewer of exams: in a notebook, or as a stand-alone page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.extraction.read import ExamLike
from mrnet_features.files.writing import write_text
from mrnet_features.report.viewer.cases import collect_cases
from mrnet_features.report.viewer.overlays import Families
from mrnet_features.report.viewer.page import make_page

if TYPE_CHECKING:
    from mrnet_features.cnn.evaluation import NetworkEvaluation
    from mrnet_features.report.viewer.widget import ExamViewer

__all__ = ["view", "write_view"]


def view(
    data: Dataset | ExamLike,
    evaluation: Evaluation | HoldOut | pd.DataFrame | None = None,
    features: pd.DataFrame | None = None,
    findings: pd.DataFrame | None = None,
    *,
    ids: Sequence[str] | None = None,
    families: Families = "baseline",
    marks: pd.DataFrame | str | Path | None = None,
    networks: NetworkEvaluation | None = None,
) -> ExamViewer:
    """Look at exams in a notebook: series, overlays, labels, predictions, reader's marks.

    Series that are named by more than their plane, such as ``sagittal_fluid``, hang in a column per
    plane, fluid-sensitive ones above structural ones. Press ? in the viewer for its keys.

    Parameters
    ----------
    data : Dataset, Exam, or mapping of series to stack
        Series may be missing in some exams; so may labels.
    evaluation : Evaluation, HoldOut or DataFrame, optional
        Probabilities to show beside the labels, each of a model that was not fitted on the exam:
        of `cross_validate`, of `evaluate`, or a table as from `read_predictions`. The labels of the
        first two are shown in place of those of `data`.
    features : DataFrame, optional
        The table that `evaluation` was made from; for a HoldOut those of both sets, one below the
        other. With it the viewer shows which features raised
        or lowered each probability, in words, and jumps to the place where a value comes from.
    findings : DataFrame, optional
        Table of `audit`, to show and to filter by.
    ids : sequence of str, optional
        Exams to show, in this order. By default all.
    families : str, Family or sequence of them, default "baseline"
        Families that the features come from, as for `FeatureExtractor`. A warning tells of columns
        that belong to others, as the viewer can't mark where their values come from.
    marks : DataFrame or path, optional
        Earlier marks to go on with: ``viewer.marks``, or the file that a page saved.
    networks : NetworkEvaluation, optional
        What `cross_validate_cnn` returned, to show beside the features: what each series adds to
        the network's prediction, and the pixels whose hiding lowers it most. By default
        `evaluation`, if it is one. It takes some seconds per exam.

    Returns
    -------
    ExamViewer
        A widget. ``.marks`` is the table of the reader's marks, ``.save_as_html(path)`` writes a
        stand-alone page.

    Raises
    ------
    ImportError
        If anywidget or pillow is not installed.
    TypeError
        If an argument is of another kind.
    KeyError
        If an exam of `ids` does not exist.
    ValueError
        If there is no exam, the evaluation is of other exams, repeats one or has values outside 0
        to 1, `features` come without a result of models, or a table lacks a column.

    Notes
    -----
    A probability above 0.5 counts as positive where the viewer lists exams in which model and label
    disagree. Many of those labels are right: the list says where to look, not what is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> view({"sagittal": np.zeros((3, 16, 16), np.uint8)})
    ExamViewer(1 exams, 0 marked)
    """
    try:
        from mrnet_features.report.viewer.widget import ExamViewer
    except ImportError as error:
        raise ImportError(
            f"The viewer needs {error.name}: pip install 'mrnet-features[view]'. A page needs only "
            "pillow: from mrnet_features.report.viewer.view import write_view."
        ) from error
    cases = collect_cases(
        data,
        evaluation,
        features,
        findings,
        ids=ids,
        families=families,
        marks=marks,
        networks=networks,
    )
    return ExamViewer(cases)


def write_view(
    path: str | Path,
    data: Dataset | ExamLike,
    evaluation: Evaluation | HoldOut | pd.DataFrame | None = None,
    features: pd.DataFrame | None = None,
    findings: pd.DataFrame | None = None,
    *,
    ids: Sequence[str] | None = None,
    families: Families = "baseline",
    marks: pd.DataFrame | str | Path | None = None,
    networks: NetworkEvaluation | None = None,
) -> None:
    """Write a stand-alone page with the viewer; about 0.3 MB per series, less if there are many.

    The page is one file and loads nothing. Share it only as the data may be shared: it holds the
    pictures. It takes .5 to 1.5 seconds per series, with a progress bar on a terminal.

    An address such as ``view.html#exam=0042&plane=sagittal&slice=12`` opens an exam there, with the
    name of a series as ``plane``; slices count from 1.

    Parameters
    ----------
    path : path
        HTML file to write.
    data, evaluation, features, findings, ids, families, marks, networks
        As for `view`. All exams of `data`, or of `ids`, are included.

    Raises
    ------
    ImportError
        If pillow is not installed.
    TypeError, KeyError, ValueError
        As from `view`.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> page = Path(tempfile.mkdtemp(), "view.html")
    >>> write_view(page, {"sagittal": np.zeros((3, 16, 16), np.uint8)})
    >>> "default-src 'none'" in page.read_text()
    True
    """
    cases = collect_cases(
        data,
        evaluation,
        features,
        findings,
        ids=ids,
        families=families,
        marks=marks,
        networks=networks,
    )
    write_text(path, make_page(cases, list(cases.exams), cases.marks))
