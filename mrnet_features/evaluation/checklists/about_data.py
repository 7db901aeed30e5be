"""What a run says about its exams: counts, split, groups, missing values, class balance.

Each public function takes an `Evidence` and returns an `Answer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.evaluation.checklists.answers import (
    NO_RUN,
    Answer,
    count_labels,
    describe_fit_labels,
    join,
    list_soft_tasks,
)
from mrnet_features.evaluation.checklists.model_parts import list_fitted_parts
from mrnet_features.evaluation.protocol.stratify import make_folds
from mrnet_features.messages import quote

if TYPE_CHECKING:
    from mrnet_features.evaluation.checklists.evidence import Evidence
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.evaluation.protocol.holdout import HoldOut

__all__ = ["assignment", "balance", "counts", "find_apart", "find_missing", "split", "testing"]

CLASS_WEIGHTS = (
    "class_weight",
    "class_weights",
    "is_unbalance",
    "scale_pos_weight",
    "auto_class_weights",
)
"""Parameters that weight the classes: scikit-learn, LightGBM, XGBoost, CatBoost."""


NOT_RECORDED = object()
"""Sample weights of a run that does not keep them."""


def counts(evidence: Evidence) -> Answer:
    """Exams and positives of each analysis."""
    run = evidence.run
    if evidence.held_out is not None:
        fitted, scored = evidence.held_out.train_labels, evidence.held_out.labels
        text = f"Fitted on {count_labels(fitted)}. Scored on {count_labels(scored)}."
    elif run is not None:
        text = f"Cross-validation of {count_labels(run.labels)}."
    elif evidence.scores:
        table = next(iter(evidence.scores.values())).summary()
        rows = table[table["n_positive"].notna()]
        numbers = zip(rows.index, rows["n_positive"], rows["n_exams"], strict=True)
        parts = [f"{positive} of {n} exams of {quote(task)}" for task, positive, n in numbers]
        text = f"Compared on exams, positive: {join(parts)}."
    else:
        return Answer("", NO_RUN)
    return Answer(f"{text} {describe_fit_labels(run)}".strip())


def split(evidence: Evidence) -> Answer:
    """How the exams were divided."""
    if evidence.held_out is not None:
        return _describe_held_out(evidence.held_out)
    run = evidence.cross_validated
    if run is None:
        return Answer("", NO_RUN)
    folds = run.folds
    sizes = folds.frame.groupby(["repeat", "fold"]).size()
    truth = run.labels.loc[folds.frame["exam"]].reset_index(drop=True)
    keys = [folds.frame["repeat"].to_numpy(), folds.frame["fold"].to_numpy()]
    shares = truth.groupby(keys).mean()
    parts = [
        f"{shares[task].min():.3f} to {shares[task].max():.3f} of {quote(task)}"
        for task in truth.columns
    ]
    drawn, to_do = _recognise_folds(run, evidence.seed)
    text = (
        f"{folds.n_splits} folds of {_give_range(sizes)} exams, "
        f"{_count(folds.n_repeats, 'repeat')}, sha256 {folds.hash}. {drawn}"
        f"Fraction of positives per fold: {join(parts)}. Each exam is tested once per repeat, by "
        "models that were fitted on the other folds alone, with all their steps. "
        f"{describe_fit_labels(run)}"
    ).strip()
    apart = find_apart(evidence)
    return Answer(f"{text} {apart.text}".strip(), f"{to_do} {apart.to_do}".strip())


def assignment(evidence: Evidence) -> Answer:
    """The split, if it is known how exams were assigned."""
    shown = split(evidence)
    run = evidence.cross_validated
    if run is not None and _recognise_folds(run, evidence.seed)[0]:
        return shown
    return Answer("", f"{shown.to_do} Known: {shown.text}" if shown.text else shown.to_do)


def _describe_held_out(run: HoldOut) -> Answer:
    n_train, n_test = len(run.train_labels), len(run.labels)
    shift = " ".join(run.notes())
    text = (
        f"Fitted on {n_train} exams and scored once on {n_test} others; no exam is in both. "
        f"{count_labels(run.train_labels)} in training; {count_labels(run.labels)} in the test. "
        f"{describe_fit_labels(run)} {shift}".strip()
    )
    to_do = "Say how exams were assigned to the two splits, and at which level they are apart."
    return Answer(text.strip(), to_do)


def _recognise_folds(run: Evaluation, seed: int) -> tuple[str, str]:
    """How the folds were drawn, if `make_folds` gives the same ones."""
    folds = run.folds
    try:
        same = make_folds(run.labels, folds.n_splits, folds.n_repeats, run.groups, seed)
        matches = same.hash == folds.hash
    except ValueError:
        matches = False
    if matches:
        level = "groups" if run.groups is not None else "exams"
        drawn = f"Assigned at random by {level}, stratified by the combination of the labels"
        return f"{drawn} (make_folds, seed {seed}). ", ""
    return "", (
        f"Say how exams were assigned to folds: they are not those of `make_folds` with seed "
        f"{seed}. If the run had another seed, pass seed=."
    )


def find_apart(evidence: Evidence) -> Answer:
    """Level at which the parts of the data are disjoint, from the groups of the run."""
    run = evidence.cross_validated
    if run is None:
        if evidence.held_out is None:
            return Answer("", NO_RUN)
        return Answer(
            "",
            "A HoldOut does not keep the groups of its training exams. State the level at which "
            "the two splits are apart, such as the patient.",
        )
    if run.groups is None:
        return Answer(
            "",
            "The run has no groups: exams of one patient may be in training and test. Pass "
            "groups= to `cross_validate`, or state why each exam is another patient.",
        )
    owner = run.folds.frame.assign(group=run.folds.frame["exam"].map(run.groups))
    spread = owner.groupby(["repeat", "group"])["fold"].nunique().groupby("group").max()
    if (spread > 1).any():
        return Answer("", f"{int((spread > 1).sum())} groups are spread over several folds.")
    text = (
        f"The {len(run.labels)} exams belong to {run.groups.nunique()} groups; the exams of a "
        "group are in one fold of each repeat."
    )
    return Answer(text, "Say what a group is, such as the patient or the site.")


def find_missing(evidence: Evidence) -> Answer:
    """Missing labels and missing values, and what becomes of them."""
    run, features = evidence.run, evidence.features
    if run is None:
        return Answer("", NO_RUN)
    fitted = getattr(run, "fit_labels", None)
    said = _count_missing(_join_labels(run), "" if fitted is None else " to score")
    if fitted is not None:
        said = f"{said} {_count_missing(fitted, ' to fit on')}"
    if features is None:
        return Answer(
            "", f"{said} The run does not keep the feature values: pass features= to count those."
        )
    holes = features.isna()
    n_missing = int(holes.to_numpy().sum())
    if not n_missing:
        return Answer(f"{said} None of the {features.size} values of the feature table is missing.")
    where = (
        f"{said} {n_missing} of {features.size} values of the feature table are missing "
        f"({_percent(n_missing / features.size)}), in {int(holes.any().sum())} of "
        f"{features.shape[1]} columns and {int(holes.any(axis=1).sum())} exams."
    )
    imputers = {
        type(part).__name__: getattr(part, "strategy", None)
        for fits in evidence.models.values()
        for part in list_fitted_parts(fits[0])
        if type(part).__module__.startswith("sklearn.impute")
    }
    if imputers:
        named = join(f"{name} ({how})" if how else name for name, how in imputers.items())
        return Answer(f"{where} Replaced by {named}, fitted on the training exams of each fit.")
    kinds = join(sorted({type(fits[0]).__name__ for fits in evidence.models.values()}))
    return Answer(f"{where} Left to {kinds}.", "Say what the classifier does with them.")


def balance(evidence: Evidence) -> Answer:
    """Class balance, and class weights, sample weights and resampling in the run."""
    run = evidence.run
    if run is None:
        return Answer("", NO_RUN)
    said = counts(evidence).text
    weights = getattr(run, "sample_weight", NOT_RECORDED)
    if weights is NOT_RECORDED:
        return Answer("", f"{said} The run does not record sample weights: state whether any.")
    parts = [part for fits in evidence.models.values() for part in list_fitted_parts(fits[0])]
    if not all(hasattr(fits[0], "get_params") for fits in evidence.models.values()):
        return Answer("", f"{said} The run can't read the model: state how imbalance was handled.")
    used = [] if weights is None else ["sample weights (sample_weight)"]
    fitted = getattr(run, "fit_labels", None)
    if fitted is not None and list_soft_tasks(fitted):
        used.append("labels between 0 and 1 as weights")
    for part in parts:
        own = part.get_params(deep=False) if hasattr(part, "get_params") else {}
        used += [
            f"{name}={quote(own[name]) if isinstance(own[name], str | int | float) else 'given'} "
            f"of {type(part).__name__}"
            for name in CLASS_WEIGHTS
            if name in own and not _is_neutral(own[name])
        ]
        if type(part).__module__.startswith("imblearn"):
            used.append(f"{type(part).__name__} on the training exams")
    if used:
        text = f"{said} In the fits: {join(dict.fromkeys(used))}."
        return Answer(text, "Say why, and whether probabilities were recalibrated.")
    return Answer(
        f"{said} The fits have no sample weights, no class weights among their parameters and no "
        "step of imbalanced-learn."
    )


def testing(evidence: Evidence) -> Answer:
    """Internal or external test."""
    run = evidence.cross_validated
    if run is not None:
        return Answer(
            f"Internal: cross-validation of {len(run.labels)} exams, "
            f"{run.folds.n_splits} folds, {_count(run.folds.n_repeats, 'repeat')}. The run holds "
            "no external test."
        )
    if evidence.held_out is None:
        return Answer("", NO_RUN)
    return Answer(
        "",
        f"{len(evidence.held_out.labels)} held-out exams were scored once. State whether they "
        "come from the same institutions (internal) or from others (external).",
    )


def _is_neutral(weight: Any) -> bool:
    """Whether a class weight leaves the classes as they are."""
    return weight is None or (isinstance(weight, bool | int | float) and weight in (False, 1))


def _count_missing(labels: pd.DataFrame, purpose: str) -> str:
    without = labels.isna().sum()
    parts = [
        f"{n_missing} of {len(labels)} exams have no label of {quote(task)}{purpose}"
        for task, n_missing in without[without > 0].items()
    ]
    return f"{join(parts)}." if parts else f"Every exam has a label of every task{purpose}."


def _join_labels(run: Evaluation | HoldOut) -> pd.DataFrame:
    train = getattr(run, "train_labels", None)
    return run.labels if train is None else pd.concat([train, run.labels])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _give_range(values: Any) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    return str(low) if low == high else f"{low} to {high}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
