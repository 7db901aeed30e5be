"""`compare_reports`: why the numbers of two reports differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from mrnet_features.evaluation.results import Result
from mrnet_features.messages import name_some, quote
from mrnet_features.report.review.recorded import Recorded, read_recorded
from mrnet_features.report.review.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Cause", "ReportDiff", "compare_reports"]

EQUAL, DIFFERS, FOLLOWS, UNKNOWN = "equal", "differs", "can't be compared", "not recorded"

OURS = "mrnet-features"


class Cause(NamedTuple):
    """One thing that AUCs depend on.

    Attributes
    ----------
    what : str
        In the plural or with an article, such as "the folds".
    state : str
        "equal", "differs", "can't be compared" because of an earlier cause, or "not recorded".
    detail : str
        What differs.
    """

    what: str
    state: str
    detail: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class ReportDiff(Result):
    """How two reports differ.

    Attributes
    ----------
    causes : tuple of Cause
        What AUCs depend on, the likely causes of a difference first.
    scores : DataFrame
        One row per task, and per repeat, fold and task where both have the fold. Columns repeat,
        fold (NA for all folds), task, first, second (AUC), difference (second minus first), ci_low,
        ci_high (95 % interval of the first AUC; NaN for a fold).
    are_predictions_equal : bool or None
        Whether all predictions are equal to the last bit; None if that is not recorded.
    """

    causes: tuple[Cause, ...]
    scores: pd.DataFrame
    are_predictions_equal: bool | None

    def __repr__(self) -> str:
        return f"ReportDiff({self.sentence})"

    @property
    def differing(self) -> list[Cause]:
        """What differs, the likely causes first."""
        return [cause for cause in self.causes if cause.state == DIFFERS]

    @property
    def sentence(self) -> str:
        """The first cause, and how much the AUCs differ, in a few sentences."""
        return " ".join(_conclude(self))

    def summary(self) -> pd.DataFrame:
        """What was compared, the likely causes of a difference first.

        Returns
        -------
        DataFrame of shape (n_causes, 2)
            Index what. Columns state and detail.
        """
        return pd.DataFrame(self.causes, columns=["what", "state", "detail"]).set_index("what")

    def frame(self) -> pd.DataFrame:
        """AUCs of both reports per task, then per fold; see `scores`.

        Returns
        -------
        DataFrame
        """
        return self.scores.copy()

    def plot(self, axes: Axes | None = None) -> Axes:
        """Difference of each AUC, and the 95 % interval of the first AUC around zero.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        from mrnet_features.evaluation.plots import draw_forest, shorten

        whole = self.scores[self.scores["fold"].isna()]
        shown = whole.assign(
            ci_low=whole["difference"] + whole["ci_low"] - whole["first"],
            ci_high=whole["difference"] + whole["ci_high"] - whole["first"],
        )
        drawn = draw_forest(shown, "difference", [shorten(task) for task in shown["task"]], axes)
        drawn.set_xlabel("Second minus first AUC\n(bar: 95 % interval of the first AUC)")
        return drawn


def compare_reports(first: Report | str | Path, second: Report | str | Path) -> ReportDiff:
    """Why the numbers of two reports differ.

    Compared are the models that the reports are about: the first ones.

    Parameters
    ----------
    first, second : Report or path
        Reports, or their JSON files.

    Returns
    -------
    ReportDiff

    Raises
    ------
    TypeError, OSError, ValueError
        If a file can't be read or is not one of a report.

    Examples
    --------
    >>> import numpy as np
    >>> import mrnet_features as mf
    >>> from mrnet_features.report.review.report import make_report
    >>> exams = [f"{k:04d}" for k in range(40)]
    >>> features = pd.DataFrame(np.eye(40), index=exams).add_prefix("x")
    >>> labels = pd.DataFrame({"acl": np.arange(40) % 2}, index=features.index)
    >>> reports = [
    ...     make_report(mf.cross_validate(mf.prior_baseline(), features, labels, seed=seed))
    ...     for seed in (0, 1)
    ... ]
    >>> compare_reports(*reports).differing[0].what
    'the folds'
    """
    one, two = read_recorded(first), read_recorded(second)
    hashes = [study.model.get("predictions", "") for study in (one, two)]
    return ReportDiff(
        causes=tuple(_list_causes(one, two)),
        scores=_compare_scores(one, two),
        are_predictions_equal=hashes[0] == hashes[1] if all(hashes) else None,
    )


def _list_causes(one: Recorded, two: Recorded) -> Iterator[Cause]:
    """What AUCs depend on, the likely causes of a difference first."""
    same_exams = set(one.labels) == set(two.labels)
    yield Cause("the exams", EQUAL if same_exams else DIFFERS, _compare_exams(one, two))
    yield _compare_by_exam("the labels", one.labels, two.labels, _compare_tasks(one, two))
    folds = _compare("the folds", one.model, two.model, ("n_repeats", "n_splits", "folds"))
    if folds.state == DIFFERS and not same_exams:
        folds = Cause(folds.what, FOLLOWS, "The exams differ.")
    elif folds.state == DIFFERS and not folds.detail and one.seed != two.seed:
        folds = folds._replace(detail=f"Made with seed {_cut(one.seed)} and {_cut(two.seed)}.")
    yield folds
    pixels = _compare_texts("the pixels", one.pixels, two.pixels)
    if not same_exams and pixels.state == DIFFERS:
        pixels = Cause(pixels.what, FOLLOWS, "The exams differ.")
    yield pixels
    recipe = _compare_texts("the recipe of the features", one.recipe, two.recipe)
    differs = recipe.state == DIFFERS
    said = _join_settings(one.families, two.families)
    yield recipe._replace(detail=said) if differs else recipe
    numbers = f"{one.n_columns} columns against {two.n_columns}."
    same_columns = _compare_texts("the feature columns", one.columns, two.columns)
    differs = same_columns.state == DIFFERS
    more = numbers if one.n_columns != two.n_columns else "Other names, or another order."
    yield same_columns._replace(detail=more) if differs else same_columns
    if differs:
        yield Cause("the feature values", FOLLOWS, "The feature columns differ.")
    else:
        said = _join_differences(one.extraction, two.extraction)
        extracted = f" Extracted with {said}." if said else ""
        yield _compare_by_exam("the feature values", one.features, two.features, extracted)
    for what, key in RARE.items():
        if one.model.get(key) or two.model.get(key):
            yield _compare(what, one.model, two.model, (key,))
    classifier = _compare("the classifier", one.model, two.model, ("classifiers",))
    yield classifier
    if classifier.state == DIFFERS:
        yield Cause("the parameters", FOLLOWS, "The classifier differs.")
    else:
        yield _compare("the parameters", one.parameters, two.parameters)
    yield _compare("the random states of the fits", one.model, two.model, ("seeds",))
    packages = (set(one.versions) | set(two.versions)) - {OURS}
    yield _compare(
        "the versions of packages", one.versions, two.versions, tuple(sorted(packages, key=str))
    )
    yield _compare("the version of mrnet-features", one.versions, two.versions, (OURS,))
    yield _compare("the machine", one.system, two.system)


def _compare_exams(one: Recorded, two: Recorded) -> str:
    parts = [
        f"{len(only)} only in the {which} ({name_some(sorted(only))})"
        for which, only in (
            ("first", set(one.labels) - set(two.labels)),
            ("second", set(two.labels) - set(one.labels)),
        )
        if only
    ]
    n_shared = len(set(one.labels) & set(two.labels))
    return f"{', '.join(parts)}; {n_shared} in both." if parts else ""


def _compare_tasks(one: Recorded, two: Recorded) -> str:
    tasks = [[task for task in study.scores.index if task != "mean"] for study in (one, two)]
    if set(tasks[0]) == set(tasks[1]):
        return ""
    return f" Tasks {name_some(tasks[0])} against {name_some(tasks[1])}."


def _compare_by_exam(
    what: str, one: Mapping[str, str], two: Mapping[str, str], further: str = ""
) -> Cause:
    """Hashes of the exams that both reports have."""
    shared = sorted(set(one) & set(two))
    if not (one and two):
        return Cause(what, UNKNOWN, "A report does not hold them.")
    if not shared:
        return Cause(what, FOLLOWS, "No exam is in both.")
    other = [exam for exam in shared if one[exam] != two[exam]]
    if not other:
        return Cause(what, EQUAL)
    return Cause(
        what, DIFFERS, f"{len(other)} of {len(shared)} exams: {name_some(other)}.{further}"
    )


def _compare_texts(what: str, one: str, two: str) -> Cause:
    if not (one and two):
        return Cause(what, UNKNOWN)
    return Cause(what, EQUAL if one == two else DIFFERS)


RARE = {
    "the labels fitted on": "fit_labels",
    "the weights": "sample_weight",
    "the groups": "groups",
}
"""What few studies use, and its entry in a report."""

NAMES = {"n_repeats": "repeats", "n_splits": "folds", "classifiers": ""}
HASHES = {"folds", "fit_labels", "sample_weight", "groups", "seeds"}


def _compare(
    what: str, one: Mapping[str, str], two: Mapping[str, str], keys: tuple[str, ...] | None = None
) -> Cause:
    """Values of two mappings, by default all; what neither has is equal."""
    chosen = tuple(sorted(set(one) | set(two))) if keys is None else keys
    if not any(key in one for key in chosen) or not any(key in two for key in chosen):
        neither = not any(key in one or key in two for key in chosen)
        return Cause(what, EQUAL) if neither else Cause(what, DIFFERS, _explain_kind(one, two))
    if all(one.get(key, "") == two.get(key, "") for key in chosen):
        return Cause(what, EQUAL)
    kept = {key: one.get(key, "") for key in chosen if key not in HASHES}
    other = {key: two.get(key, "") for key in chosen if key not in HASHES}
    said = _join_differences(kept, other)
    return Cause(what, DIFFERS, f"{said}." if said else "")


def _explain_kind(one: Mapping[str, str], two: Mapping[str, str]) -> str:
    """Why only one report has some values: a cross-validation has folds, held-out exams none."""
    kinds = ["cross-validation" if study.get("folds") else "held-out exams" for study in (one, two)]
    return f"{kinds[0]} against {kinds[1]}." if kinds[0] != kinds[1] else "Only one has them."


def _join_differences(one: Mapping[str, str], two: Mapping[str, str]) -> str:
    """Differing values of two mappings, at most six."""
    parts = [
        f"{NAMES.get(key, _cut(key))} {_cut(one.get(key, ''))} against {_cut(two.get(key, ''))}"
        for key in {**one, **two}
        if one.get(key, "") != two.get(key, "")
    ]
    more = f" and {len(parts) - 6} more" if len(parts) > 6 else ""
    return f"{', '.join(parts[:6])}{more}".strip()


def _join_settings(one: Mapping[str, str], two: Mapping[str, str]) -> str:
    """Settings that differ or that one report lacks."""
    names = [
        f"{_cut(key)} ({'other settings' if key in one and key in two else f'only in the {which}'})"
        for key, which in {**dict.fromkeys(two, "second"), **dict.fromkeys(one, "first")}.items()
        if one.get(key) != two.get(key)
    ]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{', '.join(names[:6])}{more}." if names else ""


def _cut(text: str) -> str:
    """Text for a message; it may come from a stranger."""
    return quote(text)[1:-1] if text else "none"


def _compare_scores(one: Recorded, two: Recorded) -> pd.DataFrame:
    """AUCs of both reports, per task and per fold."""
    second = two.scores["auc"].rename("second")
    table = one.scores.rename(columns={"auc": "first"}).join(second, how="inner")
    table = table.rename_axis("task")
    folds = one.folds.merge(two.folds, on=["repeat", "fold", "task"], suffixes=("", "_second"))
    folds = folds.rename(columns={"auc": "first", "auc_second": "second"})
    parts = [part for part in (table.reset_index(), folds) if len(part)]
    columns = ["repeat", "fold", "task", "first", "second", "difference", "ci_low", "ci_high"]
    if not parts:
        return pd.DataFrame(columns=columns)
    joined = pd.concat(parts, ignore_index=True)
    joined["difference"] = joined["second"] - joined["first"]
    return joined.reindex(columns=columns).astype({"repeat": "Int64", "fold": "Int64"})


def _conclude(diff: ReportDiff) -> Iterator[str]:
    """First cause, what else differs, and how far the AUCs are apart."""
    differing = diff.differing
    size = _describe_size(diff)
    if not differing:
        if diff.are_predictions_equal:
            yield "Nothing differs: the predictions are equal to the last bit."
        else:
            but = ", but the predictions do" if diff.are_predictions_equal is False else ""
            yield f"Nothing that the reports record differs{but}."
            yield size
    else:
        first, *others = differing
        verb = "differs" if first.what in SINGULAR else "differ"
        detail = f" ({first.detail.rstrip('.')})" if first.detail else ""
        yield f"{first.what[0].upper()}{first.what[1:]} {verb}{detail}."
        if others:
            named = ", ".join(cause.what for cause in others)
            yield f"Make that equal first; after it differ {named}."
        else:
            yield "All else that both reports record is equal."
        if diff.are_predictions_equal:
            yield "All the same the predictions are equal to the last bit."
        else:
            yield size
    missing = [cause.what for cause in diff.causes if cause.state == UNKNOWN]
    if missing:
        yield f"Not recorded in both: {', '.join(missing)}."


SINGULAR = {
    "the recipe of the features",
    "the classifier",
    "the version of mrnet-features",
    "the machine",
}


def _describe_size(diff: ReportDiff) -> str:
    """Largest difference of the AUCs, with the interval of the first one to judge it by."""
    whole = diff.scores[diff.scores["fold"].isna()].dropna(subset=["difference"])
    if not len(whole):
        return "They have no AUC of a task in common."
    row = whole.iloc[int(whole["difference"].abs().argmax())].to_dict()
    task = f"{_cut(str(row['task']))} AUC"
    if not row["difference"]:
        return "The AUCs are equal."
    folds = diff.scores["difference"][diff.scores["fold"].notna()].dropna().abs()
    n_folds = int((folds > 0).sum())
    same_folds = any(cause == Cause("the folds", EQUAL) for cause in diff.causes)
    of_folds = (
        f" {n_folds} of {len(folds)} AUCs of single folds differ, by at most {folds.max():.3f}."
        if same_folds and len(folds)
        else ""
    )
    inside = row["ci_low"] <= row["second"] <= row["ci_high"]
    interval = (
        f"{'inside' if inside else 'outside'} the 95 % interval of the first, "
        f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
        if row["ci_low"] <= row["ci_high"]
        else "and the first has no interval"
    )
    return (
        f"The largest difference is that of the {task}: {row['first']:.3f} against "
        f"{row['second']:.3f}, {interval}.{of_folds}"
    )
