"""Fill reporting checklists from a run: computed, stated by the user, or open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.checklists import about_data, about_models, about_performance
from mrnet_features.evaluation.checklists.answers import Answer
from mrnet_features.evaluation.checklists.evidence import Evidence, collect_evidence
from mrnet_features.evaluation.checklists.items import (
    CHECKLISTS,
    ChecklistItem,
    find_item,
    read_checklist,
)
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.study_plots import plot_checklist
from mrnet_features.messages import escape_controls, name_some, quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["FACTS", "Checklist", "fill_checklist"]

STATES = ("computed", "stated", "open")

FACTS: Mapping[str, Callable[[Evidence], Answer]] = {
    "algorithm": about_models.algorithm,
    "apart": about_data.find_apart,
    "assignment": about_data.assignment,
    "balance": about_data.balance,
    "building": about_performance.building,
    "choice": about_models.choice,
    "classes": about_models.classes,
    "columns": about_models.columns,
    "comparison": about_performance.comparison,
    "counts": about_data.counts,
    "ensemble": about_models.ensemble,
    "handling": about_models.handling,
    "importance": about_performance.importance,
    "measures": about_performance.measures,
    "metrics": about_performance.metrics,
    "missing": about_data.find_missing,
    "model": about_models.model,
    "output": about_performance.output,
    "performance": about_performance.performance,
    "prediction": about_performance.prediction,
    "scaling": about_models.scaling,
    "selected": about_models.selected,
    "selection": about_models.selection,
    "software": about_models.software,
    "split": about_data.split,
    "start": about_models.start,
    "testing": about_data.testing,
    "training": about_models.training,
    "uncertainty": about_performance.uncertainty,
}
"""Functions that answer the items, by the names in ``items.json``."""


@dataclass(frozen=True, eq=False, repr=False)
class Checklist(Result):
    """Items of reporting checklists with their answers.

    Attributes
    ----------
    table : DataFrame of shape (n_items, 6)
        Columns checklist, item, text, state, answer and to_do; see `frame`.
    editions : dict of str to str
        Edition and DOI of each checklist.
    """

    table: pd.DataFrame
    editions: Mapping[str, str]

    def __repr__(self) -> str:
        counts = self.table["state"].value_counts()
        listed = ", ".join(f"{counts.get(state, 0)} {state}" for state in STATES)
        return f"Checklist({', '.join(self.editions)}: {listed})"

    def summary(self) -> pd.DataFrame:
        """Number of items in each state.

        Returns
        -------
        DataFrame of shape (n_checklists, 4)
            Index checklist. Columns computed, stated, open and n_items.
        """
        counts = pd.crosstab(self.table["checklist"], self.table["state"])
        counts = counts.reindex(index=list(self.editions), columns=list(STATES), fill_value=0)
        counts.columns = pd.Index(STATES)
        return counts.assign(n_items=counts.sum(axis=1)).rename_axis(index="checklist")

    def frame(self) -> pd.DataFrame:
        """All items.

        Returns
        -------
        DataFrame of shape (n_items, 6)
            Columns:

            - checklist, item: name and number;
            - text: what must be reported, in short;
            - state: "computed" if the run holds the answer, "stated" if only the user says so,
              "open" otherwise;
            - answer: figures of the run, or the user's words in quotation marks;
            - to_do: what the authors still have to add; may be empty.
        """
        return self.table.copy()

    def plot(self, axes: Axes | None = None) -> Axes:
        """Number of items in each state, as bars.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_checklist(self.summary(), axes)

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None, "display.max_rows", None):
            rows = self.table.map(escape_controls).to_html(index=False, border=0)
        return f"{super()._repr_html_()}\n{rows}"


def fill_checklist(
    *results: Any,
    stated: Mapping[Any, str] | None = None,
    checklist: str = "all",
    features: Any = None,
    seed: int = 0,
) -> Checklist:
    """Fill CLEAR, TRIPOD+AI and CLAIM from a run and from what the user states.

    An item is "computed" only if the results hold its answer, and the answer gives the figures.
    A computed item can still need words of the authors, such as a reason: see ``to_do``. The
    item texts are short and in our words; submit the published checklist itself.

    Parameters
    ----------
    *results : Evaluation, HoldOut, Comparison, Calibration, Importance or DataFrame
        A run and what was measured on it, at most one of each kind. A DataFrame of predictions
        answers no item.
    stated : mapping of str to str, optional
        The user's own words for items, such as ``{"CLEAR 8": "Approved by ..."}``; the number
        suffices if there is one checklist. They are quoted, and do not replace computed answers.
    checklist : {"all", "CLEAR", "TRIPOD+AI", "CLAIM"}, default "all"
    features : DataFrame or array of shape (n_exams, n_features), optional
        Table that the run was made on, to count missing values; a run does not keep it. For a
        HoldOut, that of the training and of the held-out exams.
    seed : int, default 0
        Seed of the run. It is named only if `make_folds` gives the folds of the run with it.

    Returns
    -------
    Checklist

    Raises
    ------
    TypeError
        If a result or a statement is of another kind.
    ValueError
        If there is no result or two of a kind, a result was measured on another run, `checklist`
        is unknown, or `stated` names an unknown item or is empty for one.

    References
    ----------
    CLEAR: Kocak et al. 2023, Insights into Imaging 14:75 (CC BY 4.0). TRIPOD+AI: Collins et al.
    2024, BMJ 385:e078378 (CC BY 4.0). CLAIM, 2024 update: Tejani et al. 2024, Radiology:
    Artificial Intelligence 6(4):e240300.

    Examples
    --------
    >>> import pandas as pd
    >>> from mrnet_features.evaluation import cross_validate
    >>> from mrnet_features.models import logistic_baseline
    >>> exams = [f"{i:04d}" for i in range(20)]
    >>> labels = pd.DataFrame({"acl": [0, 1] * 10}, index=exams)
    >>> table = pd.DataFrame({"size": [1.0, 3.0] * 10}, index=exams)
    >>> run = cross_validate(logistic_baseline(), table, labels, n_splits=2)
    >>> filled = fill_checklist(run, checklist="CLEAR", stated={"8": "Public data; exempt."})
    >>> rows = filled.frame().set_index("item")
    >>> rows.loc["27", ["state", "answer"]].tolist()
    ['computed', 'Columns per exam: 1.']
    >>> rows.loc["8", ["state", "answer"]].tolist()
    ['stated', 'Stated by the user: “Public data; exempt.”']
    """
    if not results:
        raise ValueError("`results` must hold a result, such as an Evaluation, got none.")
    if checklist != "all" and checklist not in CHECKLISTS:
        raise ValueError(
            f"`checklist` must be 'all' or one of {name_some(CHECKLISTS)}, got {quote(checklist)}."
        )
    chosen = CHECKLISTS if checklist == "all" else (checklist,)
    said = _read_statements(stated, chosen)
    evidence = collect_evidence(results, features, seed)
    answers = {name: answer(evidence) for name, answer in FACTS.items()}
    editions, rows = {}, []
    for name in chosen:
        editions[name], items = read_checklist(name)
        rows += [_fill_item(item, answers, said.get(item)) for item in items]
    columns = ["checklist", "item", "text", "state", "answer", "to_do"]
    return Checklist(pd.DataFrame(rows, columns=columns), editions)


def _fill_item(
    item: ChecklistItem, answers: Mapping[str, Answer], said: str | None
) -> tuple[str, ...]:
    missing = f"State it: stated={{{item.name!r}: '...'}}."
    found = answers[item.fact] if item.fact else Answer("")
    quoted = "" if said is None else f"Stated by the user: “{said}”"
    if found.text:
        state, to_do = "computed", f"{found.to_do} {item.add}".strip()
    elif quoted:
        state = "stated"
        to_do = f"Not confirmed by the run. {found.to_do}".strip() if item.fact else ""
    else:
        state, to_do = "open", found.to_do or missing
    answer = f"{found.text} {quoted}".strip()
    return item.checklist, item.number, item.text, state, answer, to_do


def _read_statements(stated: Any, checklists: tuple[str, ...]) -> dict[ChecklistItem, str]:
    """Statements by item, with control characters escaped."""
    if stated is None:
        return {}
    if not isinstance(stated, Mapping):
        raise TypeError(
            "`stated` must be a mapping of item to text, such as {'CLEAR 8': '...'}, got "
            f"{type(stated).__name__}."
        )
    found: dict[ChecklistItem, str] = {}
    for name, text in stated.items():
        item = find_item(name, checklists)
        if not isinstance(text, str):
            raise TypeError(
                f"`stated` must give text for {item.name}, got {type(text).__name__}. Write what "
                "the authors state, as in the report."
            )
        if not text.strip():
            raise ValueError(f"`stated` must not be empty for {item.name}. Leave it out.")
        if item in found:
            raise ValueError(f"`stated` must name each item once, got {item.name} twice.")
        found[item] = escape_controls(" ".join(text.split()))
    return found
