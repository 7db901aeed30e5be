"""Published AUCs on MRNet beside the AUC of the model, for exams of its release only."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd

from mrnet_features.evaluation.comparison.compare_published import compare_published
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, LeftOut, PartBlock, tabulate

__all__ = ["describe_published"]

INTRODUCTION = (
    "Published mean AUCs on MRNet. The difference is the AUC of {name} on the {n_exams:,} held-out "
    "exams minus the published one. Its 95 % confidence interval covers the error of our AUC "
    "alone: a published AUC has an error of its own, and that of the hidden test set is of other "
    "exams. So this is no test."
)


def describe_published(
    inputs: Inputs, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> tuple[list[PartBlock], list[LeftOut]]:
    """First held-out evaluation among the models minus published mean AUCs.

    Parameters
    ----------
    inputs : Inputs
        Of exams of MRNet's release.
    facts, tables : dict
        What the blocks show is added.

    Returns
    -------
    blocks : list of PartBlock
    left_out : list of LeftOut
        If no model was scored on held-out exams.
    """
    for name, model in inputs.models.items():
        if not isinstance(model, HoldOut):
            continue
        table = attempt(functools.partial(compare_published, model))
        if isinstance(table, Refusal):
            sentence = f"Published AUCs: not compared. {table.reason}"
            facts["not_measured"]["published"] = sentence
            return [Text(sentence)], []
        tables["published"] = table
        facts["n_held_out"] = len(model.labels)
        cells = {
            "model": Cell("published model"),
            "published": Cell("AUC", ".3f"),
            "scored_on": Cell("exams"),
            "source": Cell("source"),
            "difference": Cell("difference (95 % CI)", ".3f", "ci_low", "ci_high"),
        }
        text = INTRODUCTION.format(name=name, n_exams=len(model.labels))
        return [Text(text), tabulate(table, "Published mean AUCs", cells)], []
    reason = (
        "Published AUCs are of the valid or hidden test exams; that of a cross-validation of the "
        "training exams can't be compared with them. Pass the result of `evaluate` too."
    )
    return [], [LeftOut("Published AUCs", 'evaluation={"train": ..., "valid": ...}', reason)]
