"""Paths of an exam's series, held in little memory: a set can have a hundred thousand exams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from mrnet_features.files.paths import to_path
from mrnet_features.files.stored_paths import AnyPath, Given, StoredPath
from mrnet_features.messages import quote

__all__ = ["ExamPaths"]


class ExamPaths(Mapping[str, AnyPath]):
    """Absolute path of each series of an exam.

    Local paths are held as text and made when they are asked for: a `pathlib.Path` takes 0.6 KB
    once its text was needed, its text 0.1 KB.

    Parameters
    ----------
    paths : mapping of str to str, Path or UPath

    Raises
    ------
    TypeError
        If it is no such mapping.

    Examples
    --------
    >>> paths = ExamPaths({"axial": "/data/0042.npy"})
    >>> paths["axial"].name, list(paths), paths == {"axial": Path("/data/0042.npy")}
    ('0042.npy', ['axial'], True)
    """

    __slots__ = ("_held", "_series")

    def __init__(self, paths: Mapping[str, Given]) -> None:
        _check(paths)
        absolute = [to_path(path).absolute() for path in paths.values()]
        self._series = tuple(paths)
        self._held = tuple(path if isinstance(path, StoredPath) else str(path) for path in absolute)

    def __getitem__(self, series: str) -> AnyPath:
        try:
            held = self._held[self._series.index(series)]
        except ValueError:
            raise KeyError(series) from None
        return Path(held) if isinstance(held, str) else held

    def __contains__(self, series: object) -> bool:
        return series in self._series

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def __repr__(self) -> str:
        return repr(dict(self))


def _check(paths: Any) -> None:
    """Raise unless the paths of an exam are a mapping of text to paths."""
    problem = "" if isinstance(paths, Mapping) else f"got {type(paths).__name__}"
    for series, path in () if problem else paths.items():
        is_path = isinstance(path, str | PurePath | StoredPath) or hasattr(path, "storage_options")
        if not isinstance(series, str):
            problem = f"got {quote(series)} as a series"
        elif not is_path:
            problem = f"got {type(path).__name__} for {quote(series)}"
    if problem:
        raise TypeError(
            "`paths` of an exam must be a mapping of series to the path of each, such as "
            f"{{'sagittal': path}}, {problem}."
        )
