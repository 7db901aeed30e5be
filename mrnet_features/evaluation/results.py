"""Interface of every result: summary, frame, plot and HTML."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Result", "name_headline"]


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

    def _repr_html_(self) -> str:
        table = self.summary().to_html(float_format=lambda value: f"{value:.3f}", border=0)
        return f"<p>{html.escape(repr(self))}</p>\n{table}"


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
