"""Series that networks see."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.read import list_stacks
from mrnet_features.messages import name_some
from mrnet_features.names import check_series, sort_series

__all__ = ["choose_series"]


def choose_series(
    exams: Sequence[Exam], series: Sequence[str] | None, other: Sequence[Exam] = ()
) -> tuple[str, ...]:
    """Series to use; every exam must have one of them.

    Parameters
    ----------
    exams : sequence of Exam
    series : sequence of str, optional
        By default every series that an exam has.
    other : sequence of Exam, optional
        Exams that are only predicted; their further series are not used.

    Returns
    -------
    tuple of str
        In the order of columns, or as given.

    Raises
    ------
    ValueError
        If no exam has a series that was named, or an exam has none of the series.

    Examples
    --------
    >>> exam = Exam("0042", {"sagittal": "s.npy", "axial": "a.npy"})
    >>> choose_series([exam], None)
    ('axial', 'sagittal')
    """
    held = sort_series({name for exam in exams for name in list_stacks(exam)})
    chosen = tuple(held) if series is None else check_series(series, "series")
    unknown = [name for name in chosen if name not in held]
    if unknown or not chosen:
        raise ValueError(
            f"`series` must be some of those of the exams ({', '.join(held) or 'none'}), got "
            f"{name_some(unknown) or 'none'}."
        )
    empty = [exam.id for exam in (*exams, *other) if not set(chosen) & set(list_stacks(exam))]
    if empty:
        raise ValueError(
            f"Every exam must have one of the series {', '.join(chosen)}, but {len(empty)} have "
            f"none ({name_some(empty)}). Leave these exams out."
        )
    return chosen
