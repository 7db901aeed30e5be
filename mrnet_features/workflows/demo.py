"""The demo: synthetic knees, their features, a cross-validation and its page in one folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mrnet_features.cnn.cross_validate import cross_validate_cnn
from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.libraries import import_torch
from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.comparison.group_gap import GroupGap, measure_group_gap
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.models.baselines import lightgbm_baseline
from mrnet_features.models.lightgbm import import_lightgbm
from mrnet_features.quality.audit import audit
from mrnet_features.report.review.report import Report
from mrnet_features.report.review.write import (
    check_place,
    list_missing_packages,
    write_report,
)
from mrnet_features.series.dicom_files import import_pydicom
from mrnet_features.synthetic import write_knees
from mrnet_features.workflows.exam_folders import MRNET, RSNA
from mrnet_features.workflows.groups import group_by_scanner
from mrnet_features.workflows.score import score_table, write_evaluation
from mrnet_features.workflows.table_report import name_model
from mrnet_features.workflows.tables import make_table
from mrnet_features.workflows.tasks import choose_tasks

logger = logging.getLogger("mrnet_features")

PAGE = "report.html"
TITLES = {MRNET: "Demo on synthetic knees", RSNA: "Demo on synthetic knees of 24 sites"}

N_TRAIN = {MRNET: 160, RSNA: 100}
"""Exams of each layout. A study of DICOM files takes three times as long."""

SITE_LEAK = 0.5
"""How strongly the site of a DICOM study depends on its findings, see `write_knees`."""

N_SPLITS = 3
"""Folds of the demo on DICOM studies: few exams have some of the findings."""

FEWEST = 3 * N_SPLITS
"""Fewest exams of a class, with which folds of whole scanners can be found."""


RESOLUTION, EPOCHS = 64, 10
"""Of the network: it takes minutes instead of hours."""


class Demo(NamedTuple):
    """What the demo made.

    Attributes
    ----------
    evaluation : Evaluation
        In folds that keep scanners and patients together, of the layout of the RSNA set.
    report : Report or None
        None if packages that a page needs are not installed.
    gap : GroupGap or None
        Random folds against folds of whole scanners; of the layout of the RSNA set.
    network : NetworkEvaluation or None
        A small network in the same folds, if asked for.
    """

    evaluation: Evaluation
    report: Report | None
    gap: GroupGap | None = None
    network: NetworkEvaluation | None = None


def run_demo(
    out: str | Path,
    layout: str = MRNET,
    *,
    n_train: int | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    command: str = "",
    cnn: bool = False,
) -> Demo:
    """Make synthetic knees, extract the `baseline` features, cross-validate and write a page.

    Parameters
    ----------
    out : path
        Folder for the exams (``knees/``), the table (``train.parquet``), the scores
        (``train-cv/``) and the page (``report.html``, ``report.json``, ``report-files/``). A
        stopped run continues when it is repeated.
    layout : {"mrnet", "rsna"}, default "mrnet"
        Layout of the exams. In that of the RSNA set they are DICOM studies of 24 sites, which
        depend on the findings. Studies that the audit rejects are left out. The model is
        cross-validated in folds that keep scanners and patients together, and in random folds,
        whose scores are in ``train-cv-random/``.
    n_train : int, optional
        Number of exams; by default 160, or 100 DICOM studies. With fewer than 100, folds may lack
        exams of a class.
    seed : int, default 0
        Seeds knees, folds and models.
    n_jobs : int, optional
        Parallel processes.
    command : str, default ""
        What was typed, for the page.
    cnn : bool, default False
        Also train a small network on the same folds, for some minutes; its results are in
        ``train-cnn/`` and on the page. Needs the extra ``cnn``.

    Returns
    -------
    Demo

    Raises
    ------
    ImportError
        If LightGBM does not load, or PyTorch for a network, or pydicom for DICOM studies; nothing
        is written then.
    FileExistsError
        If the folder holds a ``report.json`` that is no report.
    """
    import_lightgbm()
    if cnn:
        import_torch()
    folder = Path(out)
    check_place(folder / PAGE)
    number = n_train or N_TRAIN[layout]
    if layout == RSNA:
        import_pydicom("pydicom")
        return _run_studies(folder, number, seed, n_jobs, command, cnn=cnn)
    logger.info("Writing synthetic knees.")
    root = write_knees(folder / "knees", n_train=number, n_valid=0, seed=seed, n_jobs=n_jobs)
    logger.info("Extracting their features.")
    dataset, features = make_table(root, "train", folder / "train.parquet", n_jobs=n_jobs)
    logger.info("Cross-validating LightGBM.")
    evaluation = score_table(features, dataset.labels, seed=seed, n_jobs=n_jobs)
    write_evaluation(evaluation, folder / "train-cv")
    network = _train_network(folder, evaluation, dataset, seed, n_jobs) if cnn else None
    if list_missing_packages():
        return Demo(evaluation, None, network=network)
    logger.info("Auditing the exams.")
    findings = audit(dataset, n_jobs=n_jobs)
    report = _write_page(
        folder, MRNET, evaluation, network, dataset, features, findings, (), command, seed, n_jobs
    )
    return Demo(evaluation, report, network=network)


def _run_studies(
    folder: Path, n_train: int, seed: int, n_jobs: int | None, command: str, *, cnn: bool
) -> Demo:
    """The demo on DICOM studies of several sites."""
    logger.info("Writing synthetic DICOM studies.")
    root = write_knees(
        folder / "knees",
        RSNA,
        n_train=n_train,
        n_valid=0,
        seed=seed,
        site_leak=SITE_LEAK,
        n_jobs=n_jobs,
    )
    logger.info("Auditing the studies.")
    findings = audit(root, n_jobs=n_jobs)
    logger.info("Extracting the features of those that are not rejected.")
    dataset, features = make_table(
        root, "train", folder / "train.parquet", exclude=findings, n_jobs=n_jobs
    )
    logger.info("Reading their headers for groups of scanners and patients.")
    groups = group_by_scanner(dataset, n_jobs=n_jobs)
    labels = choose_tasks(dataset.labels)
    counts = pd.DataFrame({label: (labels == label).sum() for label in (0, 1)})
    rare = list(counts.index[counts.min(axis=1) < FEWEST])
    if rare:
        said = "Left out, since fewer than %d studies are positive or negative: %s."
        logger.warning(said, FEWEST, ", ".join(rare))
    logger.info("Cross-validating LightGBM in folds of whole scanners, and in random folds.")
    gap = measure_group_gap(
        lightgbm_baseline(seed),
        features,
        labels.drop(columns=rare),
        groups,
        n_splits=N_SPLITS,
        n_repeats=2,
        seed=seed,
        n_jobs=n_jobs,
    )
    write_evaluation(gap.grouped, folder / "train-cv")
    write_evaluation(gap.random, folder / "train-cv-random")
    network = _train_network(folder, gap.grouped, dataset, seed, n_jobs) if cnn else None
    if list_missing_packages():
        return Demo(gap.grouped, None, gap, network)
    report = _write_page(
        *(folder, RSNA, gap.grouped, network, dataset, features, findings),
        *((gap,), command, seed, n_jobs),
    )
    return Demo(gap.grouped, report, gap, network)


def _train_network(
    folder: Path, evaluation: Evaluation, dataset: Dataset, seed: int, n_jobs: int | None
) -> NetworkEvaluation:
    """A small network in the folds of an evaluation."""
    logger.info("Training a small network on the same folds.")
    network = cross_validate_cnn(
        dataset.exams,
        evaluation.labels,
        folds=evaluation.folds,
        groups=evaluation.groups,
        out=folder / "train-cnn",
        seed=seed,
        n_jobs=n_jobs,
        resolution=RESOLUTION,
        epochs=EPOCHS,
    )
    write_evaluation(network, folder / "train-cnn")
    return network


def _write_page(
    folder: Path,
    layout: str,
    evaluation: Evaluation,
    network: NetworkEvaluation | None,
    dataset: Dataset,
    features: pd.DataFrame,
    findings: pd.DataFrame,
    also: Sequence[GroupGap],
    command: str,
    seed: int,
    n_jobs: int | None,
) -> Report:
    logger.info("Writing the page, and the viewer beside it.")
    models = {name_model("lightgbm"): evaluation}
    if network is not None:
        models["small network"] = network
    return write_report(
        models,
        dataset,
        features,
        findings=findings,
        out=folder / PAGE,
        also=also,
        viewer=True,
        title=TITLES[layout],
        command=command,
        seed=seed,
        n_jobs=n_jobs,
    )
