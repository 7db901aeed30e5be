"""Warnings about too few exams or groups for an interval."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mrnet_features.messages import quote

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FewExamsWarning", "warn_of_few"]

ENOUGH = 10
"""With fewer exams of a class, or fewer groups, intervals cover less often than stated."""


class FewExamsWarning(UserWarning):
    """An interval or test rests on few exams or groups."""


def warn_of_few(labels: pd.DataFrame, groups: pd.Series[Any] | None = None) -> None:
    """Warn of a task with few exams of a class, and of few groups.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1, or NaN for an exam without a label.
    groups : Series of shape (n_exams,), optional
        Group of each exam; index exam id.

    Warns
    -----
    FewExamsWarning
        If a class has fewer than 10 exams, or the labelled exams of a task are of fewer than 10
        groups.

    Examples
    --------
    >>> import pandas as pd
    >>> with warnings.catch_warnings(record=True) as found:
    ...     warnings.simplefilter("always")
    ...     warn_of_few(pd.DataFrame({"acl": [0, 1] * 9}))
    >>> print(found[0].message)
    Intervals are rough below 10 exams of a class, got 9 positive and 9 negative of 'acl'. They...
    """
    counts = {
        task: (int((column == 1).sum()), int((column == 0).sum()))
        for task, column in labels.items()
    }
    few = [
        f"{positive} positive and {negative} negative of {quote(task)}"
        for task, (positive, negative) in counts.items()
        if min(positive, negative) < ENOUGH
    ]
    if few:
        warnings.warn(
            f"Intervals are rough below {ENOUGH} exams of a class, got {', '.join(few)}. They "
            "use a t distribution with few degrees of freedom; add exams for narrower ones.",
            FewExamsWarning,
            stacklevel=3,
        )
    n_groups = ENOUGH
    if groups is not None:
        n_groups = min(groups[column.notna()].nunique() for _, column in labels.items())
    if n_groups == 1:
        warnings.warn(
            "AUCs have no standard error and interval, and their differences no p value, since all "
            "exams of a task are of one group. Test on more groups.",
            FewExamsWarning,
            stacklevel=3,
        )
    elif n_groups < ENOUGH:
        warnings.warn(
            f"Intervals from {n_groups} groups are rough: they use a t distribution with "
            f"{n_groups - 1} degrees of freedom. Add groups for narrower ones.",
            FewExamsWarning,
            stacklevel=3,
        )
