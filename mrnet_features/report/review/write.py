"""`write_report`: a finished study as one page, with its numbers as JSON and CSV."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_address

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.results import Result
from mrnet_features.messages import quote
from mrnet_features.report.review.earlier import VIEWER, find_folder, read_numbers
from mrnet_features.report.review.inputs import Scored, collect_inputs
from mrnet_features.report.review.report import TITLE, Report, describe_study
from mrnet_features.report.review.viewer_page import write_viewer
from mrnet_features.report.viewer.overlays import Families

__all__ = ["check_place", "list_missing_packages", "require_packages", "write_report"]

PACKAGES = {"jinja2": "jinja2", "matplotlib": "matplotlib", "PIL": "Pillow"}
"""Packages that a page needs, by the name of their module."""

ENDS = (".html", ".htm")


def write_report(
    evaluation: Scored | Sequence[Scored] | Mapping[str, Scored],
    dataset: Dataset | None = None,
    features: pd.DataFrame | None = None,
    compare: Mapping[str, Any] | None = None,
    findings: pd.DataFrame | None = None,
    out: str | Path = "report.html",
    *,
    subgroups: pd.DataFrame | None = None,
    also: Sequence[Result] = (),
    stated: Mapping[Any, str] | None = None,
    is_release: bool = False,
    thorough: bool = False,
    viewer: bool | str = False,
    families: Families = "baseline",
    title: str = TITLE,
    command: str = "",
    seed: int = 0,
    n_jobs: int | None = None,
) -> Report:
    """Write a finished study as one page for a reviewer.

    The page is one file that loads nothing. ``report.json`` beside it holds every number of the
    page, ``report-files/`` its tables as CSV. What lacks its input is left out; the last section
    says which argument brings it.

    Parameters
    ----------
    evaluation : Evaluation, HoldOut, or a sequence or mapping of them
        Results of `cross_validate` or `evaluate`. The report is about the first; the others are
        compared with it.
    dataset : Dataset, optional
        Exams of the evaluation, for pictures and the viewer.
    features : DataFrame of shape (n_exams, n_features), optional
        Table that the models were fitted on, for importance, reasons and leakage checks. For a
        HoldOut the tables of both sets, one below the other.
    compare : mapping of str to path or DataFrame, optional
        Predictions of other models, such as ``{"cnn": "cnn.csv"}``; see `read_predictions`.
    findings : DataFrame, optional
        Table of `audit`.
    out : path, default "report.html"
        HTML file to write; files of an earlier report are replaced.
    subgroups : DataFrame of shape (n_exams, n_factors), optional
        Level of each exam, such as its site or sex; see `measure_subgroups`.
    also : sequence of results
        Results that were computed before, such as a `PermutationTest`, a `NullImportance` or an
        `Exclusion`. Each is shown in its section.
    stated : mapping, optional
        Answers to items of checklists; see `fill_checklist`.
    is_release : bool, default False
        Whether the exams are those of MRNet's release. Only then published AUCs are shown.
    thorough : bool, default False
        Also compute what fits models again: null importance and negative controls. Minutes.
    viewer : bool or str, default False
        Also write ``report-files/viewer.html``, which a click on a picture of the page opens: about
        0.8 MB and 2 seconds per exam. Needs `dataset`. Or the address of a page of `write_view`,
        relative to the report.
    families : str, Family or sequence of them, default "baseline"
        Families that the features come from, as for `FeatureExtractor`.
    title : str
        Heading of the page.
    command : str, default ""
        What was typed to make the report, for its section on provenance.
    seed : int, default 0
        Seeds what is drawn at random.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or the exams of two arguments differ.
    FileExistsError
        If `out` or the JSON file beside it exists and is no report.
    ImportError
        If jinja2, matplotlib or Pillow is not installed.
    OSError
        If a file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import mrnet_features as mf
    >>> exams = [f"{k:04d}" for k in range(40)]
    >>> features = pd.DataFrame(np.eye(40), index=exams).add_prefix("x")
    >>> labels = pd.DataFrame({"acl": np.arange(40) % 2}, index=features.index)
    >>> evaluation = mf.cross_validate(mf.prior_baseline(), features, labels, n_repeats=1)
    >>> page = Path(tempfile.mkdtemp(), "report.html")
    >>> report = write_report(evaluation, out=page)
    >>> page.exists(), page.with_suffix(".json").exists()
    (True, True)
    """
    page = Path(out)
    require_packages()
    check_place(page)
    shown = find_folder(page) / VIEWER
    if viewer is True and dataset is None:
        raise ValueError("`viewer` shows pictures. Pass `dataset`, or leave viewer=True out.")
    address = quote_address(f"{shown.parent.name}/{shown.name}") if viewer is True else viewer
    inputs = collect_inputs(
        evaluation,
        dataset,
        features,
        compare,
        findings,
        subgroups=subgroups,
        also=tuple(also),
        stated=stated or {},
        is_release=is_release,
        thorough=thorough,
        families=families,
        command=command,
        viewer=address or "",
        seed=seed,
        n_jobs=n_jobs,
    )
    report = describe_study(inputs, title)
    replaces = read_numbers(page) is not None
    report.save(page)
    if viewer is True:
        write_viewer(shown, inputs, report.parts)
    elif replaces and not viewer:  # an address may lead to this file
        shown.unlink(missing_ok=True)  # of the earlier report, with other exams
    return report


def check_place(path: str | Path) -> None:
    """Raise unless a report can be written to a file without replacing anything but a report.

    Parameters
    ----------
    path : path
        HTML file.

    Raises
    ------
    ValueError
        If the name does not end in ``.html``.
    FileExistsError
        If the file or the JSON file beside it exists and is no report.
    """
    file = Path(path)
    if file.suffix.lower() not in ENDS:
        raise ValueError(
            f"`out` must be a file that ends in .html, got {quote(str(file))}. Name it "
            f"'{file.with_suffix('.html')}'."
        )
    if read_numbers(file) is not None:
        return
    for present in (file.with_suffix(".json"), file):
        if present.exists():
            raise FileExistsError(
                f"'{present}' is no report with its numbers beside it, and would be replaced. "
                "Choose another name with `out`."
            )


def list_missing_packages() -> list[str]:
    """Packages that a page needs and that are not installed.

    Returns
    -------
    list of str
    """
    return [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]


def require_packages() -> None:
    """Raise unless all packages that a page needs are installed.

    Raises
    ------
    ImportError
    """
    missing = list_missing_packages()
    if missing:
        raise ImportError(
            f"A page needs {', '.join(missing)}: pip install 'mrnet-features[report]'."
        )
