"""Interface of every result: summary, frame, plot and HTML."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.evaluation.column_meanings import explain_columns
from mrnet_features.messages import list_names, name_some, quote
from mrnet_features.notebook_html import format_code, format_paragraph, format_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

__all__ = ["Result", "choose_task", "describe_run", "name_headline"]


class Result(ABC):
    """Base class of results. Subclasses may give the three methods further optional parameters."""

    @abstractmethod
    def summary(self) -> pd.DataFrame:
        """Result as a short table, with intervals where there are any.

        Returns
        -------
        DataFrame
        """

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Result as a long table: the values behind the summary.

        Returns
        -------
        DataFrame
        """

    @abstractmethod
    def plot(self, axes: Axes | None = None) -> Axes:
        """Result as a figure. Needs matplotlib.

        Parameters
        ----------
        axes : matplotlib Axes, optional
            Axes to draw on. By default those of a new figure, ``plot().figure``.

        Returns
        -------
        matplotlib Axes
        """

    def _list_notes(self) -> list[str]:
        """What to know when reading the summary: sentences below it in a notebook."""
        return []

    def _repr_html_(self) -> str:
        try:
            table = self.summary()
        except ValueError as error:  # such as too few exams of a class in a held-out split
            return "\n".join(map(format_paragraph, (repr(self), f"No summary: {error}")))
        shown = _join_intervals(table)
        names = [str(name) for name in (*table.index.names, *shown.columns) if name is not None]
        meanings = explain_columns(type(self).__name__, names)
        said = _say_auc(table)
        parts = [
            format_paragraph(repr(self)),
            *([format_paragraph(said)] if said else []),
            format_table(shown, "All are in summary()."),
            *map(format_paragraph, self._list_notes()),
        ]
        if meanings:
            lines = [(format_code(name), f": {meaning}. ") for name, meaning in meanings.items()]
            parts.append(format_paragraph(*(part for line in lines for part in line)))
        return "\n".join(parts)


def _join_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Table with one column, such as "0.741 to 0.866", in place of both ends of an interval."""
    columns: dict[str, pd.Series[str] | pd.Series[float]] = {}
    for column in table.columns:
        name = str(column)
        stem, end = name.rpartition("_")[::2]
        if end == "high" and f"{stem}_low" in table:
            continue
        if end == "low" and f"{stem}_high" in table:
            ends = zip(table[column], table[f"{stem}_high"], strict=True)
            text = [f"{low:.3f} to {high:.3f}" if low <= high else None for low, high in ends]
            name = "95 % interval" if stem == "ci" else f"{stem}, 95 % interval"
            columns[name] = pd.Series(text, table.index, dtype=object)
        else:
            columns[name] = table[column]
    return pd.DataFrame(columns, table.index)


def _say_auc(table: pd.DataFrame) -> str:
    """Sentence with the main AUC of a summary with a row per task, else an empty text."""
    if table.index.name != "task" or not {"auc", "ci_low", "ci_high"} <= set(table.columns):
        return ""
    name, row = table.index[-1], table.iloc[-1]
    if name != "mean" and len(table) > 1:
        return ""
    what = f"Mean AUC of {len(table) - 1} tasks" if len(table) > 1 else f"AUC of {name}"
    if not row["ci_low"] <= row["ci_high"]:
        return f"{what}: {row['auc']:.3f}, without an interval."
    ends = f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"
    return f"{what}: {row['auc']:.3f}, 95 % interval {ends}."


def describe_run(
    groups: pd.Series[Any] | None, implications: Sequence[tuple[str, str]]
) -> list[str]:
    """How a run used groups and implications of tasks, in words.

    Parameters
    ----------
    groups : Series of shape (n_exams,) or None
        Group of each exam.
    implications : sequence of (str, str)
        Pairs of tasks.

    Returns
    -------
    list of str
        One sentence each.

    Examples
    --------
    >>> describe_run(None, [("acl", "abnormal")])
    ['Probabilities were made coherent: acl implies abnormal.']
    """
    found = []
    if groups is not None:
        found.append(f"Exams of a group are not taken as independent: {groups.nunique()} groups.")
    if implications:
        pairs = list_names(f"{first} implies {second}" for first, second in implications)
        found.append(f"Probabilities were made coherent: {pairs}.")
    return found


def name_headline(tasks: Sequence[str]) -> str:
    """Label of the main result: "mean", or the task if there is only one.

    Parameters
    ----------
    tasks : sequence of str

    Returns
    -------
    str
        "mean", or the task itself if there is only one.

    Examples
    --------
    >>> name_headline(["acl", "meniscus"]), name_headline(["acl"])
    ('mean', 'acl')
    """
    return "mean" if len(tasks) > 1 else tasks[0]


def choose_task(task: str | None, tasks: Iterable[Any], default: Any) -> Any:
    """Task to show: the one asked for, which must be among those of a result.

    Parameters
    ----------
    task : str or None
    tasks : iterable of str
        Tasks of the result, and "mean" if it has one; they may repeat.
    default : str
        Shown if `task` is None.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the result has no such task.

    Examples
    --------
    >>> choose_task(None, ["acl", "meniscus", "mean"], "mean")
    'mean'
    """
    known = list(dict.fromkeys(tasks))
    chosen = default if task is None else task
    if chosen not in known:
        raise ValueError(f"`task` must be one of {name_some(known)}, got {quote(chosen)}.")
    return chosen
