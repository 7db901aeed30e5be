"""Which layout a folder has, and its exams and labels in either one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.mrnet import load as mrnet
from mrnet_features.data.mrnet.release import has_split
from mrnet_features.data.mrnet.release_hints import guess_layout
from mrnet_features.data.roots import open_root
from mrnet_features.data.rsna.files import SPLITS as RSNA_SPLITS
from mrnet_features.data.rsna.hints import has_rsna_layout
from mrnet_features.data.rsna.load import Missing, load_rsna_knee, load_rsna_labels
from mrnet_features.data.rsna.series import SLOTS
from mrnet_features.files.stored_paths import Given
from mrnet_features.names import PLANES, SPLITS

__all__ = ["LAYOUT_SPLITS", "Layout", "find_layout", "load_labels", "load_split"]

Layout: TypeAlias = Literal["mrnet", "rsna"]

LAYOUT_SPLITS: Mapping[Layout, tuple[str, ...]] = {"mrnet": SPLITS, "rsna": RSNA_SPLITS}
"""Splits of each layout; the first one is to train on."""


def find_layout(root: Given) -> Layout:
    """Layout of a folder, by the names of its files and folders; no file is opened.

    Parameters
    ----------
    root : path or URL

    Returns
    -------
    {"mrnet", "rsna"}
        "rsna" if it holds ``train_series.csv``, ``train_series/``, or those of the test split, or
        a ``train.csv`` and nothing of MRNet.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has neither layout; the message says what to pass.
    """
    folder = open_root(root)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder '{folder}'. Pass the folder of MRNet, which holds 'train/' and "
            "'train-abnormal.csv', or one that holds 'train.csv' and 'train_series/'."
        )
    if has_rsna_layout(folder):
        return "rsna"
    if any(has_split(folder, split) for split in SPLITS):
        return "mrnet"
    if any((folder / f"{split}.csv").is_file() for split in RSNA_SPLITS):
        return "rsna"
    raise FileNotFoundError(
        f"'{folder}' has neither MRNet's layout ('train/' and 'train-abnormal.csv') nor that of "
        f"the RSNA set ('train.csv' and 'train_series/'). {guess_layout(folder, SPLITS[0])}"
    )


def load_split(
    root: Given,
    split: str,
    planes: str | Sequence[str] | None = None,
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
    missing: Missing = "error",
) -> Dataset:
    """Exams and labels of one split of a folder, whatever its layout.

    Parameters
    ----------
    root : path or URL
    split : str
        "train"; "valid" of MRNet or "test" of the RSNA layout.
    planes : str or sequence of str, optional
        Planes of MRNet, or slots of the RSNA layout. All by default.
    exclude : DataFrame or iterable of str, optional
        As for `load_mrnet`.
    missing : {"error", "drop"}, default "error"
        As for `load_rsna_knee`. MRNet's exams have all planes.

    Returns
    -------
    Dataset

    Raises
    ------
    OSError, TypeError, ValueError
        As `find_layout`, `load_mrnet` or `load_rsna_knee`.
    """
    root = open_root(root)
    if find_layout(root) == "rsna":
        slots = SLOTS if planes is None else planes
        return load_rsna_knee(root, split, slots=slots, exclude=exclude, missing=missing)
    return mrnet.load_mrnet(
        root, split, planes=PLANES if planes is None else planes, exclude=exclude
    )


def load_labels(
    root: Given,
    split: str = "train",
    *,
    exclude: pd.DataFrame | Iterable[str] | None = None,
) -> pd.DataFrame:
    """Labels of one split of a folder of exams; no image is needed.

    Parameters
    ----------
    root : path or URL
        Folder in MRNet's layout, which holds ``train-abnormal.csv`` and so on, or in the RSNA
        layout, which holds ``train.csv``.
    split : str, default "train"
        "train"; "valid" of MRNet or "test" of the RSNA layout.
    exclude : DataFrame or iterable of str, optional
        Exams to leave out, as for `load_mrnet`.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), int8 or float64
        As `Dataset.labels`. NaN where there is no label.

    Raises
    ------
    FileNotFoundError
        If the folder, or every label file of the split, does not exist.
    TypeError
        If `exclude` is a single string or holds anything but text.
    ValueError
        If `split` is not one of those named, `exclude` holds something that is not an exam id, or
        a label file has problems; the message lists each problem and what to do.
    """
    root = open_root(root)
    try:
        layout = find_layout(root)
    except FileNotFoundError:
        layout = "mrnet"  # whose errors say more
    load = load_rsna_labels if layout == "rsna" else mrnet.load_labels
    return load(root, split, exclude=exclude)
