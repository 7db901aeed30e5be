"""Targets of a binary classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["encode_two_classes"]


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
