"""Series of an exam in words."""

from __future__ import annotations

from mrnet_features.names import PLANES, WEIGHTINGS, is_series, parse_series


def describe_series(series: str) -> str:
    """Plane and weighting of a series in words.

    Parameters
    ----------
    series : str
        First part of a column name; empty if it is unknown.

    Returns
    -------
    str
        The text itself with spaces if it names no series.

    Examples
    --------
    >>> describe_series("sagittal_fluid"), describe_series("coronal_structural_thin")
    ('sagittal fluid-sensitive', 'coronal structural (thin)')
    >>> describe_series("axial"), describe_series("axial_dess")
    ('axial', 'axial (dess)')
    """
    if not is_series(series):
        return series.replace("_", " ")
    plane, weighting, rest = parse_series(series)
    if weighting in WEIGHTINGS:
        words, others = f"{plane} {WEIGHTINGS[weighting]}", rest
    else:
        words, others = plane, "_".join(filter(None, (weighting, rest)))
    return f"{words} ({others.replace('_', ' ')})" if others else words


def say_images(series: str) -> str:
    """Where a statistic is measured, as the end of a sentence.

    Parameters
    ----------
    series : str
        As for `describe_series`.

    Returns
    -------
    str
        Empty if the series is unknown.

    Examples
    --------
    >>> say_images("axial"), say_images("coronal_structural")
    ('on axial images', 'on the coronal structural series')
    """
    if series in ("", *PLANES):
        return f"on {series} images" if series else ""
    return f"on the {describe_series(series)} series"
