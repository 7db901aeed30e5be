"""All rooms of the evaluation together, on the real tables of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.evaluation import (
    check_leakage,
    compare,
    cross_validate,
    evaluate,
    importance,
    measure_added_value,
    measure_calibration,
    measure_operating_points,
    null_importance,
    read_external_table,
    shuffle_labels,
)
from mrnet_features.models import lightgbm_baseline, logistic_baseline

TASKS = ["even", "has_loop", "above_four"]


def make_digits(n_exams=500):
    """Handwritten digits: 64 pixels, three correlated questions about the digit."""
    data = load_digits()
    digit = data.target[:n_exams]
    labels = {"even": digit % 2 == 0, "has_loop": np.isin(digit, (0, 6, 8, 9))}
    exams = pd.Index([f"digit-{k}" for k in range(n_exams)])
    table = pd.DataFrame({**labels, "above_four": digit > 4}, exams).astype(int)
    return pd.DataFrame(data.data[:n_exams], exams, data.feature_names), table


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The table as another tool's parquet: ids in a column, its own names of features."""
    features, labels = make_digits()
    path = tmp_path_factory.mktemp("digits") / "pixels.parquet"
    features.rename_axis("case").reset_index().to_parquet(path)
    return read_external_table(path), labels


@pytest.fixture(scope="module")
def evaluations(digits):
    features, labels = digits
    models = {
        "lightgbm": lightgbm_baseline(n_seeds=1, n_estimators=80),
        "logistic": logistic_baseline(),
        "trees": ExtraTreesClassifier(60),
    }
    found = {"lightgbm": cross_validate(models["lightgbm"], features, labels, n_repeats=2)}
    for name in ("logistic", "trees"):
        found[name] = cross_validate(models[name], features, labels, folds=found["lightgbm"].folds)
    return found


def test_every_model_learns_every_task(evaluations):
    for evaluation in evaluations.values():
        summary = evaluation.summary()
        assert summary.index.tolist() == [*TASKS, "mean"]
        assert (summary["ci_low"] > 0.85).all()


def test_comparison_ranks_trees_above_logistic_regression(digits, evaluations):
    _, labels = digits
    comparison = compare(evaluations, labels)
    summary = comparison.summary().set_index(["first", "second", "task"])
    rows = summary.loc[("logistic", "trees")]
    assert set(rows["interval"]) == {"test and training exams"}
    assert (rows["difference"] < 0).all()
    assert rows.loc["mean", "p"] < 1e-6
    stacked = measure_added_value(
        evaluations["logistic"], evaluations["trees"], labels, n_repeats=1
    )
    assert stacked.summary().loc["mean", "ci_low"] > 0


def test_groups_by_a_mapping(digits, evaluations):
    features, _ = digits
    rows = {column: f"row_{column.split('_')[1]}" for column in features}
    found = importance(evaluations["lightgbm"], features, rows, n_permutations=2)
    summary = found.summary()
    assert len(summary) == 8
    # Loops and tails of digits are in the middle rows of the image.
    assert summary["permutation"].idxmax() in {"row_2", "row_3", "row_4", "row_5"}
    assert found.fold_agreement(top=3)["rank_correlation"].gt(0.5).all()


def test_calibration_and_operating_points_of_logistic_regression(digits, evaluations):
    _, labels = digits
    calibration = measure_calibration(evaluations["logistic"], labels).summary()
    assert (calibration["brier_skill"] > 0.3).all()
    points = measure_operating_points(evaluations["logistic"], "specificity", 0.9)
    assert points["specificity"].between(0.84, 0.96).all()


def test_pixels_give_no_leakage_finding(digits):
    assert [s for s in check_leakage(*digits) if s.code != "duplicate-rows"] == []


def test_three_tasks_of_a_tumour_on_held_out_patients():
    data = load_breast_cancer(as_frame=True)
    exams = pd.Index([f"{k:03d}" for k in range(len(data.target))])
    table = data.data.set_axis(exams)
    labels = pd.DataFrame(
        {
            "malignant": 1 - data.target.to_numpy(),
            "large": (table["worst radius"] > table["worst radius"].median()).astype(int),
            "rough": (table["worst texture"] > table["worst texture"].median()).astype(int),
        },
        exams,
    )
    features = table.filter(regex="^mean")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    rows = np.random.default_rng(0).permutation(len(exams))
    train, valid = rows[:380], rows[380:]
    found = evaluate(
        model,
        (features.iloc[train], labels.iloc[train]),
        (features.iloc[valid], labels.iloc[valid]),
    )
    assert (found.summary().loc[["malignant", "large"], "ci_low"] > 0.9).all()
    assert found.notes() == []


def test_integer_ids_give_the_same_numbers_as_text(digits):
    features, labels = (table.iloc[:300] for table in digits)
    numbers = np.random.default_rng(0).permutation(300) + 10
    # Text ids in the same order as the numbers.
    text = [f"{number:04d}" for number in numbers]
    found = []
    for ids in (text, numbers):
        table, truth = features.set_axis(ids), labels.set_axis(ids).iloc[::-1]
        # Folds and seeds are the same because the ids sort in the same order.
        one = cross_validate(logistic_baseline(), table, truth, n_splits=3, n_repeats=2)
        rows = [(train, test) for _, _, train, test in one.folds.split()]
        two = cross_validate(
            lightgbm_baseline(n_seeds=1, n_estimators=20), table, truth, folds=one.folds
        )
        assert one.predictions["exam"].tolist()[:300] == sorted(ids)
        assert len(rows) == 6
        found.append(
            [
                one.frame().drop(columns="exam"),
                compare({"one": one, "two": two}).summary(),
                measure_added_value(one, two, n_repeats=1).summary(),
                measure_calibration(one).summary(),
                measure_operating_points(one),
                importance(two, table, n_permutations=1).frame(),
                null_importance(two, table, n_rounds=2).summary(),
                shuffle_labels(
                    logistic_baseline(), table, truth, n_rounds=3, n_splits=3, n_repeats=1
                ).frame(),
                pd.DataFrame([finding.text for finding in check_leakage(table, truth)]),
            ]
        )
    for there, again in zip(*found, strict=True):
        pd.testing.assert_frame_equal(there, again, check_exact=True)


def test_columns_of_another_tool_fall_back_to_clusters(digits, evaluations):
    features, _ = digits
    found = importance(evaluations["lightgbm"], features, n_permutations=1)
    assert found.by == "cluster"
    assert 1 < len(found.groups) < 64
    assert "grouped by cluster, since column names are not series__region" in found._repr_html_()
    with pytest.raises(ValueError, match="must be of the form"):
        importance(evaluations["lightgbm"], features, by="family")
