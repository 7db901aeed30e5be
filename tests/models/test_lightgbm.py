"""SeedAveragedLightGBM keeps the contracts of scikit-learn and LightGBM."""

import copy
import pickle
import sys

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from mrnet_features.models.lightgbm import SeedAveragedLightGBM, import_lightgbm


def make_table(n_rows=200, n_columns=30, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    y = (X[:, :3].sum(axis=1) + rng.normal(size=n_rows) > 0).astype(int)
    columns = [f"axial__knee__glcm__s{i}__mean" for i in range(n_columns)]
    return pd.DataFrame(X, columns=columns), y


# Bins and leaves count rows regardless of weight, so weight 0 differs from a missing row.
NO_ROWS = {"check_sample_weight_equivalence_on_dense_data": "leaves hold 20 rows, not 20 weights"}


@parametrize_with_checks(
    [SeedAveragedLightGBM(n_seeds=2, n_estimators=100)], expected_failed_checks=lambda _: NO_ROWS
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_equals_lightgbm_fitted_seed_by_seed_on_its_own_datasets():
    X, y = make_table()
    model = SeedAveragedLightGBM(n_seeds=3, n_estimators=40, random_state=7).fit(X, y)
    seeds = np.random.RandomState(7).randint(2**31 - 1, size=3)
    one_by_one = [
        lightgbm.LGBMClassifier(
            n_estimators=40,
            num_leaves=7,
            learning_rate=0.03,
            colsample_bytree=0.2,
            subsample=0.8,
            subsample_freq=1,
            min_child_samples=20,
            reg_lambda=5,
            max_bin=63,
            random_state=int(seed),
            n_jobs=1,
            deterministic=True,
            force_col_wise=True,
            verbose=-1,
        )
        .fit(X.to_numpy(), y)
        .booster_.predict(X.to_numpy())
        for seed in seeds
    ]
    np.testing.assert_array_equal(model.predict_proba(X)[:, 1], np.mean(one_by_one, axis=0))


def test_same_seed_same_bits_other_seed_other_trees():
    X, y = make_table()
    first, again, other = (
        SeedAveragedLightGBM(n_estimators=20, random_state=seed).fit(X, y).predict_proba(X)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_predict_the_same(duplicate):
    X, y = make_table()
    model = SeedAveragedLightGBM(n_estimators=20).fit(X, y)
    np.testing.assert_array_equal(duplicate(model).predict_proba(X), model.predict_proba(X))


def test_reordered_or_renamed_columns_are_refused():
    X, y = make_table()
    model = SeedAveragedLightGBM(n_estimators=5).fit(X, y)
    with pytest.raises(ValueError, match="same order"):
        model.predict_proba(X[X.columns[::-1]])
    with pytest.raises(ValueError, match="unseen at fit"):
        model.predict_proba(X.rename(columns={X.columns[0]: "another"}))
    with pytest.raises(ValueError, match="missing"):
        model.predict_proba(X.iloc[:, :-1])


def test_column_names_may_hold_what_lightgbm_forbids():
    X, y = make_table(n_columns=3)
    X.columns = ['mean "radius" [px]', "a,b", "{c}: d"]
    model = SeedAveragedLightGBM(n_estimators=5).fit(X, y)
    assert model.predict_proba(X).shape == (200, 2)


def test_tables_of_other_numbers_predict_as_those_of_floats():
    X, y = make_table(n_columns=3)
    X = X.round()
    model = SeedAveragedLightGBM(n_estimators=20).fit(X, y)
    whole = X.astype({X.columns[0]: "Int64", X.columns[1]: "int8"})
    np.testing.assert_array_equal(model.predict_proba(whole), model.predict_proba(X))
    np.testing.assert_array_equal(model.shap_values(whole), model.shap_values(X))


def test_learns_from_twenty_rows():
    X = pd.DataFrame({"signal": np.arange(20.0), "noise": np.zeros(20)})
    y = (np.arange(20) >= 10).astype(int)
    model = SeedAveragedLightGBM().fit(X, y)
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) > 0.95


def test_missing_values_carry_signal_and_infinities_are_refused():
    y = np.repeat([0, 1], 40)
    X = pd.DataFrame({"a": np.where(y == 1, np.nan, 1.0), "b": np.ones(80)})
    model = SeedAveragedLightGBM().fit(X, y)
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) == 1.0
    with pytest.raises(ValueError, match="infinity"):
        model.predict_proba(X.fillna(np.inf))


def test_one_class_and_no_seed_are_refused():
    X, _ = make_table(n_rows=20)
    with pytest.raises(ValueError, match="two classes, got one class"):
        SeedAveragedLightGBM().fit(X, np.ones(20))
    with pytest.raises(ValueError, match="`n_seeds` must be at least 1, got 0"):
        SeedAveragedLightGBM(n_seeds=0).fit(X, [0, 1] * 10)


@pytest.fixture
def lightgbm_that_raises(tmp_path, monkeypatch):
    def install(message):
        (tmp_path / "lightgbm.py").write_text(f"raise OSError({message!r})\n")
        monkeypatch.delitem(sys.modules, "lightgbm")
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_missing_libgomp_names_the_packages(lightgbm_that_raises):
    lightgbm_that_raises("libgomp.so.1: cannot open shared object file: No such file or directory")
    with pytest.raises(ImportError, match=r"libgomp1.*dnf install libgomp.*apk add libgomp"):
        import_lightgbm()


def test_other_import_errors_are_unchanged(lightgbm_that_raises):
    lightgbm_that_raises("lib_lightgbm.so: file too short")
    with pytest.raises(OSError, match="file too short"):
        import_lightgbm()


def test_lightgbm_is_loaded_by_fit_alone():
    import subprocess

    code = (
        "import sys, mrnet_features.models as m; model = m.lightgbm_baseline();"
        "assert 'lightgbm' not in sys.modules;"
        "model.set_params(n_estimators=1).fit([[0.], [1.]], [0, 1]);"
        "assert 'lightgbm' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
