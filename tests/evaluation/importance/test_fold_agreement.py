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
