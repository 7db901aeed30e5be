"""The whole study on one folder: audit, tables, cross-validation, evaluation on valid, report."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.mrnet import list_excluded, load_mrnet
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.leakage.checks import check_leakage, find_repeated_rows
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.holdout import HoldOut, evaluate
from mrnet_features.evaluation.published import PUBLISHED
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.resume import extract_features
from mrnet_features.files import write_texts
from mrnet_features.names import SPLITS
from mrnet_features.quality.audit import audit
from mrnet_features.workflows.plain import to_plain
from mrnet_features.workflows.score import MODELS
from mrnet_features.workflows.study_report import format_report

logger = logging.getLogger("mrnet_features")

RELEASE_SIZES = (1130, 120)
"""Exams of train and valid in MRNet's release."""

STUDY_MODELS = ("lightgbm", "logistic")
"""Baselines that are compared; the first is the primary one."""


@dataclass(frozen=True, eq=False)
class Study:
    """Results of a whole study.

    Attributes
    ----------
    findings : DataFrame
        Audit of both splits.
    evaluations : dict of str to Evaluation
        Cross-validation of each model on train, all on the same folds.
    holdouts : dict of str to HoldOut
        The same models fitted on train and scored once on valid.
    importance : Importance
        Importance of the feature families to the first model.
    leakage : list of str
        Messages of `check_leakage` and `find_repeated_rows`.
    """

    findings: pd.DataFrame
    evaluations: dict[str, Evaluation]
    holdouts: dict[str, HoldOut]
    importance: Importance
    leakage: list[str]

    @property
    def is_release(self) -> bool:
        """Whether the splits have as many exams as MRNet's release."""
        first = next(iter(self.holdouts.values()))
        return (len(first.train_labels), len(first.labels)) == RELEASE_SIZES

    def published(self) -> pd.DataFrame:
        """First model's mean AUC on valid minus published mean AUCs."""
        return compare_published(next(iter(self.holdouts.values())))

    def as_dict(self) -> dict[str, Any]:
        """Return the main results in plain types, for a JSON file."""
        return {
            "is_release": self.is_release,
            "findings": {
                str(code): int(n) for code, n in self.findings["code"].value_counts().items()
            },
            "cross_validation": {
                n: to_plain(e.summary(), "index") for n, e in self.evaluations.items()
            },
            "valid": {n: to_plain(h.summary(), "index") for n, h in self.holdouts.items()},
            "published": to_plain(self.published(), "index"),
            "leakage": self.leakage,
        }


def run_study(
    root: str | Path,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    views: Sequence[str] = ("shap", "permutation"),
    device: str = "auto",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Study:
    """Run the whole study on an MRNet folder and write a report.

    Models are compared by cross-validation on train; each is scored once on valid, and nothing is
    chosen by that score. A stopped run continues with the feature tables it left in `out`.

    Parameters
    ----------
    root : path
        Folder in the layout of MRNet with both splits.
    out : path
        Folder for ``report.md``, its tables, folds and predictions as CSV, and the feature tables
        as parquet.
    families : str or sequence, default "baseline"
        See `FeatureExtractor`.
    views : sequence of str
        See `importance`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out of both splits, see `load_mrnet`. The audit still includes them.
    seed : int, default 0
        Seeds folds and models.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Study

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder does not have the layout of the release.
    FileExistsError
        If `out` holds feature tables of other families or of other exams.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    excluded = list_excluded(exclude)  # once: an iterator would be empty for the second split
    datasets = {split: load_mrnet(root, split, exclude=excluded) for split in SPLITS}
    logger.info("Auditing both splits.")
    findings = audit(root, n_jobs=n_jobs)
    extractor = FeatureExtractor(families, device=device, n_jobs=n_jobs)
    features = {
        split: extract_features(data.exams, folder / f"{split}.parquet", extractor=extractor)
        for split, data in datasets.items()
    }
    labels = {split: data.labels for split, data in datasets.items()}
    study = _evaluate_tables(features, labels, findings, views, seed, n_jobs)
    _write(study, folder)
    return study


def compare_published(holdout: HoldOut) -> pd.DataFrame:
    """Mean AUC on valid minus published mean AUCs.

    Parameters
    ----------
    holdout : HoldOut

    Returns
    -------
    DataFrame of shape (n_published, 6)
        Index model. Columns published (AUC), scored_on, source; difference (ours minus published)
        with ci_low and ci_high. The interval covers the error of our AUC only. A published AUC
        has its own error, and one from the hidden test is of other exams: the interval is too
        narrow for a test.
    """
    mean = holdout.summary().loc[holdout.headline]
    rows = [
        {
            "model": published.name,
            "published": published.auc,
            "scored_on": published.scored_on,
            "source": published.source,
            "difference": mean["auc"] - published.auc,
            "ci_low": mean["ci_low"] - published.auc,
            "ci_high": mean["ci_high"] - published.auc,
        }
        for published in PUBLISHED
    ]
    return pd.DataFrame(rows).set_index("model")


def _evaluate_tables(
    features: Mapping[str, pd.DataFrame],
    labels: Mapping[str, pd.DataFrame],
    findings: pd.DataFrame,
    views: Sequence[str],
    seed: int,
    n_jobs: int | None,
) -> Study:
    train, valid = ((features[split], labels[split]) for split in SPLITS)
    evaluations: dict[str, Evaluation] = {}
    holdouts: dict[str, HoldOut] = {}
    for name in STUDY_MODELS:
        logger.info("Cross-validating %s on train, scoring it on valid.", name)
        model = MODELS[name]()
        evaluations[name] = cross_validate(
            model=model,
            features=train[0],
            labels=train[1],
            folds=evaluations[STUDY_MODELS[0]].folds if evaluations else None,
            seed=seed,
            n_jobs=n_jobs,
        )
        holdouts[name] = evaluate(model, train, valid, seed=seed, n_jobs=n_jobs)
    logger.info("Measuring importance.")
    first = evaluations[STUDY_MODELS[0]]
    return Study(
        findings=findings,
        evaluations=evaluations,
        holdouts=holdouts,
        importance=importance(first, train[0], views=views, seed=seed, n_jobs=n_jobs),
        leakage=_list_leakage(features, labels, seed),
    )


def _list_leakage(
    features: Mapping[str, pd.DataFrame], labels: Mapping[str, pd.DataFrame], seed: int
) -> list[str]:
    found = check_leakage(features=features["train"], labels=labels["train"], seed=seed)
    messages = [finding.text for finding in found]
    n_pairs = len(find_repeated_rows(features))
    if n_pairs:
        messages.append(f"{n_pairs} pairs of exams in train and valid have equal rows.")
    return messages


def _write(study: Study, folder: Path) -> None:
    tables = {"audit.csv": _to_csv(study.findings)}
    for name, evaluation in study.evaluations.items():
        tables[f"train-{name}.csv"] = _to_csv(evaluation.summary(), index=True)
        tables[f"train-{name}-predictions.csv"] = _to_csv(evaluation.predictions)
        evaluation.folds.save(folder / "folds.csv")
    for name, holdout in study.holdouts.items():
        tables[f"valid-{name}.csv"] = _to_csv(holdout.summary(), index=True)
        tables[f"valid-{name}-predictions.csv"] = _to_csv(holdout.predictions, index=True)
    tables["importance.csv"] = _to_csv(study.importance.frame())
    tables["summary.json"] = json.dumps(study.as_dict(), indent=1) + "\n"
    tables["report.md"] = format_report(study)
    write_texts({folder / name: text for name, text in tables.items()})


def _to_csv(table: pd.DataFrame, *, index: bool = False) -> str:
    return table.to_csv(index=index, lineterminator="\n")
