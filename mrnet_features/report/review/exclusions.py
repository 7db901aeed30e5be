"""Exams that are not in an evaluation, and what leaving flagged ones out would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from mrnet_features.evaluation.comparison.exclusion import Exclusion, measure_exclusion
from mrnet_features.evaluation.protocol.folds import FEWEST_OF_A_CLASS, list_shortages
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.report.cells import count, list_ids
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.finding_words import name_code, name_severity
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, Part, PartBlock, Plot, tabulate

__all__ = ["describe_exclusions", "list_unscored"]

NAME = "data"
MOST_ROWS = 200
"""Most exams in the table of the page."""

NOT_BY_ITSELF = (
    "A finding leaves no exam out by itself. Exams are left out before the evaluation, when the "
    "set is loaded."
)


def describe_exclusions(inputs: Inputs) -> Part:
    """Exams that were not scored, with their findings, and the effect of leaving exams out.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Part
        Its blocks, facts and tables are a piece of the section on the data.
    """
    blocks: list[PartBlock] = []
    facts: dict[str, Any] = {}
    tables: dict[str, pd.DataFrame] = {}
    unscored = list_unscored(inputs)
    if inputs.dataset is not None or inputs.findings is not None:
        blocks += _describe_unscored(unscored, inputs, facts)
        tables["unscored"] = unscored
    for k, found in enumerate(_find_exclusions(inputs, facts, blocks)):
        blocks += _describe_effect(found, k, facts, tables)
    return Part(NAME, "", blocks, facts, tables)


def list_unscored(inputs: Inputs) -> pd.DataFrame:
    """Exams of the dataset or of the findings that were not scored.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    DataFrame
        Columns exam, in_dataset, split (of its findings) and reasons (its findings in words, the
        most severe first; empty if it has none). Not the training exams of a HoldOut, nor exams of
        another split than the scored ones, as far as findings tell.
    """
    model, findings = inputs.model, inputs.findings
    scored = set(inputs.labels.index)
    used = scored | set(model.train_labels.index if isinstance(model, HoldOut) else ())
    ids = () if inputs.dataset is None else inputs.dataset.ids
    in_dataset = [exam for exam in ids if exam not in used]
    by_exam: dict[Any, list[dict[Any, Any]]] = {}
    if findings is not None:
        own = set(findings.loc[findings["exam"].isin(scored), "split"])
        for row in findings[findings["exam"] != ""].to_dict("records"):
            is_own = row["exam"] in in_dataset or not own or row["split"] in own
            if row["exam"] not in used and is_own:
                by_exam.setdefault(row["exam"], []).append(row)
    rows = []
    for exam in dict.fromkeys([*in_dataset, *sorted(by_exam)]):
        found = sorted(by_exam.get(exam, []), key=lambda row: row["severity"] != "reject")
        words = (
            f"{name_severity(r['severity'])}: {name_code(r['code'])}"
            + (f" ({r['plane']})" if r["plane"] else "")
            for r in found
        )
        split = found[0]["split"] if found else ""
        rows.append((exam, exam in in_dataset, split, "; ".join(dict.fromkeys(words))))
    rows.sort(key=lambda row: not row[-1])  # those with findings first
    return pd.DataFrame(rows, columns=["exam", "in_dataset", "split", "reasons"])


def _describe_unscored(
    unscored: pd.DataFrame, inputs: Inputs, facts: dict[str, Any]
) -> Iterator[PartBlock]:
    n = len(unscored)
    n_reasons = int((unscored["reasons"] != "").sum())
    facts |= {"n_unscored": n, "n_unscored_with_findings": n_reasons}
    where = "the set" if inputs.findings is None else "the set or the audit"
    if inputs.dataset is None:
        where = "the audit"
    if not n:
        yield Text(f"No exam of {where} is missing from the evaluation.")
        return
    text = f"{count(n, 'exam')} of {where} {'was' if n == 1 else 'were'} not scored."
    if inputs.findings is not None:
        text += (
            f" {n_reasons:,} of them {'has' if n_reasons == 1 else 'have'} findings, which may be "
            "why; the evaluation itself does not record reasons."
        )
        if not _know_split(inputs):
            text += " Some may belong to another split than the scored exams."
    yield Text(text)
    cells = {"exam": Cell("exam"), "reasons": Cell("findings")}
    shown = unscored.head(MOST_ROWS).replace({"reasons": {"": "none"}})
    title = f"Exams that were not scored ({n:,})"
    more = _say_more(n, "data-unscored.csv", facts)
    yield Closed(title, [tabulate(shown, "Exams that were not scored", cells), *more])


def _know_split(inputs: Inputs) -> bool:
    """Whether findings of scored exams tell the split, or there is only one."""
    findings = inputs.findings
    if findings is None:
        return True
    is_scored = findings["exam"].isin(inputs.labels.index)
    return bool(is_scored.any()) or findings["split"].nunique() < 2


def _say_more(n: int, file: str, facts: dict[str, Any]) -> list[Text]:
    if n <= MOST_ROWS:
        return []
    facts[f"{file}_more"] = n - MOST_ROWS
    return [Text(f"{n - MOST_ROWS:,} more are in {file}, in the folder beside this page.")]


def _find_exclusions(
    inputs: Inputs, facts: dict[str, Any], blocks: list[PartBlock]
) -> list[Exclusion]:
    """Effects that were measured before, else that of the findings to reject."""
    found = inputs.find(Exclusion)
    findings = inputs.findings
    if found or findings is None:
        return found
    rejected = findings.loc[findings["severity"] == "reject", "exam"]
    ids = [exam for exam in inputs.labels.index if exam in set(rejected)]
    facts["n_rejected_scored"] = len(ids)
    if not ids:
        blocks.append(Text(f"No scored exam has a finding to reject. {NOT_BY_ITSELF}"))
        return []
    verb = "has a finding" if len(ids) == 1 else "have findings"
    named = f"{count(len(ids), 'scored exam')} {verb} to reject: {list_ids(ids)}."
    facts["rejected_scored"] = named
    blocks.append(Text(f"{named} {NOT_BY_ITSELF}", is_warning=True))
    measured = attempt(lambda: measure_exclusion(inputs.model, findings))
    if isinstance(measured, Refusal):
        reason = _say_shortage(inputs, inputs.labels.drop(index=ids)) or measured.reason
        text = f"What leaving them out changes can't be measured: {reason}"
        facts["no_exclusion"] = text
        blocks.append(Text(text))
        return []
    return [measured]


def _say_shortage(inputs: Inputs, left: pd.DataFrame) -> str:
    """What lacks without the exams to reject, as a sentence; empty if there are enough."""
    if left.empty:
        return "no exam is left."
    n_folds = 1 if inputs.evaluation is None else inputs.evaluation.folds.n_splits
    fewest = FEWEST_OF_A_CLASS * n_folds
    few = list_shortages(left, fewest)
    return f"of each class {fewest} exams are needed, and left are {few}." if few else ""


def _describe_effect(
    found: Exclusion, k: int, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    """AUCs with and without flagged exams."""
    number = f"-{k}" if k else ""
    table = found.summary()
    tables[f"exclusion{number}"] = table
    tables[f"excluded{number}"] = found.frame()
    facts |= {f"n_flagged{number}": len(found.codes), "confidence": 95}
    yield Text(
        f"Without {count(len(found.codes), 'flagged exam')} the AUCs change as below. An interval "
        "that holds 0 is no proof that these exams do not matter: few exams can't tell."
    )
    facts["no_difference"] = 0
    cells = {
        "task": Cell("task"),
        "n_excluded": Cell("flagged", ",d"),
        "n_excluded_positive": Cell("of these positive", ",d"),
        "auc_all": Cell("AUC of all", ".3f"),
        "auc_kept": Cell("AUC without them", ".3f"),
        "difference": Cell("difference (95 % CI)", "+.3f", "ci_low", "ci_high"),
    }
    yield tabulate(table, "AUC with and without the flagged exams", cells)
    yield Plot("Difference of the AUC without the flagged exams", found.plot)
    yield Text(" ".join(found.notes))
