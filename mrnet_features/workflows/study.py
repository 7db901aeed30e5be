"""The whole study on one folder: audit, tables, cross-validation, evaluation on valid, report."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from mrnet_features.arrays import resolve_device
from mrnet_features.csv_files import format_csv
from mrnet_features.data.mrnet import list_excluded, load_mrnet
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.leakage.checks import check_leakage, find_repeated_rows
from mrnet_features.evaluation.metrics.calibration import measure_calibration
from mrnet_features.evaluation.metrics.operating_points import apply_thresholds, choose_thresholds
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.holdout import HoldOut, evaluate
from mrnet_features.evaluation.published import PUBLISHED
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.resume import extract_features
from mrnet_features.files import remove_partials, write_text, write_texts
from mrnet_features.locks import hold_lock
from mrnet_features.messages import describe_cause
from mrnet_features.names import SPLITS
from mrnet_features.plain import to_plain
from mrnet_features.quality.audit import audit
from mrnet_features.workflows.named_models import MODELS
from mrnet_features.workflows.score import check_views
from mrnet_features.workflows.study_report import LEAKAGE, PRIMARY, REPEATED, format_report

logger = logging.getLogger("mrnet_features")

RELEASE_SIZES = (1130, 120)
"""Exams of train and valid in MRNet's release."""

STUDY_MODELS = (PRIMARY, "logistic")
"""Baselines that are compared; the first is the primary one."""

RESULTS = {"importance.csv"} | {
    f"{split}-{name}{end}.csv"
    for split in SPLITS
    for name in STUDY_MODELS
    for end in ("", "-predictions")
}
"""Names of all files of a study that may be missing."""

TEXTS = RESULTS | {"audit.csv", "folds.csv", "summary.json", "report.md"}
"""Names of all files of a study but the feature tables."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Study:
    """Results of a whole study.

    Attributes
    ----------
    n_exams : dict of str to int
        Number of exams of each split.
    findings : DataFrame
        Audit of both splits.
    evaluations : dict of str to Evaluation
        Cross-validation of each model on train, all on the same folds.
    holdouts : dict of str to HoldOut
        The same models fitted on train and scored once on valid.
    importance : Importance or None
        Importance of the feature families to the first model.
    calibration, operating_points : DataFrame or None
        Calibration of the first model on valid, and its thresholds from train applied to valid.
    leakage : list of str
        Messages of `check_leakage` and `find_repeated_rows`.
    errors : dict of str to Exception
        Error of each part that could not be computed: that part is missing above.
    """

    n_exams: Mapping[str, int]
    findings: pd.DataFrame
    evaluations: Mapping[str, Evaluation]
    holdouts: Mapping[str, HoldOut]
    importance: Importance | None
    calibration: pd.DataFrame | None
    operating_points: pd.DataFrame | None
    leakage: list[str]
    errors: Mapping[str, Exception]

    @property
    def is_release(self) -> bool:
        """Whether the splits have as many exams as MRNet's release."""
        return tuple(self.n_exams[split] for split in SPLITS) == RELEASE_SIZES

    def published(self) -> pd.DataFrame | None:
        """First model's mean AUC on valid minus published mean AUCs of MRNet.

        None if it has none, or the exams are not those of MRNet's release: AUCs of other exams
        can't be compared.
        """
        first = self.holdouts.get(PRIMARY)
        return compare_published(first) if first is not None and self.is_release else None

    def missing(self) -> dict[str, str]:
        """Reason why a part is missing, by part."""
        return {part: describe_cause(error, 1000) for part, error in self.errors.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return the main results in plain types, for a JSON file."""
        published = self.published()
        return {
            "is_release": self.is_release,
            "findings": {
                str(code): int(n) for code, n in self.findings["code"].value_counts().items()
            },
            "cross_validation": {
                n: to_plain(e.summary(), "index") for n, e in self.evaluations.items()
            },
            "valid": {n: to_plain(h.summary(), "index") for n, h in self.holdouts.items()},
            "published": {} if published is None else to_plain(published, "index"),
            "leakage": self.leakage,
            "missing": self.missing(),
        }


def run_study(
    root: str | Path,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    views: Sequence[str] = ("shap", "permutation"),
    n_splits: int = 5,
    device: str = "auto",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Study:
    """Run the whole study on an MRNet folder and write a report.

    Models are compared by cross-validation on train; each is scored once on valid, and nothing is
    chosen by that score. A stopped run continues with the feature tables it left in `out`. If a
    part can't be computed, the others are still computed and written, and the report names it.

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
    n_splits : int, default 5
        Folds of the cross-validation.
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
    RuntimeError
        If a part could not be computed, after everything else was written; or another process
        is writing the same study.
    """
    check_views(views)
    extractor = FeatureExtractor(families, device=device, n_jobs=n_jobs)
    extractor.recipe()  # a misspelt name and a missing device are found before the audit
    resolve_device(device)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    excluded = list_excluded(exclude)  # once: an iterator would be empty for the second split
    with hold_lock(folder / "report.md"):
        for name in TEXTS:
            remove_partials(folder, name)
        datasets = {split: load_mrnet(root, split, exclude=excluded) for split in SPLITS}
        logger.info("Auditing both splits.")
        findings = audit(root, n_jobs=n_jobs)
        write_text(folder / "audit.csv", format_csv(findings))
        features = {
            split: extract_features(data.exams, folder / f"{split}.parquet", extractor=extractor)
            for split, data in datasets.items()
        }
        labels = {split: data.labels for split, data in datasets.items()}
        study = _evaluate_tables(features, labels, findings, views, n_splits, seed, n_jobs)
        _write(study, folder)
    if study.errors:
        parts = " ".join(f"{part}: {reason}" for part, reason in study.missing().items())
        raise RuntimeError(
            f"The study lacks {len(study.errors)} of its parts. {parts} Everything else is in "
            f"'{folder}'; see its report.md."
        ) from next(iter(study.errors.values()))
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
    n_splits: int,
    seed: int,
    n_jobs: int | None,
) -> Study:
    train, valid = ((features[split], labels[split]) for split in SPLITS)
    evaluations: dict[str, Evaluation] = {}
    holdouts: dict[str, HoldOut] = {}
    errors: dict[str, Exception] = {}

    def cross(name: str) -> Evaluation:
        folds = next(iter(evaluations.values())).folds if evaluations else None
        model = MODELS[name]()
        found = cross_validate(
            model, *train, n_splits=n_splits, folds=folds, seed=seed, n_jobs=n_jobs
        )
        found.summary()  # raises here, not when the report is written
        return found

    def once(name: str) -> HoldOut:
        found = evaluate(MODELS[name](), train, valid, seed=seed, n_jobs=n_jobs)
        found.summary()
        return found

    for name in STUDY_MODELS:
        logger.info("Cross-validating %s on train, scoring it on valid.", name)
        part = f"Cross-validation of {name}"
        evaluations |= _attempt(errors, part, name, functools.partial(cross, name))
        holdouts |= _attempt(errors, f"{name} on valid", name, functools.partial(once, name))
    logger.info("Measuring importance.")

    def require(results: Mapping[str, T], what: str) -> T:
        if PRIMARY not in results:
            raise RuntimeError(f"It needs {what}.")
        return results[PRIMARY]

    def measure() -> Importance:
        evaluation = require(evaluations, f"the cross-validation of {PRIMARY}")
        found = importance(evaluation, train[0], views=views, seed=seed, n_jobs=n_jobs)
        found.summary()
        return found

    def calibrate() -> pd.DataFrame:
        holdout = require(holdouts, f"{PRIMARY} on valid")
        return measure_calibration(holdout, holdout.labels).summary()

    def threshold() -> pd.DataFrame:
        holdout = require(holdouts, f"{PRIMARY} on valid")
        chosen = choose_thresholds(require(evaluations, f"the cross-validation of {PRIMARY}"))
        return apply_thresholds(holdout, holdout.labels, chosen)

    measured = _attempt(errors, "Importance", "found", measure)
    calibration = _attempt(errors, "Calibration on valid", "found", calibrate)
    operating_points = _attempt(errors, "Thresholds", "found", threshold)
    check = functools.partial(_list_leakage, train[0], train[1], seed)
    leakage = _attempt(errors, LEAKAGE, "found", check)
    repeated = _attempt(errors, REPEATED, "found", functools.partial(_list_repeated, features))
    return Study(
        n_exams={split: len(labels[split]) for split in SPLITS},
        findings=findings,
        evaluations=evaluations,
        holdouts=holdouts,
        importance=measured.get("found"),
        calibration=calibration.get("found"),
        operating_points=operating_points.get("found"),
        leakage=leakage.get("found", []) + repeated.get("found", []),
        errors=errors,
    )


def _attempt(
    errors: dict[str, Exception], part: str, key: str, compute: Callable[[], T]
) -> dict[str, T]:
    """Result of a part by `key`; if it fails, nothing, and its error is added to `errors`."""
    try:
        return {key: compute()}
    except Exception as error:  # noqa: BLE001 (`run_study` raises it after writing the others)
        errors[part] = error
        return {}


def _list_leakage(features: pd.DataFrame, labels: pd.DataFrame, seed: int) -> list[str]:
    return [finding.text for finding in check_leakage(features=features, labels=labels, seed=seed)]


def _list_repeated(features: Mapping[str, pd.DataFrame]) -> list[str]:
    n_pairs = len(find_repeated_rows(features))
    return [f"{n_pairs} pairs of exams in train and valid have equal rows."] if n_pairs else []


def _write(study: Study, folder: Path) -> None:
    tables = {"audit.csv": format_csv(study.findings)}
    for name, evaluation in study.evaluations.items():
        tables[f"train-{name}.csv"] = format_csv(evaluation.summary(), index=True)
        tables[f"train-{name}-predictions.csv"] = format_csv(evaluation.predictions)
        evaluation.folds.save(folder / "folds.csv")
    for name, holdout in study.holdouts.items():
        tables[f"valid-{name}.csv"] = format_csv(holdout.summary(), index=True)
        tables[f"valid-{name}-predictions.csv"] = format_csv(holdout.predictions, index=True)
    if study.importance is not None:
        tables["importance.csv"] = format_csv(study.importance.frame())
    tables["summary.json"] = json.dumps(study.as_dict(), indent=1) + "\n"
    tables["report.md"] = format_report(study)
    write_texts({folder / name: text for name, text in tables.items()})
    for name in RESULTS - set(tables):
        # of an earlier run; beside this report it would look like a result of this one
        (folder / name).unlink(missing_ok=True)
