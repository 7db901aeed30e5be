"""What a run says about performance: AUCs with intervals, calibration, comparison, importance.

Each public function takes an `Evidence` and returns an `Answer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrnet_features.evaluation.checklists.about_data import find_apart, split
from mrnet_features.evaluation.checklists.about_models import choice, model, training
from mrnet_features.evaluation.checklists.answers import NO_RUN, Answer, join
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from mrnet_features.evaluation.checklists.evidence import Evidence

__all__ = [
    "building",
    "comparison",
    "importance",
    "measures",
    "metrics",
    "output",
    "performance",
    "prediction",
    "uncertainty",
]

NO_CALIBRATION = (
    "Calibration is open: pass `measure_calibration(run)` as a further result, or state it."
)
MOST_GROUPS = 5
"""Most feature groups named in an answer."""


def performance(evidence: Evidence) -> Answer:
    """AUC of each task with its interval."""
    if not evidence.scores:
        return Answer("", evidence.problem or NO_RUN)
    parts, without = [], []
    for name, scores in evidence.scores.items():
        for row in scores.summary().itertuples():
            label = f"{quote(name)}, {quote(row.Index)}" if name else quote(row.Index)
            parts.append(f"{label} {row.auc:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f})")
            ends: Any = [row.ci_low, row.ci_high]
            if not np.isfinite(ends).all():
                without.append(label)
    if without:
        return Answer(
            "",
            f"No interval of the AUC of {join(without)}: the exams or groups allow none. Test on "
            "more of them.",
        )
    shown = f"AUC (95 % interval): {join(parts)}. {_describe_interval(evidence)}"
    said, to_do = _describe_calibration(evidence)
    return Answer(f"{shown} {said}".strip(), to_do)


def uncertainty(evidence: Evidence) -> Answer:
    """Method of the intervals, and of the tests if there are any."""
    if not evidence.scores:
        return Answer("", evidence.problem or NO_RUN)
    shown = performance(evidence)
    if not shown.text:
        return shown
    errors = [
        f"{quote(row.Index)} {row.se:.4f}"
        for scores in list(evidence.scores.values())[:1]
        for row in scores.summary().itertuples()
    ]
    text = f"{_describe_interval(evidence)} Standard errors of the AUC: {join(errors)}."
    tested = comparison(evidence)
    said, to_do = _describe_calibration(evidence)
    return Answer(" ".join(filter(None, [text, tested.text, said])), to_do)


def metrics(evidence: Evidence) -> Answer:
    """Metrics that the results hold."""
    if not evidence.scores:
        return Answer("", evidence.problem or NO_RUN)
    found = ["the AUC of each task" if evidence.run is None else _name_auc(evidence)]
    if evidence.calibration is not None:
        found.append("Brier score, calibration intercept and slope")
    if evidence.comparison is not None:
        found.append("difference in AUC between models")
    return Answer(f"Metrics: {join(found)}.", "" if evidence.calibration else NO_CALIBRATION)


def measures(evidence: Evidence) -> Answer:
    """Discrimination and calibration; both are needed."""
    found = metrics(evidence)
    if found.text and evidence.calibration is None:
        return Answer("", f"{found.text} {NO_CALIBRATION}")
    said, _ = _describe_calibration(evidence)
    return Answer(f"{found.text} {said}".strip(), found.to_do)


def comparison(evidence: Evidence) -> Answer:
    """Test of the differences between models, with Holm's correction."""
    if evidence.comparison is None:
        return Answer("", "No comparison: pass that of `compare` as a further result, or state it.")
    table = evidence.comparison.summary()
    rows = table[table["task"] == evidence.comparison.headline]
    parts = []
    for row in rows.itertuples():
        shown = (
            f"{quote(row.first)} minus {quote(row.second)} {row.difference:+.3f} "
            f"({row.ci_low:+.3f} to {row.ci_high:+.3f})"
        )
        p: Any = row.p
        detectable: Any = row.minimum_detectable_difference
        if np.isfinite(p):
            shown += f", p = {p:.3g}, after Holm {row.p_holm:.3g}"
        if np.isfinite(detectable):
            shown += f", detectable with 80 % power {detectable:.3f}"
        parts.append(shown)
    sources = join(dict.fromkeys(rows["interval"]))
    if evidence.comparison.nested:
        holm = "No p values: the columns of one model are among those of the other."
    else:
        holm = f"Two-sided p values, adjusted by Holm over {_count(len(rows), 'pair')}"
        others = len(table) - len(rows)
        holm += f"; those of the single tasks over {others} tests." if others else "."
    text = (
        f"Difference in AUC of {quote(evidence.comparison.headline)} (95 % interval): "
        f"{'; '.join(parts)}. Paired t test on influence values; error from {sources}. {holm}"
    )
    to_do = "" if evidence.comparison.nested else "Say from which p a difference counts."
    return Answer(text, to_do)


def importance(evidence: Evidence) -> Answer:
    """Importance of the feature groups."""
    if evidence.importance is None:
        return Answer("", "Pass `importance(run, features)` as a further result, or state it.")
    table = evidence.importance.summary()
    view = str(table.columns[1])
    top = table[:MOST_GROUPS]
    listed = ", ".join(
        f"{name} {value:.3f}" for name, value in zip(top.index, top[view], strict=True)
    )
    views = [name for name in table.columns if f"{name}_low" in table.columns]
    return Answer(
        f"Importance on held-out exams, {len(table)} groups of columns by "
        f"{quote(evidence.importance.by)}, views {join(views)}. Highest in {view} for "
        f"{quote(evidence.importance.headline)}: {listed}."
    )


def output(evidence: Evidence) -> Answer:
    """What the models return."""
    run = evidence.run
    if run is None:
        return Answer("", NO_RUN)
    values = run.predictions[list(run.labels.columns)].to_numpy(dtype=float)
    chances = all(hasattr(f, "predict_proba") for own in evidence.models.values() for f in own)
    kind = "probability (predict_proba)" if chances else "score (decision_function)"
    return Answer(
        f"One {kind} per exam and task {name_some(list(run.labels.columns))}, from "
        f"{values.min():.3f} to {values.max():.3f}. The run holds no threshold."
    )


def prediction(evidence: Evidence) -> Answer:
    """How the scores of the exams were computed."""
    shown = output(evidence)
    if not shown.text:
        return shown
    by = (
        "Each exam is scored by the models fitted on the other folds of its repeat."
        if evidence.cross_validated is not None
        else "Each held-out exam is scored once, by the model fitted on all training exams."
    )
    return Answer(f"{shown.text} {by}")


def building(evidence: Evidence) -> Answer:
    """Model, tuning and internal validation."""
    fitted = training(evidence)
    validated = split(evidence)
    if evidence.cross_validated is None or not fitted.text:
        missing = (
            fitted.to_do
            if not model(evidence).text
            else (f"{model(evidence).text} A held-out run holds no internal validation: state it.")
        )
        return Answer("", missing)
    apart = find_apart(evidence)
    tuned = choice(evidence)
    to_do = " ".join(filter(None, [fitted.to_do if not tuned.text else "", apart.to_do]))
    return Answer(f"{fitted.text} Internal validation: {validated.text}", to_do)


def _describe_interval(evidence: Evidence) -> str:
    first = next(iter(evidence.scores.values()))
    sources = join(dict.fromkeys(error.source for error in first.errors.values()))
    groups = (
        f"Exams of one of {first.groups.nunique()} groups do not count as independent."
        if first.groups is not None
        else "Exams count as independent: the run has no groups."
    )
    return (
        "Intervals from the influence values of the AUC, by the t distribution on the logit scale; "
        f"error from {sources}. {groups}"
    )


def _name_auc(evidence: Evidence) -> str:
    run = evidence.cross_validated
    return (
        "AUC on the held-out exams"
        if run is None
        else f"AUC, mean over {run.folds.n_splits * run.folds.n_repeats} test folds"
    )


def _describe_calibration(evidence: Evidence) -> tuple[str, str]:
    if evidence.calibration is None:
        return "", NO_CALIBRATION
    parts = []
    for row in evidence.calibration.summary().itertuples():
        slope = _show_interval(row.slope, row.slope_low, row.slope_high)
        intercept = _show_interval(row.intercept, row.intercept_low, row.intercept_high)
        parts.append(
            f"{quote(row.Index)} Brier score {row.brier:.3f}, intercept {intercept}, slope {slope}"
        )
    return f"Calibration (95 % interval): {join(parts)}.", ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _show_interval(value: Any, low: Any, high: Any) -> str:
    return f"{value:.2f} ({low:.2f} to {high:.2f})" if np.isfinite(value) else "not estimable"
