"""Mean AUC on the valid exams of MRNet against published mean AUCs."""

from __future__ import annotations

import pandas as pd

from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.evaluation.published import PUBLISHED

__all__ = ["compare_published"]


def compare_published(holdout: HoldOut) -> pd.DataFrame:
    """Mean AUC on valid minus published mean AUCs.

    Parameters
    ----------
    holdout : HoldOut

    Returns
    -------
    DataFrame of shape (n_published, 6)
        Index model. Columns published (AUC), scored_on, source; difference (ours minus published)
        with ci_low and ci_high. The interval covers the error of our AUC only. A published AUC
        has its own error, and one from the hidden test is of other exams: the interval is too
        narrow for a test.
    """
    mean = holdout.summary().loc[holdout.headline]
    rows = [
        {
            "model": published.name,
            "published": published.auc,
            "scored_on": published.scored_on,
            "source": published.source,
            "difference": mean["auc"] - published.auc,
            "ci_low": mean["ci_low"] - published.auc,
            "ci_high": mean["ci_high"] - published.auc,
        }
        for published in PUBLISHED
    ]
    return pd.DataFrame(rows).set_index("model")
