"""Published mean AUCs on MRNet, for comparison."""

from __future__ import annotations

from typing import NamedTuple


class PublishedAuc(NamedTuple):
    """A published mean AUC on MRNet.

    Attributes
    ----------
    name : str
        Model.
    auc : float
        Mean of the three AUCs.
    scored_on : str
        Exams that it was measured on.
    source : str
        Publication.
    """

    name: str
    auc: float
    scored_on: str
    source: str


PUBLISHED = (
    PublishedAuc(
        "60 handcrafted statistics + logistic regression",
        0.799,
        "valid, used once",
        "public project, 2025",
    ),
    PublishedAuc(
        "MRNet, nine CNNs", 0.916, "hidden test", "Bien et al. 2018, PLoS Med 15(11):e1002699"
    ),
)
"""Compared with ours in reports and plots."""
