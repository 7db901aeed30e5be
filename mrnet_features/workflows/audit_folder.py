"""Audit of a folder, whatever its layout."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.roots import open_root
from mrnet_features.files.stored_paths import Given
from mrnet_features.quality.audit import audit
from mrnet_features.quality.findings import choose_codes
from mrnet_features.workflows.exam_folders import STUDIES, load_exams, name_layout

__all__ = ["audit_folder"]


def audit_folder(
    root: Given,
    *,
    codes: Iterable[str] | None = None,
    skip: Iterable[str] = (),
    studies: Dataset | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Findings of `audit` about all splits of a folder.

    Parameters
    ----------
    root : path or URL
        Folder as for `load_exams`.
    codes, skip, n_jobs
        See `audit`.
    studies : Dataset, optional
        Exams of a folder of studies, if they are loaded already.

    Returns
    -------
    DataFrame
        As from `audit`.

    Raises
    ------
    OSError, ValueError
        As `audit` and `load_exams`.
    """
    choose_codes(codes, skip)  # before the folder is read
    root = open_root(root)
    if name_layout(root) != STUDIES:
        return audit(root, codes=codes, skip=skip, n_jobs=n_jobs)
    studies = load_exams(root, n_jobs=n_jobs) if studies is None else studies
    return audit(studies, codes=codes, skip=skip, n_jobs=n_jobs)
