"""`select_stable` keeps columns by their ICC, inside a pipeline and a cross-validation."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.metrics.stability import compare_tables
from mrnet_features.models import lightgbm_baseline, logistic_baseline, select_stable

TABLE = pd.DataFrame(
    {"noise": [0.9, 0.8, 0.2, np.nan], "blur": [0.95, 0.6, 0.9, np.nan]},
    index=["size", "edge", "fine", "blank"],
)


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(60)]
    return pd.DataFrame(rng.normal(size=(60, 4)), exams, ["fine", "size", "blank", "edge"])


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        (TABLE, ["size"]),
        (TABLE.assign(least=[0.1, 0.75, 0.7, 0.9]), ["blank", "edge"]),
        (TABLE["noise"], ["size", "edge"]),
        (TABLE["blur"].to_dict(), ["fine", "size"]),
    ],
)
def test_columns_are_kept_from_the_limit_on_in_the_order_of_the_features(features, table, kept):
    selector = select_stable(table).fit(features)
    pd.testing.assert_frame_equal(selector.transform(features), features[kept])
    assert selector.get_feature_names_out().tolist() == kept


def test_a_stability_and_its_table_select_the_same(features):
    rng = np.random.default_rng(1)
    again = features + rng.normal(size=features.shape) * [0.1, 0.3, 3, 3]
    stability = compare_tables(features, {"second scan": again})
    chosen = [
        list(select_stable(table).fit(features).get_feature_names_out())
        for table in (stability, stability.table(), stability.least)
    ]
    assert chosen == [["fine", "size"]] * 3
    strict = select_stable(stability.low, min_icc=0.95).fit(features)
    assert list(strict.get_feature_names_out()) == ["fine"]


def test_the_saved_csv_selects_the_same(features, tmp_path):
    TABLE.rename_axis("column").to_csv(tmp_path / "stability.csv")
    read = pd.read_csv(tmp_path / "stability.csv", index_col="column")
    assert list(select_stable(read).fit(features).get_feature_names_out()) == ["size"]


@pytest.mark.parametrize("make", [logistic_baseline, lightgbm_baseline])
def test_a_pipeline_in_a_cross_validation_equals_a_table_cut_before(features, make):
    labels = pd.DataFrame({"acl": (features["size"] + features["fine"] > 0).astype(int)})
    model = make(n_estimators=5) if make is lightgbm_baseline else make()
    pipeline = make_pipeline(select_stable(TABLE, min_icc=0.5), model)
    inside = cross_validate(pipeline, features, labels, n_splits=2, n_repeats=1)
    [*_, fitted] = inside.models.values()
    assert list(fitted[0].get_feature_names_out()) == ["size", "edge"]
    if make is logistic_baseline:  # it has no seed, so the two runs are the same fits
        cut = cross_validate(model, features[["size", "edge"]], labels, n_splits=2, n_repeats=1)
        pd.testing.assert_frame_equal(inside.predictions, cut.predictions)


def test_labels_and_values_are_not_looked_at(features):
    blind = select_stable(TABLE).fit(features * np.nan, object())
    assert blind.transform(features).shape == (60, 1)


def test_a_copy_is_unfitted_and_parameters_can_be_searched(features):
    selector = select_stable(TABLE).fit(features)
    copy = clone(selector).set_params(min_icc=0.5)
    assert not hasattr(copy, "columns_")
    assert list(copy.fit(features).get_feature_names_out()) == ["size", "edge"]


@pytest.mark.parametrize(
    ("table", "min_icc", "kind", "message"),
    [
        (TABLE.drop("edge"), 0.75, ValueError, "lacks 1 of 4, such as 'edge'. Measure"),
        (TABLE, 0.99, ValueError, r"none of 4 has an ICC of 0.99 or more \(the largest is 0.900\)"),
        (TABLE, 1.5, ValueError, "at most 1, got 1.5"),
        (TABLE, "high", TypeError, "`min_icc` must be a number, got str"),
        (3, 0.75, TypeError, "mapping of column to ICC, got int"),
        (TABLE.reset_index(), 0.75, TypeError, "other values in 'index'"),
        (TABLE.astype(str)["noise"], 0.75, TypeError, "must hold numbers by the name"),
        (pd.concat([TABLE, TABLE[:1]]), 0.75, ValueError, "each column once, but repeats 'size'"),
        (TABLE.assign(least=1.0).reset_index(), 0.75, ValueError, "index_col='column'"),
        (TABLE[[]], 0.75, TypeError, "column of ICCs, got none"),
    ],
)
def test_what_can_not_be_used_is_refused(features, table, min_icc, kind, message):
    with pytest.raises(kind, match=message):
        select_stable(table, min_icc).fit(features)


def test_arrays_and_tables_without_a_column_are_refused(features):
    selector = select_stable(TABLE).fit(features)
    with pytest.raises(TypeError, match="put `select_stable` before steps that return arrays"):
        selector.transform(features.to_numpy())
    with pytest.raises(ValueError, match="lack 1, such as 'size'"):
        selector.transform(features.drop(columns="size"))
