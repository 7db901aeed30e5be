"""Section on reporting checklists: what the study answers, what was stated, what is open."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.evaluation.checklists.fill import Checklist, fill_checklist
from mrnet_features.evaluation.comparison.compare import Comparison
from mrnet_features.evaluation.importance.importance import Importance
from mrnet_features.evaluation.metrics.calibration import Calibration
from mrnet_features.evaluation.results import Result
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, tabulate

__all__ = ["describe_checklists"]

CHECKLISTS = ("CLEAR", "TRIPOD+AI")
"""Checklists of the page: for radiomics, and for prediction models."""

KINDS: tuple[type[Result], ...] = (Comparison, Calibration, Importance)
"""Results beside the run that answer items."""

INTRODUCTION = (
    "Two checklists of what a report of such a study must say: CLEAR for radiomics and TRIPOD+AI "
    "for prediction models. Computed: the study itself holds the answer, though the authors may "
    "have to add words. Stated: only the authors say so. Open: not answered yet. The counts say "
    "how complete the report is, not how good the study is."
)

NO_SUBMISSION = "The items are in short and in our words; submit the published checklist itself."


def describe_checklists(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Items of CLEAR and TRIPOD+AI with their answers.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: counts, and items of both checklists.

    Raises
    ------
    TypeError, ValueError
        If `stated` names an unknown item, or gives it no text.
    """
    filled = fill_checklist(
        inputs.model,
        *_list_results(inputs),
        stated=inputs.stated,
        features=inputs.features,
        seed=inputs.seed,
    )
    counts = filled.summary().loc[list(CHECKLISTS)]
    items = filled.frame()
    items = items[items["checklist"].isin(CHECKLISTS)].reset_index(drop=True)
    editions = {name: filled.editions[name] for name in CHECKLISTS}
    facts: dict[str, Any] = {"editions": editions, "n_open": int(counts["open"].sum())}
    cells = {
        "checklist": Cell("checklist"),
        "computed": Cell("computed", "d"),
        "stated": Cell("stated", "d"),
        "open": Cell("open", "d"),
        "n_items": Cell("items", "d"),
    }
    blocks: list[PartBlock] = [
        Text(INTRODUCTION),
        tabulate(counts, "Items by state", cells),
        *_show_items(filled, items),
        Text(NO_SUBMISSION),
    ]
    tables = {"counts": counts, "items": items}
    left_out = []
    if not inputs.stated:
        reason = "Ethics, aims, patients, scanners and funding are known to the authors alone."
        argument = 'stated={"CLEAR 8": "..."}'
        left_out.append(LeftOut("Items of checklists that authors state", argument, reason))
    return [Part("checklists", "Checklists", blocks, facts, tables), *left_out]


def _list_results(inputs: Inputs) -> Iterator[Result]:
    """First result of each kind that was measured on the model of the report."""
    for kind in KINDS:
        for result in inputs.find(kind):
            check = functools.partial(collect_evidence, (inputs.model, result), None, 0)
            if not isinstance(attempt(check), Refusal):
                yield result
                break


def _show_items(filled: Checklist, items: pd.DataFrame) -> Iterator[PartBlock]:
    cells = {
        "item": Cell("item"),
        "text": Cell("what to report"),
        "state": Cell("state"),
        "answer": Cell("answer"),
        "to_do": Cell("to do"),
    }
    for name in CHECKLISTS:
        rows = items[items["checklist"] == name]
        generic = rows["to_do"].str.startswith("State it: stated=")
        rows = rows.assign(to_do=rows["to_do"].mask(generic, "for the authors to state"))
        yield Closed(f"{name}: all items", [tabulate(rows, filled.editions[name], cells)])
