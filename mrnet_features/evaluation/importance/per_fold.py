"""Importance of feature groups for one fitted model on its held-out fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from mrnet_features.evaluation.metrics.auc import AucEstimate, measure_auc
from mrnet_features.evaluation.protocol.fit import fit_and_score
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.models.estimators import copy_classifier, predict_positive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "VIEWS",
    "FoldView",
    "choose_views",
    "measure_directions",
    "sum_shap_values",
    "view_fold",
]

VIEWS = ("shap", "permutation", "drop_group", "single_group")

MOST_CELLS = 2**22
"""Values in a table of permuted rows: 32 MiB."""


@dataclass(frozen=True, eq=False)
class FoldView:
    """Importance of each group in one fold.

    Attributes
    ----------
    shap_values, directions : ndarray or None
        TreeSHAP values summed over each group, shape (n_test, n_groups), in log-odds; and their
        directions, shape (n_groups,). None if the view was not asked for.
    aucs : dict of view to ndarray of shape (n_groups,), float64
        AUC drop ("permutation", "drop_group") or AUC ("single_group").
    influence : dict of view to ndarray of shape (n_test, n_groups), float64
        Influence values of those.
    """

    shap_values: NDArray[np.float64] | None
    directions: NDArray[np.float64] | None
    aucs: dict[str, NDArray[np.float64]]
    influence: dict[str, NDArray[np.float64]]

    def take(self, start: int, stop: int) -> FoldView:
        """Importance of some of the groups.

        Parameters
        ----------
        start, stop : int
            Numbers of the first group and of the one after the last.

        Returns
        -------
        FoldView
        """
        kept = slice(start, stop)
        return FoldView(
            None if self.shap_values is None else self.shap_values[:, kept],
            None if self.directions is None else self.directions[kept],
            {view: values[kept] for view, values in self.aucs.items()},
            {view: values[:, kept] for view, values in self.influence.items()},
        )


def choose_views(
    views: Sequence[str] | None, models: Iterable[Any], n_groups: int
) -> tuple[str, ...]:
    """Views to measure.

    Parameters
    ----------
    views : sequence of str, str or None
        None for the first two if the models have `shap_values`, else "permutation".
    models : iterable of classifier
    n_groups : int

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If a view is unknown or can't be measured.

    Examples
    --------
    >>> choose_views(None, [object()], 2)
    ('permutation',)
    """
    kinds = [type(model).__name__ for model in models if not hasattr(model, "shap_values")]
    if views is None:
        return VIEWS[1:2] if kinds else VIEWS[:2]
    chosen = (views,) if isinstance(views, str) else tuple(views)
    if not chosen or any(view not in VIEWS for view in chosen):
        raise ValueError(f"`views` must be some of {', '.join(VIEWS)}, got {chosen}.")
    if "shap" in chosen and kinds:
        raise ValueError(
            f"`views` must not hold 'shap' for {kinds[0]}, which has no `shap_values`. "
            "Use 'permutation', or evaluate `lightgbm_baseline`."
        )
    if "drop_group" in chosen and n_groups < 2:
        raise ValueError("`views` must not hold 'drop_group' if there is only one group.")
    return chosen


def sum_shap_values(
    model: Any, features: pd.DataFrame, groups: Sequence[Sequence[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """SHAP values of each group for each row, and the direction of each group.

    Parameters
    ----------
    model : SeedAveragedLightGBM
        Fitted, or any model with the same method `shap_values`.
    features : DataFrame of shape (n_rows, n_columns)
        Rows that the model was not fitted on.
    groups : sequence of sequence of int
        Column numbers of each group.

    Returns
    -------
    shap_values : ndarray of shape (n_rows, n_groups), float64
        Sum of the SHAP values of the columns, in log-odds. Opposite values of two columns cancel
        in the sum.
    directions : ndarray of shape (n_groups,), float64
        -1 to 1: correlation of a column with its SHAP values, averaged over the group and
        weighted by the mean absolute SHAP value. Positive: a higher value makes a positive exam
        more likely. NaN if the model does not use the group.
    """
    shares = model.shap_values(features)[:, :-1]
    correlation = np.nan_to_num(measure_directions(features.to_numpy(dtype=np.float64), shares))
    size = np.abs(shares).mean(axis=0)
    directions = np.full(len(groups), np.nan)
    for k, columns in enumerate(groups):
        if size[columns].sum() > 0:
            directions[k] = np.average(correlation[columns], weights=size[columns])
    return np.column_stack([shares[:, columns].sum(axis=1) for columns in groups]), directions


def measure_directions(
    values: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Correlation of each column with its SHAP values.

    Parameters
    ----------
    values, shares : ndarray of shape (n_rows, n_columns), float64
        A NaN among the values counts as the mean of its column.

    Returns
    -------
    ndarray of shape (n_columns,), float64
        -1 to 1. NaN if the values or the SHAP values are constant.

    Examples
    --------
    >>> measure_directions(np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([[-1.0, 0], [1.0, 0]]))
    array([ 1., nan])
    """
    centred = values - np.nanmean(np.where(np.isfinite(values).any(axis=0), values, 0.0), axis=0)
    centred = np.nan_to_num(centred)
    deviation = shares - shares.mean(axis=0)
    scale = np.sqrt((centred**2).sum(axis=0) * (deviation**2).sum(axis=0))
    products = (centred * deviation).sum(axis=0)
    return np.asarray(np.where(scale > 0, products / np.where(scale > 0, scale, 1), np.nan))


def view_fold(
    model: Any,
    features: pd.DataFrame,
    truth: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    groups: Sequence[Sequence[int]],
    views: Sequence[str],
    n_permutations: int,
    seed: int,
    where: str,
    weights: NDArray[np.float64] | None = None,
    exam_groups: NDArray[np.int64] | None = None,
    fitted_to: NDArray[np.float64] | None = None,
) -> FoldView:
    """Importance of each group for one fitted model on its held-out exams.

    Parameters
    ----------
    model : classifier
        Fitted on `train`.
    features : DataFrame of shape (n_exams, n_columns)
    truth : ndarray of shape (n_exams,), int8 or float64
        0 or 1. Exams with NaN count in the SHAP values alone.
    train, test : ndarray of intp
        Row numbers.
    groups : sequence of sequence of int
        Column numbers of each group.
    views : sequence of str
        Some of `VIEWS`.
    n_permutations : int
        Permutations of each group.
    seed : int
        Seed of the permutations of this fold.
    where : str
        Name of this fold in notes on errors.
    weights : ndarray of shape (n_exams,), float64, optional
        Sample weights of models that are fitted again.
    exam_groups : ndarray of shape (n_exams,), int64, optional
        Group of each exam, for models that are fitted again.
    fitted_to : ndarray of shape (n_exams,), float64, optional
        Labels that models are fitted on again, if they are others than `truth`.

    Returns
    -------
    FoldView
    """
    known = ~np.isnan(truth[test])
    scored = test[known]
    held_out, labels = features.iloc[scored], truth[scored]
    shap_values = directions = None
    aucs: dict[str, NDArray[np.float64]] = {}
    influence: dict[str, NDArray[np.float64]] = {}
    with threadpool_limits(limits=1):
        if "shap" in views:
            shap_values, directions = sum_shap_values(model, features.iloc[test], groups)
        if {"permutation", "drop_group"} & set(views):
            full = measure_auc(labels, predict_positive(model, held_out))
        if "permutation" in views:
            found = _permute_groups(model, held_out, labels, groups, n_permutations, seed)
            aucs["permutation"], influence["permutation"] = _subtract(full, found)
    whole = range(features.shape[1])
    for view in ("drop_group", "single_group"):
        if view not in views:
            continue
        found = []
        for columns in groups:
            kept = sorted(set(whole) - set(columns)) if view == "drop_group" else list(columns)
            # Same seed as `model`: only the columns differ.
            _, scores = fit_and_score(
                copy_classifier(model),
                features.iloc[:, kept],
                truth if fitted_to is None else fitted_to,
                train,
                scored,
                f"{where} ({view})",
                weights,
                exam_groups,
            )
            found.append(measure_auc(labels, scores))
        if view == "drop_group":
            aucs[view], influence[view] = _subtract(full, found)
        else:
            aucs[view] = np.array([estimate.auc for estimate in found])
            influence[view] = np.column_stack([estimate.influence for estimate in found])
    if len(scored) < len(test):
        for view, values in influence.items():
            influence[view] = np.zeros((len(test), len(groups)))
            influence[view][known] = values
    return FoldView(shap_values, directions, aucs, influence)


def _permute_groups(
    model: Any,
    features: pd.DataFrame,
    labels: NDArray[Any],
    groups: Sequence[Sequence[int]],
    n_permutations: int,
    seed: int,
) -> list[AucEstimate]:
    """Mean AUC and influence with the rows of the columns of each group permuted together."""
    values = features.to_numpy()
    n_rows = len(values)
    orders = [
        np.random.default_rng(derive_seed(seed, *map(int, columns), k)).permutation(n_rows)
        for columns in groups
        for k in range(n_permutations)
    ]
    at_once = max(1, MOST_CELLS // max(1, values.size))
    scores: list[NDArray[np.float64]] = []
    for start in range(0, len(orders), at_once):
        chunk = orders[start : start + at_once]
        # One call for many permutations: checking a wide table takes longer than predicting.
        tall = np.tile(values, (len(chunk), 1))
        for k, order in enumerate(chunk):
            columns = groups[(start + k) // n_permutations]
            tall[k * n_rows : (k + 1) * n_rows, columns] = values[order][:, columns]
        index = np.tile(np.asarray(features.index, dtype=object), len(chunk))
        permuted = type(features)(tall, index=index, columns=features.columns)
        scores += np.split(predict_positive(model, permuted), len(chunk))
    estimates = [measure_auc(labels, each) for each in scores]
    return [
        AucEstimate(
            auc=float(np.mean([estimate.auc for estimate in found])),
            influence=np.mean([estimate.influence for estimate in found], axis=0),
        )
        for found in (
            estimates[k : k + n_permutations] for k in range(0, len(estimates), n_permutations)
        )
    ]


def _subtract(
    full: AucEstimate, others: Sequence[AucEstimate]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    drops = np.array([full.auc - other.auc for other in others])
    return drops, np.column_stack([full.influence - other.influence for other in others])
