"""Whether the folds agree on what matters, and whether shuffled labels say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.stats import rankdata
from sklearn.base import clone

from mrnet_features.evaluation.exam_ids import require_same_exams
from mrnet_features.evaluation.importance.feature_groups import group_columns
from mrnet_features.evaluation.importance.per_fold import view_fold
from mrnet_features.evaluation.protocol.fit import fit_and_score
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.tables import check_features
from mrnet_features.jobs import run_jobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation

__all__ = ["measure_stability", "nogueira_index", "null_importance"]


def nogueira_index(selected: ArrayLike) -> float:
    r"""Stability of a selection over folds: 1 is always the same, 0 what chance gives.

    With the selection frequency :math:`p_f` of each of d things over M folds and the mean number
    selected :math:`\bar k`,

    .. math:: \Phi = 1 - \frac{\frac{1}{d} \sum_f \frac{M}{M-1} p_f (1 - p_f)}
              {\frac{\bar k}{d} (1 - \frac{\bar k}{d})}

    Parameters
    ----------
    selected : array of shape (n_folds, n_groups), bool
        What each fold selected; at least two folds.

    Returns
    -------
    float
        At most 1. NaN where all or nothing is selected everywhere.

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


def measure_stability(by_fold: pd.DataFrame, top: int = 10) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Agreement of the folds on the order of the groups.

    Parameters
    ----------
    by_fold : DataFrame
        Columns task, repeat, fold, group, value.
    top : int, default 10
        How many groups count as selected in a fold; at most half of them.

    Returns
    -------
    agreement : DataFrame of shape (n_tasks, 3)
        Index task. rank_correlation: mean Spearman correlation over pairs of folds, NaN for a
        single group; nogueira: see `nogueira_index`; top: how many were counted as selected.
    frequency : DataFrame of shape (n_groups, n_tasks)
        Fraction of the folds in which a group is selected.

    Examples
    --------
    >>> rows = pd.DataFrame({"task": "acl", "repeat": 0, "fold": [0, 0, 1, 1],
    ...                      "group": list("abab"), "value": [2.0, 1.0, 4.0, 3.0]})
    >>> measure_stability(rows)[0].round(6).values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    agreement, frequency = {}, {}
    for task, part in by_fold.groupby("task", sort=False):
        values = part.pivot_table(index=["repeat", "fold"], columns="group", values="value")
        n_groups = values.shape[1]
        counted = max(1, min(top, n_groups // 2))
        ranks = np.apply_along_axis(rankdata, 1, values.to_numpy())
        selected = np.argsort(np.argsort(-values.to_numpy(), axis=1, kind="stable"), axis=1)
        chosen = selected < counted
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


def null_importance(
    evaluation: Evaluation,
    features: pd.DataFrame,
    by: str | Mapping[str, str] = "family",
    *,
    n_rounds: int = 10,
    n_permutations: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Hold the importance of groups against that from shuffled labels.

    Models like many-valued columns and large groups even where there is nothing to learn. Here
    the labels are shuffled within the folds, all tasks of an exam together, the models are
    fitted again, and their importance on held-out exams is what chance gives.

    Parameters
    ----------
    evaluation : Evaluation
    features : DataFrame of shape (n_exams, n_features)
        The table that `evaluation` was made from.
    by : str or mapping
        See `group_columns`.
    n_rounds : int, default 10
        Shuffles of the labels. The smallest p to be had is ``1 / (n_rounds + 1)``.
    n_permutations : int, default 5
        Shuffles of each group, for models that do not explain themselves.
    seed : int, default 0
        Seeds the shuffles.
    n_jobs : int, optional
        Fits at a time, as joblib understands it.

    Returns
    -------
    DataFrame of shape (n_tasks * n_groups, 6)
        Columns task, group, observed, null_mean, null_max, p: the share of rounds, the observed
        one counted, with at least the observed importance. Mean absolute contribution where the
        models explain themselves, else the AUC drop by permutation.

    References
    ----------
    Altmann et al. 2010, Bioinformatics 26(10):1340-1347.
    """
    table = check_features(features)
    require_same_exams("features", table.index, "evaluation", evaluation.labels.index)
    groups = group_columns(table, by)
    numbers = {column: k for k, column in enumerate(table.columns)}
    members = [[numbers[column] for column in columns] for columns in groups.values()]
    explained = all(hasattr(model, "shap_values") for model in evaluation.models.values())
    view = "shap" if explained else "permutation"
    jobs = [
        (number, task, repeat, fold, train, test)
        for number in range(n_rounds + 1)
        for task in evaluation.labels.columns
        for repeat, fold, train, test in evaluation.folds.split()
    ]
    shuffled = {
        (number, repeat): _shuffle_within_folds(evaluation, repeat, number, seed)
        for number in range(n_rounds + 1)
        for repeat in range(evaluation.folds.n_repeats)
    }
    calls = (
        delayed(_measure_fold)(
            evaluation.models[task, repeat, fold],
            table,
            shuffled[number, repeat][task].to_numpy(),
            table.index.get_indexer(train),
            table.index.get_indexer(test),
            members,
            view,
            n_permutations,
            derive_seed(seed, "null", number, task, repeat, fold),
            number > 0,
        )
        for number, task, repeat, fold, train, test in jobs
    )
    found = list(run_jobs(calls, n_jobs))
    tasks = list(evaluation.labels.columns)
    values = np.array(found).reshape(n_rounds + 1, len(tasks), -1, len(groups)).mean(axis=2)
    observed, null = values[0], values[1:]
    p = (1 + (null >= observed).sum(axis=0)) / (n_rounds + 1)
    return pd.DataFrame(
        {
            "task": np.repeat(tasks, len(groups)),
            "group": list(groups) * len(tasks),
            "observed": observed.ravel(),
            "null_mean": null.mean(axis=0).ravel(),
            "null_max": null.max(axis=0).ravel(),
            "p": p.ravel(),
        }
    )


def _correlate_pairs(ranks: NDArray[np.float64]) -> float:
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    if len(ranks) < 2 or not (length > 0).all():
        return float("nan")
    likeness = (centred @ centred.T) / np.outer(length, length)
    return float(likeness[np.triu_indices(len(ranks), 1)].mean())


def _shuffle_within_folds(
    evaluation: Evaluation, repeat: int, number: int, seed: int
) -> pd.DataFrame:
    """Labels of one repeat, whole exams shuffled inside each fold; round 0 is the truth."""
    labels = evaluation.labels
    if number == 0:
        return labels
    random = np.random.default_rng(derive_seed(seed, "labels", number, repeat))
    values = labels.to_numpy(copy=True)
    rows = evaluation.folds.frame
    for _, part in rows[rows["repeat"] == repeat].groupby("fold"):
        places = labels.index.get_indexer(pd.Index(part["exam"]))
        values[places] = values[random.permutation(places)]
    return pd.DataFrame(values, index=labels.index, columns=labels.columns)


def _measure_fold(
    model: Any,
    features: pd.DataFrame,
    truth: NDArray[np.int8],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    groups: Sequence[Sequence[int]],
    view: str,
    n_permutations: int,
    seed: int,
    refit: bool,
) -> NDArray[np.float64]:
    if refit:
        model, _ = fit_and_score(clone(model), features, truth, train, test, "shuffled labels")
    found = view_fold(
        model, features, truth, train, test, groups, (view,), n_permutations, seed, "null"
    )
    if found.contributions is not None:
        return np.asarray(np.abs(found.contributions).mean(axis=0))
    return found.aucs[view]
