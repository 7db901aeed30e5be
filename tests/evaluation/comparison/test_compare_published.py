"""Difference from a published AUC: its interval is that of our AUC, shifted."""

from mrnet_features.evaluation.comparison.compare_published import compare_published
from mrnet_features.evaluation.published import PUBLISHED
from tests.support.small_studies import hold_out_study


def test_published_aucs_are_subtracted_from_the_mean_and_its_interval():
    own = hold_out_study().summary().loc["mean"]
    table = compare_published(hold_out_study())
    assert table.index.tolist() == [published.name for published in PUBLISHED]
    for published in PUBLISHED:
        row = table.loc[published.name]
        assert row["difference"] == own["auc"] - published.auc
        assert row["ci_low"] == own["ci_low"] - published.auc
        assert row["ci_high"] == own["ci_high"] - published.auc
