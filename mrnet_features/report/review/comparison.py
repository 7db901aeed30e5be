"""Section on comparison: the model against other models, and whether one adds to the other."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.comparison.compare import Comparison, compare
from mrnet_features.evaluation.plots import make_axes, shorten, wrap
from mrnet_features.evaluation.score_plots import plot_differences
from mrnet_features.report.cells import SMALLEST_P, say_p
from mrnet_features.report.page import Text
from mrnet_features.report.review.added_value import describe_added_value
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.few_exams import warn_of_few
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate
from mrnet_features.report.review.published import describe_published
from mrnet_features.report.svg import WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_comparison", "say_difference"]

LEVEL = 0.05
POWER = 80

INTRODUCTION = (
    "Difference between the AUC of {name} and that of each other model on the same exams. Right of "
    "the dashed line {name} is better, left of it the other. An interval that holds 0 shows no "
    "difference; it does not show that the models are equal."
)

INTERVALS = "Intervals are 95 % confidence intervals, not adjusted for their number."

TESTS = (
    "p values are two-sided and adjusted for the number of tests (Holm): those of the mean for the "
    "number of models, those of single tasks for models and tasks. The detectable difference is "
    "the true difference that an unadjusted test at 5 % finds with 80 % power on these exams; a "
    "smaller one is easily missed."
)

FILES = (
    "Predictions from files ({names}) are taken as they are. This page can't tell whether their "
    "models were trained on these exams; if they were, their AUCs and what they add are too high."
)

ONE_PARTITION = (
    "There is no p where the models were cross-validated on one partition into folds: its error "
    "would be too small, and the interval is too narrow. Two or more repeats are needed."
)

NESTED = (
    "There is no p where the columns of one model hold all those of the other: the usual test is "
    "wrong there."
)


def describe_comparison(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """The model against the other models, predictions of files, and published AUCs.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: differences, auc, added and published, as far as there are any.
    """
    facts: dict[str, Any] = {
        "confidence": 95,
        "power": POWER,
        "level": LEVEL,
        "test_percent": 100 * LEVEL,
        "smallest_p": SMALLEST_P,
        "line": 0,
        "not_measured": {},
    }
    tables: dict[str, pd.DataFrame] = {}
    blocks: list[PartBlock] = []
    left_out: list[LeftOut] = []
    further = dict(list(inputs.models.items())[1:])
    exams = set(inputs.labels.index)
    elsewhere = [name for name, model in further.items() if set(model.labels.index) != exams]
    others: dict[str, Any] = {
        **inputs.others,
        **{name: model for name, model in further.items() if name not in elsewhere},
    }
    if others:
        blocks += _describe_differences(inputs, others, facts, tables)
        blocks += describe_added_value(inputs, others, facts, tables)
    else:
        left_out.append(
            LeftOut(
                "Comparison with other models",
                'compare={"cnn": "cnn.csv"}',
                "There is no other model. Pass several evaluations, or files with predictions for "
                "the same exams.",
            )
        )
    if elsewhere:
        names = ", ".join(elsewhere)
        sentence = f"Not compared with {inputs.name}, since scored on other exams: {names}."
        blocks.append(Text(sentence))
    if inputs.is_release:
        shown, missing = describe_published(inputs, facts, tables)
        blocks += shown
        left_out += missing
    part = Part("comparison", "Comparison", blocks, facts, tables)
    return [part, *left_out] if blocks else left_out


def _describe_differences(
    inputs: Inputs,
    others: Mapping[str, Any],
    facts: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Iterator[PartBlock]:
    yield Text(INTRODUCTION.format(name=inputs.name))
    yield from warn_of_few(inputs, facts)
    found: dict[str, Comparison] = {}
    for name, other in others.items():
        models = {inputs.name: inputs.model, name: other}
        nested = _are_nested(inputs.model, other)
        result = attempt(functools.partial(compare, models, nested=nested))
        if isinstance(result, Refusal):
            sentence = f"{name}: not compared. {result.reason}"
            facts["not_measured"][name] = sentence
            yield Text(sentence)
        else:
            found[name] = result
    if not found:
        return
    inputs.keep(next(iter(found.values())))
    tables["differences"] = table = _summarise(found)
    tables["auc"] = aucs = _collect_aucs(found)
    headline = next(iter(found.values())).headline
    for name in found:
        rows = table[table["second"] == name]
        yield Plot(f"{inputs.name} minus {name}: AUC", functools.partial(_draw, rows))
    for row in table[table["task"] == headline].to_dict("records"):
        yield Text(say_difference(row, headline))
    if headline == "mean":
        yield from _describe_single_tasks(table[table["task"] != headline])
    cells = {
        "second": Cell("other model"),
        "task": Cell("task"),
        "difference": Cell("difference (95 % CI)", ".3f", "ci_low", "ci_high"),
        "adjusted": Cell("adjusted p"),
        "minimum_detectable_difference": Cell("detectable difference", ".3f"),
        "interval": Cell("interval allows for"),
    }
    shown = table.assign(adjusted=table["p_holm"].map(say_p))
    yield tabulate(shown, f"AUC of {inputs.name} minus AUC of the other model", cells)
    tested = table["p"].notna().any()
    yield Text(f"{INTERVALS} {TESTS}" if tested else INTERVALS)
    if any(result.nested for result in found.values()):
        yield Text(NESTED)
    if table["interval"].str.startswith("fitted").any():
        yield Text(ONE_PARTITION)
    files = [name for name in found if name in inputs.others]
    if files:
        yield Text(FILES.format(names=", ".join(files)))
    cells = {
        "model": Cell("model"),
        "task": Cell("task"),
        "auc": Cell("AUC (95 % CI)", ".3f", "ci_low", "ci_high"),
        "n_exams": Cell("exams", ",d"),
        "n_positive": Cell("positive", ",d"),
    }
    where = "in the same folds" if inputs.evaluation is not None else "on the same exams"
    yield Closed(f"AUC of each model {where}", [tabulate(aucs, f"AUC {where}", cells)])


def _describe_single_tasks(table: pd.DataFrame) -> Iterator[Text]:
    """Tasks that differ after adjustment, or that none does."""
    tested = table[table["p_holm"].notna()]
    found = tested[tested["p_holm"] < LEVEL]
    for row in found.to_dict("records"):
        yield Text(say_difference(row, row["task"]))
    if len(tested) and not len(found):
        yield Text("For no single task was a difference shown after adjustment.")


def _summarise(found: Mapping[str, Comparison]) -> pd.DataFrame:
    """Differences of all pairs; p values are adjusted over all that have one."""
    order = pd.concat([result.pairs for result in found.values()], ignore_index=True)
    parts = []
    for nested in (False, True):
        chosen = {name: result for name, result in found.items() if result.nested == nested}
        if chosen:
            pairs = pd.concat([result.pairs for result in chosen.values()], ignore_index=True)
            scores = {key: value for one in chosen.values() for key, value in one.scores.items()}
            parts.append(Comparison(pairs, scores, nested).summary())
    table = pd.concat(parts, ignore_index=True)
    keys = ["second", "task"]
    return order[keys].merge(table, on=keys, validate="one_to_one")[list(table.columns)]


def _collect_aucs(found: Mapping[str, Comparison]) -> pd.DataFrame:
    frames = pd.concat([result.frame() for result in found.values()])
    return frames[~frames.index.duplicated()]


def _are_nested(first: Any, second: Any) -> bool:
    """Whether the columns of one model are a part of those of the other."""
    one, two = (_list_columns(model) for model in (first, second))
    return bool(one and two) and (one < two or two < one)


def _list_columns(model: Any) -> set[str]:
    fits = list(getattr(model, "models", {}).values())
    names = getattr(fits[0], "feature_names_in_", None) if fits else None
    return set() if names is None else set(map(str, names))


def say_difference(row: Mapping[Any, Any], headline: str) -> str:
    """Difference of two models in a sentence.

    Parameters
    ----------
    row : mapping
        Row of `Comparison.summary`.
    headline : str
        "mean", or the only task.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"first": "features", "second": "cnn", "difference": 0.01, "ci_low": -0.03,
    ...        "ci_high": 0.05, "p_holm": 0.6, "minimum_detectable_difference": 0.06}
    >>> print(say_difference(row, "mean"))
    No difference in mean AUC between features and cnn was shown: 0.010 (95 % CI -0.030 to 0.050,
    adjusted p 0.600). A difference of 0.060 or more would have been found with 80 % power.
    """
    what = "mean AUC" if headline == "mean" else f"AUC of {headline}"
    first, second, gap = row["first"], row["second"], row["difference"]
    value = f"{gap:z.3f}"
    p = row["p_holm"]
    ends = [f"95 % CI {row['ci_low']:z.3f} to {row['ci_high']:z.3f}"] * math.isfinite(row["ci_low"])
    ends += [f"adjusted p {say_p(p)}"] * math.isfinite(p)
    value += f" ({', '.join(ends)})" if ends else ""
    if not math.isfinite(p):
        return f"The {what} of {first} minus that of {second} is {value}, without a test."
    if p < LEVEL:
        better, worse = (first, second) if gap > 0 else (second, first)
        return f"{better} reaches a higher {what} than {worse}: {first} minus {second} is {value}."
    smallest = row["minimum_detectable_difference"]
    words = f"No difference in {what} between {first} and {second} was shown: {value}."
    if math.isfinite(smallest):
        words += (
            f" A difference of {smallest:.3f} or more would have been found with {POWER} % power."
        )
    return words


def _draw(rows: pd.DataFrame) -> Axes:
    axes = plot_differences(rows, make_axes(WIDTH, 1.2 + 0.34 * len(rows)))
    first, second = (shorten(rows[name].iloc[0], 24) for name in ("first", "second"))
    axes.set_title(wrap(f"{first} − {second}", 38), fontsize="medium")
    axes.set_yticks(axes.get_yticks(), [shorten(task, 18) for task in rows["task"]])
    axes.locator_params(axis="x", nbins=5)
    return axes
