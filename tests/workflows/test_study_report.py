"""Tables of a report."""

import numpy as np
import pandas as pd

from mrnet_features.workflows.study_report import format_table


def test_missing_values_are_dashes_and_counts_have_no_decimals():
    frame = pd.DataFrame(
        {"auc": [0.81249, np.nan], "n_positive": pd.array([12, pd.NA], dtype="Int64")},
        index=pd.Index(["acl", "mean"], name="task"),
    )
    assert format_table(frame).splitlines() == [
        "| task | auc | n_positive |",
        "| --- | --- | --- |",
        "| acl | 0.812 | 12 |",
        "| mean | - | - |",
    ]
