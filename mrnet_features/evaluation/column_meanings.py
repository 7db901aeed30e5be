"""Meaning of each column of the summaries, for the lines below their tables in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["explain_columns"]

COMMON: Mapping[str, str] = {
    "auc": "area under the ROC curve, mean over the folds; 0.5 is chance, 1 is perfect",
    "95 % interval": "from ci_low to ci_high",
    "expected": "mean predicted probability",
    "first, second": "the models",
    "group": "feature columns that belong together",
    "interval": "what the 95 % interval allows for; training exams need two repeats or more",
    "minimum_detectable_difference": "true difference that a test at 5 % finds with 80 % power",
    "n_columns": "number of feature columns",
    "n_exams": "exams with a label",
    "n_negative": "negative exams",
    "n_positive": "positive exams",
    "p": "p value, two-sided",
    "p_holm": "p corrected for the number of tests (Holm)",
    "pooled": "AUC of the scores of all folds ranked together, which is biased downwards",
    "prevalence": "fraction of positive exams",
    "se": "standard error",
    "task": "what is predicted; mean: mean over the tasks",
}
"""Columns that mean the same in several results."""

OTHER = "every other column"

BY_RESULT: Mapping[str, Mapping[str, str]] = {
    "AddedValue": {
        "auc_base": "AUC of the base model alone",
        "auc_combined": "AUC of both models combined",
        "gain": "auc_combined minus auc_base",
    },
    "Calibration": {
        "brier": "mean squared error of the probability",
        "brier_skill": "0 is no better than the prevalence for every exam, 1 is perfect",
        "observed": "fraction of positive exams",
        "intercept": "log-odds to add so that expected equals observed; 0 is ideal",
        "slope": "1 is ideal; less means that the probabilities are too extreme",
    },
    "Checklist": {
        "checklist": "reporting checklist",
        "computed": "items that the run answers",
        "stated": "items that only your own words answer",
        "open": "items without an answer",
        "n_items": "all items",
    },
    "Comparison": {"difference": "AUC of the first model minus AUC of the second"},
    "Contributions": {
        "column": "feature column",
        "mean_absolute": "mean absolute contribution to a prediction, in log-odds",
        "share": "fraction of the sum over all columns",
        "direction": "1 if larger values raise the prediction, -1 if they lower it",
    },
    "DecisionCurves": {
        "threshold": "probability from which an exam is treated",
        "net_benefit": "of treating by the model, in true positives per exam; treating none has 0",
        "treat_all": "net benefit of treating every exam",
        "gain_over_treat_all": "net_benefit minus treat_all",
        "prevalence": "fraction of positive exams that the net benefit is for",
    },
    "Exclusion": {
        "n_excluded": "exams left out",
        "n_excluded_positive": "positive exams among them",
        "auc_all": "AUC of all exams",
        "auc_kept": "AUC without the exams left out",
        "difference": "auc_kept minus auc_all",
        "auc_excluded": "AUC of the exams left out alone; empty if there are too few",
    },
    "GroupGap": {
        "auc_random": "AUC in folds that ignore the groups",
        "auc_grouped": "AUC in folds that keep each group together",
        "gap": "auc_random minus auc_grouped",
        "n_groups": "number of groups",
    },
    "HoldOut": {
        "auc": "area under the ROC curve; 0.5 is chance, 1 is perfect",
        "interval": "what the 95 % interval allows for: the models are given",
        "prevalence": "fraction of positive exams here",
        "prevalence_train": "fraction of positive exams among those that were fitted on",
    },
    "Importance": {
        "shap": "mean absolute SHAP value on held-out exams, in log-odds",
        "share": "fraction of the sum of the SHAP values",
        "direction": "1 if larger values raise the prediction, -1 if they lower it",
        "permutation": "drop of the AUC if the columns of the group are permuted",
        "drop_group": "drop of the AUC if the model is fitted without the group",
        "single_group": "AUC of a model fitted on this group alone",
    },
    "NegativeControl": {
        "kind": "what was done to the data",
        "mean_auc": "AUC, mean over the tasks and rounds",
        "expected": "AUC of a correct procedure; for a planted leak, at least this",
        "n_rounds": "rounds",
        "passed": "whether the AUC is as expected",
    },
    "NullImportance": {
        "observed": "importance with the true labels",
        "null_mean": "mean importance with shuffled labels",
        "null_max": "largest importance with shuffled labels",
        "p": "fraction of the rounds, the observed one included, that reach the observed value",
    },
    "PermutationTest": {
        "auc": "area under the ROC curve; 0.5 is chance, 1 is perfect",
        "null_mean": "mean AUC with permuted exams",
        "null_95": "95th percentile of the AUC with permuted exams",
        "p": "p value, one-sided: how often permuted exams reach the AUC",
        "n_permutations": "permutations",
    },
    "PrecisionRecall": {
        "average_precision": "area under the precision-recall curve, mean over the folds",
        "pooled": "average precision of the scores of all folds ranked together",
        "prevalence": "fraction of positive exams: average precision of a random ranking",
        "positives_per_fold": "positive exams in a fold, on average",
    },
    "SampleSize": {
        "n_exams": "exams needed",
        "half_width": "half the width of the interval",
        "power": "chance that the test finds the difference; empty if the aim is an interval",
    },
    "Stability": {
        "least": "fraction of columns that are stable under every perturbation",
        OTHER: "fraction of columns that are stable under this perturbation: ICC at least 0.75",
    },
    "Subgroups": {
        "factor, level": "the subgroup",
        "auc": "area under the ROC curve within the subgroup; 0.5 is chance, 1 is perfect",
        "difference": "AUC of the subgroup minus AUC of the other exams",
        "note": "why a number is missing, or why to mistrust it",
    },
}
"""Columns of one result, by the name of its class; they come before `COMMON`."""


def explain_columns(result: str, columns: Iterable[str]) -> dict[str, str]:
    """Meaning of the columns of a summary, by name.

    Parameters
    ----------
    result : str
        Name of the class of the result.
    columns : iterable of str
        Columns, after `ci_low` and `ci_high` were joined to "95 % interval". "slope, 95 % interval"
        needs no explanation.

    Returns
    -------
    dict of str to str
        Names in the order of the columns. Those without a meaning, such as the columns of a result
        of one's own, are left out.

    Examples
    --------
    >>> explain_columns("Comparison", ["first", "second", "difference", "age"])
    {'first, second': 'the models', 'difference': 'AUC of the first model minus AUC of the second'}
    """
    meanings = {**COMMON, **BY_RESULT.get(result, {})}
    keys = {name: key for key in meanings for name in _split(key)}
    found: dict[str, str] = {}
    for column in columns:
        key = keys.get(column, OTHER)
        if key in meanings and not column.endswith(", 95 % interval"):
            found[key] = meanings[key]
    return found


def _split(key: str) -> list[str]:
    """Columns that share one meaning."""
    return key.split(", ")
