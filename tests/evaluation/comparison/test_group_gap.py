"""The gap between random folds and folds of groups: what a model gains by knowing the site."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import cross_validate, make_folds, measure_group_gap
from mrnet_features.models import logistic_baseline


def make_tables(lean, n_sites=20, n_exams=200, seed=0):
    """Exams of sites whose prevalence differs; one column tells each site if `lean`."""
    rng = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    site = np.arange(n_exams) % n_sites
    prevalence = np.where(np.arange(n_sites) % 2, 0.75, 0.25)[site]
    labels = pd.DataFrame({"acl": (rng.random(n_exams) < prevalence).astype(int)}, exams)
    labels["meniscus"] = (rng.random(n_exams) < 0.5).astype(int)
    knee = rng.normal(size=(n_exams, 2)) + labels.to_numpy()
    told = (site[:, None] == np.arange(n_sites)) * float(lean)
    features = pd.DataFrame(np.column_stack([knee, told]), exams).add_prefix("x")
    return features, labels, pd.Series(site, exams)


def test_a_model_that_knows_the_site_loses_at_new_sites():
    found = measure_group_gap(logistic_baseline(), *make_tables(lean=True), n_repeats=2).summary()
    assert found.loc["acl", "gap"] > 0.03
    assert found.loc["meniscus", "gap"] < 0.03
    assert (found["n_groups"] == 20).all()
    assert found["gap"].between(found["ci_low"], found["ci_high"]).all()


def test_a_model_that_knows_the_knee_alone_loses_nothing():
    found = measure_group_gap(logistic_baseline(), *make_tables(lean=False), n_repeats=2).summary()
    assert (found["ci_low"] < 0).all()
    assert (found["ci_high"] > 0).all()
    assert found["gap"].abs().max() < 0.03


def test_both_aucs_are_those_of_cross_validate():
    features, labels, site = make_tables(lean=True)
    options = {"n_splits": 4, "n_repeats": 2, "seed": 3}
    found = measure_group_gap(logistic_baseline(), features, labels, site, **options)
    summary = found.summary()
    apart = cross_validate(logistic_baseline(), features, labels, groups=site, **options)
    mixed = cross_validate(logistic_baseline(), features, labels, **options)
    np.testing.assert_array_equal(summary["auc_grouped"], apart.summary()["auc"])
    np.testing.assert_array_equal(summary["auc_random"], mixed.summary()["auc"])
    difference = mixed.summary()["auc"] - apart.summary()["auc"]
    np.testing.assert_allclose(summary["gap"], difference, atol=1e-14)
    assert found.frame()["folds"].value_counts().to_dict() == {"random": 8, "grouped": 8}


def test_the_error_is_at_least_that_of_the_grouped_folds():
    features, labels, site = make_tables(lean=True, n_sites=5)
    found = measure_group_gap(logistic_baseline(), features, labels, site, n_repeats=1)
    spread = found.grouped.fold_scores()["acl"].std() / np.sqrt(5)
    assert found.summary().loc["acl", "se"] >= spread - 1e-12
    assert found.gaps.loc["acl", "degrees"] == 4


def test_groups_are_needed():
    features, labels, _ = make_tables(lean=True)
    with pytest.raises(TypeError, match="`groups` must name the group of each exam"):
        measure_group_gap(logistic_baseline(), features, labels, None, n_repeats=1, n_splits=2)


def test_folds_of_ones_own_are_refused():
    features, labels, site = make_tables(lean=True)
    with pytest.raises(TypeError, match="`folds` must be a number here"):
        measure_group_gap(logistic_baseline(), features, labels, site, folds=make_folds(labels))
