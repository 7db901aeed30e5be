"""Effect of excluded exams: AUCs are those of the exams kept, intervals cover the difference."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, stdtrit

from mrnet_features.evaluation import (
    cross_validate,
    measure_auc,
    measure_exclusion,
    measure_subgroups,
    score_predictions,
)
from mrnet_features.evaluation.comparison.exclusion import estimate_error
from mrnet_features.models import logistic_baseline
from tests.support.tables import add_folds, make_models


def make_flagged(n_exams=160, n_flagged=24, seed=0):
    """Labels and scores; the scores of the flagged exams are noise."""
    labels, models = make_models(seed, n_exams, 1)
    scores = models["model 0"].copy()
    rng = np.random.default_rng(seed)
    flagged = labels.index[:n_flagged]
    scores.loc[flagged] = rng.random((n_flagged, 3))
    return labels, scores, flagged


def test_aucs_with_and_without_the_exams():
    labels, scores, flagged = make_flagged()
    table = measure_exclusion(scores, flagged, labels).summary()
    rest = labels.index.difference(flagged)
    for task in labels.columns:
        assert table.loc[task, "auc_all"] == pytest.approx(
            measure_auc(labels[task], scores[task]).auc
        )
        kept = measure_auc(labels.loc[rest, task], scores.loc[rest, task])
        assert table.loc[task, "auc_kept"] == pytest.approx(kept.auc)
        alone = measure_auc(labels.loc[flagged, task], scores.loc[flagged, task])
        assert table.loc[task, "auc_excluded"] == pytest.approx(alone.auc)
        assert table.loc[task, "excluded_low"] < alone.auc < table.loc[task, "excluded_high"]
        assert table.loc[task, "n_excluded_positive"] == labels.loc[flagged, task].sum()
    means = table.loc[list(labels.columns)].mean()
    for name in ("auc_all", "auc_kept", "difference", "auc_excluded"):
        assert table.loc["mean", name] == pytest.approx(means[name])
    assert table["n_exams"].tolist() == [160] * 4
    assert table["n_excluded"].tolist() == [24] * 4
    assert (table["ci_low"] < table["difference"]).all()
    # Noise left out raises the mean AUC, and surely so.
    assert table.loc["mean", "ci_low"] > 0


def test_a_cross_validation_is_scored_within_its_folds():
    labels, scores, flagged = make_flagged()
    rows = add_folds(labels, scores, n_repeats=2)
    found = measure_exclusion(rows, flagged, labels).summary()
    own = score_predictions(labels, rows).summary()
    np.testing.assert_allclose(found["auc_all"], own["auc"])
    kept = score_predictions(labels.drop(flagged), rows[~rows["exam"].isin(flagged)]).summary()
    np.testing.assert_allclose(found["auc_kept"], kept["auc"])


def test_the_error_is_that_of_a_jackknife():
    """Each exam left out of both AUCs in turn."""
    labels, scores, flagged = make_flagged()
    task = "acl"
    truth, values = labels[task].to_numpy(), scores[task].to_numpy()
    out = labels.index.isin(flagged)

    def difference(rows):
        kept = rows & ~out
        return (
            measure_auc(truth[kept], values[kept]).auc - measure_auc(truth[rows], values[rows]).auc
        )

    everyone = np.ones(len(truth), dtype=bool)
    parts = []
    for k in range(len(truth)):
        rows = everyone.copy()
        rows[k] = False
        parts.append(difference(rows))
    jackknife = np.sqrt(np.sum((np.array(parts) - difference(everyone)) ** 2))
    se = measure_exclusion(scores, flagged, labels).summary().loc[task, "se"]
    assert se == pytest.approx(jackknife, rel=0.03)


def test_intervals_cover_the_true_difference():
    """Flagged exams, one in twenty, carry no signal; the true AUCs are known."""
    rng = np.random.default_rng(1)
    share, gap, n_exams, n_rounds = 0.05, 1.5, 400, 400
    good, half = ndtr(gap / np.sqrt(2)), ndtr(gap / 2 / np.sqrt(2))
    everyone = (1 - share) ** 2 * good + 2 * share * (1 - share) * half + share**2 / 2
    errors, widths, covered = [], [], 0
    for _ in range(n_rounds):
        truth = rng.random(n_exams) < 0.3
        out = rng.random(n_exams) < share
        values = rng.normal(size=n_exams) + gap * (truth - 0.5) * ~out
        whole, kept = measure_auc(truth, values), measure_auc(truth[~out], values[~out])
        changes = -whole.influence
        changes[~out] += kept.influence
        se, degrees = estimate_error(changes, None)
        errors.append(kept.auc - whole.auc - (good - everyone))
        widths.append(se)
        covered += abs(errors[-1]) <= stdtrit(degrees, 0.975) * se
    assert np.sqrt(np.mean(np.square(widths))) == pytest.approx(np.std(errors), rel=0.1)
    assert 0.93 <= covered / n_rounds <= 0.99


def test_groups_are_the_units_of_the_error():
    labels, scores, flagged = make_flagged()
    pairs = pd.Series(np.arange(160) // 2, labels.index)
    alone = measure_exclusion(scores, flagged, labels).summary()
    grouped = measure_exclusion(scores, flagged, labels, groups=pairs).summary()
    np.testing.assert_allclose(alone["auc_kept"], grouped["auc_kept"])
    assert not np.isclose(alone["se"], grouped["se"]).any()


def test_the_interval_of_the_excluded_exams_is_that_of_a_subgroup():
    """Few groups widen it: their degrees of freedom are those of the t distribution."""
    labels, scores, flagged = make_flagged(n_flagged=60)
    is_flagged = pd.Series(labels.index.isin(flagged).astype(str), labels.index)
    for groups in (None, pd.Series(np.arange(160) // 20, labels.index)):
        found = measure_exclusion(scores, flagged, labels, groups=groups).summary()
        own = measure_subgroups(scores, is_flagged, labels, groups=groups).summary()
        own = own[own["level"] == "True"].set_index("task").loc[found.index]
        for mine, other in (("auc_excluded", "auc"), ("excluded_low", "ci_low")):
            np.testing.assert_allclose(found[mine], own[other], rtol=1e-12)
        np.testing.assert_allclose(found["excluded_high"], own["ci_high"], rtol=1e-12)


def test_too_few_excluded_exams_have_no_auc_of_their_own():
    labels, scores, flagged = make_flagged()
    table = measure_exclusion(scores, flagged[:6], labels).summary()
    assert table[["auc_excluded", "excluded_low", "excluded_high"]].isna().all(axis=None)
    assert table[["difference", "ci_low", "ci_high"]].notna().all(axis=None)


def test_excluded_exams_without_a_pair_in_one_fold_have_no_auc_of_their_own():
    labels, scores, _ = make_flagged()
    task = labels.columns[0]
    rows = add_folds(labels[[task]], scores[[task]], n_splits=2, n_repeats=1)
    fold = rows.set_index("exam")["fold"].reindex(labels.index)
    apart = labels.index[fold == labels[task]]  # negatives of one fold, positives of the other
    found = measure_exclusion(rows, apart[::3], labels[[task]]).summary().loc[task]
    assert found[["auc_excluded", "excluded_low"]].isna().all()
    assert found["n_excluded_positive"] >= 5
    assert np.isfinite(found["difference"])


def test_counts_by_code_and_what_to_know():
    labels, scores, flagged = make_flagged()
    findings = pd.DataFrame({"exam": [*flagged, flagged[0]], "code": "blur", "severity": "reject"})
    findings.loc[len(flagged) :, "code"] = "reader"
    found = measure_exclusion(scores, findings, labels)
    counts = found.by_code()
    assert counts[["n_exams", "n_alone"]].values.tolist() == [[24, 23], [1, 0]]
    assert counts.loc["blur", "n_positive_acl"] == labels.loc[flagged, "acl"].sum()
    rows = found.frame()
    assert rows.columns.tolist() == ["exam", "codes", "task", "label", "change"]
    assert rows["codes"].iloc[0] == "blur, reader"
    assert "whatever their quality" in found.notes[0]
    assert any("by a reader" in note for note in found.notes)
    assert "whatever their quality" in found._repr_html_()
    assert not any(
        "by a reader" in note for note in measure_exclusion(scores, flagged, labels).notes
    )


def test_the_change_of_a_single_exam_is_that_of_leaving_it_out():
    labels, scores, flagged = make_flagged()
    rows = measure_exclusion(scores, flagged, labels).frame().set_index(["exam", "task"])
    for exam in flagged[:5]:
        one = measure_exclusion(scores, [exam], labels).summary()
        assert rows.loc[(exam, "acl"), "change"] == pytest.approx(
            one.loc["acl", "difference"], rel=0.03
        )


def test_missing_labels_and_too_many_exclusions():
    labels, scores, flagged = make_flagged()
    labels = labels.astype(float)
    labels.loc[flagged[:3], "acl"] = np.nan
    table = measure_exclusion(scores, flagged, labels).summary()
    assert table["n_excluded"].tolist() == [24, 21, 24, 24]
    with pytest.raises(ValueError, match="at least two exams of each class") as caught:
        measure_exclusion(scores, labels.index[:-2], labels)
    assert "without the exams of `exclude`" in caught.value.__notes__[-1]


def test_the_evaluation_brings_labels_and_groups():
    rng = np.random.default_rng(0)
    exams = [f"{k:03d}" for k in range(120)]
    features = pd.DataFrame(rng.normal(size=(120, 3)), exams, list("abc"))
    labels = pd.DataFrame({"acl": (features["a"] > 0.2).astype(int)})
    owner = pd.Series(np.arange(120) // 2, exams)
    run = cross_validate(logistic_baseline(), features, labels, n_splits=3, groups=owner)
    found = measure_exclusion(run, exams[:9])
    assert found.summary().index.tolist() == ["acl"]
    assert found.summary()["auc_all"].iloc[0] == pytest.approx(run.summary()["auc"].iloc[0])
    axes = found.plot()
    assert axes.get_title() == "9 of 120 exams left out"
