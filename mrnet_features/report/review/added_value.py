"""Whether the model of a report and another one add to each other."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from mrnet_features.evaluation.comparison.added_value import AddedValue, measure_both_ways
from mrnet_features.evaluation.protocol.stratify import count_possible_folds
from mrnet_features.report.cells import count
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, PartBlock, tabulate

__all__ = ["describe_added_value"]

N_REPEATS = 2
"""The fewest that show what the training exams add to the error."""

MOST_FOLDS = 3
"""Two weights need few exams: more folds cost time and change little."""

MOST_MODELS = 1
"""Other models that are combined with the first one, unless the report is thorough."""

INTRODUCTION = (
    "Does one model add to the other? A logistic regression combined the scores of both: it was "
    "fitted on a part of these exams and scored on the rest, in {folds}, {n_repeats} times. The "
    "gain is the AUC of the combination minus that of one model alone, in the same folds; with "
    "other folds its AUC differs a little from that above. There is no p, since the combination "
    "holds that model; 95 % confidence intervals are not adjusted for their number."
)


def describe_added_value(
    inputs: Inputs,
    others: Mapping[str, Any],
    facts: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> Iterator[PartBlock]:
    """Gain in AUC of the model and each other model combined, over either alone.

    Parameters
    ----------
    inputs : Inputs
    others : mapping of str to Evaluation, HoldOut or DataFrame
        Predictions of other files first.
    facts : dict
        Facts of the section are added.
    tables : dict
        The table added is added, if something was measured.

    Yields
    ------
    PartBlock
    """
    chosen = list(others) if inputs.thorough else list(others)[:MOST_MODELS]
    parts: list[pd.DataFrame] = []
    refused: list[Text] = []
    n_folds = min(MOST_FOLDS, max(2, count_possible_folds(inputs.labels)))
    for name in chosen:
        result = attempt(
            functools.partial(
                measure_both_ways,
                inputs.model,
                others[name],
                inputs.labels,
                n_splits=n_folds,
                n_repeats=N_REPEATS,
                seed=inputs.seed,
            )
        )
        if isinstance(result, Refusal):
            sentence = f"{name}: not combined with {inputs.name}. {result.reason}"
            facts["not_measured"][f"added value, {name}"] = sentence
            refused.append(Text(sentence))
            continue
        for base, added, found in ((inputs.name, name, result[0]), (name, inputs.name, result[1])):
            parts.append(_tell(found, base, added))
    if parts:
        tables["added"] = table = pd.concat(parts, ignore_index=True)
        facts |= {"n_folds": n_folds, "n_repeats": N_REPEATS}
        yield Text(INTRODUCTION.format(folds=count(n_folds, "fold"), n_repeats=N_REPEATS))
        headline = table["task"].iloc[-1]
        for row in table[table["task"] == headline].to_dict("records"):
            yield Text(say_gain(row))
        cells = {
            "base": Cell("model"),
            "added": Cell("combined with"),
            "task": Cell("task"),
            "auc_base": Cell("AUC alone", ".3f"),
            "auc_combined": Cell("AUC combined", ".3f"),
            "gain": Cell("gain (95 % CI)", ".3f", "ci_low", "ci_high"),
        }
        yield tabulate(table, "Gain of combining two models", cells)
    yield from refused
    if len(chosen) < len(others):
        names = ", ".join(name for name in others if name not in chosen)
        yield Text(f"Not combined with {inputs.name}: {names}. A thorough report combines all.")


def _tell(found: AddedValue, base: str, added: str) -> pd.DataFrame:
    return found.summary().reset_index().assign(base=base, added=added)


def say_gain(row: Mapping[Any, Any]) -> str:
    """Gain of adding a model to another in a sentence.

    Parameters
    ----------
    row : mapping
        Row of `AddedValue.summary`, with the names of base and added, and the task.

    Returns
    -------
    str

    Examples
    --------
    >>> row = {"base": "features", "added": "cnn", "task": "mean", "gain": 0.02, "ci_low": 0.01,
    ...        "ci_high": 0.03, "auc_base": 0.9, "auc_combined": 0.92}
    >>> print(say_gain(row))
    cnn adds to features: the mean AUC is 0.920 combined and 0.900 alone, a gain of 0.020 (95 % CI
    0.010 to 0.030).
    """
    what = "mean AUC" if row["task"] == "mean" else f"AUC of {row['task']}"
    gain = f"{row['gain']:z.3f} (95 % CI {row['ci_low']:z.3f} to {row['ci_high']:z.3f})"
    aucs = f"the {what} is {row['auc_combined']:.3f} combined and {row['auc_base']:.3f} alone"
    if row["ci_low"] > 0:
        return f"{row['added']} adds to {row['base']}: {aucs}, a gain of {gain}."
    if row["ci_high"] < 0:
        return f"{row['added']} does not add to {row['base']}: {aucs}, a loss: {gain}."
    return f"That {row['added']} adds to {row['base']} was not shown: {aucs}, a gain of {gain}."
