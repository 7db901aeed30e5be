"""Classifiers of any origin: what they need, how they are copied, weighted and scored."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.models import (
    lightgbm_baseline,
    logistic_baseline,
)
from mrnet_features.models.estimators import (
    check_classifier,
    copy_classifier,
    find_group_parameter,
    find_weight_parameter,
    fit_classifier,
    predict_positive,
    refuse_table,
)

TABLE = pd.DataFrame({"size": np.linspace(-1, 1, 40)})
TRUTH = (np.random.default_rng(0).normal(size=40) + 2 * TABLE["size"] > 0).astype(int).to_numpy()


class Bare:
    """Nothing but `fit` and `predict_proba`, as a wrapped network may be."""

    def fit(self, X, y):
        self.cut = float(X.iloc[:, 0].to_numpy()[np.asarray(y) == 1].mean())

    def predict_proba(self, X):
        return 1 / (1 + np.exp(self.cut - X.iloc[:, 0].to_numpy()))


def test_a_bare_object_is_copied_fitted_and_scored():
    model = Bare()
    check_classifier(model)
    fresh = copy_classifier(model)
    assert fresh is not model
    fitted = fit_classifier(fresh, TABLE, TRUTH)
    assert fitted is fresh
    assert not hasattr(model, "cut")
    assert (np.diff(predict_positive(fitted, TABLE)) > 0).all()


def test_the_column_of_class_one_is_used():
    model = LogisticRegression().fit(TABLE, TRUTH)
    np.testing.assert_array_equal(predict_positive(model, TABLE), model.predict_proba(TABLE)[:, 1])
    two = Bare()
    two.predict_proba = lambda X: np.tile([0.25, 0.75], (len(X), 1))
    assert set(predict_positive(two, TABLE)) == {0.75}
    two.predict_proba = lambda X: np.zeros(3)
    with pytest.raises(ValueError, match=r"one score per exam, .* got \(3,\)"):
        predict_positive(two, TABLE)


@pytest.mark.parametrize("table", [TABLE, TABLE["size"], TRUTH, [0, 1], (TABLE, TRUTH)])
def test_a_table_as_model_names_the_order(table):
    kind = type(table).__name__
    message = rf"got a {kind}. The order is fit\(model, X, y\); pass None for the default model"
    with pytest.raises(TypeError, match=message):
        refuse_table(table, "fit(model, X, y)")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LogisticRegression, "got the class LogisticRegression. Create one"),
        (StandardScaler(), "StandardScaler has no `predict_proba`"),
        (logistic_baseline, r"the function logistic_baseline. Call it: logistic_baseline\(\)"),
        (object(), "object has no `fit` and no `predict_proba`"),
    ],
)
def test_missing_methods_are_named(model, message):
    with pytest.raises(TypeError, match=message):
        check_classifier(model)


def test_weights_reach_the_last_step():
    weights = np.where(TRUTH == 1, 9.0, 1.0)
    for model in (
        LogisticRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        logistic_baseline(),
        lightgbm_baseline(n_seeds=1, n_estimators=10),
    ):
        plain = predict_positive(fit_classifier(copy_classifier(model), TABLE, TRUTH), TABLE)
        heavy = predict_positive(fit_classifier(model, TABLE, TRUTH, weights), TABLE)
        assert heavy.mean() > plain.mean() + 0.05
    with pytest.raises(TypeError, match="KNeighborsClassifier.fit does not. Leave"):
        find_weight_parameter(make_pipeline(StandardScaler(), KNeighborsClassifier()))


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        logistic_baseline(),
        lightgbm_baseline(n_seeds=1, n_estimators=5),
    ],
)
def test_soft_labels_equal_a_doubled_table(model):
    soft = np.where(np.arange(len(TRUTH)) % 3 == 0, 0.5 * TRUTH + 0.2, TRUTH).astype(float)
    soft[1] = np.nan
    kept = [k for k in range(len(soft)) if k != 1]
    rows = [k for k in kept for _ in range(1 if soft[k] in (0, 1) else 2)]
    second = [k > 0 and rows[k] == rows[k - 1] for k in range(len(rows))]
    pairs = list(zip(rows, second, strict=True))
    classes = [int(last) if soft[r] not in (0, 1) else int(soft[r]) for r, last in pairs]
    shares = [soft[r] if c else 1 - soft[r] for r, c in zip(rows, classes, strict=True)]
    expected = fit_classifier(copy_classifier(model), TABLE.iloc[rows], classes, np.array(shares))
    found = fit_classifier(model, TABLE, soft)
    np.testing.assert_array_equal(predict_positive(found, TABLE), predict_positive(expected, TABLE))


def test_a_weight_of_zero_is_no_member_of_a_class():
    with pytest.raises(ValueError, match="both classes .* got 1 in .* exams with weights above 0"):
        fit_classifier(LogisticRegression(), TABLE, TRUTH, TRUTH.astype(float))


class Grouped(LogisticRegression):
    def fit(self, X, y, groups=None):
        self.groups_ = groups
        return super().fit(X, y)


def test_groups_reach_a_fit_that_takes_them():
    groups = np.arange(len(TRUTH)) // 2
    for model in (Grouped(), make_pipeline(StandardScaler(), Grouped())):
        fitted = fit_classifier(model, TABLE, TRUTH, groups=groups)
        last = fitted[-1] if hasattr(fitted, "steps") else fitted
        assert last.groups_.tolist() == groups.tolist()
    assert find_group_parameter(make_pipeline(StandardScaler(), Grouped())) == "grouped__groups"
    assert find_group_parameter(make_pipeline(LogisticRegression())) is None
    fit_classifier(LogisticRegression(), TABLE, TRUTH, groups=groups)
    holes = TRUTH.astype(float)
    holes[:5] = np.nan
    found = fit_classifier(Grouped(), TABLE, holes, groups=groups)
    assert found.groups_.tolist() == groups[5:].tolist()
