"""The whole study on one folder: audit, table, cross-validation, one look at valid, a report."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.mrnet import Dataset, list_excluded, load_mrnet
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.leakage.checks import check_leakage, find_repeated_rows
from mrnet_features.evaluation.metrics.calibration import measure_calibration
from mrnet_features.evaluation.metrics.operating_points import apply_thresholds, choose_thresholds
from mrnet_features.evaluation.plain import to_plain
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.holdout import HoldOut, evaluate
from mrnet_features.evaluation.published import PUBLISHED
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.table import extract_features
from mrnet_features.models.baselines import lightgbm_baseline, logistic_baseline
from mrnet_features.quality.audit import audit

logger = logging.getLogger("mrnet_features")

RELEASE_SIZES = {"train": 1130, "valid": 120}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What a whole run found.

    Attributes
    ----------
    findings : DataFrame
        The audit of both splits.
    evaluations : dict of str to Evaluation
        Cross-validation on train of each model, all on the same folds.
    holdouts : dict of str to HoldOut
        The same models fitted on train and scored on valid, once.
    importance : Importance
        Of the first model, by family.
    suspicions : list of str
        What `check_leakage` and `find_repeated_rows` say of the tables.
    """

    findings: pd.DataFrame
    evaluations: dict[str, Evaluation]
    holdouts: dict[str, HoldOut]
    importance: Importance
    suspicions: list[str]

    @property
    def is_release(self) -> bool:
        """Whether the numbers of exams are those of MRNet's release."""
        first = next(iter(self.holdouts.values()))
        return (len(first.train_labels), len(first.labels)) == tuple(RELEASE_SIZES.values())

    def published(self) -> pd.DataFrame:
        """Hold the first model's mean AUC on valid against the published lines."""
        return compare_published(next(iter(self.holdouts.values())))

    def as_dict(self) -> dict[str, Any]:
        """Return the headline in plain types, for a JSON file."""
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
            "suspicions": self.suspicions,
        }


def reproduce(
    root: str | Path,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    views: Sequence[str] = ("shap", "permutation"),
    device: str = "auto",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Reproduction:
    """Run the whole study on an MRNet folder and write a report.

    Models are compared by cross-validation on train, and each is scored on valid once. Nothing
    is chosen by the valid score. Feature tables that an earlier run left in `out` are taken up
    where it stopped.

    Parameters
    ----------
    root : path
        MRNet folder with both splits.
    out : path
        Folder for ``report.md``, the tables behind it as CSV, folds, predictions and the feature
        tables as parquet.
    families : str or sequence, default "baseline"
        See `FeatureExtractor`.
    views : sequence of str
        See `importance`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out of both splits, as `load_mrnet` takes them; they are audited all the
        same.
    seed : int, default 0
        Seeds folds and models.
    n_jobs : int, optional
        Processes at a time.

    Returns
    -------
    Reproduction

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is not as the release has it.
    FileExistsError
        If `out` holds feature tables of other families or of other exams.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    excluded = list_excluded(exclude)  # once: an iterator would be empty for the second split
    train, valid = (load_mrnet(root, split, exclude=excluded) for split in RELEASE_SIZES)
    logger.info("audit of %d exams", len(train) + len(valid))
    findings = audit(root, n_jobs=n_jobs)
    extractor = FeatureExtractor(families, device=device, n_jobs=n_jobs)
    tables = {
        split: extract_features(data.exams, folder / f"{split}.parquet", extractor=extractor)
        for split, data in (("train", train), ("valid", valid))
    }
    done = _study(tables, train, valid, findings, views, seed, n_jobs)
    _write(done, folder)
    return done


def compare_published(holdout: HoldOut) -> pd.DataFrame:
    """Hold a mean AUC on valid against published ones.

    Parameters
    ----------
    holdout : HoldOut

    Returns
    -------
    DataFrame of shape (n_lines, 6)
        Index line. Columns published, scored_on, source; difference with ci_low and ci_high, from
        the error of our score alone. A published figure has its own error, and one from the
        hidden test is of other exams: the interval is too narrow for a test.
    """
    mean = holdout.summary().loc[holdout.headline]
    rows = [
        {
            "line": line.name,
            "published": line.auc,
            "scored_on": line.scored_on,
            "source": line.source,
            "difference": mean["auc"] - line.auc,
            "ci_low": mean["ci_low"] - line.auc,
            "ci_high": mean["ci_high"] - line.auc,
        }
        for line in PUBLISHED
    ]
    return pd.DataFrame(rows).set_index("line")


def _study(
    tables: dict[str, pd.DataFrame],
    train: Dataset,
    valid: Dataset,
    findings: pd.DataFrame,
    views: Sequence[str],
    seed: int,
    n_jobs: int | None,
) -> Reproduction:
    models = {"lightgbm": lightgbm_baseline(), "logistic": logistic_baseline()}
    evaluations: dict[str, Evaluation] = {}
    holdouts: dict[str, HoldOut] = {}
    for name, model in models.items():
        logger.info("%s: cross-validation on train, one look at valid", name)
        shared = next(iter(evaluations.values())).folds if evaluations else None
        evaluations[name] = cross_validate(
            model=model,
            features=tables["train"],
            labels=train.labels,
            folds=shared,
            seed=seed,
            n_jobs=n_jobs,
        )
        holdouts[name] = evaluate(
            model,
            (tables["train"], train.labels),
            (tables["valid"], valid.labels),
            seed=seed,
            n_jobs=n_jobs,
        )
    suspicions = [s.text for s in check_leakage(tables["train"], train.labels, seed=seed)]
    copies = find_repeated_rows(tables)
    if len(copies):
        suspicions.append(f"{len(copies)} pairs of exams have equal rows in train or valid.")
    return Reproduction(
        findings=findings,
        evaluations=evaluations,
        holdouts=holdouts,
        importance=importance(
            evaluations["lightgbm"], tables["train"], views=views, seed=seed, n_jobs=n_jobs
        ),
        suspicions=suspicions,
    )


def _write(done: Reproduction, folder: Path) -> None:
    done.findings.to_csv(folder / "audit.csv", index=False)
    for name, evaluation in done.evaluations.items():
        evaluation.summary().to_csv(folder / f"train-{name}.csv")
        evaluation.predictions.to_csv(folder / f"train-{name}-predictions.csv", index=False)
        evaluation.folds.save(folder / "folds.csv")
    for name, holdout in done.holdouts.items():
        holdout.summary().to_csv(folder / f"valid-{name}.csv")
        holdout.predictions.to_csv(folder / f"valid-{name}-predictions.csv")
    done.importance.frame().to_csv(folder / "importance.csv", index=False)
    (folder / "summary.json").write_text(json.dumps(done.as_dict(), indent=1) + "\n")
    (folder / "report.md").write_text(format_report(done), encoding="utf-8")


def format_report(done: Reproduction) -> str:
    """Report of a whole run as Markdown.

    Parameters
    ----------
    done : Reproduction

    Returns
    -------
    str
    """
    first = next(iter(done.evaluations))
    evaluation, holdout = done.evaluations[first], done.holdouts[first]
    n_train, n_valid = len(holdout.train_labels), len(holdout.labels)
    thresholds = choose_thresholds(evaluation)
    warning = (
        ""
        if done.is_release
        else "**These are not MRNet's release (1,130 and 120 exams): their figures show that "
        "everything runs and can't be held against published ones.**\n\n"
    )
    title = (
        f"# {n_train} exams in train, {n_valid} in valid\n\n{warning}"
        f"Folds: {evaluation.folds.n_splits}, stratified on the joint label, hash "
        f"`{evaluation.folds.hash[:12]}`. Exams of one patient can't be told on MRNet, so that "
        "cross-validation is slightly optimistic there."
    )
    lines = (
        f"## Published mean AUCs against {first} on valid\n\n{_table(done.published())}\n\n"
        "The interval is that of our score alone; a published figure has its own error."
    )
    parts = [
        title,
        "## Audit\n\n" + _count_findings(done.findings),
        *(f"## Cross-validation on train: {n}\n\n{_table(e.summary())}"
          for n, e in done.evaluations.items()),
        *(f"## Valid, scored once: {n}\n\n{_table(h.summary())}" for n, h in done.holdouts.items()),
        "\n".join(f"- {note}" for note in holdout.notes()),
        lines,
        f"## What the families are worth to {first}\n\n{_table(done.importance.summary())}",
        "## Calibration on valid\n\n"
        + _table(measure_calibration(holdout, holdout.labels).summary()),
        "## Thresholds chosen on train, applied to valid\n\n"
        + _table(apply_thresholds(holdout, holdout.labels, thresholds)),
        "## To look at in the tables\n\n"
        + ("\n".join(f"- {s}" for s in done.suspicions) or "Nothing."),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _count_findings(findings: pd.DataFrame) -> str:
    if not len(findings):
        return "Nothing found."
    counts = findings.groupby(["severity", "code"])["exam"].nunique()
    return _table(counts.rename("exams").reset_index().set_index("severity"))


def _table(frame: pd.DataFrame) -> str:
    """Markdown table; pandas' own needs a further package."""

    def show(value: Any) -> str:
        if isinstance(value, float):
            return "-" if pd.isna(value) else f"{value:.3f}"
        return "-" if value is pd.NA else str(value)

    table = frame.reset_index().astype(object)
    rows = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    rows += [[show(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
