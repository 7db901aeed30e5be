"""StudyDataset: the exams and labels of one split of DICOM studies, with reports and all series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.rsna.series import FoundSeries

__all__ = ["StudyDataset"]


@dataclass(frozen=True, eq=False, repr=False)
class StudyDataset(Dataset):
    """Exams and labels of DICOM studies. `load_rsna_knee` makes it.

    Parameters
    ----------
    exams : tuple of Exam
        The id is the StudyInstanceUID; series are named by plane and weighting.
    labels : DataFrame of shape (n_exams, n_findings), float64
        0, 1 or NaN (no label). Without rows where there are no labels, as in the test split.
    reports : Series of shape (n_exams,), object
        Text of the reports by exam id, as they stand in the table but for spaces around them. They
        are shown nowhere else, and no other table, page or message holds them. Empty where there
        are none.
    found : tuple of FoundSeries
        All series of the studies; `table` shows them.
    is_gold : Series of shape (n_exams,), bool
        By exam id: a mask for the dataset and its labels. True for studies with a label of every
        finding that any study of the table of labels has one of. If some of these studies have no
        report, only those count: labels of the others may have been read from their report. It is
        decided from the whole table, so that `exclude`, `findings` (where the set has a
        ``sample_submission.csv``) and a part of the dataset do not change it. All False where
        there is no label.
    """

    reports: pd.Series[Any] = field(default_factory=lambda: pd.Series(dtype=object, name="report"))
    found: tuple[FoundSeries, ...] = ()
    is_gold: pd.Series[bool] = field(default_factory=lambda: pd.Series(dtype=bool, name="is_gold"))

    def table(self) -> pd.DataFrame:
        """All series of the studies, with what was chosen and why.

        Returns
        -------
        DataFrame with one row per series
            Columns study, series (UIDs), slot (empty if the plane or the weighting is unknown),
            fat_suppressed, n_files (counted only where a slot has several series), chosen, reason.
            With another choice in `chosen` it can be passed to `load_rsna_knee` as `series`.
        """
        ids = set(self.ids)
        kept = [one for one in self.found if one.listed.study in ids]
        columns = {
            "study": pd.Series([one.listed.study for one in kept], dtype=object),
            "series": pd.Series([one.listed.uid for one in kept], dtype=object),
            "slot": pd.Series([one.slot for one in kept], dtype=object),
            "fat_suppressed": pd.array([one.listed.fat_suppressed for one in kept], "boolean"),
            "n_files": pd.array([one.n_files for one in kept], "Int64"),
            "chosen": pd.Series([one.chosen for one in kept], dtype=bool),
            "reason": pd.Series([one.reason for one in kept], dtype=object),
        }
        return pd.DataFrame(columns)
