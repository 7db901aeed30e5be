"""Model, tuning, selection, scaling and software are told from the fitted models."""

import importlib.metadata

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.checklists import about_models
from mrnet_features.evaluation.checklists.evidence import collect_evidence
from mrnet_features.models import PlaneEnsemble, lightgbm_baseline, logistic_baseline
from tests.support.full_runs import make_table


def ask(fact, model, tasks=("acl",), **options):
    features, labels, _ = make_table(60, tasks=tasks)
    run = cross_validate(model, features, labels, **{"n_splits": 2, "n_repeats": 1, **options})
    return getattr(about_models, fact)(collect_evidence((run,), None, 0)), run


class Opaque:
    """Classifier without parameters."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        chance = 1 / (1 + np.exp(-np.asarray(X)[:, 0]))
        return np.column_stack([1 - chance, chance])


def test_each_task_has_its_own_model():
    models = {"acl": logistic_baseline(C=0.5), "meniscus": GaussianNB()}
    answer, _ = ask("model", models, tasks=("acl", "meniscus"))
    assert "'acl': ScaledLogistic(C=0.5)" in answer.text
    assert "'meniscus': GaussianNB(" in answer.text


@pytest.mark.parametrize("fact", ["model", "algorithm", "training", "start", "classes", "columns"])
def test_a_model_that_cannot_be_read_leaves_items_open(fact):
    answer, _ = ask(fact, Opaque())
    assert not answer.text
    assert answer.to_do


def test_fixed_parameters_are_no_choice():
    assert not ask("choice", logistic_baseline())[0].text
    answer, _ = ask("training", logistic_baseline())
    assert "No parameters were tuned in the run." in answer.text
    assert "how the parameters were chosen" in answer.to_do


def test_chosen_parameters_are_counted_over_the_fits():
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 100.0]}, cv=2)
    answer, run = ask("choice", search, n_splits=3)
    chosen = [fit.best_params_["C"] for fit in run.models.values()]
    for value in set(chosen):
        assert f"{value} ({chosen.count(value)})" in answer.text
    assert "each of 3 fits" in answer.text


def test_selection_counts_kept_columns():
    select = SelectKBest(k=2).set_output(transform="pandas")
    model = make_pipeline(select, LogisticRegression())
    assert "kept 2 of 6 columns for 'acl'" in ask("selection", model)[0].text
    answer, run = ask("selected", model)
    names = [set(fit[0].get_feature_names_out()) for fit in run.models.values()]
    assert f"{len(set.intersection(*names))} columns in all 2 fits" in answer.text
    assert f"{len(set.union(*names))} in at least one" in answer.text
    for fact in ("selection", "selected"):
        assert not ask(fact, logistic_baseline())[0].text


def test_scaling_is_found_inside_the_model_alone():
    assert "StandardScaler" in ask("scaling", logistic_baseline())[0].text
    assert "StandardScaler" in ask("scaling", make_pipeline(StandardScaler(), GaussianNB()))[0].text
    assert not ask("scaling", GaussianNB())[0].text
    assert not ask("handling", lightgbm_baseline(n_estimators=2))[0].text


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (lightgbm_baseline(n_estimators=2, n_seeds=3), "3 boosters"),
        (RandomForestClassifier(4), "RandomForestClassifier of 4 DecisionTreeClassifier"),
        (PlaneEnsemble(logistic_baseline(), combine="average"), "combined by 'average'"),
    ],
)
def test_ensembles_are_told(model, wanted):
    assert wanted in ask("ensemble", model)[0].text


def test_a_single_model_is_not_called_an_ensemble():
    assert not ask("ensemble", logistic_baseline())[0].text


def test_seeds_differ_between_fits():
    answer, _ = ask("start", lightgbm_baseline(n_estimators=2), n_splits=3)
    assert "Each of 3 fits" in answer.text
    assert "3 different values" in answer.text


def test_versions_are_those_installed():
    answer, _ = ask("software", lightgbm_baseline(n_estimators=2))
    for name in ("lightgbm", "numpy", "mrnet-features"):
        assert f"{name} {importlib.metadata.version(name)}" in answer.text
    assert not answer.to_do
    assert "lightgbm" not in ask("software", logistic_baseline())[0].text


def test_the_version_of_own_code_is_asked_for():
    kind = type("Own", (Opaque,), {"__module__": "a_module_of_mine"})
    answer, _ = ask("software", kind())
    assert "Give the versions of 'a_module_of_mine'." in answer.to_do


def test_families_are_counted_from_the_names():
    answer, _ = ask("classes", logistic_baseline())
    assert answer.text == "6 columns of 2 families: fluid 3, glcm 3."
    assert ask("columns", logistic_baseline())[0].text == "Columns per exam: 6."


def test_other_column_names_give_no_families():
    features, labels, _ = make_table(60, tasks=("acl",))
    features.columns = list("abcdef")
    run = cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)
    answer = about_models.classes(collect_evidence((run,), None, 0))
    assert not answer.text
    assert "state classes" in answer.to_do
