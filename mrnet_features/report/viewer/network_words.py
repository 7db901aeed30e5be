"""Parts of a network's prediction in words, for the list of what moved the model."""

from __future__ import annotations

from typing import Any

from mrnet_features.cnn.explain import NetworkExplanation
from mrnet_features.report.series_words import describe_series

__all__ = ["describe_parts"]

SENTENCE = (
    "The network of this series, combined with those of the others; outlined is what lowers the "
    "prediction most when it is hidden, which can be air around the leg."
)

NOTHING = "Hiding no part of it lowers the prediction."


def describe_parts(explained: NetworkExplanation) -> dict[str, list[dict[str, Any]]]:
    """Contribution of each series by task, largest first.

    Parameters
    ----------
    explained : NetworkExplanation

    Returns
    -------
    dict of str to list of dict
        Keys as those of `describe_contributions`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    rows = sorted(explained.contributions.to_dict("records"), key=_sort_key)
    for row in rows:
        column = str(row["column"])
        found.setdefault(str(row["task"]), []).append(
            {
                "column": column,
                "phrase": f"network, {describe_series(str(row['series']))}",
                "sentence": SENTENCE,
                "value": f"log-odds {row['log_odds']:.2f}",
                "contribution": float(row["contribution"]),
                "unmarked": "" if explained.marks[column].slices else NOTHING,
            }
        )
    return found


def _sort_key(row: dict[Any, Any]) -> float:
    return -abs(float(row["contribution"]))
