"""Groups of exams for the folds: from a CSV, or by the scanner of DICOM files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.headers.scanner_groups import FINGERPRINT, LARGE, form_groups
from mrnet_features.data.headers.table import read_headers
from mrnet_features.files.csv_files import read_table
from mrnet_features.files.paths import to_path
from mrnet_features.files.stored_paths import Given
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.ids.reading import index_by_id
from mrnet_features.messages import name_some
from mrnet_features.workflows.exam_folders import load_exams

__all__ = ["SCANNER", "group_by_scanner", "read_groups"]

logger = logging.getLogger("mrnet_features")

SCANNER = "scanner"
"""In place of a file: groups by scanner and patient, from the headers of DICOM files."""


def read_groups(
    source: str | Path,
    root: Given,
    split: str,
    exams: Sequence[str],
    *,
    n_jobs: int | None = None,
) -> pd.Series[Any]:
    """Group of each exam of a table.

    Parameters
    ----------
    source : path, or "scanner"
        CSV with a column of exam ids and one of groups, such as the patient or the site. Or
        "scanner": exams of one scanner or patient are a group; see `scanner_groups`.
    root : path
        Folder of the exams, for "scanner".
    split : str
    exams : sequence of str
        Ids of the exams of the table.
    n_jobs : int, optional
        Parallel processes, to read headers.

    Returns
    -------
    Series of shape (n_exams,), str
        Index: exam id, in the order of `exams`.

    Raises
    ------
    OSError, ValueError
        If the file can't be read, has no or several columns of groups, or lacks an exam; or the
        folder holds no DICOM files.
    """
    if str(source) == SCANNER:
        if to_path(root).is_file():
            raise ValueError(
                f"`groups` can't be 'scanner' for '{root}', which has no images. Pass a CSV of "
                "groups, or the folder of the exams."
            )
        dataset = load_exams(root, split, n_jobs=n_jobs)
        wanted = set(exams)
        kept = dataset[[exam in wanted for exam in dataset.ids]]
        return group_by_scanner(kept, n_jobs=n_jobs).reindex(list(exams))
    where = f"'{source}'"
    table = index_by_id(read_table(source), where, known=frozenset(exams))
    require_unique_ids(where, table.index)
    if len(table.columns) != 1:
        raise ValueError(
            f"{where} must have a column of exam ids and one of groups, got the groups "
            f"{name_some(list(table.columns)) or 'none'}. Keep one."
        )
    groups = table.iloc[:, 0]
    lacking = [exam for exam in exams if exam not in groups.index or groups[exam] == ""]
    if lacking:
        raise ValueError(
            f"{where} must give every exam a group, and lacks {len(lacking)} of {len(exams)}: "
            f"{name_some(lacking)}. Give an exam that is alone a group of its own."
        )
    return groups.reindex(list(exams))


def group_by_scanner(dataset: Dataset, *, n_jobs: int | None = None) -> pd.Series[Any]:
    """Group of each exam by scanner and patient; one header is read per series.

    A scanner is told by maker, model and field strength. If one group would hold more than a fifth
    of the exams, the software version is added.

    Parameters
    ----------
    dataset : Dataset
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Series of shape (n_exams,), str

    Raises
    ------
    ValueError
        If no exam has a header that tells its scanner.

    Warns
    -----
    UserWarning
        As `scanner_groups`.
    """
    headers = read_headers(dataset, n_jobs=n_jobs)
    groups, said, warned = form_groups(headers, is_fixed=True)
    if groups.value_counts().iloc[0] > LARGE * len(groups):
        columns = (*FINGERPRINT, "software_code")
        groups, said, warned = form_groups(headers, columns, is_fixed=True)
    if said not in warned:
        logger.info("Groups by scanner: %s", said)
    if warned:
        warnings.warn(warned, stacklevel=2)
    return groups
