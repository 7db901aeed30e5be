"""Feature tables of a folder: made from its exams, or read together with its labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.exam import Dataset
from mrnet_features.data.mrnet import list_excluded, load_labels, load_mrnet
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.resume import extract_features
from mrnet_features.extraction.table import read_features


def make_table(
    root: str | Path,
    split: str,
    out: str | Path,
    *,
    families: str | Sequence[Any] = "baseline",
    exclude: pd.DataFrame | Iterable[str] | None = None,
    device: str = "auto",
    n_jobs: int | None = None,
    batch_size: int | None = None,
) -> tuple[Dataset, pd.DataFrame]:
    """Dataset of a split and its feature table, which is also written to `out`.

    Parameters
    ----------
    root : path
        Folder in the layout of MRNet.
    split : {"train", "valid"}
    out : path
        Parquet file; see `extract_features`.
    families : str or sequence, default "baseline"
        See `FeatureExtractor`.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out; see `load_mrnet`.
    device : {"auto", "cpu", "cuda"}, default "auto"
        See `FeatureExtractor`.
    n_jobs : int, optional
        Parallel processes.
    batch_size : int, optional
        See `FeatureExtractor`.

    Returns
    -------
    dataset : Dataset
    features : DataFrame of shape (n_exams, n_features)
    """
    dataset = load_mrnet(root, split, exclude=exclude)
    extractor = FeatureExtractor(families, device=device, n_jobs=n_jobs, batch_size=batch_size)
    return dataset, extract_features(dataset.exams, out, extractor=extractor)


def read_table(
    path: str | Path,
    root: str | Path,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Feature table of a file and the labels of its split.

    Parameters
    ----------
    path : path
        Parquet file; see `read_features`.
    root : path
        Folder in the layout of MRNet; only its label files are read.
    split : {"train", "valid"}, default "train"
    exclude : DataFrame or iterable of str, optional
        Exams to leave out of both; see `load_mrnet`.

    Returns
    -------
    features : DataFrame of shape (n_exams, n_features)
    labels : DataFrame of shape (n_exams, 3)

    Raises
    ------
    ValueError
        If table and labels hold different exams, or a file can't be read.
    """
    excluded = list_excluded(exclude)
    features, labels = read_features(path), load_labels(root, split, exclude=excluded)
    features = features[~features.index.isin(excluded)]
    _require_labels(path, features, labels, split)
    return features, labels


def _require_labels(
    path: str | Path, features: pd.DataFrame, labels: pd.DataFrame, split: str
) -> None:
    """Raise if table and labels hold different exams; other kinds of ids are checked later."""
    described, labelled = set(features.index), set(labels.index)
    if described == labelled or not all(isinstance(exam, str) for exam in described):
        return
    parts = [
        f"{len(only)} only in the {name} (such as {min(only)})"
        for name, only in (("table", described - labelled), ("labels", labelled - described))
        if only
    ]
    raise ValueError(
        f"'{path}' must hold the exams that have labels in {split}, got "
        f"{len(described & labelled)} such exams, {', '.join(parts)}. Pass the `split` and "
        "`exclude` that the table was made with."
    )
