"""Exams where model and label differ most."""

import numpy as np
import pandas as pd

from mrnet_features.report.disagreement import rank_disagreements

EXAMS = ["0000", "0001", "0002", "0003"]
LABELS = pd.DataFrame({"acl": [0, 1, np.nan, 0], "meniscus": [1, 1, np.nan, 0]}, index=EXAMS)


def test_the_task_with_the_largest_difference_decides():
    predictions = pd.DataFrame({"acl": [0.4, 0.9], "meniscus": [0.1, 0.8]}, index=EXAMS[:2])
    found = rank_disagreements(LABELS, predictions)
    assert found.index.tolist() == ["0000", "0001"]
    assert found["task"].tolist() == ["meniscus", "meniscus"]
    np.testing.assert_allclose(found["difference"], [0.9, 0.2])
    assert found.loc["0000", ["label", "probability"]].tolist() == [1.0, 0.1]


def test_repeats_are_averaged():
    rows = [("0000", 0, 0.2, 0.9), ("0000", 1, 0.4, 0.9), ("0003", 0, 1, 0), ("0003", 1, 0, 0)]
    predictions = pd.DataFrame(rows, columns=["exam", "repeat", "acl", "meniscus"])
    found = rank_disagreements(LABELS, predictions)
    assert found["probability"].round(6).to_dict() == {"0003": 0.5, "0000": 0.3}


def test_exams_without_label_or_prediction_are_left_out():
    predictions = pd.DataFrame({"acl": [0.5, 0.5]}, index=["0002", "0003"])
    assert rank_disagreements(LABELS, predictions).index.tolist() == ["0003"]
