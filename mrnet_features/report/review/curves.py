"""Section on curves and operating points: ROC, thresholds, precision and decision curves."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.metrics.decision_curve import (
    COSTLY,
    FEWEST,
    DecisionCurves,
    measure_decision_curve,
)
from mrnet_features.evaluation.metrics.precision_recall import measure_precision_recall
from mrnet_features.evaluation.metrics.roc import RocCurves, measure_roc
from mrnet_features.evaluation.plots import make_axes
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.few_exams import warn_of_few
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate
from mrnet_features.report.review.thresholds import (
    TARGET,
    find_training_evaluation,
    measure_points,
)
from mrnet_features.report.svg import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_curves"]

N_DRAWS = 500
"""Bootstrap draws of a band; its width is then off by about 3 %."""

MOST_TASKS = 4
"""Tasks with figures; those of the others are only in the tables."""


CUTS = (0.1, 0.2, 0.3, 0.5)
"""Threshold probabilities of the table of net benefits."""

INTRODUCTION = (
    "The curves show how {name} tells positive from negative exams at every threshold, the tables "
    "at a few chosen ones. All bands and intervals are 95 % confidence intervals at one point of a "
    "curve. {they} take the fitted models as given: after fitting on other exams the curves would "
    "differ more."
)

READ_ROC = (
    "ROC curve: the fraction of positive exams that are found (sensitivity) against the fraction "
    "of negative exams that raise a false alarm. A good model is near the upper left corner, one "
    "that guesses lies on the diagonal. Bands are from a bootstrap of the exams, {n_draws} draws."
)

READ_POINTS = (
    "Operating points: an exam is called positive from a threshold on, which was chosen {where}. "
    '"{balanced}" makes the sum of sensitivity and specificity largest; "{sensitive}" is the '
    "highest threshold that reached that sensitivity where it was chosen, so that it may be missed "
    "here. Predictive values (PPV, NPV) are for the fraction of positive exams in this set; where "
    "fewer exams are positive, the PPV is lower and the NPV higher. Intervals are Wilson's."
)

READ_PRECISION = (
    "Average precision is the area under the precision-recall curve. A model that guesses reaches "
    "the prevalence, so compare the two; it can't be compared with that of a set with another "
    "prevalence. In folds with few positive exams it is too high."
)

READ_DECISION = (
    "Decision curve: if exams are acted on from a threshold probability on (for example referred "
    "to surgery), net benefit is the fraction of all exams that are rightly acted on, minus the "
    "wrong ones at the price that this threshold states: at 0.2, four wrong ones cost what a "
    "right one gains. The model is of use where its line lies above both others: acting on all "
    "exams (treat all) and on none. This needs probabilities that can be believed: see the "
    "section on calibration first."
)

NO_INTERVAL = (
    "Bands end, and intervals are missing, where fewer than {fewest} exams are costly mistakes "
    "(positive exams below a threshold under {low:g}, or negative ones above a threshold over "
    "{high:g}): an interval would be too narrow."
)


def describe_curves(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """ROC curves, operating points, average precision and decision curves of the model.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: roc and decision (points of the curves), points, precision and benefit.
    """
    tasks = list(inputs.labels.columns)
    facts: dict[str, Any] = {
        "confidence": 95,
        "n_draws": N_DRAWS,
        "target": TARGET,
        "fewest": FEWEST,
        "example": 0.2,
        "costly": [COSTLY, 1 - COSTLY],
        "not_measured": {},
    }
    tables: dict[str, pd.DataFrame] = {}
    evaluation = inputs.evaluation
    repeated = evaluation is not None and evaluation.folds.n_repeats > 1
    they = "Except for the AUC they" if repeated else "They"
    introduction = Text(INTRODUCTION.format(name=inputs.name, they=they))
    blocks: list[PartBlock] = [introduction, *warn_of_few(inputs, facts)]
    left_out: list[LeftOut] = []
    points = measure_points(inputs)
    blocks += _describe_roc(inputs, {} if isinstance(points, Refusal) else points, facts, tables)
    if len(tasks) > MOST_TASKS:
        facts["n_drawn"] = MOST_TASKS
        blocks.append(
            Text(f"Figures show the first {MOST_TASKS} tasks; the files beside this page hold all.")
        )
    blocks += _describe_points(inputs, points, facts, tables)
    if not points:
        left_out.append(
            LeftOut(
                "Operating points",
                "also=[evaluation of the training exams]",
                "A threshold must be chosen on other exams than those that it is tried on. Pass "
                "the cross-validation of the same model on its training exams.",
            )
        )
    blocks += _describe_precision(inputs, facts, tables)
    blocks += _describe_decision(inputs, facts, tables)
    part = Part("curves", "Curves and operating points", blocks, facts, tables)
    return [part, *left_out]


def _describe_roc(
    inputs: Inputs,
    points: Mapping[str, pd.DataFrame],
    facts: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Iterator[PartBlock]:
    yield Text(READ_ROC.format(n_draws=N_DRAWS))
    found: dict[str, RocCurves] = {}
    for task in inputs.labels.columns:
        own = inputs.labels[[task]]
        result = attempt(
            functools.partial(
                measure_roc, inputs.model, own, points=points, n_draws=N_DRAWS, seed=inputs.seed
            )
        )
        if isinstance(result, Refusal):
            yield _refuse("ROC curve", task, result, facts)
        else:
            found[task] = result
    for task, result in list(found.items())[:MOST_TASKS]:
        height = WIDTH + 0.15 + 0.2 * len(points)
        yield Plot(f"{task}: ROC curve", functools.partial(_draw, result, height))
    if found:
        tables["roc"] = pd.concat([result.frame() for result in found.values()])
        tables["auc"] = pd.concat([result.summary() for result in found.values()])


def _describe_points(
    inputs: Inputs,
    points: Mapping[str, pd.DataFrame] | Refusal,
    facts: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Iterator[PartBlock]:
    if isinstance(points, Refusal):
        yield _refuse("Operating points", "all tasks", points, facts)
        return
    if not points:
        yield Text(
            "Operating points are not shown: a threshold must be chosen on other exams than those "
            "that it is tried on."
        )
        return
    where = (
        "on the other folds (the table shows the mean over the folds)"
        if find_training_evaluation(inputs) is None
        else "by cross-validation of the training exams"
    )
    balanced, sensitive = points
    yield Text(READ_POINTS.format(where=where, balanced=balanced, sensitive=sensitive))
    table = pd.concat(points, names=["rule"]).reset_index()
    tables["points"] = table
    cells = {
        "task": Cell("task"),
        "rule": Cell("threshold chosen for"),
        "threshold": Cell("threshold", ".2f"),
        **{
            name: Cell(f"{heading} (95 % CI)", ".2f", f"{name}_low", f"{name}_high")
            for name, heading in (
                ("sensitivity", "sensitivity"),
                ("specificity", "specificity"),
                ("ppv", "PPV"),
                ("npv", "NPV"),
            )
        },
        "n_positive": Cell("positive", ",d"),
        "n_negative": Cell("negative", ",d"),
    }
    order = {task: k for k, task in enumerate(inputs.labels.columns)}
    shown = table.sort_values("task", key=lambda column: column.map(order), kind="stable")
    yield tabulate(shown, "Operating points", cells)


def _describe_precision(
    inputs: Inputs, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    rows = []
    for task in inputs.labels.columns:
        own = inputs.labels[[task]]
        # the curve, and so its bootstrap, is not shown
        result = attempt(functools.partial(measure_precision_recall, inputs.model, own, n_draws=2))
        if isinstance(result, Refusal):
            yield _refuse("Average precision", task, result, facts)
        else:
            rows.append(result.summary())
    if rows:
        tables["precision"] = table = pd.concat(rows)
        cells = {
            "task": Cell("task"),
            "average_precision": Cell("average precision (95 % CI)", ".2f", "ci_low", "ci_high"),
            "prevalence": Cell("prevalence", ".2f"),
            "n_positive": Cell("positive", ",d"),
            "n_negative": Cell("negative", ",d"),
        }
        shown = tabulate(table, "Average precision", cells)
        yield Closed("Average precision", [Text(READ_PRECISION), shown])


def _describe_decision(
    inputs: Inputs, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    yield Text(READ_DECISION)
    yield Text(NO_INTERVAL.format(fewest=FEWEST, low=COSTLY, high=1 - COSTLY))
    found: dict[str, DecisionCurves] = {}
    for task in inputs.labels.columns:
        own = inputs.labels[[task]]
        result = attempt(functools.partial(measure_decision_curve, inputs.model, own))
        if isinstance(result, Refusal):
            yield _refuse("Decision curve", task, result, facts)
        else:
            found[task] = result
    for task, result in list(found.items())[:MOST_TASKS]:
        yield Plot(f"{task}: decision curve", functools.partial(_draw, result, 3.8))
    if not found:
        return
    tables["decision"] = pd.concat([result.frame() for result in found.values()])
    summaries = [result.summary(thresholds=CUTS) for result in found.values()]
    tables["benefit"] = table = pd.concat(summaries).reset_index()
    cells = {
        "task": Cell("task"),
        "threshold": Cell("threshold probability", ".2f"),
        "net_benefit": Cell(
            "net benefit (95 % CI); treating none has 0", ".3f", "net_benefit_low",
            "net_benefit_high",
        ),
        "treat_all": Cell("treating all", ".3f"),
        "gain_over_treat_all": Cell(
            "model minus treating all (95 % CI)", ".3f", "gain_over_treat_all_low",
            "gain_over_treat_all_high",
        ),
    }  # fmt: skip
    facts["treat_none"] = 0
    shown = tabulate(table, "Net benefit, true positives per exam", cells)
    yield Closed("Net benefit at a few thresholds", [shown])


def _draw(result: RocCurves | DecisionCurves, height: float) -> Axes:
    return result.plot(make_axes(WIDTH, height))


def _refuse(what: str, task: str, refusal: Refusal, facts: dict[str, Any]) -> Text:
    """Sentence on what is not measured, which becomes a fact as well."""
    sentence = f"{what} of {task}: not measured. {refusal.reason}"
    facts["not_measured"][f"{what}, {task}"] = sentence
    return Text(sentence)
