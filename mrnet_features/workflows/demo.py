"""The demo: synthetic knees, their features, a cross-validation and its page in one folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.models.lightgbm import import_lightgbm
from mrnet_features.quality.audit import audit
from mrnet_features.report.review.report import Report
from mrnet_features.report.review.write import (
    check_place,
    list_missing_packages,
    write_report,
)
from mrnet_features.synthetic import write_knees
from mrnet_features.workflows.score import score_table, write_evaluation
from mrnet_features.workflows.table_report import name_model
from mrnet_features.workflows.tables import make_table

logger = logging.getLogger("mrnet_features")

PAGE = "report.html"
TITLE = "Demo on synthetic knees"


class Demo(NamedTuple):
    """What the demo made.

    Attributes
    ----------
    evaluation : Evaluation
    report : Report or None
        None if packages that a page needs are not installed.
    """

    evaluation: Evaluation
    report: Report | None


def run_demo(
    out: str | Path,
    *,
    n_train: int = 160,
    seed: int = 0,
    n_jobs: int | None = None,
    command: str = "",
) -> Demo:
    """Make synthetic knees, extract the `baseline` features, cross-validate and write a page.

    Parameters
    ----------
    out : path
        Folder for the exams (``knees/``), the table (``train.parquet``), the scores
        (``train-cv/``) and the page (``report.html``, ``report.json``, ``report-files/``). A
        stopped run continues when it is repeated.
    n_train : int, default 160
        Number of exams. With fewer than 100, folds may lack exams of a class.
    seed : int, default 0
        Seeds knees, folds and models.
    n_jobs : int, optional
        Parallel processes.
    command : str, default ""
        What was typed, for the page.

    Returns
    -------
    Demo

    Raises
    ------
    ImportError
        If LightGBM does not load; nothing is written then.
    FileExistsError
        If the folder holds a ``report.json`` that is no report.
    """
    import_lightgbm()
    folder = Path(out)
    check_place(folder / PAGE)
    logger.info("Writing synthetic knees.")
    root = write_knees(folder / "knees", n_train=n_train, n_valid=0, seed=seed, n_jobs=n_jobs)
    logger.info("Extracting their features.")
    dataset, features = make_table(root, "train", folder / "train.parquet", n_jobs=n_jobs)
    logger.info("Cross-validating LightGBM.")
    evaluation = score_table(features, dataset.labels, seed=seed, n_jobs=n_jobs)
    write_evaluation(evaluation, folder / "train-cv")
    if list_missing_packages():
        return Demo(evaluation, None)
    logger.info("Auditing the exams.")
    findings = audit(dataset, n_jobs=n_jobs)
    logger.info("Writing the page, and the viewer beside it.")
    report = write_report(
        {name_model("lightgbm"): evaluation},
        dataset,
        features,
        findings=findings,
        out=folder / PAGE,
        viewer=True,
        title=TITLE,
        command=command,
        seed=seed,
        n_jobs=n_jobs,
    )
    return Demo(evaluation, report)
