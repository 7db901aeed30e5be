"""The demo: synthetic knees, their features and a cross-validation in one folder."""

from __future__ import annotations

from pathlib import Path

from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.models.lightgbm import import_lightgbm
from mrnet_features.synthetic import write_knees
from mrnet_features.workflows.score import score_table, write_evaluation
from mrnet_features.workflows.tables import make_table


def run_demo(
    out: str | Path, *, n_train: int = 160, seed: int = 0, n_jobs: int | None = None
) -> Evaluation:
    """Make synthetic knees, extract the `baseline` features and cross-validate LightGBM.

    Parameters
    ----------
    out : path
        Folder for the exams (``knees/``), the table (``train.parquet``) and the scores
        (``train-cv/``). A stopped run continues when it is repeated.
    n_train : int, default 160
        Number of exams. With fewer than 100, folds may lack exams of a class.
    seed : int, default 0
        Seeds knees, folds and models.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Evaluation

    Raises
    ------
    ImportError
        If LightGBM does not load; nothing is written then.
    """
    import_lightgbm()
    folder = Path(out)
    root = write_knees(folder / "knees", n_train=n_train, n_valid=0, seed=seed, n_jobs=n_jobs)
    dataset, features = make_table(root, "train", folder / "train.parquet", n_jobs=n_jobs)
    evaluation = score_table(features, dataset.labels, seed=seed, n_jobs=n_jobs)
    write_evaluation(evaluation, folder / "train-cv")
    return evaluation
