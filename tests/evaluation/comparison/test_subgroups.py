"""Subgroups: DeLong's numbers within levels, small levels, groups, folds, Holm's correction."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from mrnet_features.evaluation import cross_validate, evaluate, measure_subgroups
from mrnet_features.evaluation.comparison.holm import adjust_holm
from mrnet_features.evaluation.metrics.auc import logit_interval, measure_auc, standard_error
from mrnet_features.models import logistic_baseline

TASKS = ["acl", "meniscus"]


def make_study(n_exams=240, seed=0):
    rng = np.random.default_rng(seed)
    exams = [f"{k:04d}" for k in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 2)) + 0.5 * rng.normal(size=(n_exams, 1))
    labels = pd.DataFrame((hidden > 0.3).astype(int), exams, TASKS)
    scores = pd.DataFrame(hidden + rng.normal(size=hidden.shape), exams, TASKS)
    factors = pd.DataFrame(
        {
            "site": rng.choice(["north", "south", "west"], n_exams),
            "sex": rng.choice(["f", "m"], n_exams),
        },
        exams,
    )
    return labels, scores, factors


def take(table, **wanted):
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table.iloc[0]


def test_fixed_predictions_give_delongs_numbers_within_each_level():
    labels, scores, factors = make_study()
    table = measure_subgroups(scores, factors, labels).summary()
    assert len(table) == (3 + 2) * 3
    for level in ("north", "south", "west"):
        own = factors["site"] == level
        parts = []
        for task in TASKS:
            row = take(table, level=level, task=task)
            inside, outside = (
                measure_auc(labels.loc[rows, task], scores.loc[rows, task]) for rows in (own, ~own)
            )
            parts.append(inside)
            n_positive = labels.loc[own, task].sum()
            assert row["auc"] == pytest.approx(
                roc_auc_score(labels.loc[own, task], scores.loc[own, task]), abs=1e-12
            )
            assert row["se"] == pytest.approx(inside.se, abs=1e-15)
            sizes = [n_positive, own.sum() - n_positive]
            ends = logit_interval(inside.auc, inside.se, *sizes, degrees=min(sizes) - 1)
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(ends, abs=1e-12)
            assert row["difference"] == pytest.approx(inside.auc - outside.auc, abs=1e-12)
            assert (row["n_exams"], row["n_positive"]) == (own.sum(), n_positive)
        mean = take(table, level=level, task="mean")
        assert mean["auc"] == pytest.approx(np.mean([part.auc for part in parts]), abs=1e-12)
        influence = np.mean([part.influence for part in parts], axis=0)
        assert mean["se"] == pytest.approx(standard_error(influence), abs=1e-15)
    assert (table["note"] == "").all()


def test_the_order_of_rows_changes_nothing():
    labels, scores, factors = make_study()
    shuffled = [table.sample(frac=1, random_state=k) for k, table in enumerate((scores, factors))]
    pd.testing.assert_frame_equal(
        measure_subgroups(*shuffled, labels.sample(frac=1, random_state=9)).summary(),
        measure_subgroups(scores, factors, labels).summary(),
    )


def test_a_level_with_few_exams_of_a_class_says_so():
    labels, scores, factors = make_study()
    rare = labels.index[(labels["acl"] == 1)][:3].union(labels.index[labels["acl"] == 0][:20])
    factors.loc[rare, "site"] = "east"
    others = factors["site"] != "east"
    factors.loc[others, "site"] = "main"
    table = measure_subgroups(scores, factors["site"], labels[["acl"]]).summary()
    east, main = table.iloc[0], table.iloc[1]
    assert east[["auc", "se", "ci_low", "difference", "p", "p_holm"]].isna().all()
    assert east["note"] == ("3 positive and 20 negative exams, at least 5 of each are needed")
    assert main["auc"] > 0.5
    assert np.isnan(main["p_holm"])
    assert main["note"].startswith("no difference: the other levels have 3 positive")
    few = measure_subgroups(scores, factors["site"], labels[["acl"]], fewest=3).summary()
    assert few.iloc[0]["note"] == "fewer than 10 exams of a class"
    assert few["p"].notna().all()


def test_a_level_without_a_pair_in_a_fold_has_no_auc():
    exams = [f"{k:02d}" for k in range(16)]
    labels = pd.DataFrame({"acl": [0, 1] * 8}, exams)
    site = pd.Series(["a"] * 8 + ["b"] * 8, exams, name="site")
    apart = np.where(site == "a", labels["acl"], [0, 0, 1, 1] * 4)
    scores = pd.DataFrame({"exam": exams, "repeat": 0, "fold": apart, "acl": np.arange(16) / 16})
    table = measure_subgroups(scores, site, labels, fewest=2).summary()
    assert table["auc"].isna().tolist() == [True, False]
    reason = "no positive and negative exam in one fold of a repeat"
    assert table["note"].iloc[0] == reason
    assert table["note"].iloc[1].endswith(f"no difference: the other levels have {reason}")


def test_the_mean_is_missing_where_a_task_is():
    labels, scores, factors = make_study()
    labels.loc[factors["sex"] == "f", "acl"] = 0
    table = measure_subgroups(scores, factors["sex"], labels).summary()
    assert take(table, level="f", task="meniscus")["auc"] > 0.5
    mean = take(table, level="f", task="mean")
    assert np.isnan(mean["auc"])
    assert mean["note"] == "not measured for 'acl'"


def test_a_factor_of_two_levels_is_one_test():
    labels, scores, factors = make_study()
    table = measure_subgroups(scores, factors, labels[["acl"]]).summary()
    sex = table[table["factor"] == "sex"]
    assert sex["p"].iloc[0] == pytest.approx(sex["p"].iloc[1], abs=1e-12)
    tests = table.iloc[:-1]  # three sites and one of the two sexes
    np.testing.assert_allclose(tests["p_holm"], adjust_holm(tests["p"]), atol=1e-15)
    assert sex["p_holm"].iloc[0] == sex["p_holm"].iloc[1]


def test_a_planted_difference_is_found_and_a_shift_of_scores_is_not():
    labels, scores, factors = make_study()
    south = factors["site"] == "south"
    rng = np.random.default_rng(1)
    scores.loc[south] = rng.normal(size=(south.sum(), 2))
    found = measure_subgroups(scores, factors, labels)
    mean = take(found.summary(), level="south", task="mean")
    assert mean["p_holm"] < 1e-4
    assert mean["difference_high"] < 0
    shifted = scores.add(np.where(factors["sex"] == "f", 3.0, 0.0), axis=0)
    moved = measure_subgroups(shifted, factors["sex"], labels).frame()
    sex = found.frame().query("factor == 'sex'").reset_index(drop=True)
    np.testing.assert_allclose(moved["auc"], sex["auc"], atol=1e-15)


def test_groups_count_as_one_within_and_across_levels():
    labels, scores, factors = make_study(n_exams=120)
    exams = [f"{name}{half}" for name in labels.index for half in "ab"]
    twice = [table.loc[np.repeat(labels.index, 2)].set_axis(exams) for table in (labels, scores)]
    labels_twice, scores_twice = twice
    sites = factors["site"].loc[np.repeat(labels.index, 2)].set_axis(exams)
    patients = pd.Series(np.repeat(np.arange(120), 2), exams)
    once = measure_subgroups(scores, factors["site"], labels).frame()
    both = measure_subgroups(scores_twice, sites, labels_twice, groups=patients).frame()
    # the same patients twice: the same error, up to n (n - 1) in place of n^2
    np.testing.assert_allclose(both["auc"], once["auc"], atol=1e-12)
    np.testing.assert_allclose(both["se"], once["se"], rtol=0.03)
    # one exam of each patient in either level: nothing but the patient makes the AUCs differ
    side = pd.Series(["left", "right"] * 120, exams)
    paired = measure_subgroups(scores_twice, side, labels_twice, groups=patients).frame()
    np.testing.assert_allclose(paired["covariance"], paired["se"] ** 2, atol=1e-15)


def test_few_groups_have_their_degrees_of_freedom():
    labels, scores, factors = make_study()
    groups = pd.Series(np.arange(len(labels)) % 4, labels.index)
    found = measure_subgroups(scores, factors["sex"], labels, groups=groups)
    row, table = found.frame().iloc[0], found.summary()
    half = (logit(table["ci_high"]) - logit(table["auc"])).iloc[0]
    expected = t.ppf(0.975, 3) * row["se"] / (row["auc"] * (1 - row["auc"]))
    assert half == pytest.approx(expected, rel=1e-9)
    assert (table["note"] == "").all()
    normal = measure_subgroups(scores, factors["sex"], labels).summary()
    ratio = (table["difference_high"] - table["difference_low"]) / table["se"]
    assert (ratio > (normal["difference_high"] - normal["difference_low"]) / normal["se"]).all()


def test_a_level_of_one_group_has_no_standard_error():
    labels, scores, factors = make_study()
    found = measure_subgroups(scores, factors["site"], labels, groups=factors["site"])
    table = found.summary()
    assert table["auc"].notna().all()
    assert table[["se", "ci_low", "p"]].isna().to_numpy().all()
    assert table["note"].str.contains("one group, so no standard error").all()


def test_an_evaluation_compares_exams_of_one_fold_only():
    labels, scores, factors = make_study()
    features = scores.set_axis(["axial__knee__a__s__mean", "axial__knee__b__s__mean"], axis=1)
    found = cross_validate(logistic_baseline(), features, labels, n_repeats=2)
    table = measure_subgroups(found, factors).summary()
    moved = found.predictions.copy()
    moved[TASKS] = moved[TASKS].add(moved["fold"] + 10 * moved["repeat"], axis=0)
    again = measure_subgroups(moved, factors, labels).summary()
    pd.testing.assert_frame_equal(again, table)
    pooled = found.predictions[found.predictions["repeat"] == 0].set_index("exam")["acl"]
    inside = factors["sex"] == "f"
    ranked = roc_auc_score(labels.loc[inside, "acl"], pooled[inside.index[inside]])
    assert take(table, level="f", task="acl")["auc"] == pytest.approx(ranked, abs=0.03)


def test_a_hold_out_brings_its_labels_and_groups():
    labels, scores, factors = make_study()
    features = scores.set_axis(["axial__knee__a__s__mean", "axial__knee__b__s__mean"], axis=1)
    train, valid = labels.index[:120], labels.index[120:]
    patients = pd.Series(np.arange(240) // 2, labels.index)
    held_out = evaluate(
        logistic_baseline(),
        (features.loc[train], labels.loc[train]),
        (features.loc[valid], labels.loc[valid]),
        groups=patients,
    )
    found = measure_subgroups(held_out, factors).frame()
    fixed = measure_subgroups(
        held_out.predictions, factors.loc[valid], labels.loc[valid], groups=patients
    ).frame()
    pd.testing.assert_frame_equal(found, fixed)


def test_exams_without_a_level_are_left_out_of_that_factor():
    labels, scores, factors = make_study()
    factors.loc[factors["site"] == "west", "site"] = None
    known = factors["site"].notna()
    table = measure_subgroups(scores, factors["site"], labels).summary()
    subset = measure_subgroups(scores[known], factors.loc[known, "site"], labels[known]).summary()
    pd.testing.assert_frame_equal(table, subset)


def test_the_forest_plot_shows_every_level_of_one_task():
    labels, scores, factors = make_study()
    found = measure_subgroups(scores, factors, labels)
    axes = found.plot(task="acl")
    assert [tick.get_text().partition(" (")[0] for tick in axes.get_yticklabels()] == [
        "site: north",
        "site: south",
        "site: west",
        "sex: f",
        "sex: m",
    ]
    assert axes.lines[0].get_xdata()[0] == pytest.approx(
        roc_auc_score(labels["acl"], scores["acl"]), abs=1e-12
    )
    with pytest.raises(ValueError, match="`task` must be one of"):
        found.plot(task="bone")
    assert "Subgroups(site (3 levels), sex (2 levels))" in found._repr_html_()
    assert len(found.notes) == 2


def test_refusals():
    labels, scores, factors = make_study()
    with pytest.raises(ValueError, match="`fewest` must be at least 2"):
        measure_subgroups(scores, factors, labels, fewest=1)
    with pytest.raises(ValueError, match="must hold the same exams"):
        measure_subgroups(scores.iloc[1:], factors, labels)
    with pytest.raises(TypeError, match="`labels` must be given"):
        measure_subgroups(scores, factors)
