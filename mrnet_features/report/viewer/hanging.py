"""How the series of exams are hung: a column per plane, fluid-sensitive series on top."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mrnet_features.names import PLANES, WEIGHTINGS, parse_series, sort_series

__all__ = ["are_named", "hang_series", "title_series"]


def are_named(names: Iterable[str]) -> bool:
    """Whether some series are named by more than their plane.

    Examples
    --------
    >>> are_named(["axial", "sagittal"]), are_named(["axial", "sagittal_fluid"])
    (False, True)
    """
    return any(name not in PLANES for name in sort_series(names))


def title_series(series: str) -> str:
    """Name of a series as a title.

    Examples
    --------
    >>> title_series("sagittal_fluid"), title_series("axial")
    ('Sagittal fluid', 'Axial')
    """
    return series.replace("_", " ").capitalize()


def hang_series(names: Iterable[str]) -> list[dict[str, Any]]:
    """Series in the order to show, each with its place.

    Stacks that are named by their planes hang side by side, the three planes of MRNet even where
    there are fewer. Otherwise each plane has a column, with the fluid-sensitive series in the first
    rows, the structural ones below, and others last, so that the series of a weighting stand side
    by side; a plane alone has the weighting of MRNet's. If there is no series of some plane, the
    others fill the rows one after another.

    Parameters
    ----------
    names : iterable of str
        Series of all exams together; other names are left out.

    Returns
    -------
    list of dict
        Keys series, plane, name (title), row and column, both from 1 or "auto".

    Examples
    --------
    >>> [place["series"] for place in hang_series(["sagittal"])]
    ['axial', 'coronal', 'sagittal']
    >>> names = ["axial_fluid", "coronal_structural", "sagittal_fluid", "coronal_fluid"]
    >>> named = hang_series(names)
    >>> [(place["name"], place["row"], place["column"]) for place in named][:3]
    [('Axial fluid', 1, 1), ('Coronal fluid', 1, 2), ('Sagittal fluid', 1, 3)]
    >>> [(place["name"], place["row"], place["column"]) for place in named][3:]
    [('Coronal structural', 2, 2)]
    """
    names = set(names)
    is_named = are_named(names)
    found = sort_series(names) if is_named else list(PLANES)

    def weigh(series: str) -> str:
        return parse_series(series).known_weighting if is_named else ""

    planes = {parse_series(series).plane for series in found}
    rows: list[tuple[int, str]] = []
    first = 1
    for weighting in (*WEIGHTINGS, ""):
        of_plane = {
            plane: [s for s in found if parse_series(s).plane == plane and weigh(s) == weighting]
            for plane in PLANES
        }
        most = max(map(len, of_plane.values()))
        for k in range(most):
            rows += [(first + k, here[k]) for here in of_plane.values() if k < len(here)]
        first += most
    is_grid = len(planes) == len(PLANES)
    return [
        {
            "series": series,
            "plane": (plane := parse_series(series).plane),
            "name": title_series(series),
            "row": row if is_grid else "auto",
            "column": PLANES.index(plane) + 1 if is_grid else "auto",
        }
        for row, series in rows
    ]
