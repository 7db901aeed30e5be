"""Section on importance: which groups of columns the model relies on, and whether folds agree."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.evaluation.importance.feature_groups import choose_grouping
from mrnet_features.evaluation.importance.importance import Importance, measure_groupings
from mrnet_features.evaluation.importance.null_importance import NullImportance, null_importance
from mrnet_features.evaluation.importance_plots import plot_importance, plot_null_importance
from mrnet_features.evaluation.metrics.stability import Stability
from mrnet_features.evaluation.plots import make_axes
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.models.stable_columns import MIN_ICC
from mrnet_features.report.cells import number
from mrnet_features.report.group_words import describe_group
from mrnet_features.report.page import Text
from mrnet_features.report.review.attempt import Refusal, attempt
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, LeftOut, Part, PartBlock, Plot, tabulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["describe_importance"]

TITLE = "Importance"

N_PERMUTATIONS = 1
"""Permutations of a group in each fold; the mean over the folds is one over many of them."""

N_ROUNDS = 10
"""Shuffles of the labels for null importance."""

TOP = 12
"""Most groups in a figure."""

WIDTH = 5.2  # inches; wider figures would have tiny text on a phone

MOST_ROWS = 30
"""Most groups in a table of the page; the CSV files hold all."""

GROUPINGS = {"family": "kind of measurement", "structure": "part of the knee", "plane": "plane"}
"""Groupings of columns that this library named, in the words of the page."""

WORDS = {
    **GROUPINGS,
    "region": "region",
    "cluster": "cluster of correlated columns",
    "column": "column",
    "mapping": "group that was passed in",
}

VIEWS = {
    "shap": Cell("SHAP (95 % CI)", ".3f", "shap_low", "shap_high"),
    "share": Cell("share", ".0%"),
    "permutation": Cell(
        "AUC drop when permuted (95 % CI)", ".3f", "permutation_low", "permutation_high"
    ),
    "drop_group": Cell(
        "AUC drop when left out (95 % CI)", ".3f", "drop_group_low", "drop_group_high"
    ),
    "single_group": Cell("AUC alone (95 % CI)", ".3f", "single_group_low", "single_group_high"),
}
"""Columns of `Importance.summary` on the page."""

READ = {
    "shap": "SHAP: by how much the group moves the log-odds of an exam, up or down, on average; "
    "share: of the sum over all groups. The sum differs between groupings, since the columns of a "
    "group are added before the size is taken.",
    "permutation": "AUC drop when permuted: how much AUC is lost when the values of the group are "
    "exchanged between exams, with the model as it is; about 0 for a group that it does not need.",
    "drop_group": "AUC drop when left out: how much is lost when the model is fitted without it.",
    "single_group": "AUC alone: what a model reaches that is fitted on this group only.",
}

INTRODUCTION = (
    "How much the model relies on each group of feature columns, measured on exams that it was not "
    "fitted on."
)

LIMITS = (
    "Importance says what this model uses. It does not say what causes a finding, nor what a "
    "radiologist should look at. Columns that carry the same information share it: a group of low "
    "importance may be as informative as another that replaces it. A group with more columns has "
    "more chances to be used. The intervals allow for other test exams, not for other training "
    "exams."
)

AGREEMENT = (
    "Do the folds agree? Rank correlation of the order of the groups between pairs of folds: 1 if "
    "all folds order them alike, about 0 if by chance. Stability of the first groups: 1 if every "
    "fold has the same groups among its first, about 0 if by chance. Folds share training exams, "
    "so both are higher than for studies with other exams."
)

NULL = (
    "Importance with shuffled labels: the models are fitted again on labels that are shuffled "
    "between exams, {n_rounds} times. A group whose observed importance is not above that of the "
    "shuffles may be used by chance. p is the fraction of the rounds, the observed one included, "
    "with at least the observed importance; it can't be below {least_p:.2f}, and it is not "
    "adjusted for the number of groups."
)

STABILITY = (
    "Are the columns the same when the exam is disturbed? Fraction of columns with an intraclass "
    "correlation of at least {min_icc:.2f} between the exams and the same exams after a small "
    "change. A group with few such columns may not carry over to another scanner, however "
    "important it is here."
)


def describe_importance(inputs: Inputs) -> Sequence[Part | LeftOut]:
    """Importance of groups of columns, agreement of the folds, null importance and stability.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part or LeftOut
        Tables: one per grouping (family, structure, plane), agreement, and null and stability if
        they were measured.

    Raises
    ------
    ValueError
        If an Importance among `also` was measured on another evaluation.
    """
    evaluation = inputs.evaluation
    if evaluation is None:
        reason = "It is measured in the folds of a cross-validation, and this is a held-out set."
        return [LeftOut(TITLE, "evaluation=", reason)]
    if inputs.features is None:
        reason = "It needs the values of the columns that the models were fitted on."
        return [LeftOut(TITLE, "features=", reason)]
    given = inputs.find(Importance)
    for importance in given:
        collect_evidence((evaluation, importance), None, 0)  # raises if it is of another run
    facts: dict[str, Any] = {"confidence": 95, "full_agreement": 1, "none": 0}
    tables: dict[str, pd.DataFrame] = {}
    found = attempt(functools.partial(_measure, inputs, evaluation, given))
    if isinstance(found, Refusal):
        facts["not_measured"] = f"Importance can't be measured here. {found.reason}"
        return [Part("importance", TITLE, [Text(facts["not_measured"])], facts, tables)]
    if not given:
        inputs.keep(found[0])
    blocks: list[PartBlock] = [*_describe_groupings(found, facts, tables)]
    null = _find_null(inputs, evaluation)
    left_out = []
    if null is None:
        reason = "It fits the models again, once for each shuffle of the labels."
        left_out.append(LeftOut("Importance with shuffled labels", "thorough=True", reason))
    elif isinstance(null, Refusal):
        facts["no_null"] = f"Importance with shuffled labels can't be measured. {null.reason}"
        blocks.append(Text(facts["no_null"]))
    else:
        blocks += _describe_null(null, facts, tables)
    stability = inputs.find(Stability)
    if stability:
        blocks += _describe_stability(stability[0], facts, tables)
    else:
        reason = "It needs the same exams after small changes; see `measure_stability`."
        left_out.append(LeftOut("Stability of the columns", "also=[stability]", reason))
    return [Part("importance", TITLE, blocks, facts, tables), *left_out]


def _measure(
    inputs: Inputs, evaluation: Evaluation, given: Sequence[Importance]
) -> list[Importance]:
    """Results that were computed before, and those of the groupings that are missing."""
    features = inputs.features
    assert features is not None
    known = {importance.by: importance for importance in given}
    is_named = choose_grouping(list(features.columns)) == "family"
    wanted = [by for by in GROUPINGS if by not in known] if is_named else []
    groupings: list[Any] = wanted if is_named else [] if known else [None]
    if groupings:
        explained = all(hasattr(model, "shap_values") for model in evaluation.models.values())
        measured = measure_groupings(
            evaluation,
            features,
            groupings,
            views=("shap",) if explained and not inputs.thorough else None,  # one is fast enough
            n_permutations=5 if inputs.thorough else N_PERMUTATIONS,
            seed=inputs.seed,
            n_jobs=inputs.n_jobs,
        )
        known |= {importance.by: importance for importance in measured}
    order = [by for by in GROUPINGS if by in known]
    found = [known[by] for by in [*order, *(by for by in known if by not in order)]]
    return [each for each in found if len(each.groups) > 1] or found[:1]


def _describe_groupings(
    found: Sequence[Importance], facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    views = [view for view in READ if any(view in each.table for each in found)]
    yield Text(" ".join([INTRODUCTION, *(READ[view] for view in views)]))
    yield Text(LIMITS)
    summaries = [_summarise(importance) for importance in found]
    for importance, table in zip(found, summaries, strict=True):
        drawn = table.set_index("words").iloc[:TOP]
        caption = f"{_name_headline(importance)}, by {_name(importance.by)}"
        yield Plot(caption, functools.partial(_draw, drawn, f"by {_name(importance.by)}"))
    for importance, table in zip(found, summaries, strict=True):
        key = _make_key(importance.by)
        tables[key] = table
        first, name = str(table.columns[2]), _name(importance.by)
        shown = table.iloc[:MOST_ROWS]
        if len(shown) < len(table):
            facts[f"shown_{key}"] = f"the first {MOST_ROWS} of {len(table):,}"
            name = f"{name}, {facts[f'shown_{key}']}"
        top = table.iloc[0]
        facts[f"first_{key}"] = str(top["words"])
        if first == "shap" and pd.notna(top["share"]):
            facts[f"share_{key}"] = float(top["share"])
        cells = {"words": Cell(_name(importance.by)), "n_columns": Cell("columns", ",d")}
        cells |= {column: cell for column, cell in VIEWS.items() if column in table}
        tasks = [str(task) for task in importance.table["task"].unique()]
        if len(tasks) > 1:
            measure = "share" if "share" in table else first
            for task in tasks[:-1]:
                cells[f"{measure} {task}"] = Cell(f"{measure} {task}", VIEWS[measure].form)
        shown_table = tabulate(shown, f"{_name_headline(importance)}, by {name}", cells)
        yield shown_table if importance is found[0] else Closed(f"By {name}", [shown_table])
    yield from _describe_agreement(found, facts, tables)


def _summarise(importance: Importance) -> pd.DataFrame:
    """Groups in words, the mean of the tasks in all views, and the first view of each task."""
    table = importance.summary()
    first = "share" if "share" in table else str(table.columns[1])
    tasks = importance.table["task"].unique()
    for task in tasks[:-1] if len(tasks) > 1 else ():
        table[f"{first} {task}"] = importance.summary(task)[first]
    words = [describe_group(importance.by, str(group)) for group in table.index]
    table.insert(0, "words", words)
    return table


def _describe_agreement(
    found: Sequence[Importance], facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    rows = []
    for importance in found:
        agreement = importance.fold_agreement().reset_index()
        agreement.insert(0, "grouping", _name(importance.by))
        rows.append(agreement)
    table = pd.concat(rows, ignore_index=True)
    tables["agreement"] = table
    values = tables["agreement"].loc[table["grouping"] == table["grouping"].iloc[0]]
    facts["rank_correlation"] = float(values["rank_correlation"].min())
    what = WORDS.get(found[0].by, "group")
    if pd.notna(facts["rank_correlation"]):
        yield Text(
            f"Agreement of the folds on the order by {what}: rank correlation "
            f"{number(facts['rank_correlation'], 2)}"
            + (" for the task on which they agree least." if len(values) > 1 else ".")
        )
    cells = {
        "grouping": Cell("grouping"),
        "task": Cell("task"),
        "rank_correlation": Cell("rank correlation", ".2f"),
        "nogueira": Cell("stability of the first groups", ".2f"),
        "top": Cell("groups that count as first", ".0f"),
    }
    shown = tabulate(table, "Agreement of the folds", cells)
    yield Closed("Agreement of the folds", [Text(AGREEMENT), shown])


def _find_null(inputs: Inputs, evaluation: Evaluation) -> NullImportance | Refusal | None:
    given = inputs.find(NullImportance)
    if given or not inputs.thorough:
        return given[0] if given else None
    assert inputs.features is not None
    return attempt(
        functools.partial(
            null_importance,
            evaluation,
            inputs.features,
            n_rounds=N_ROUNDS,
            seed=inputs.seed,
            n_jobs=inputs.n_jobs,
        )
    )


def _describe_null(
    null: NullImportance, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    table = null.summary().reset_index()
    table.insert(1, "words", [describe_group("family", str(group)) for group in table["group"]])
    tables["null"] = table
    n_rounds = int(null.table["round"].max())
    facts |= {"n_rounds": n_rounds, "least_p": 1 / (1 + n_rounds)}
    yield Text(NULL.format(n_rounds=n_rounds, least_p=facts["least_p"]))
    values = null.frame()
    values["group"] = [describe_group("family", str(group)) for group in values["group"]]
    for task, rows in table.groupby("task", sort=False):
        title = f"{task}: importance with shuffled labels"
        own = values[values["task"] == task]
        drawn = rows.set_index("words").iloc[:TOP]
        draw = functools.partial(plot_null_importance, drawn, own, null.view, str(task))
        yield Plot(title, draw)
    cells = {
        "task": Cell("task"),
        "words": Cell("group"),
        "observed": Cell("observed", ".3f"),
        "null_mean": Cell("shuffled, mean", ".3f"),
        "null_max": Cell("shuffled, largest", ".3f"),
        "p": Cell("p", ".2f"),
    }
    shown = tabulate(table, "Importance with shuffled labels", cells)
    yield Closed("Importance with shuffled labels", [shown])


def _describe_stability(
    stability: Stability, facts: dict[str, Any], tables: dict[str, pd.DataFrame]
) -> Iterator[PartBlock]:
    table = stability.summary().rename_axis(index="group").reset_index()
    words = [describe_group("family", str(group)) for group in table["group"]]
    table.insert(1, "words", words)
    tables["stability"] = table
    facts |= {"min_icc": MIN_ICC, "stable": float(table["least"].iloc[-1])}
    yield Text(STABILITY.format(min_icc=MIN_ICC))
    cells: Mapping[str, Cell] = {
        "words": Cell("kind of measurement"),
        "n_columns": Cell("columns", ",d"),
        **{name: Cell(str(name), ".0%") for name in stability.icc.columns},
        "least": Cell("under all", ".0%"),
    }
    yield tabulate(table, "Fraction of stable columns", cells)


def _draw(table: pd.DataFrame, title: str) -> Axes:
    axes = plot_importance(table, title, make_axes(WIDTH, 1.1 + 0.28 * len(table)))
    # long names of groups leave a narrow axes, so its texts end where it ends
    axes.set_xlabel(axes.get_xlabel(), loc="right")
    text = axes.get_title()
    axes.set_title("")
    axes.set_title(text, loc="right")
    return axes


def _name_headline(importance: Importance) -> str:
    return "mean of the tasks" if importance.table["task"].nunique() > 1 else importance.headline


def _name(by: str) -> str:
    return WORDS.get(by, by)


def _make_key(by: str) -> str:
    """Name of a table, which is part of a file's name."""
    return by.replace(", ", "-")
