"""Baselines by name, and the files of an evaluation."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import Folds, make_coherent, read_predictions
from mrnet_features.workflows import score
from mrnet_features.workflows.named_models import MODELS
from mrnet_features.workflows.score import (
    measure_importance,
    refuse_evaluation,
    score_table,
    write_evaluation,
)

EXAMS = [f"{k:04d}" for k in range(40)]
LABELS = pd.DataFrame({"acl": [0, 1] * 20, "meniscus": [0, 0, 1, 1] * 10}, index=EXAMS)


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    columns = [f"axial__knee__{family}__x__mean" for family in ("glcm", "lbp")]
    table = pd.DataFrame(rng.normal(size=(40, 2)), EXAMS, columns)
    return table.add(3 * LABELS["acl"], axis=0)


@pytest.mark.parametrize("model", MODELS)
def test_every_baseline_is_cross_validated(features, model):
    summary = score_table(features, LABELS, model=model, n_splits=2, n_repeats=1).summary()
    assert list(summary.index) == ["acl", "meniscus", "mean"]
    assert (summary["auc"] == 0.5).all() == (model == "prior")


def test_a_folder_with_an_evaluation_is_recognised(features, tmp_path):
    refuse_evaluation(tmp_path)
    refuse_evaluation(tmp_path / "new")
    evaluation = score_table(features, LABELS, model="prior", n_splits=2, n_repeats=1)
    write_evaluation(evaluation, tmp_path)
    with pytest.raises(FileExistsError, match="the results of an earlier run"):
        refuse_evaluation(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "famly"}, "Did you mean 'family'"),
        ({"by": {"age": "clinic"}}, "a group for every column"),
        ({"views": ["shpa"]}, "Did you mean 'shap'"),
        ({"views": []}, "got none"),
    ],
)
def test_a_misspelt_option_of_the_importance_is_found_before_the_fits(
    features, monkeypatch, options, message
):
    monkeypatch.setattr(score, "score_table", lambda *_, **__: pytest.fail("fitted"))
    with pytest.raises(ValueError, match=message):
        measure_importance(features, LABELS, **options)


def test_the_files_hold_the_evaluation(features, tmp_path):
    evaluation = score_table(features, LABELS, model="logistic", n_splits=2, n_repeats=2)
    write_evaluation(evaluation, tmp_path / "new" / "cv")
    assert Folds.read(tmp_path / "new" / "cv" / "folds.csv").hash == evaluation.folds.hash
    predictions = read_predictions(
        tmp_path / "new" / "cv" / "predictions.csv", tasks=tuple(LABELS.columns)
    )
    assert len(predictions) == 80
    summary = pd.read_csv(tmp_path / "new" / "cv" / "summary.csv", index_col="task")
    np.testing.assert_allclose(summary["auc"], evaluation.summary()["auc"])
    again = score_table(features, LABELS, model="logistic", folds=evaluation.folds)
    assert again.predictions.equals(evaluation.predictions)


def test_ids_are_no_formulas_in_a_spreadsheet(features, tmp_path):
    formula = "=cmd|' /C calc'!A0"
    names = {"0000": formula}
    evaluation = score_table(
        features.rename(index=names),
        LABELS.rename(index=names),
        model="prior",
        n_splits=2,
        n_repeats=1,
    )
    write_evaluation(evaluation, tmp_path)
    text = (tmp_path / "predictions.csv").read_text()
    assert f"'{formula}," in text
    assert f"\n{formula}" not in text


def test_importance_has_the_chosen_groups_and_views(features):
    found = measure_importance(features, LABELS, by="family", views=["permutation"])
    assert set(found.groups) == {"glcm", "lbp"}
    summary = found.summary()
    assert "permutation" in summary.columns
    assert "shap" not in summary.columns


def test_coherent_predictions_are_those_of_the_same_fits(features):
    labels = LABELS.assign(abnormal=LABELS.max(axis=1))
    options = {"model": "logistic", "n_splits": 2, "n_repeats": 1}
    plain = score_table(features, labels, **options)
    coherent = score_table(features, labels, **options, coherent=True)
    expected = make_coherent(plain)
    assert expected.implications == (("acl", "abnormal"), ("meniscus", "abnormal"))
    pd.testing.assert_frame_equal(coherent.predictions, expected.predictions)
