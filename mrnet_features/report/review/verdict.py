"""First section: what was found in three paragraphs, and what not to conclude."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from mrnet_features.evaluation.metrics.few_exams import ENOUGH
from mrnet_features.report.cells import count
from mrnet_features.report.page import Bullets, Text
from mrnet_features.report.review.comparison import LEVEL, say_difference
from mrnet_features.report.review.conclusions import list_limits
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.leakage import FAILED, FOUND, NOT_RUN
from mrnet_features.report.review.part import Part, PartBlock

__all__ = ["describe_verdict"]

CHANCE = 0.5
"""AUC of guessing."""

WIDE = 0.1
"""Width of an interval from which it is named as a limit."""

MOST_NAMES = 3
"""Most tasks or models that a sentence names."""

MOST_CHECKS = 5
"""Most checks that a sentence names."""

SEVERITIES = ("reject", "check")
"""Severities of an audit that a sentence counts."""

NOT_COMPARED = (
    "It was not compared with another model or with radiologists, so nothing is known about which "
    "is better."
)


def describe_verdict(inputs: Inputs, parts: Mapping[str, Part]) -> Part:
    """What was found, what supports or threatens it, and what not to conclude.

    Parameters
    ----------
    inputs : Inputs
    parts : mapping of str to Part
        The other sections, by name.

    Returns
    -------
    Part
        Facts: the numbers of the texts. Tables: tasks (AUCs), and differences if there are any.
    """
    facts: dict[str, Any] = {"confidence": 95, "chance": CHANCE, "perfect": 1}
    tables: dict[str, pd.DataFrame] = {}
    summary = _find_table(parts, "scores", "summary")
    if summary is None:
        text = "No AUC could be measured; the section on scores says why."
        blocks: list[PartBlock] = [Text(text)]
    else:
        tables["tasks"] = summary
        blocks = [
            Text(_say_scores(inputs, summary, facts)),
            Text(_say_comparison(inputs, parts, summary, facts, tables)),
        ]
    alarm = _say_alarms(parts)
    if alarm:
        blocks.insert(0, Text(alarm, is_warning=True))
    blocks.append(Text(_say_support(inputs, parts, summary, facts)))
    limits = list_limits(inputs, parts, facts)
    blocks.append(Bullets("What not to conclude", limits))
    return Part("verdict", "What was found", blocks, facts, tables)


def _find_table(parts: Mapping[str, Part], part: str, table: str) -> pd.DataFrame | None:
    found = parts.get(part)
    return None if found is None else found.tables.get(table)


def _say_scores(inputs: Inputs, summary: pd.DataFrame, facts: dict[str, Any]) -> str:
    """Mean AUC with its interval, on what, how validated; and the AUC of each task."""
    model = inputs.model
    rows = summary.astype(object)
    head = rows.loc[model.headline].to_dict()
    n_tasks = inputs.labels.shape[1]
    what = f"a mean AUC over {n_tasks} tasks" if n_tasks > 1 else f"an AUC for {model.headline}"
    n_exams = int(inputs.labels.notna().any(axis=1).sum())
    facts |= {"headline": model.headline, "n_exams": n_exams, "n_tasks": n_tasks}
    facts |= {name: head[name] for name in ("auc", "ci_low", "ci_high")}
    exams = count(n_exams, "exam")
    evaluation = inputs.evaluation
    if evaluation is None:
        facts["n_training"] = len(inputs.all_labels) - len(inputs.labels)
        others = count(facts["n_training"], "other exam")
        how = f"on {exams} that were held out, scored by models that were fitted on {others}"
    else:
        folds = evaluation.folds
        facts |= {"n_splits": folds.n_splits, "n_repeats": folds.n_repeats}
        repeats = f", repeated {folds.n_repeats} times" if folds.n_repeats > 1 else ""
        how = (
            f"on {exams}, in cross-validation with {folds.n_splits} folds{repeats}: each exam is "
            "scored by models that were not fitted on it"
        )
    text = f"{_name_model(inputs)} reaches {what} of {_interval(head)} {how}."
    if n_tasks > 1:
        tasks = [f"{task} {_interval(rows.loc[task].to_dict())}" for task in inputs.labels.columns]
        text += f" By task: {'; '.join(tasks)}."
    return f"{text} An AUC of {CHANCE} is guessing, 1 is a perfect order of the exams."


def _name_model(inputs: Inputs) -> str:
    return "The model" if inputs.name == "model" else f"The model “{inputs.name}”"


def _interval(row: Mapping[Any, Any]) -> str:
    """AUC with its interval, as far as there is one."""
    text = f"{row['auc']:.3f}"
    if not math.isfinite(row["ci_low"]):
        return f"{text} (no interval)"
    return f"{text} (95 % CI {row['ci_low']:.3f} to {row['ci_high']:.3f})"


def _say_comparison(
    inputs: Inputs,
    parts: Mapping[str, Part],
    summary: pd.DataFrame,
    facts: dict[str, Any],
    tables: dict[str, pd.DataFrame],
) -> str:
    """Differences from the other models; without any, whether guessing is ruled out."""
    differences = _find_table(parts, "comparison", "differences")
    headline = inputs.model.headline
    if differences is None:
        differences = pd.DataFrame({"task": []})
    rows = differences[differences["task"] == headline]
    if not len(rows):
        return f"{NOT_COMPARED} {_say_chance(inputs, summary)}"
    tables["differences"] = differences
    facts |= {"level": LEVEL, "power": parts["comparison"].facts.get("power")}
    if len(rows) == 1:
        row = rows.iloc[0].to_dict()
        single = differences[differences["task"] != headline]
        return f"{say_difference(row, headline)}{_say_single_tasks(row, single)}"
    what = "mean AUC" if headline == "mean" else f"AUC of {headline}"
    shown, tested = rows["p_holm"] < LEVEL, rows["p_holm"].notna()
    higher, lower = rows[shown & (rows["difference"] > 0)], rows[shown & (rows["difference"] < 0)]
    words = [
        f"{verb} {_name_differences(found)}"
        for verb, found in (
            (f"a higher {what} was shown than that of", higher),
            (f"a lower {what} than that of", lower),
            ("no difference was shown to", rows[tested & ~shown]),
            ("not tested was the difference from", rows[~tested]),
        )
        if len(found)
    ]
    facts["n_others"] = len(rows)
    tests = f" (tests at {LEVEL}, adjusted for their number)" if tested.any() else ""
    return (
        f"{_name_model(inputs)} was compared with {len(rows)} other models on the same exams: "
        f"{'; '.join(words)}{tests}."
    )


def _say_single_tasks(row: Mapping[Any, Any], single: pd.DataFrame) -> str:
    """Tasks in which a difference was shown that the main result does not show."""
    shown = single[single["p_holm"] < LEVEL]
    words = ""
    for name, sign in ((row["first"], 1), (row["second"], -1)):
        if row["p_holm"] < LEVEL and sign * row["difference"] > 0:
            continue  # said already
        tasks = [str(task) for task in shown.loc[sign * shown["difference"] > 0, "task"]]
        if tasks:
            words += f" For {_join(tasks)} alone, the AUC of {name} is higher."
    return words


def _name_differences(rows: pd.DataFrame) -> str:
    """Models with the differences from them."""
    shown = [
        f"{row['second']} (by {row['difference']:z.3f}, 95 % CI {row['ci_low']:z.3f} to "
        f"{row['ci_high']:z.3f})"
        for row in rows.to_dict("records")
    ]
    more = len(shown) - MOST_NAMES
    return ", ".join(shown[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _say_chance(inputs: Inputs, summary: pd.DataFrame) -> str:
    """Tasks whose interval holds guessing."""
    rows = summary.loc[list(inputs.labels.columns)]
    open_ = [str(task) for task in rows.index[rows["ci_low"].isna()]]
    if open_:
        return f"For {_join(open_)} there is no interval, so guessing is not ruled out."
    unclear = [str(task) for task in rows.index[~(rows["ci_low"] > CHANCE)]]
    if not unclear:
        whose = "the task" if len(rows) == 1 else "every task"
        return f"The interval of {whose} lies above {CHANCE}, the AUC of guessing."
    return (
        f"For {_join(unclear)} it was not shown that the model is better than guessing: the "
        f"interval does not lie above {CHANCE}."
    )


def _join(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _say_alarms(parts: Mapping[str, Part]) -> str:
    """Leakage checks that found something; empty if none did."""
    checks = _find_table(parts, "leakage", "checks")
    if checks is None:
        return ""
    alarms = checks.loc[checks["state"].isin([FOUND, FAILED]), "check"]
    if not len(alarms):
        return ""
    named = "; ".join(alarms)
    return f"Do not believe these AUCs before this is explained. Leakage checks alarm: {named}."


def _say_support(
    inputs: Inputs,
    parts: Mapping[str, Part],
    summary: pd.DataFrame | None,
    facts: dict[str, Any],
) -> str:
    """What most supports or threatens the finding, apart from alarms."""
    sentences = []
    leakage = parts.get("leakage")
    if leakage is not None:
        clean = int(leakage.facts["n_nothing"]) + int(leakage.facts["n_passed"])
        missing = int(leakage.facts["n_not_run"])
        facts |= {"n_clean": clean, "n_not_run": missing}
        if clean:
            sentences.append(f"{count(clean, 'leakage check')} found nothing wrong.")
        if missing:
            table = leakage.tables["checks"]
            names = "“" + table.loc[table["state"] == NOT_RUN, "check"] + "”"
            sentences.append(
                f"Checks that did not run: {', '.join(names)}."
                if missing <= MOST_CHECKS
                else f"{count(missing, 'leakage check')} did not run."
            )
    sentences.append(_say_size(inputs, summary, facts))
    sentences += _say_audit(inputs, parts, facts)
    n_conflicts = int(parts["data"].facts.get("n_conflicts", 0)) if "data" in parts else 0
    if n_conflicts:
        facts["n_conflicts"] = n_conflicts
        sentences.append(f"The labels of {count(n_conflicts, 'exam')} contradict each other.")
    n_missing = int(inputs.labels.isna().any(axis=1).sum())
    if n_missing:
        facts["n_missing"] = n_missing
        lack = "lacks" if n_missing == 1 else "lack"
        sentences.append(f"{count(n_missing, 'exam')} {lack} the label of a task.")
    return " ".join(sentence for sentence in sentences if sentence)


def _say_audit(inputs: Inputs, parts: Mapping[str, Part], facts: dict[str, Any]) -> Iterator[str]:
    """Scored exams with findings of an audit, and exams with findings that were not scored."""
    if inputs.findings is None:
        return
    scored = inputs.findings[inputs.findings["exam"].isin(inputs.labels.index)]
    rejected, checked = (set(scored.loc[scored["severity"] == s, "exam"]) for s in SEVERITIES)
    n_reject, n_look = len(rejected), len(checked - rejected)
    facts |= {"n_to_reject": n_reject, "n_to_look_at": n_look}
    reject = count(n_reject, "scored exam") if n_reject else "no scored exam"
    look = f" and {n_look:,} {'more ' * (n_reject > 0)}to look at" if n_look else ""
    yield f"The audit marks {reject} to reject{look}."
    data = parts["data"].facts if "data" in parts else {}
    n_left_out = int(data.get("n_unscored_with_findings", 0))
    if n_left_out:
        facts["n_left_out_with_findings"] = n_left_out
        was = "was" if n_left_out == 1 else "were"
        yield f"{count(n_left_out, 'exam')} with findings {was} not scored."


def _say_size(inputs: Inputs, summary: pd.DataFrame | None, facts: dict[str, Any]) -> str:
    """Smallest class, and the widest interval of a task."""
    counts = pd.DataFrame(
        {"positive": (inputs.labels == 1).sum(), "negative": (inputs.labels == 0).sum()}
    )
    task = str(counts.min(axis=1).idxmin())
    kind = str(counts.loc[task].idxmin())
    smallest = int(counts[kind].loc[task])
    facts |= {"smallest_class": smallest, "enough": ENOUGH}
    text = f"The smallest class has {count(smallest, 'exam')} ({kind} for {task})"
    if smallest < ENOUGH:
        text += f", fewer than {ENOUGH}: its interval is rough"
    if summary is None:
        return f"{text}."
    widths = (summary["ci_high"] - summary["ci_low"]).loc[list(inputs.labels.columns)]
    if not widths.notna().any():
        return f"{text}."
    widest = str(widths.idxmax())
    facts["widest"] = float(widths.max())
    text += f"; the widest interval of a task spans {widths.max():.2f} ({widest})"
    if widths.max() > WIDE:
        text += ", so that another study of this size may find quite another AUC"
    return f"{text}."
