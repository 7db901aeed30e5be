"""Comparisons: the right test for each kind of prediction, refusals, adjusted p values."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from mrnet_features.evaluation import HoldOut, cross_validate, make_folds
from mrnet_features.evaluation.alignment import align_groups
from mrnet_features.evaluation.comparison.compare import compare
from mrnet_features.evaluation.metrics.unpaired_difference import MeasuredAuc, unpaired_interval
from mrnet_features.models import logistic_baseline, prior_baseline
from tests.support.tables import TASKS, add_folds, make_models


def test_holm_adjusts_the_mean_and_the_tasks_separately():
    labels, models = make_models(n_models=3)
    summary = compare(models, labels).summary()
    assert len(summary) == 3 * 4
    assert {
        "difference",
        "ci_low",
        "ci_high",
        "p",
        "p_holm",
        "minimum_detectable_difference",
    } <= set(summary)
    assert summary["difference"].between(summary["ci_low"], summary["ci_high"]).all()
    primary = summary["task"] == "mean"
    for rows, n_tests in ((primary, 3), (~primary, 9)):
        part = summary[rows]
        smallest = part["p"].idxmin()
        expected = min(1, n_tests * part.loc[smallest, "p"])
        assert part.loc[smallest, "p_holm"] == pytest.approx(expected)
    mean = summary[(summary["first"] == "model 0") & (summary["second"] == "model 1")]
    by_task = mean.set_index("task")["difference"]
    assert by_task["mean"] == pytest.approx(by_task[TASKS].mean())


def test_the_mean_of_a_single_pair_is_not_adjusted():
    labels, models = make_models()
    mean = compare(models, labels).summary().set_index("task").loc["mean"]
    assert mean["p"] == mean["p_holm"]


def test_swapping_the_two_changes_signs_only():
    labels, models = make_models()
    there = compare(models, labels).summary()
    back = compare(dict(reversed(models.items())), labels).summary()
    np.testing.assert_allclose(there["difference"], -back["difference"], atol=1e-15)
    np.testing.assert_allclose(there["ci_low"], -back["ci_high"], atol=1e-15)
    np.testing.assert_allclose(there["p"], back["p"], atol=1e-12)


def test_order_of_rows_changes_nothing():
    labels, models = make_models()
    shuffled = {name: model.sample(frac=1, random_state=3) for name, model in models.items()}
    pd.testing.assert_frame_equal(
        compare(models, labels).summary(),
        compare(shuffled, labels.sample(frac=1, random_state=4)).summary(),
    )


def test_models_on_shared_folds_are_compared_fold_by_fold():
    labels, models = make_models()
    folded = {name: add_folds(labels, m, n_repeats=2) for name, m in models.items()}
    comparison = compare(folded, labels)
    summary = comparison.summary().set_index("task")
    assert set(summary["interval"]) == {"test and training exams"}
    one, two = (scores.fold_scores for scores in comparison.scores.values())
    by_fold = (one["acl"] - two["acl"]).mean()
    assert summary.loc["acl", "difference"] == pytest.approx(by_fold, abs=1e-12)
    influence = (s.influence["mean"] for s in comparison.scores.values())
    test_exams = np.sqrt(((next(influence) - next(influence)) ** 2).sum())
    assert summary.loc["mean", "se"] > test_exams - 1e-15


def test_one_repeat_of_cross_validation_gives_no_p():
    labels, (first, second) = make_models()[0], make_models()[1].values()
    for models in (
        {name: add_folds(labels, m, n_repeats=1) for name, m in (("a", first), ("b", second))},
        {"a": add_folds(labels, first, n_repeats=1), "b": second},
    ):
        with pytest.warns(UserWarning, match="no p for models that were cross-validated on one"):
            summary = compare(models, labels).summary()
        assert set(summary["interval"]) == {"fitted models given"}
        missing = summary[["p", "p_holm", "minimum_detectable_difference"]]
        assert missing.isna().all(axis=None)
        assert summary["ci_low"].notna().all()


def test_fixed_predictions_are_scored_in_the_folds_of_the_other_model():
    labels, models = make_models()
    first, second = models.values()
    folded = add_folds(labels, first, n_repeats=2)
    mixed = compare({"cv": folded, "cnn": second}, labels)
    assert set(mixed.summary()["interval"]) == {"test and training exams"}
    both = {"cv": folded, "cnn": add_folds(labels, second, n_repeats=2)}
    pd.testing.assert_frame_equal(mixed.frame(), compare(both, labels).frame())


def test_evaluations_are_accepted():
    labels, models = make_models()
    table = logit(models["model 0"]).add_prefix("log_odds_of_")
    folds = make_folds(labels)
    good = cross_validate(logistic_baseline(), table, labels, folds=folds)
    prior = cross_validate(prior_baseline(), table, labels, folds=folds)
    comparison = compare({"logistic": good, "prior": prior}, labels)
    assert (comparison.summary()["ci_low"] > 0).all()
    assert comparison.frame().loc[("logistic", "mean")].equals(good.summary().loc["mean"])
    assert repr(comparison).startswith("Comparison(2 models: logistic, prior; ")
    with pytest.raises(ValueError, match="must equal the labels that 'logistic' of `models`"):
        compare({"logistic": good, "cnn": models["model 1"]}, 1 - labels)


def test_equal_models_do_not_differ():
    labels, models = make_models(n_models=1)
    summary = compare({"one": models["model 0"], "two": models["model 0"]}, labels).summary()
    assert (summary["difference"] == 0).all()
    assert (summary["p"] == 1).all()
    assert summary["minimum_detectable_difference"].isna().all()


def test_two_perfect_models_differ_as_little_as_few_exams_show():
    """Two AUCs of 1 have no variance: the interval is that of AUCs of 1 on different exams."""
    widths = []
    for n_exams in (12, 48):
        labels = pd.DataFrame({"acl": [0, 1] * (n_exams // 2), "fluid": [1, 0] * (n_exams // 2)})
        noise = np.random.default_rng(0).random((2, *labels.shape)) / 2
        models = {"one": labels + noise[0], "two": labels + noise[1]}
        found = compare(models, labels).summary().set_index("task")
        alone = MeasuredAuc(1.0, 0.0, n_exams // 2, n_exams // 2, n_exams // 2 - 1)
        for row in found.to_dict("index").values():
            assert (row["difference"], row["se"], row["p"]) == (0, 0, 1)
            ends = unpaired_interval(alone, alone)
            assert (row["ci_low"], row["ci_high"]) == pytest.approx(ends)
        turned = compare({name: -model for name, model in models.items()}, labels).summary()
        np.testing.assert_allclose(turned[["ci_low", "ci_high"]], found[["ci_low", "ci_high"]])
        widths.append(found["ci_high"] - found["ci_low"])
    assert (widths[0] > 0.5).all()
    assert (widths[1] < 0.5 * widths[0]).all()
    constant = compare({"one": labels * 0, "two": labels * 0}, labels).summary()
    assert (constant[["ci_low", "ci_high"]] == 0).all(axis=None)


def test_nested_models_get_no_p():
    labels, models = make_models()
    summary = compare(models, labels, nested=True).summary()
    assert summary["p"].isna().all()
    assert summary["p_holm"].isna().all()
    assert summary["ci_low"].notna().all()


def test_groups_widen_the_error_of_repeated_exams():
    labels, models = make_models(n_exams=80)
    twice = labels.set_axis([f"1{exam[1:]}" for exam in labels.index])
    doubled = pd.concat([labels, twice])
    copies = {
        name: pd.concat([model, model.set_axis(twice.index)]) for name, model in models.items()
    }
    groups = {exam: exam[1:] for exam in doubled.index}
    se = compare(models, labels).summary()["se"]
    grouped = compare(copies, doubled, groups=groups).summary()["se"]
    np.testing.assert_allclose(grouped, se, rtol=0.02)
    assert (compare(copies, doubled).summary()["se"] < 0.8 * se).all()


def hold_out(labels, model, groups=None):
    grouping = None if groups is None else align_groups(groups, labels.index)
    return HoldOut(labels, model, {}, labels, groups=grouping)


def test_the_groups_of_the_models_are_used():
    labels, (first, second) = make_models()[0], make_models()[1].values()
    patients = {exam: int(exam) // 4 for exam in labels.index}
    expected = compare({"a": first, "b": second}, labels, groups=patients).summary()
    independent = compare({"a": first, "b": second}, labels).summary()
    assert not np.allclose(expected["se"], independent["se"])
    one, two = hold_out(labels, first, patients), hold_out(labels, second, patients)
    for models in ({"a": one, "b": two}, {"a": one, "b": second}, {"a": first, "b": two}):
        found = compare(models, labels).summary()
        pd.testing.assert_frame_equal(found, expected)
    # other names of the same groups are no other groups
    renamed = {exam: f"patient {-number}" for exam, number in patients.items()}
    found = compare({"a": one, "b": hold_out(labels, second, renamed)}, groups=renamed)
    pd.testing.assert_frame_equal(found.summary(), expected)


def test_other_groups_than_those_of_the_models_are_refused():
    labels, (first, second) = make_models()[0], make_models()[1].values()
    patients = {exam: int(exam) // 4 for exam in labels.index}
    sites = {exam: int(exam) // 8 for exam in labels.index}
    one, two = hold_out(labels, first, patients), hold_out(labels, second, sites)
    with pytest.raises(ValueError, match="'a' of `models` and 'b' of `models` must put the same"):
        compare({"a": one, "b": two})
    with pytest.raises(ValueError, match="`groups` and 'a' of `models` .* for exam '0004'"):
        compare({"a": one, "b": second}, groups=sites)


def test_a_subset_keeps_the_groups_of_its_exams():
    labels, (first, second) = make_models()[0], make_models()[1].values()
    patients = {exam: int(exam) // 4 for exam in labels.index}
    part = labels.iloc[6:]
    models = {
        "a": hold_out(labels, first, patients),
        "b": hold_out(part, second.iloc[6:], patients),
    }
    found = compare(models, labels, subset=True).summary()
    direct = compare({"a": first.iloc[6:], "b": second.iloc[6:]}, part, groups=patients)
    pd.testing.assert_frame_equal(found, direct.summary())


def test_models_without_a_difference_in_grouped_exams_are_rarely_called_different():
    rng = np.random.default_rng(0)
    exams = [f"{k:03d}" for k in range(240)]
    patients = {exam: int(exam) // 8 for exam in exams}
    patient = np.arange(240) // 8
    rejected = []
    for _ in range(40):
        torn = rng.integers(0, 2, 30)[patient]
        labels = pd.DataFrame({"acl": torn}, index=exams)
        models = {
            name: hold_out(
                labels,
                pd.DataFrame(
                    {"acl": torn + rng.normal(size=30)[patient] + 0.3 * rng.normal(size=240)},
                    index=exams,
                ),
                patients,
            )
            for name in ("one", "two")
        }
        rejected.append(compare(models).summary()["p"].iloc[0] < 0.05)
    # Three standard errors of .05 over 40 draws are .1; without the groups half are rejected.
    assert np.mean(rejected) < 0.15


def test_refusals():
    labels, models = make_models()
    first, second = models.values()
    with pytest.raises(ValueError, match="159 of 160 are in all .* drop 1 of a, 1 of labels. Pass"):
        compare({"a": first, "b": second.iloc[1:]}, labels)
    with pytest.raises(ValueError, match="differ only in leading zeros"):
        compare({"a": first.rename(lambda e: e.lstrip("0") or "0"), "b": second}, labels)
    with pytest.raises(ValueError, match="One side has text ids, the other integers"):
        compare({"a": first.set_axis(range(160)), "b": second}, labels)
    with pytest.raises(ValueError, match="got '0000' more than once"):
        compare({"a": pd.concat([first, first.iloc[:1]]), "b": second}, labels)
    with pytest.raises(ValueError, match="NaN or infinity for exam '0003'"):
        compare({"a": first.drop("0003").reindex(first.index), "b": second}, labels)
    with pytest.raises(ValueError, match="both classes of task 'acl', got only 0"):
        compare(models, labels.assign(acl=0))
    unlabelled = labels.assign(acl=np.where(labels.index == labels.index[0], np.nan, 0))
    with pytest.raises(ValueError, match="task 'acl', got only 0 in 159 exams with a label"):
        compare(models, unlabelled)
    with pytest.raises(ValueError, match="must share their folds, got the hashes a .*, b "):
        compare({"a": add_folds(labels, first), "b": add_folds(labels, second, seed=1)}, labels)
    with pytest.raises(ValueError, match="'b' of .* every task, but has no 'meniscus'"):
        compare({"a": first, "b": second[["abnormal", "acl"]]}, labels)
    with pytest.raises(ValueError, match="at least two models, got 1"):
        compare({"a": first}, labels)
    with pytest.raises(TypeError, match="mapping of names"):
        compare([first, second], labels)
    with pytest.raises(TypeError, match="'a' of `models` must be an Evaluation, .* got str"):
        compare({"a": "file.csv", "b": second}, labels)


def test_subset_compares_the_shared_exams():
    labels, models = make_models()
    first, second = models.values()
    smaller = compare({"a": first, "b": second.iloc[10:]}, labels, subset=True)
    direct = compare({"a": first.iloc[10:], "b": second.iloc[10:]}, labels.iloc[10:])
    pd.testing.assert_frame_equal(smaller.summary(), direct.summary())
