"""`Exploration`: tables, figures and the page of a set of exams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mrnet_features.arrays import Float64Array
from mrnet_features.evaluation.results import Result
from mrnet_features.messages import quote
from mrnet_features.notebook_html import format_paragraph, format_table
from mrnet_features.report.explore.figures import (
    draw_cooccurrence,
    draw_histograms,
    draw_prevalence,
    draw_quantiles,
    draw_tissues,
)
from mrnet_features.report.explore.flags import Thumbnail
from mrnet_features.report.viewer.hanging import are_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mrnet_features.report.page import Page

__all__ = ["PARTS", "PLOTS", "STEP", "Exploration"]

PARTS = {
    "planes": "one row per plane: exams, slices, picture sizes, grey levels",
    "stacks": "one row per stack: its measurements",
    "labels": "one row per exam: its labels",
    "prevalence": "one row per task",
    "cooccurrence": "one row per combination of labels",
    "tears": "combinations of tears among the exams labelled abnormal",
    "pairs": "one row per ordered pair of tasks",
    "slices": "slice counts per plane and label",
    "grey": "median grey levels per plane and label",
    "tissues": "expected and measured signal per plane and tissue",
    "order": "pairs of tissues that the sequence should show apart",
    "flags": "findings, outliers and reversed tissues, the most severe first",
}
"""Tables of an exploration."""

PLOTS = ("cooccurrence", "prevalence", "slices", "grey", "histograms", "tissues")
STEP = 4  # grey levels of a bin in figures


@dataclass(frozen=True, eq=False)
class Exploration(Result):
    """Tables and figures of a set of exams.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        As `frame` returns them.
    histograms : mapping of str to ndarray of shape (n_exams, 64), float64
        By plane: fraction of the leg of each exam in bins of 4 grey levels, in the order of the
        stacks of the plane. NaN without a leg.
    thumbnails : tuple of Thumbnail
        Slices of the most severely flagged stacks.
    sequences : mapping of str to str
        Sequence of each series, where it is known: a weighting stands for the sequences that it may
        be.
    compared : tuple of str
        Up to four tasks that are compared with each other and with measurements.
    n_exams : int
    seconds : float
        Time of the pass over the pixels.
    audited : bool
        Whether findings of an audit were given.
    audit_seconds : float, default NaN
        Time of that audit, where it is known.
    """

    tables: Mapping[str, pd.DataFrame]
    histograms: Mapping[str, Float64Array]
    thumbnails: tuple[Thumbnail, ...]
    sequences: Mapping[str, str]
    compared: tuple[str, ...]
    n_exams: int
    seconds: float
    audited: bool
    audit_seconds: float = float("nan")

    @property
    def planes(self) -> tuple[str, ...]:
        """Planes and other series of which a stack could be read."""
        return tuple(self.tables["planes"].index)

    @property
    def kind(self) -> str:
        """What `planes` are, "plane" or "series", in the headers of tables."""
        return "series" if are_named(self.planes) else "plane"

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that have labels."""
        return tuple(self.tables["labels"].columns)

    def summary(self) -> pd.DataFrame:
        """One row per plane: exams, slices, picture sizes, grey levels and flags.

        Returns
        -------
        DataFrame
            Index: plane. Columns: n_exams, n_missing (exams without a readable stack), sizes
            (height x width and number of stacks, the most frequent first), n_slices,
            slices_low, slices_high (median, least and most), grey_median (median over exams),
            n_flagged (stacks with a flag).
        """
        return self.tables["planes"]

    def frame(self, part: str = "stacks") -> pd.DataFrame:
        """One of the tables.

        Parameters
        ----------
        part : str, default "stacks"
            A key of `mrnet_features.report.explore.result.PARTS`.

        Returns
        -------
        DataFrame

        Raises
        ------
        ValueError
            If there is no such table.
        """
        if part not in self.tables:
            listed = "; ".join(f"{name} ({words})" for name, words in PARTS.items())
            raise ValueError(f"`part` must be one of {listed}, got {quote(part)}.")
        return self.tables[part]

    def plot(
        self,
        axes: Axes | None = None,
        part: str | None = None,
        *,
        plane: str | None = None,
        task: str | None = None,
    ) -> Axes:
        """One of the figures.

        Parameters
        ----------
        axes : matplotlib Axes, optional
        part : {"cooccurrence", "prevalence", "slices", "grey", "histograms", "tissues"}, optional
            Default: "cooccurrence" with labels, "tissues" without.
        plane : str, optional
            Plane or other series, of the last four; default: the first.
        task : str, optional
            Of the histograms: exams by the label of this task; default: all exams together.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ValueError
            If there is no such figure, plane or task, or no labels that it needs.
        """
        chosen = part or ("cooccurrence" if self.tasks else "tissues")
        if chosen not in PLOTS:
            raise ValueError(f"`part` must be one of {', '.join(PLOTS)}, got {quote(chosen)}.")
        if chosen in PLOTS[:4] and not self.tasks:
            raise ValueError(f"The figure {chosen!r} needs labels, and the dataset has none.")
        if chosen == "cooccurrence":
            return draw_cooccurrence(self.tables[chosen], self.compared, axes)
        if chosen == "prevalence":
            return draw_prevalence(self.tables[chosen], axes)
        shown = self._check_plane(plane)
        if chosen == "histograms":
            return draw_histograms(self._group_histograms(shown, task), STEP, axes)
        table = self.tables[chosen]
        rows = table[table["plane"] == shown]
        if chosen == "tissues":
            return draw_tissues(rows, axes)
        label = "Slices" if chosen == "slices" else "Median grey level"
        return draw_quantiles(rows, label, axes)

    def make_page(self) -> Page:
        """The page of all tables and figures. Needs jinja2, matplotlib and Pillow.

        Returns
        -------
        Page
        """
        from mrnet_features.report.explore.page import make_page

        return make_page(self)

    def save_as_html(self, path: str | Path) -> None:
        """Write the page to a file.

        It holds pictures and labels of the exams: share it only if they may be shared.

        Parameters
        ----------
        path : path
        """
        self.make_page().save_as_html(path)

    def __repr__(self) -> str:
        planes = ", ".join(self.planes) or "none"
        tasks = f"tasks {', '.join(self.tasks)}" if self.tasks else "no labels"
        n_flagged = self.tables["flags"]["exam"].nunique()
        return (
            f"Exploration({self.n_exams} exams; planes {planes}; {tasks}; "
            f"{n_flagged} flagged exams)"
        )

    def _repr_html_(self) -> str:
        try:
            return self.make_page()._repr_html_()
        except ImportError as error:
            parts = [repr(self), str(error)]
            return "\n".join([format_table(self.summary()), *map(format_paragraph, parts)])

    def _check_plane(self, plane: str | None) -> str:
        if not self.planes:
            raise ValueError("No stack of the dataset could be read, so there is nothing to draw.")
        if plane is not None and plane not in self.planes:
            raise ValueError(
                f"`plane` must be one of {', '.join(self.planes)}, got {quote(plane)}."
            )
        return plane or self.planes[0]

    def _group_histograms(self, plane: str, task: str | None) -> dict[str, Float64Array]:
        """Histograms of the exams with a leg: all, or by the label of a task."""
        shares = self.histograms[plane]
        known = ~np.isnan(shares).any(axis=1)
        if task is None:
            return {"all exams": shares[known]}
        if task not in self.tasks:
            listed = ", ".join(self.tasks) or "none"
            raise ValueError(f"`task` must be one of the tasks ({listed}), got {quote(task)}.")
        stacks = self.tables["stacks"]
        exams = stacks.loc[stacks["plane"] == plane, "exam"]
        labels = self.tables["labels"][task].reindex(exams).to_numpy()
        return {
            f"{task} positive": shares[known & (labels == 1)],
            f"{task} negative": shares[known & (labels == 0)],
        }
