"""The whole study on one folder: audit, tables, cross-validation, evaluation on valid, pages."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from mrnet_features.arrays import resolve_device
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.data.roots import open_root
from mrnet_features.evaluation.importance.importance import Importance, importance
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.holdout import HoldOut, evaluate
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files.keys import OF_EXAMS
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.locks import hold_lock
from mrnet_features.files.stored_paths import Given
from mrnet_features.files.writing import remove_partials, write_text, write_texts
from mrnet_features.ids.excluded import list_excluded
from mrnet_features.messages import describe_cause
from mrnet_features.names import SPLITS
from mrnet_features.plain import to_plain
from mrnet_features.quality.audit import audit
from mrnet_features.report.review.earlier import remove_report
from mrnet_features.report.review.part import LeftOut
from mrnet_features.report.review.plain_text import format_report
from mrnet_features.report.review.report import Report, make_report
from mrnet_features.report.review.write import check_place, list_missing_packages
from mrnet_features.workflows.named_models import MODELS
from mrnet_features.workflows.score import check_views
from mrnet_features.workflows.table_report import RELEASE_SIZES, list_families, name_model

logger = logging.getLogger("mrnet_features")

PRIMARY = "lightgbm"
"""Baseline that the pages are about."""

STUDY_MODELS = (PRIMARY, "logistic")
"""Baselines that are compared; the first is the primary one."""

PAGES = {"train": "report", "valid": "valid"}
"""Name of the page about each split."""

NOT_RELEASE = (
    "This is not MRNet's release with all its exams (1,130 and 120): the numbers can't be compared "
    "with published ones, which are therefore not shown."
)

RESULTS = {f"{split}-{name}-predictions.csv" for split in SPLITS for name in STUDY_MODELS}
"""Names of all files of a study that may be missing, but its pages."""

TEXTS = RESULTS | {"audit.csv", "folds.csv", "report.md"}
"""Names of all files of a study but feature tables and pages."""

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
    errors : dict of str to Exception
        Error of each part that could not be computed: that part is missing above.
    reports : dict of str to Report
        Report on each split: of the cross-validation on train, and of the exams of valid.
    """

    n_exams: Mapping[str, int]
    findings: pd.DataFrame
    evaluations: Mapping[str, Evaluation]
    holdouts: Mapping[str, HoldOut]
    importance: Importance | None
    errors: Mapping[str, Exception]
    reports: Mapping[str, Report]

    @property
    def is_release(self) -> bool:
        """Whether the splits have as many exams as MRNet's release."""
        return tuple(self.n_exams[split] for split in SPLITS) == RELEASE_SIZES

    def missing(self) -> dict[str, str]:
        """Reason why a part is missing, by part."""
        return {part: describe_cause(error, 1000) for part, error in self.errors.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return the scores and what is missing in plain types, for a JSON file."""
        return {
            "is_release": self.is_release,
            "cross_validation": {
                n: to_plain(e.summary(), "index") for n, e in self.evaluations.items()
            },
            "valid": {n: to_plain(h.summary(), "index") for n, h in self.holdouts.items()},
            "missing": self.missing(),
        }


def run_study(
    root: Given,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    views: Sequence[str] = ("shap", "permutation"),
    n_splits: int = 5,
    device: str = "auto",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    command: str = "",
) -> Study:
    """Run the whole study on an MRNet folder and write its pages.

    Models are compared by cross-validation on train; each is scored once on valid, and nothing is
    chosen by that score. A stopped run continues with the feature tables it left in `out`. If a
    part can't be computed, the others are still computed and written, and the pages name it.

    Parameters
    ----------
    root : path
        Folder in the layout of MRNet with both splits.
    out : path
        Folder for two pages, each with its numbers as JSON and CSV beside it: ``report.html`` is
        about the cross-validation on train, ``valid.html`` about the exams of valid. ``report.md``
        is the text of both. Also the audit, folds and predictions as CSV, and the feature tables
        as parquet. Without the extra "report" the two ``.html`` files are missing.
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
    command : str, default ""
        What was typed, for the pages.

    Returns
    -------
    Study

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder does not have the layout of the release.
    FileExistsError
        If `out` holds feature tables of other families or of other exams, or a JSON file with the
        name of one of a page that is none.
    RuntimeError
        If a part could not be computed, after everything else was written; or another process
        is writing the same study.
    """
    check_views(views)
    extractor = FeatureExtractor(families, device=device, n_jobs=n_jobs)
    extractor.recipe()  # a misspelt name and a missing device are found before the audit
    resolve_device(device)
    folder = Path(out)
    for name in PAGES.values():
        check_place(folder / f"{name}.html")
    folder.mkdir(parents=True, exist_ok=True)
    root = open_root(root)
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
        logger.info("Writing the pages.")
        options = {"command": command, "seed": seed, "n_jobs": n_jobs}
        study = _describe(study, datasets, features, options)
        _write(study, folder)
    if study.errors:
        parts = " ".join(f"{part}: {reason}" for part, reason in study.missing().items())
        raise RuntimeError(
            f"The study lacks {len(study.errors)} of its parts. {parts} Everything else is in "
            f"'{folder}'; see its report.md."
        ) from next(iter(study.errors.values()))
    return study


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

    measured = _attempt(errors, "Importance", "found", measure)
    return Study(
        n_exams={split: len(labels[split]) for split in SPLITS},
        findings=findings,
        evaluations=evaluations,
        holdouts=holdouts,
        importance=measured.get("found"),
        errors=errors,
        reports={},
    )


def _describe(
    study: Study,
    datasets: Mapping[str, Dataset],
    features: Mapping[str, pd.DataFrame],
    options: Mapping[str, Any],
) -> Study:
    """Study with its reports; one that can't be made counts as a missing part."""
    errors = dict(study.errors)
    crossed = {name_model(name): found for name, found in study.evaluations.items()}
    scored = {name_model(name): found for name, found in study.holdouts.items()}
    models: dict[str, dict[str, Any]] = {
        "train": crossed | {f"{name} on valid": found for name, found in scored.items()},
        "valid": scored | {f"{name} on train": found for name, found in crossed.items()},
    }
    tables = {"train": features["train"], "valid": _join(features)}
    about = {"train": "cross-validation on train", "valid": "train scored on valid"}
    also = [study.importance] if study.importance else []

    def make(split: str) -> Report:
        if not {"train": crossed, "valid": scored}[split]:
            raise RuntimeError(f"No model was scored on {split}.")
        report = make_report(
            models[split],
            datasets[split],
            tables[split],
            findings=study.findings[study.findings["split"].isin([split, ""])],
            also=also if split == "train" else [],
            is_release=study.is_release,
            title=f"{'MRNet' if study.is_release else 'Study of a knee MRI set'}: {about[split]}",
            families=list_families(features[split]),
            **options,
        )
        missing = [LeftOut(part, "", reason) for part, reason in study.missing().items()]
        lead = report.lead if study.is_release else f"{report.lead} {NOT_RELEASE}"
        report = replace(report, lead=lead, left_out=(*missing, *report.left_out))
        if not list_missing_packages():
            _ = report.page  # an error in a figure is one of this part
        return report

    reports: dict[str, Report] = {}
    for split in SPLITS:
        part = f"Page on {split}"
        reports |= _attempt(errors, part, split, functools.partial(make, split))
    return replace(study, errors=errors, reports=reports)


def _join(features: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of both splits, with the recipe that they share."""
    joined = pd.concat([features[split] for split in SPLITS])
    known = features["train"].attrs.get("provenance", {})
    kept = {key: value for key, value in known.items() if key not in OF_EXAMS}
    joined.attrs = {"provenance": {**kept, "n_exams": len(joined)} if kept else {}}
    return joined


def _attempt(
    errors: dict[str, Exception], part: str, key: str, compute: Callable[[], T]
) -> dict[str, T]:
    """Result of a part by `key`; if it fails, nothing, and its error is added to `errors`."""
    try:
        return {key: compute()}
    except Exception as error:  # noqa: BLE001 (`run_study` raises it after writing the others)
        errors[part] = error
        return {}


def _write(study: Study, folder: Path) -> None:
    """Write all files of a study, and remove those that it lacks."""
    tables = {"audit.csv": format_csv(study.findings)}
    for name, evaluation in study.evaluations.items():
        tables[f"train-{name}-predictions.csv"] = format_csv(evaluation.predictions)
        evaluation.folds.save(folder / "folds.csv")
    for name, holdout in study.holdouts.items():
        tables[f"valid-{name}-predictions.csv"] = format_csv(holdout.predictions, index=True)
    tables["report.md"] = format_study(study)
    write_texts({folder / name: text for name, text in tables.items()})
    for name in RESULTS - set(tables):
        # of an earlier run; beside this report it would look like a result of this one
        (folder / name).unlink(missing_ok=True)
    is_plain = bool(list_missing_packages())
    for split, name in PAGES.items():
        page = folder / f"{name}.html"
        report = study.reports.get(split)
        if report is None or is_plain:
            remove_report(page)
        if report is not None and is_plain:
            report.save_numbers(page)
        elif report is not None:
            report.save(page)


def format_study(study: Study) -> str:
    """Text of the pages of a study, after the parts that are missing.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        Markdown.
    """
    missing = "\n".join(f"- {part}: {reason}" for part, reason in study.missing().items())
    head = f"**Incomplete: these parts could not be computed.**\n\n{missing}\n\n" if missing else ""
    return head + "\n".join(format_report(report) for report in study.reports.values())
