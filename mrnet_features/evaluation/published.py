"""Published mean AUCs on MRNet."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """One published mean AUC.

    Attributes
    ----------
    name : str
    auc : float
        Mean of the three AUCs.
    scored_on : str
    source : str
    """

    name: str
    auc: float
    scored_on: str
    source: str


PUBLISHED = (
    Line(
        "60 handcrafted statistics + logistic regression",
        0.799,
        "valid, used once",
        "public project, 2025",
    ),
    Line("MRNet, nine CNNs", 0.916, "hidden test", "Bien et al. 2018, PLoS Med 15(11):e1002699"),
)
"""Published AUCs shown in reports; see `compare_published`."""
