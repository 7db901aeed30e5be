"""Section on leakage: what was checked, what was found, and what was not checked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from mrnet_features.evaluation.leakage.checks import (
    SUSPECT_AUC,
    SUSPECT_ORDER,
    SUSPECT_SHARE,
    LeakageFinding,
    check_leakage,
    find_repeated_rows,
    list_family,
)
from mrnet_features.evaluation.leakage.negative_controls import NegativeControl
from mrnet_features.evaluation.leakage.permutation import PermutationTest
from mrnet_features.report.cells import count
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.controls import CONTROLS, find_controls
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate
from mrnet_features.report.words import describe_column

__all__ = ["FAILED", "FOUND", "NOTHING", "NOT_RUN", "PASSED", "describe_leakage"]

TITLE = "Leakage and negative controls"

NOTHING, FOUND, NOT_RUN, PASSED, FAILED, UNCLEAR = (
    "nothing found", "found", "not run", "passed", "failed", "unclear"
)  # fmt: skip
"""States of a check."""

SCAN = "acquisition"
"""Family of the columns that describe the scan and not the knee."""

LEVEL = 0.05
"""Level of the permutation test."""

MOST_ROWS = 20
"""Most findings in a table of the page; the CSV files hold all."""

INTRODUCTION = (
    "Leakage lets a model score well for a reason that is not the knee: a column made from the "
    "label, the same exam twice, the scanner. Each row is one check, what it can find and what it "
    "found. A check that did not run says nothing."
)

BEYOND = (
    "These checks look at the feature table and the folds. They can't see whether columns, "
    "settings or exams were chosen after a look at all labels, nor whether a radiologist's report "
    "had a part in both label and image."
)


class _Check(NamedTuple):
    """Row of the table of checks."""

    check: str
    finds: str
    state: str
    result: str


def describe_leakage(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Leakage checks, repeated exams, negative controls and permutation tests.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: checks, and where there are any findings, repeated, controls and permutation.
        Facts: n_nothing, n_found, n_not_run, n_passed and n_failed, and ``controls``, the kinds of
        negative controls that ran.
    """
    facts: dict[str, Any] = {
        "confidence": 95,
        "suspect_auc": SUSPECT_AUC,
        "suspect_order": SUSPECT_ORDER,
        "suspect_share": SUSPECT_SHARE,
    }
    tables: dict[str, pd.DataFrame] = {}
    left_out = []
    checks = [*_check_columns(inputs, tables), *_check_repeats(inputs, tables)]
    checks.append(_check_groups(inputs))
    controls = find_controls(inputs)
    checks += _check_controls(controls, facts)
    if isinstance(controls, list) and controls:
        tables["controls"] = pd.concat([control.summary() for control in controls])
    elif not isinstance(controls, Refusal):
        left_out.append(
            LeftOut(
                "Negative controls",
                "thorough=True",
                "They fit the models again many times, on shuffled labels, on noise and with a "
                "planted leak.",
            )
        )
    tests = inputs.find(PermutationTest)
    if tests:
        tables["permutation"] = tests[0].summary()
        facts["level"] = LEVEL
        checks.append(_check_permutations(tests[0]))
    else:
        reason = "It fits the models again for every permutation; see `permutation_test`."
        left_out.append(LeftOut("Permutation test", "also=[permutation test]", reason))
    tables["checks"] = table = pd.DataFrame(checks)
    counts = {state: int((table["state"] == state).sum()) for state in STATES}
    facts |= {f"n_{state.split()[0]}": n for state, n in counts.items() if state != NOT_RUN}
    facts["n_not_run"] = counts[NOT_RUN]
    alarms = counts[FOUND] + counts[FAILED]
    blocks: list[PartBlock] = [
        Text(INTRODUCTION),
        Text(_summarise(counts), is_warning=alarms > 0),
        tabulate(table, "Checks", {name: Cell(heading) for name, heading in HEADINGS.items()}),
        *_show_findings(facts, tables),
    ]
    if tests:
        task = tests[0].headline
        blocks.append(Plot(f"{task}: permutation test", tests[0].plot))
    if "controls" in tables:
        blocks.append(_show_controls(tables["controls"]))
    blocks.append(Text(BEYOND))
    return [Part("leakage", TITLE, blocks, facts, tables), *left_out]


STATES = (NOTHING, FOUND, NOT_RUN, PASSED, FAILED, UNCLEAR)

HEADINGS = {
    "check": "check",
    "state": "state",
    "result": "what it found",
    "finds": "what it can find",
}


def _summarise(counts: Mapping[str, int]) -> str:
    """States of all checks in a sentence."""
    words = {
        NOTHING: "found nothing",
        FOUND: "found something",
        PASSED: "passed",
        UNCLEAR: "could not rule out chance",
        FAILED: "failed",
        NOT_RUN: "did not run",
    }
    parts = [f"{n} {words[state]}" for state, n in counts.items() if n]
    return f"Of {count(sum(counts.values()), 'check')}: {', '.join(parts)}."


CODES = {
    "single-column": (
        "One column separates a task",
        f"A column computed from the label. Alarm from an AUC of {SUSPECT_AUC} of one column.",
    ),
    "exam-order": (
        "Columns in the order of the exam ids",
        f"A trace of how exams were collected. Alarm from a rank correlation of {SUSPECT_ORDER}.",
    ),
    "acquisition": (
        "Size of the scan explains a task",
        f"A model that knows the scan protocol. Alarm from {SUSPECT_SHARE} of the AUC over chance.",
    ),
}
"""Checks of `check_leakage` in words: name, and what it finds."""


def _check_columns(inputs: Inputs, tables: dict[str, pd.DataFrame]) -> Iterator[_Check]:
    """Checks of single columns and of the columns of the scan."""
    features = inputs.features
    if features is None:
        for name, finds in CODES.values():
            yield _Check(name, finds, NOT_RUN, "It needs the feature table.")
        return
    labels = inputs.all_labels
    # A held-out study has no folds for the columns of the scan: without a family nothing is fitted.
    evaluation = inputs.evaluation
    found = attempt(
        functools.partial(
            check_leakage,
            features.loc[labels.index],
            labels,
            family=SCAN if evaluation is not None else "",
            seed=inputs.seed,
            whole=evaluation,
        )
    )
    if isinstance(found, Refusal):
        for name, finds in CODES.values():
            yield _Check(name, finds, NOT_RUN, found.reason)
        return
    kept = [each for each in found if each.code != "duplicate-rows"]  # listed with all pairs
    if kept:
        tables["findings"] = _list_findings(kept)
    has_scan = bool(list_family(features, SCAN))
    for code, (name, finds) in CODES.items():
        own = [each for each in kept if each.code == code]
        skipped = [each for each in kept if (each.code, each.subject) == ("not-run", code)]
        if code == "acquisition" and (evaluation is None or not has_scan):
            why = (
                "The table has no columns of the size of the scan (family `acquisition`)."
                if not has_scan
                else "It needs the folds of a cross-validation."
            )
            yield _Check(name, finds, NOT_RUN, why)
        elif own:
            what = "task" if code == "acquisition" else "column"
            yield _Check(name, finds, FOUND, f"{count(len(own), what)}, see below.")
        elif skipped:
            yield _Check(name, finds, NOT_RUN, " ".join(each.text for each in skipped))
        else:
            yield _Check(name, finds, NOTHING, "-")


def _check_repeats(inputs: Inputs, tables: dict[str, pd.DataFrame]) -> Iterator[_Check]:
    """Check for the same exam twice."""
    name, finds = "Exams with equal features", "The same exam twice, once with its label learned."
    if inputs.features is None:
        yield _Check(name, finds, NOT_RUN, "It needs the feature table.")
        return
    scored = inputs.labels.index
    parts = {"scored": inputs.features.loc[scored]}
    others = inputs.features.index.difference(scored)
    if len(others):
        parts = {"training": inputs.features.loc[others], **parts}
    pairs = find_repeated_rows(parts)
    if not len(pairs):
        yield _Check(name, finds, NOTHING, "-")
        return
    tables["repeated"] = pairs
    across = int((pairs["split"] != pairs["other_split"]).sum())
    more = f", {across} of them across training and held-out exams" if across else ""
    yield _Check(name, finds, FOUND, f"{count(len(pairs), 'pair')}{more}, see below.")


def _check_groups(inputs: Inputs) -> _Check:
    """Whether the exams of one patient can be on both sides of a split."""
    name = "Exams of one patient kept together"
    finds = "Exams of one patient among those fitted on and those scored."
    groups = inputs.model.groups
    if groups is None:
        return _Check(name, finds, NOT_RUN, "No groups, such as patient ids, were given.")
    if inputs.evaluation is None:
        return _Check(name, finds, NOT_RUN, "The groups of the training exams are not recorded.")
    folds = inputs.evaluation.folds.frame
    spread = folds.assign(group=folds["exam"].map(groups)).groupby(["repeat", "group"])
    n_split = int((spread["fold"].nunique() > 1).groupby("group").any().sum())
    if n_split:
        return _Check(name, finds, FOUND, f"{count(n_split, 'group')} in several folds.")
    return _Check(name, finds, NOTHING, f"{count(groups.nunique(), 'group')}, each in one fold.")


def _check_controls(
    controls: list[NegativeControl] | Refusal | None, facts: dict[str, Any]
) -> Iterator[_Check]:
    """Negative controls, whether they ran or not."""
    if isinstance(controls, Refusal):
        ran, why = {}, controls.reason
    else:
        ran = {control.kind: control for control in controls or ()}
        why = "Only a thorough report has it."
    facts["controls"] = list(ran)
    for kind, (name, finds) in CONTROLS.items():
        if kind in ran:
            control = ran[kind]
            facts[f"aucs {kind}"] = [control.expected, float(control.aucs.mean())]
            yield _Check(name, finds, PASSED if control.passed else FAILED, f"{control.text}.")
        else:
            yield _Check(name, finds, NOT_RUN, why)


def _check_permutations(test: PermutationTest) -> _Check:
    row = test.summary().astype(object).loc[test.headline].to_dict()
    observed = float(test.observed[test.headline])
    again = "fitted again for each" if test.refitted else "with fixed predictions"
    permuted = count(row["n_permutations"], "permutation")
    return _Check(
        "Permutation test",
        f"An AUC that exams in random order reach as well: p above {LEVEL} leaves that open.",
        NOTHING if row["p"] <= LEVEL else UNCLEAR,
        f"p = {row['p']:.3g} for {test.headline}, with an AUC of {observed:.3f} in the test, from "
        f"{permuted}, {again}.",
    )


def _list_findings(found: Sequence[LeakageFinding]) -> pd.DataFrame:
    table = pd.DataFrame(found)
    words = [
        describe_column(each.subject).phrase if each.code in COLUMN_CODES else each.subject
        for each in found
    ]
    return table.assign(words=words)


COLUMN_CODES = ("single-column", "exam-order")


def _show_findings(
    facts: dict[str, Any], tables: Mapping[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    """Tables of what was found, closed."""
    shown = {
        "findings": ("Findings", {"words": Cell("column or task"), "text": Cell("finding")}),
        "repeated": (
            "Exams with equal features",
            {
                "exam": Cell("exam"),
                "split": Cell("among"),
                "other_exam": Cell("equals exam"),
                "other_split": Cell("among"),
            },
        ),
    }
    for name, (title, cells) in shown.items():
        if name not in tables:
            continue
        table = tables[name]
        rows = table[table["code"] != "not-run"] if name == "findings" else table
        if not len(rows):
            continue
        caption = title
        if len(rows) > MOST_ROWS:
            facts[f"shown_{name}"] = caption = f"{title}, {MOST_ROWS} of {len(rows):,}"
        yield Closed(title, [tabulate(rows.iloc[:MOST_ROWS], caption, cells)])


def _show_controls(table: pd.DataFrame) -> PartBlock:
    cells = {
        "kind": Cell("control"),
        "mean_auc": Cell("mean AUC", ".3f"),
        "se": Cell("standard error", ".3f"),
        "expected": Cell("expected", ".2f"),
        "n_rounds": Cell("rounds", "d"),
    }
    return Closed("Negative controls", [tabulate(table, "Negative controls", cells)])
