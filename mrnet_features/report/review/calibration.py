"""Section on calibration: predicted probabilities against the fraction of positive exams."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mrnet_features.evaluation.metrics.calibration import Calibration, measure_calibration
from mrnet_features.evaluation.plots import make_axes
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.few_exams import warn_of_few
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, LeftOut, Part, PartBlock, Plot, tabulate
from mrnet_features.report.svg import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_calibration"]


MOST_TASKS = 4
"""Tasks with figures; those of the others are only in the tables."""

FEWEST_OF_A_BIN = 25
MOST_BINS = 10

INTRODUCTION = (
    "If probabilities are calibrated, about 70 % of the exams with a predicted probability of "
    "70 % are positive. In the figures each point is a bin of exams with similar probabilities: "
    "on the diagonal they are right, below it too high, above it too low. A model can rank exams "
    "well (a high AUC) and still give wrong probabilities."
)

EXPLAIN = (
    "Brier score: mean squared error of the probability, 0 is best; the skill compares it with "
    "giving every exam the prevalence, 0 is no better and 1 perfect. Intercept: 0 is ideal; below "
    "0 the probabilities are too high on the whole, above 0 too low. Slope: 1 is ideal; below 1 "
    "they are too extreme (too near 0 and 1), above 1 too cautious."
)

INTERVALS = (
    "{source}Intervals are 95 % confidence intervals, Wilson's for the points and Wald's for "
    "intercept and slope. They take the fitted models as given, and are not adjusted for their "
    "number. Calibration holds for sets with this fraction of positive exams; where fewer exams "
    "are positive, the same probabilities are too high."
)

BOOSTED = (
    "The model is LightGBM. Its probabilities are not adjusted after fitting: use them to rank "
    "exams, to draw ROC curves and to choose thresholds by cross-validation. Before one is read "
    "as the risk of a patient, recalibrate the model on exams of the hospital that will use it."
)


def describe_calibration(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Reliability curves, Brier score, calibration intercept and slope of the model.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: summary and bins.
    """
    result = attempt(functools.partial(measure_calibration, inputs.model))
    facts: dict[str, Any] = {"confidence": 95, "example": 70, "ideal": {"intercept": 0, "slope": 1}}
    if isinstance(result, Refusal):
        facts["not_measured"] = sentence = f"Calibration was not measured. {result.reason}"
        return [Part("calibration", "Calibration", [Text(sentence)], facts, {})]
    inputs.keep(result)
    fewest = int(inputs.labels.notna().sum().min())
    n_bins = min(MOST_BINS, max(2, fewest // FEWEST_OF_A_BIN))
    facts["n_bins"] = n_bins
    summary = result.summary()
    tables = {"summary": summary, "bins": result.frame(n_bins)}
    source = ""
    if inputs.evaluation is not None:
        source = "The probabilities are out of fold"
        if inputs.evaluation.folds.n_repeats > 1:
            source += ", those of the first repeat, so that an exam counts once"
        source += ". "
    blocks: list[PartBlock] = [Text(INTRODUCTION), *warn_of_few(inputs, facts)]
    tasks = list(inputs.labels.columns)
    for task in tasks[:MOST_TASKS]:
        draw = functools.partial(_draw, result, task, n_bins)
        blocks.append(Plot(f"{task}: predicted probability and fraction of positive exams", draw))
    cells = {
        "task": Cell("task"),
        "expected": Cell("mean probability", ".2f"),
        "observed": Cell("fraction positive", ".2f"),
        "brier": Cell("Brier score", ".3f"),
        "brier_skill": Cell("skill", ".2f"),
        "intercept": Cell("intercept (95 % CI)", ".3f", "intercept_low", "intercept_high"),
        "slope": Cell("slope (95 % CI)", ".3f", "slope_low", "slope_high"),
    }
    blocks.append(tabulate(summary, "Calibration", cells))
    blocks.append(Text(EXPLAIN))
    alike: dict[str, list[str]] = {}
    for name, row in summary.to_dict("index").items():
        alike.setdefault(say_calibration(row), []).append(str(name))
    blocks += [Text(f"{', '.join(named)}: {words}") for words, named in alike.items()]
    blocks.append(Text(INTERVALS.format(source=source)))
    if _is_boosted(inputs):
        blocks.append(Text(BOOSTED))
    return [Part("calibration", "Calibration", blocks, facts, tables)]


def say_calibration(row: Mapping[Any, Any]) -> str:
    """What intercept and slope of a task mean.

    Parameters
    ----------
    row : mapping
        Row of `Calibration.summary`.

    Returns
    -------
    str
        Sentences.

    Examples
    --------
    >>> wide = {"intercept_low": -1.0, "intercept_high": 1.0, "slope_low": 0.4, "slope_high": 0.8}
    >>> say_calibration(wide)
    'the slope shows that the probabilities are too extreme.'
    """
    if not math.isfinite(row["intercept_low"]):
        return "intercept and slope can't be estimated."
    found = []
    if row["intercept_high"] < 0:
        found.append("the intercept shows that the probabilities are too high on the whole")
    elif row["intercept_low"] > 0:
        found.append("the intercept shows that the probabilities are too low on the whole")
    known = math.isfinite(row["slope_low"])
    if known and row["slope_high"] < 1:
        found.append("the slope shows that the probabilities are too extreme")
    elif known and row["slope_low"] > 1:
        found.append("the slope shows that the probabilities are too cautious")
    words = "; ".join(found)
    if not found:
        words = (
            "no miscalibration was shown. This is no proof that there is none: any value within "
            "the intervals is compatible with these exams"
        )
    if not known:
        words += "; the slope can't be estimated"
    return f"{words}."


def _draw(result: Calibration, task: str, n_bins: int) -> Axes:
    return result.plot(make_axes(WIDTH, WIDTH + 0.2), n_bins=n_bins, task=task)


def _is_boosted(inputs: Inputs) -> bool:
    """Whether the scores are those of LightGBM, as they come."""
    models = [getattr(model, "best_estimator_", model) for model in inputs.model.models.values()]
    last = [model.steps[-1][1] if hasattr(model, "steps") else model for model in models]
    return any("lightgbm" in kind.__module__ for model in last for kind in type(model).__mro__)
