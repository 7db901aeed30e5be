"""One look at a held-out split."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nct, t
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation import compare
from mrnet_features.evaluation.protocol.holdout import evaluate
from mrnet_features.models import lightgbm_baseline, logistic_baseline

FAST = lightgbm_baseline(n_seeds=1, n_estimators=30)
TASKS = ["abnormal", "acl", "meniscus"]


def make_split(n_exams, first, seed, threshold=0.3):
    rng = np.random.default_rng(seed)
    exams = [f"{first + i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    X = rng.normal(size=(n_exams, 10))
    X[:, :3] += hidden
    labels = pd.DataFrame((hidden > threshold).astype(int), exams, TASKS)
    return pd.DataFrame(X, index=exams).add_prefix("feature_"), labels


TRAIN, VALID = make_split(200, 0, 0), make_split(90, 200, 1)


@pytest.mark.parametrize("model", [FAST, logistic_baseline()])
def test_equals_fitting_and_scoring_by_hand(model):
    found = evaluate(model, TRAIN, VALID)
    for task in TASKS:
        fitted = found.models[task]
        scores = fitted.predict_proba(VALID[0])[:, 1]
        np.testing.assert_array_equal(found.predictions[task], scores)
        assert found.summary().loc[task, "auc"] == pytest.approx(
            roc_auc_score(VALID[1][task], scores), abs=1e-12
        )
    frame = found.frame()
    assert len(frame) == 270
    assert frame.loc[frame["task"] == "acl", "label"].tolist() == VALID[1]["acl"].tolist()
    assert repr(found) == "HoldOut(90 exams, fitted on 200 others, tasks abnormal, acl, meniscus)"


def test_a_t_test_finds_the_minimum_detectable_difference_with_80_percent_power():
    summary = evaluate(logistic_baseline(), TRAIN, VALID).summary()
    n_fewest = np.minimum(VALID[1].sum(), (1 - VALID[1]).sum())
    degrees = pd.Series([*n_fewest, n_fewest.min()], summary.index) - 1
    shift = summary["minimum_detectable_difference"] / summary["se"]
    power = nct.sf(t.ppf(0.975, degrees), degrees, shift)
    np.testing.assert_allclose(power, 0.8, rtol=0, atol=1e-9)
    assert shift.between(2.81, 3.0).all()


def test_order_of_columns_and_rows_changes_nothing_nor_do_workers():
    there = evaluate(FAST, TRAIN, VALID)
    turned = (VALID[0].iloc[::-1, ::-1], VALID[1].iloc[::-1])
    again = evaluate(FAST, TRAIN, turned, n_jobs=2)
    pd.testing.assert_frame_equal(there.predictions, again.predictions, check_exact=True)


def test_shifted_prevalence_is_noted():
    assert evaluate(logistic_baseline(), TRAIN, VALID).notes() == []
    shifted = make_split(90, 200, 1, threshold=-0.5)
    notes = evaluate(logistic_baseline(), TRAIN, shifted).notes()
    assert len(notes) == 3
    assert "thresholds and calibration do not" in notes[0]


def test_two_models_on_valid_can_be_compared():
    one, two = evaluate(logistic_baseline(), TRAIN, VALID), evaluate(FAST, TRAIN, VALID)
    summary = compare({"logistic": one, "lightgbm": two}, VALID[1]).summary().set_index("task")
    assert set(summary["interval"]) == {"test exams"}
    assert summary["p"].between(0, 1).all()
    gap = one.summary()["auc"] - two.summary()["auc"]
    pd.testing.assert_series_equal(summary["difference"], gap, check_names=False)


def test_refusals():
    features, labels = VALID
    with pytest.raises(ValueError, match="must not share exams, got 90 in both, such as '0200'"):
        evaluate(FAST, VALID, VALID)
    with pytest.raises(ValueError, match="lacks 1 and has 0 more .'feature_9'"):
        evaluate(FAST, TRAIN, (features.drop(columns="feature_9"), labels))
    with pytest.raises(ValueError, match="the same tasks"):
        evaluate(FAST, TRAIN, (features, labels[["acl"]]))
    patients = {exam: int(exam) // 2 for exam in [*TRAIN[1].index, *labels.index]}
    assert evaluate(logistic_baseline(), TRAIN, VALID, groups=patients).groups.nunique() == 45
    patients["0200"] = patients["0000"]
    with pytest.raises(ValueError, match="must not share groups, got 1 in both, such as 0"):
        evaluate(FAST, TRAIN, VALID, groups=patients)


def test_two_splits_of_arrays_share_row_numbers_but_no_exams():
    arrays = [(x.to_numpy(), y["acl"].to_numpy()) for x, y in (TRAIN, VALID)]
    named = [(x, y["acl"]) for x, y in (TRAIN, VALID)]
    model = logistic_baseline()
    there, again = evaluate(model, *named), evaluate(model, *arrays)
    np.testing.assert_array_equal(there.predictions["acl"], again.predictions["label"])
    assert again.summary().index.tolist() == ["label"]
    with pytest.raises(ValueError, match="must not share exams"):
        evaluate(model, *[(x.reset_index(drop=True), y.reset_index(drop=True)) for x, y in named])


def test_weights_are_those_of_the_training_split():
    weights = np.where(TRAIN[1]["acl"] == 1, 9.0, 1.0)
    plain = evaluate(logistic_baseline(), TRAIN, VALID)
    heavy = evaluate(logistic_baseline(), TRAIN, VALID, sample_weight=weights)
    assert heavy.predictions["acl"].mean() > plain.predictions["acl"].mean() + 0.05


def test_the_order_of_arguments_is_named():
    with pytest.raises(TypeError, match=r"got a tuple. The order is evaluate\(model, \(features"):
        evaluate(TRAIN, VALID, FAST)
    with pytest.raises(TypeError, match=r"`valid` must be a tuple \(features, labels\), got Data"):
        evaluate(FAST, TRAIN, VALID[0])
