"""Targets of a binary classifier: two classes, missing labels, probabilities as labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["encode_two_classes", "split_labels"]


def encode_two_classes(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Encode two class labels as 0 and 1.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Labels of exactly two classes, of any type that sorts.

    Returns
    -------
    classes : ndarray of shape (2,)
        The labels, sorted.
    codes : ndarray of shape (n_rows,), intp
        0 for ``classes[0]``, 1 for ``classes[1]``.

    Raises
    ------
    ValueError
        If `y` holds no class labels, one class, or more than two.

    Examples
    --------
    >>> classes, codes = encode_two_classes(["torn", "intact", "torn"])
    >>> classes.tolist(), codes.tolist()
    (['intact', 'torn'], [1, 0, 1])
    """
    # here: scikit-learn takes a second to import
    from sklearn.utils.multiclass import check_classification_targets, type_of_target

    check_classification_targets(y)
    kind = type_of_target(y)
    if kind != "binary":
        # scikit-learn's checks require the first sentence.
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}. "
            "Fit one classifier per task."
        )
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"`y` must hold two classes, got one class ({classes[0]}) in {len(codes)} rows."
        )
    return classes, codes


def split_labels(
    labels: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.int8], NDArray[np.float64] | None]:
    """Rows to fit on, with classes and weights, from labels that may be missing or soft.

    A row without a label is left out. A label p between 0 and 1 becomes two rows with the same
    features: class 1 with weight p and class 0 with weight 1 - p. That is the expected loss of a
    label that is 1 with probability p.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), float64
        0 to 1, or NaN.
    weights : ndarray of shape (n_rows,), float64, optional
        Weight of each row, by which those of its two rows are multiplied.

    Returns
    -------
    rows : ndarray of shape (n_fitted,), intp
        Row numbers in increasing order, twice for soft labels: first as class 0, then as class 1.
    classes : ndarray of shape (n_fitted,), int8
        0 or 1.
    weights : ndarray of shape (n_fitted,), float64, or None
        None if `weights` is None and no label is soft.

    Examples
    --------
    >>> import numpy as np
    >>> rows, classes, weights = split_labels(np.array([1.0, 0.25, np.nan]))
    >>> rows.tolist(), classes.tolist(), weights.tolist()
    ([0, 1, 1], [1, 0, 1], [1.0, 0.75, 0.25])
    """
    known = np.flatnonzero(~np.isnan(labels))
    soft = (labels[known] > 0) & (labels[known] < 1)
    rows = np.repeat(known, np.where(soft, 2, 1))
    if not soft.any():
        own = None if weights is None else weights[rows]
        return rows, labels[rows].astype(np.int8), own
    second = np.r_[False, rows[1:] == rows[:-1]]
    first = np.r_[second[1:], False]
    classes = np.where(first, 0, np.where(second, 1, labels[rows])).astype(np.int8)
    shares = np.where(classes == 1, labels[rows], 1 - labels[rows])
    return rows, classes, shares if weights is None else shares * weights[rows]
