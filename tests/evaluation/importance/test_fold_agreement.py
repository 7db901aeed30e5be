"""Agreement of the folds on the order of the feature groups."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.importance.fold_agreement import (
    measure_fold_agreement,
    nogueira_index,
)


def test_folds_agree_on_a_strong_group_and_not_on_noise(found):
    over_folds = found.fold_agreement(top=2)
    assert (over_folds["rank_correlation"] > 0.5).all()
    assert (over_folds["nogueira"] > 0.5).all()
    assert found.selection(top=2).loc["glcm", "one"] == 1
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        [
            {"task": "acl", "repeat": r, "fold": 0, "group": g, "value": rng.random()}
            for r in range(40)
            for g in range(30)
        ]
    )
    agreement = measure_fold_agreement(rows)[0].loc["acl"]
    assert abs(agreement["rank_correlation"]) < 0.03
    assert abs(agreement["nogueira"]) < 0.03
    assert np.isnan(nogueira_index([[True], [True]]))
    with pytest.raises(ValueError, match="at least two folds"):
        nogueira_index([[True, False]])


def test_the_order_of_names_does_not_select_equal_groups():
    """Five folds use another group each, of eleven; the ten others are equal."""
    rows = [
        {"task": "acl", "repeat": 0, "fold": k, "group": g, "value": float(g == k)}
        for k in range(5)
        for g in range(11)
    ]
    agreement, frequency = measure_fold_agreement(pd.DataFrame(rows), top=5)
    # five groups have p (1 - p) = .16, the others 0; a selected share of 1 / 11
    expected = 1 - 5 / 4 * 0.16 * 5 / 11 / (1 / 11 * 10 / 11)
    assert agreement.loc["acl", "nogueira"] == pytest.approx(expected)
    assert frequency["acl"].tolist() == [0.2] * 5 + [0.0] * 6
    nothing, none = measure_fold_agreement(pd.DataFrame(rows).assign(value=0.0), top=5)
    assert np.isnan(nothing.loc["acl", "nogueira"])
    assert (none["acl"] == 0).all()
