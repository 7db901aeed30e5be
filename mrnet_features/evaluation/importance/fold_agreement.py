"""Agreement of the folds on the order of the feature groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["measure_fold_agreement", "nogueira_index"]


def nogueira_index(selected: ArrayLike) -> float:
    r"""Stability of a selection over folds.

    1 if every fold selects the same groups; 0 on average for random selection.

    With the selection frequency :math:`p_f` of each of d groups over M folds and the mean number
    selected :math:`\bar k`,

    .. math:: \Phi = 1 - \frac{\frac{1}{d} \sum_f \frac{M}{M-1} p_f (1 - p_f)}
              {\frac{\bar k}{d} (1 - \frac{\bar k}{d})}

    Parameters
    ----------
    selected : array of shape (n_folds, n_groups), bool
        Groups selected in each fold; at least two folds.

    Returns
    -------
    float
        At most 1. NaN if all groups or none are selected in every fold.

    Raises
    ------
    ValueError
        If there are fewer than two folds.

    References
    ----------
    Nogueira, Sechidis and Brown 2018, Journal of Machine Learning Research 18(174):1-54.

    Examples
    --------
    >>> nogueira_index([[True, False], [True, False]])
    1.0
    >>> nogueira_index([[True, False], [False, True]])
    -1.0
    """
    chosen = np.asarray(selected, dtype=np.float64)
    if chosen.ndim != 2 or len(chosen) < 2:
        raise ValueError(
            "`selected` must have shape (n_folds, n_groups) with at least two folds, got "
            f"{chosen.shape}."
        )
    n_folds, n_groups = chosen.shape
    frequency = chosen.mean(axis=0)
    share = chosen.sum() / (n_folds * n_groups)
    if share in (0.0, 1.0):
        return float("nan")
    spread = float((n_folds / (n_folds - 1) * frequency * (1 - frequency)).mean())
    return float(1 - spread / (share * (1 - share)))


def measure_fold_agreement(
    by_fold: pd.DataFrame, top: int = 10
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement of the folds on the order of the groups.

    Parameters
    ----------
    by_fold : DataFrame
        Columns task, repeat, fold, group, value.
    top : int, default 10
        Number of groups that count as selected in a fold; at most half of them. Fewer do where
        the next ones are equal, as groups that a model does not use are, with 0.

    Returns
    -------
    agreement : DataFrame of shape (n_tasks, 3)
        Index task. rank_correlation: mean Spearman correlation over pairs of folds, NaN for a
        single group; nogueira: see `nogueira_index`; top: number of groups counted as selected.
    frequency : DataFrame of shape (n_groups, n_tasks)
        Fraction of the folds in which a group is selected.

    Examples
    --------
    >>> rows = pd.DataFrame({"task": "acl", "repeat": 0, "fold": [0, 0, 1, 1],
    ...                      "group": list("abab"), "value": [2.0, 1.0, 4.0, 3.0]})
    >>> measure_fold_agreement(rows)[0].round(6).values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    from scipy.stats import rankdata  # here: its import takes half a second

    agreement, frequency = {}, {}
    for task, part in by_fold.groupby("task", sort=False):
        values = part.pivot_table(index=["repeat", "fold"], columns="group", values="value")
        n_groups = values.shape[1]
        counted = max(1, min(top, n_groups // 2))
        ranks = np.apply_along_axis(rankdata, 1, values.to_numpy())
        # the last rank of equals: an order among them would be that of their names
        chosen = np.apply_along_axis(rankdata, 1, -values.to_numpy(), "max") <= counted
        agreement[task] = {
            "rank_correlation": _correlate_pairs(ranks),
            "nogueira": nogueira_index(chosen),
            "top": float(counted),
        }
        frequency[task] = pd.Series(chosen.mean(axis=0), index=values.columns)
    order = list(dict.fromkeys(by_fold["group"]))
    return (
        pd.DataFrame.from_dict(agreement, orient="index").rename_axis(index="task"),
        pd.DataFrame(frequency).loc[order],
    )


def _correlate_pairs(ranks: NDArray[np.float64]) -> float:
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    if len(ranks) < 2 or not (length > 0).all():
        return float("nan")
    similarity = (centred @ centred.T) / np.outer(length, length)
    return float(similarity[np.triu_indices(len(ranks), 1)].mean())
