"""Section on scores: AUC per task with its interval, and of every fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate

__all__ = ["describe_scores"]

AUC = Cell("AUC (95 % CI)", ".3f", "ci_low", "ci_high")


def describe_scores(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """AUC per task of each model.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
    """
    blocks: list[PartBlock] = []
    tables = {}
    facts: dict[str, Any] = {"confidence": 95}
    scored = {}
    for k, (name, model) in enumerate(inputs.models.items()):
        summary = attempt(model.summary)
        if isinstance(summary, Refusal):
            facts[f"refused {name}"] = f"{name}: no AUC could be measured. {summary.reason}"
            blocks.append(Text(facts[f"refused {name}"]))
            continue
        scored[name] = model
        tables[f"summary-{k}" if k else "summary"] = summary
        crossed = isinstance(model, Evaluation)
        cells = {
            "task": Cell("task"),
            "auc": AUC,
            **({"pooled": Cell("pooled AUC", ".3f")} if crossed else {}),
            "interval": Cell("interval allows for"),
            "n_exams": Cell("exams", ",d"),
            "n_positive": Cell("positive", ",d"),
        }
        where = "cross-validation" if crossed else "held-out exams, scored once"
        blocks.append(tabulate(summary, f"{name}: {where}", cells))
    blocks += [Plot(f"{name}: AUC", model.plot) for name, model in scored.items()]
    evaluation = inputs.evaluation
    if evaluation is not None and inputs.name in scored:
        folds = evaluation.folds
        facts |= {"n_splits": folds.n_splits, "n_repeats": folds.n_repeats}
        scores = evaluation.fold_scores()
        tables["folds"] = scores
        tasks = [column for column in scores.columns if column not in ("repeat", "fold", "n_exams")]
        cells = {"repeat": Cell("repeat", "d"), "fold": Cell("fold", "d")}
        cells |= {"n_exams": Cell("exams", ",d"), **{task: Cell(task, ".3f") for task in tasks}}
        repeats = f", repeated {folds.n_repeats} times" if folds.n_repeats > 1 else ""
        blocks.append(
            Text(
                f"{folds.n_splits} folds{repeats}. Each exam is scored by "
                "models that were not fitted on it. The AUC is the mean over the folds; the "
                "pooled AUC ranks the scores of all folds together, and is biased downwards."
            )
        )
        blocks.append(Closed("AUC of every fold", [tabulate(scores, "AUC of every fold", cells)]))
    return [Part("scores", "Scores", blocks, facts, tables)]
