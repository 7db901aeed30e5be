"""A table is fitted and saved with thresholds."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.metrics.operating_points import choose_thresholds
from mrnet_features.models import load_bundle
from mrnet_features.workflows import fit
from mrnet_features.workflows.fit import fit_table


def test_the_saved_model_has_thresholds_of_the_cross_validation(tmp_path):
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(60)]
    labels = pd.DataFrame({"acl": [0, 1] * 30}, index=exams)
    features = pd.DataFrame(rng.normal(size=(60, 3)), exams, ["a", "b", "c"])
    features["a"] += labels["acl"]
    fitted = fit_table(features, labels, tmp_path / "model", rule="specificity", target=0.8, seed=2)
    expected = choose_thresholds(fitted.evaluation, "specificity", 0.8)
    saved = load_bundle(tmp_path / "model")
    assert dict(saved.thresholds) == dict(fitted.bundle.thresholds) == expected
    assert saved.predict(features).equals(fitted.bundle.predict(features))


def test_thresholds_of_a_coherent_model_are_for_coherent_probabilities(tmp_path):
    rng = np.random.default_rng(1)
    exams = [f"{k:04d}" for k in range(90)]
    labels = pd.DataFrame({"abnormal": [0, 1, 1] * 30, "acl": [0, 0, 1] * 30}, index=exams)
    labels["meniscus"] = 0
    labels.loc[exams[1::6], "meniscus"] = 1
    features = pd.DataFrame(rng.normal(size=(90, 3)), exams, ["a", "b", "c"])
    features["a"] += 2 * labels["acl"]
    fitted = fit_table(features, labels, tmp_path / "model", coherent=True)
    assert fitted.evaluation.implications == fitted.bundle.implications
    assert dict(fitted.bundle.thresholds) == choose_thresholds(fitted.evaluation, "youden")
    saved = load_bundle(tmp_path / "model")
    predicted = saved.predict(features)
    assert predicted.equals(fitted.bundle.predict(features))
    assert (predicted["abnormal"] >= predicted[["acl", "meniscus"]].max(axis=1)).all()


def test_a_pair_that_no_fold_uses_is_not_saved(tmp_path):
    """Ten torn knees are enough for the saved model alone; its thresholds would be too low."""
    exams = [f"{k:04d}" for k in range(60)]
    labels = pd.DataFrame({"abnormal": [0, 1] * 30, "acl": [0, 1, *[0] * 4] * 10}, index=exams)
    features = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), exams, ["a", "b"])
    with pytest.warns(UserWarning, match="'acl implies abnormal' is not used: too few training"):
        fitted = fit_table(features, labels, tmp_path / "model", coherent=True)
    assert fitted.bundle.implications == fitted.evaluation.implications == ()


def test_a_folder_with_other_files_is_refused_before_anything_is_fitted(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "score_table", lambda *_, **__: pytest.fail("fitted"))
    (tmp_path / "thesis.txt").write_text("mine")
    table = pd.DataFrame({"a": [0.0, 1.0]}, ["0000", "0001"])
    with pytest.raises(FileExistsError, match=r"holds other files \('thesis.txt'\)"):
        fit.fit_table(table, table.astype(int).set_axis(["acl"], axis=1), tmp_path)
